#!/usr/bin/env python3
"""What each of nanochat's later additions is worth on a small model, at equal wall time.

    Scripts/ablate_additions.py [--program ./nanobuild] [--seconds 60] [--folder DIR] [NAME ...]

Every variant first trains a few steps to learn its speed, and then as many steps as fit into the seconds, with
the rates falling to zero over the last fifth. The number to compare is bits per byte on the validation shard.
Results are kept in DIR/results.json, so variants can be measured in separate calls. Names: see VARIANTS.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

VARIANTS = {
    "plain": {},
    "plain, seed 43": {"seed": 43},
    "plain, seed 44": {"seed": 44},
    "value_embeddings": {"value_embeddings": True},
    "smear": {"smear": True},
    "residual_scalars": {"residual_scalars": True},
    "backout": {"backout": True},
    "sharp_attention": {"sharp_attention": True},
    "initial_values": {"initial_values": "nanochat_2026"},
    "normuon": {"muon": "normuon"},
    "all": {
        "value_embeddings": True, "smear": True, "residual_scalars": True, "backout": True,
        "sharp_attention": True, "initial_values": "nanochat_2026", "muon": "normuon",
    },
}
TOKENS_PER_STEP = 2048

PIPELINE = """nanobuild: 1
assets:
  text:
    step: data.fetch
    partitions: {shard: 00000..00003}
    with: {url: "data/shard_{shard}.parquet"}
  validation_text: {step: data.fetch, with: {url: data/shard_00004.parquet}}
  tokenizer: {step: tokenizer.train, inputs: {text: text}, with: {vocab_size: 4096}}
  tokens: {step: tokenizer.encode, partitions: text, inputs: {text: text, tokenizer: tokenizer}}
  validation_tokens: {step: tokenizer.encode, inputs: {text: validation_text, tokenizer: tokenizer}}
  base:
    step: train.base
    inputs: {tokens: tokens, validation: validation_tokens, tokenizer: tokenizer}
    with:
      depth: 4
      sequence_length: 256
      batch_rows: 8
      warmdown_ratio: 0.2
      evaluate_every: 0
      sample_tokens: 1
"""


def find(value, name):
    """The first member of that name, however deep."""
    if isinstance(value, dict):
        if name in value and isinstance(value[name], (int, float)):
            return value[name]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            found = find(inner, name)
            if found is not None:
                return found
    return None


def train(program, folder, settings):
    arguments = [program, "run", "base"]
    for key, value in settings.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        arguments += ["--set", f"base.{key}={text}"]
    run = subprocess.run(arguments, cwd=folder, capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    shown = subprocess.run(
        [program, "show", "base", "--json"], cwd=folder, capture_output=True, text=True).stdout
    return json.loads(shown)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="./nanobuild")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--folder", default=os.path.join(tempfile.gettempdir(), "nanobuild-ablation"))
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    os.makedirs(options.folder, exist_ok=True)
    data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
    if not os.path.exists(options.folder + "/data"):
        shutil.copytree(data, options.folder + "/data")
    with open(options.folder + "/pipeline.yaml", "w") as file:
        file.write(PIPELINE)
    kept = options.folder + "/results.json"
    results = json.load(open(kept)) if os.path.exists(kept) else {}
    for name in options.names or VARIANTS:
        settings = VARIANTS[name]
        trial = train(program, options.folder, {**settings, "steps": 25, "evaluation_tokens": 2048})
        rate = find(trial, "tokens_per_second")
        steps = max(10, int(rate * options.seconds / TOKENS_PER_STEP))
        shown = train(program, options.folder, {**settings, "steps": steps})
        results[name] = {
            "steps": steps, "bpb": find(shown, "validation_bpb"), "loss": find(shown, "loss"),
            "parameters": find(shown, "parameters"),
            "tokens_per_second": find(shown, "tokens_per_second"), "seconds": options.seconds,
        }
        with open(kept, "w") as file:
            json.dump(results, file, indent=1)
        print(name, json.dumps(results[name]), flush=True)
    plain = results.get("plain", {}).get("bpb")
    print("\n| variant | steps | tokens/s | bits per byte | against plain |\n|---|---|---|---|---|")
    for name, r in results.items():
        change = f"{(r['bpb'] / plain - 1) * 100:+.1f} %" if plain else ""
        print(f"| {name} | {r['steps']} | {r['tokens_per_second']:.0f} | {r['bpb']:.4f} | {change} |")


if __name__ == "__main__":
    main()
