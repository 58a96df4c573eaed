#!/usr/bin/env python3
"""Does the trainer learn as much as the PyTorch reference from the same tokens?

    Scripts/torch_learning.py [--program ./nanobuild] [--steps 90] [--seeds 0 1]

Trains the quick profile's base model with nanobuild, then the model of torch_reference.py on the same token
shards in the same order with the same rates: once from nanobuild's own initial weights, and once from weights
of torch's for each of the seeds. Prints bits per byte of all on the validation shard. Needs torch and
safetensors.
"""
import argparse
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from ablate_additions import PIPELINE, find
from torch_reference import GPT, Optimizers, Shape

DEPTH, SEQUENCE, ROWS = 4, 256, 8


def run(program, folder, *arguments):
    result = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stdout + result.stderr)
    return result.stdout


def shard(path):
    """The tokens of a shard: 64 bytes of header, then ids of 2 or 4 bytes."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"NBTOKENS", path
    width, = struct.unpack_from("<I", data, 12)
    count, = struct.unpack_from("<Q", data, 24)
    kind = "<u2" if width == 2 else "<u4"
    return numpy.frombuffer(data, kind, count, 64).astype(numpy.int64)


def shards(folder):
    """All shards below a folder, in the order of their paths."""
    paths = []
    for root, _, names in os.walk(folder, followlinks=True):
        paths += [os.path.join(root, name) for name in names if name.endswith(".tokens")]
    return numpy.concatenate([shard(path) for path in sorted(paths)])


def initialize(model, seed):
    """nanochat's initial values of October 2025."""
    torch.manual_seed(seed)
    with torch.no_grad():
        model.embed.normal_()
        for layer in model.layers:
            for name in ("q", "k", "v", "fc1"):
                p = getattr(layer, name)
                p.normal_(std=min(1, math.sqrt(p.size(0) / p.size(1))) / math.sqrt(p.size(1)))


def copy_weights(model, path):
    tensors = load_file(path)
    with torch.no_grad():
        model.embed.copy_(tensors["model.embed_tokens.weight"])
        model.head.copy_(tensors["lm_head.weight"])
        for index, layer in enumerate(model.layers):
            prefix = f"model.layers.{index}."
            for name in "qkvo":
                getattr(layer, name).copy_(tensors[f"{prefix}self_attn.{name}_proj.weight"])
            layer.fc1.copy_(tensors[prefix + "mlp.fc1.weight"])
            layer.fc2.copy_(tensors[prefix + "mlp.fc2.weight"])


def train(model, tokens, steps):
    """The stream in passes of rows × sequence + 1 tokens; the last one is not carried over."""
    optimizers = Optimizers(model)
    size = ROWS * SEQUENCE
    place, losses = 0, []
    for step in range(steps):
        index = numpy.arange(place, place + size + 1) % len(tokens)
        place = (place + size + 1) % len(tokens)
        batch = torch.from_numpy(tokens[index])
        model.zero_grad(set_to_none=True)
        loss = model(batch[:-1].view(ROWS, SEQUENCE), batch[1:].view(ROWS, SEQUENCE))
        loss.backward()
        optimizers.step(step)
        losses.append(loss.item())
    return losses


@torch.no_grad()
def bits_per_byte(model, tokens, lengths):
    """Consecutive windows from the start; special tokens count neither as loss nor as bytes."""
    loss, count, place = 0.0, 0, 0
    while place < len(tokens) - 1:
        part = torch.from_numpy(tokens[place:place + SEQUENCE + 1].copy())
        targets = part[1:]
        logits = model(part[None, :-1])[0]
        each = F.cross_entropy(logits, targets, reduction="none").double()
        counted = lengths[targets] > 0
        loss += each[counted].sum().item()
        count += lengths[targets].sum().item()
        place += len(targets)
    return loss / (math.log(2) * count)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="./nanobuild")
    parser.add_argument("--steps", type=int, default=90)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1])
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    folder = tempfile.mkdtemp()
    here = os.path.dirname(os.path.abspath(__file__))
    shutil.copytree(os.path.join(here, "..", "data"), folder + "/data")
    with open(folder + "/pipeline.yaml", "w") as file:
        file.write(PIPELINE)
    common = ["--set", "base.warmdown_ratio=0", "--set"]
    run(program, folder, "run", "base", *common, "base.rate_factor=0", "--set", "base.steps=1")
    current = folder + "/cache/current/default/"
    start = folder + "/start.safetensors"
    shutil.copy(current + "base/model.safetensors", start)
    run(program, folder, "run", "base", *common, f"base.steps={options.steps}")
    shown = json.loads(run(program, folder, "show", "base", "--json"))
    results = {"nanobuild": find(shown, "validation_bpb")}
    with open(current + "base/metrics.jsonl") as file:
        ours = [json.loads(line) for line in file]
    ours = [line["loss"] for line in ours if "loss" in line]

    tokens, held_out = shards(current + "tokens"), shards(current + "validation_tokens")
    with open(current + "tokenizer/token_bytes.json") as file:
        lengths = torch.tensor(json.load(file))
    shape = Shape(len(lengths), DEPTH, 64 * DEPTH, DEPTH // 2, DEPTH // 2, SEQUENCE)
    torch.set_float32_matmul_precision("highest")
    for seed in [None, *options.seeds]:
        model = GPT(shape)
        name = "torch, nanobuild's initial weights" if seed is None else f"torch, seed {seed}"
        copy_weights(model, start) if seed is None else initialize(model, seed)
        losses = train(model, tokens, options.steps)
        results[name] = bits_per_byte(model, held_out, lengths)
        if seed is None:
            first = max(abs(a - b) for a, b in zip(losses[:10], ours[:10]))
            worst = max(abs(a - b) for a, b in zip(losses, ours))
            print(f"losses differ by at most {first:.1e} in the first 10 steps, {worst:.1e} in all")
    print(f"{len(tokens)} tokens to train on, {options.steps} steps of {ROWS * SEQUENCE}")
    for name, value in results.items():
        print(f"{name}: {value:.4f} ({(value / results['nanobuild'] - 1) * 100:+.2f} %)")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
