#!/usr/bin/env python3
"""What each of nanochat's later additions is worth on a small model, at equal wall time.

    Scripts/ablate_additions.py speed [--rounds 3] [NAME ...]   in turns, a few steps each: how fast it is
    Scripts/ablate_additions.py train [NAME ...]                as many steps as fit into --seconds at that speed
    Scripts/ablate_additions.py show                            the table
    common: [--program ./nanobuild] [--folder DIR] [--seconds 60]

A machine is never equally fast for long, so a variant's speed is the best of its rounds, as a share of the best
of those that compute what the plain model does; only `speed` needs a quiet machine. The rates fall to zero over the last fifth of the steps. The number to
compare is bits per byte on the validation shard. Results are kept in DIR/results.json. Names: see VARIANTS.
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
# These differ from the plain model in no operation.
SAME_WORK = ["plain", "plain, seed 43", "plain, seed 44", "initial_values", "sharp_attention"]
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
    # `show` tells of the run that made something last, `metrics` of the result in force: a restored
    # result has no run of its own.
    return {command: json.loads(subprocess.run(
        [program, command, "base", "--json"], cwd=folder, capture_output=True, text=True).stdout)
        for command in ("metrics", "show")}


def speed(options, program, results):
    for _ in range(options.rounds):
        for name in options.names or VARIANTS:
            if "seed" in VARIANTS[name]:
                continue
            # Another seed each time, or the result of the round before would be taken from the cache.
            results["round"] += 1
            shown = train(program, options.folder, {
                **VARIANTS[name], "steps": 30, "evaluation_tokens": 2048,
                "seed": 1000 + results["round"]})
            rate = find(shown["show"], "tokens_per_second")
            results["rates"].setdefault(name, []).append(rate)
            print(name, round(rate), flush=True)
        save(options, results)


def relative(results, name):
    """The variant's speed as a share of the plain model's, and the latter in tokens a second."""
    plain = max(max(results["rates"].get(same, [0])) for same in SAME_WORK)
    if plain == 0:
        sys.exit("measure the speed first")
    return (1.0 if name in SAME_WORK else max(results["rates"][name]) / plain), plain


def learn(options, program, results):
    for name in options.names or VARIANTS:
        share, plain = relative(results, name)
        steps = max(10, round(plain * share * options.seconds / TOKENS_PER_STEP))
        shown = train(program, options.folder, {**VARIANTS[name], "steps": steps})
        results["trained"][name] = {
            "steps": steps, "bpb": find(shown["metrics"], "validation_bpb"),
            "parameters": find(shown["metrics"], "parameters"), "seconds": options.seconds,
        }
        print(name, json.dumps(results["trained"][name]), flush=True)
        save(options, results)


def show(options, program, results):
    trained = results["trained"]
    plain = trained["plain"]["bpb"]
    print("| variant | parameters | speed | steps | bits per byte | against plain |")
    print("|---|---|---|---|---|---|")
    for name in VARIANTS:
        if name not in trained:
            continue
        r = trained[name]
        print(
            f"| {name} | {r['parameters'] / 1e6:.2f} M | {relative(results, name)[0]:.3f} | {r['steps']} | {r['bpb']:.4f} "
            f"| {(r['bpb'] / plain - 1) * 100:+.2f} % |")


def save(options, results):
    with open(options.folder + "/results.json", "w") as file:
        json.dump(results, file, indent=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("command", choices=["speed", "train", "show"])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--program", default="./nanobuild")
    parser.add_argument("--folder", default=os.path.join(tempfile.gettempdir(), "nanobuild-ablation"))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_intermixed_args()
    program = os.path.abspath(options.program)
    os.makedirs(options.folder, exist_ok=True)
    data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
    if not os.path.exists(options.folder + "/data"):
        shutil.copytree(data, options.folder + "/data")
    with open(options.folder + "/pipeline.yaml", "w") as file:
        file.write(PIPELINE)
    results = {"round": 0, "rates": {}, "trained": {}}
    if os.path.exists(options.folder + "/results.json"):
        with open(options.folder + "/results.json") as file:
            results = json.load(file)
    {"speed": speed, "train": learn, "show": show}[options.command](options, program, results)
    save(options, results)


if __name__ == "__main__":
    main()
