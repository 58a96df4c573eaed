#!/usr/bin/env python3
"""Training speed of nanobuild and of PyTorch on this machine, in turns, as ratios of one run.

    bench_train.py --nanobuild .build/release/nanobuild --depths 4,8,12 --precisions fp32,bf16

Both train the same model on whole 8,192-token steps: forward, backward, clipping, AdamW, Muon. PyTorch
runs in its best form: compiled, with an allocator that keeps memory and uses huge pages, and oneDNN's
products (float32_matmul_precision "medium"); `--torch-options` tries others. Needs the package torch.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

# glibc gives freed blocks back to the system at once otherwise: page faults cost a third of d4.
TUNED_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
    "MALLOC_TOP_PAD_": str(1 << 28), "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


def run(command, environment=None):
    """The JSON object that ends the command's output."""
    # Guards for old builds of OpenBLAS; left in the environment they would slow the peer down.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    done = subprocess.run(
        command, capture_output=True, text=True, env={**inherited, **(environment or {})})
    start = done.stdout.find("{")
    if done.returncode or start < 0:
        sys.exit(f"{' '.join(command)} gave no result:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout[start:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nanobuild", default=".build/release/nanobuild")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--depths", default="4,8,12")
    parser.add_argument("--precisions", default="fp32,bf16")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4, help="measured after two to warm up")
    parser.add_argument(
        "--torch-options", default="", help="such as '--compile none --matmul highest'")
    arguments = parser.parse_args()
    for precision in arguments.precisions.split(","):
        for depth in arguments.depths.split(","):
            options = ["--depth", depth, "--precision", precision]
            options += ["--steps", str(arguments.steps), "--sequence", "512"]
            options += ["--vocabulary", "10240"]
            ours, theirs = [], []
            for _ in range(arguments.rounds):
                ours.append(run([arguments.nanobuild, "bench", "train", *options, "--json"]))
                theirs.append(run(
                    [arguments.python, os.path.join(HERE, "torch_reference.py"), "bench", *options,
                     *arguments.torch_options.split()], TUNED_ALLOCATOR))
            speed = lambda reports: [r["tokens_per_second"] for r in reports]
            ratios = sorted(a / b for a, b in zip(speed(ours), speed(theirs)))
            print(json.dumps({
                "depth": int(depth), "precision": precision,
                "nanobuild": round(statistics.median(speed(ours))),
                "torch": round(statistics.median(speed(theirs))),
                "ratio": round(statistics.median(ratios), 3),
                "ratios": [round(r, 3) for r in ratios],
                "share_of_peak": round(statistics.median(r["share_of_peak"] for r in ours), 3),
                "peak_gigaflops": round(statistics.median(r["peak_gigaflops"] for r in ours), 1),
            }), flush=True)


if __name__ == "__main__":
    main()
