#!/usr/bin/env python3
"""Training speed of nanobuild and of PyTorch on this machine, in turns, as ratios of one run.

    bench_train.py --nanobuild .build/release/nanobuild --depths 4,8,12 --precisions fp32,bf16

PyTorch runs in its best form: compiled, with an allocator that keeps memory and uses huge pages, and
oneDNN's products (float32_matmul_precision "medium"). Needs the package torch.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def run(command, environment=None):
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **(environment or {})})
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            return json.loads(line)["tokens_per_second"]
    sys.exit(f"{' '.join(command)} gave no result:\n{done.stderr[-2000:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nanobuild", default=".build/release/nanobuild")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--depths", default="4,8,12")
    parser.add_argument("--precisions", default="fp32,bf16")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4)
    arguments = parser.parse_args()
    # glibc gives freed blocks back to the system at once otherwise: page faults cost a third of d4.
    allocator = {
        "MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
        "MALLOC_TOP_PAD_": str(1 << 28), "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    }
    for precision in arguments.precisions.split(","):
        for depth in arguments.depths.split(","):
            options = ["--depth", depth, "--precision", precision]
            ours, theirs = [], []
            for _ in range(arguments.rounds):
                ours.append(run(
                    [arguments.nanobuild, "bench", "train", *options, "--sequence", "512",
                     "--vocabulary", "10240", "--json"]))
                theirs.append(run(
                    [arguments.python, os.path.join(HERE, "torch_reference.py"), "bench", *options,
                     "--steps", str(arguments.steps)], allocator))
            ratios = sorted(a / b for a, b in zip(ours, theirs))
            print(json.dumps({
                "depth": int(depth), "precision": precision,
                "nanobuild": round(statistics.median(ours)),
                "torch": round(statistics.median(theirs)),
                "ratio": round(statistics.median(ratios), 3),
                "ratios": [round(r, 3) for r in ratios],
            }), flush=True)


if __name__ == "__main__":
    main()
