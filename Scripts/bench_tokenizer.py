#!/usr/bin/env python3
"""Speed of the tokenizer beside tiktoken, gigatoken and rustbpe, in turns in one run.

Usage: python3 Scripts/bench_tokenizer.py NANOBUILD [--megabytes 100] [--rounds 3]

The text is documentation and source code of this machine. Every side starts each round in a process
of its own, so that caches are cold and no side runs in memory another has touched. Prints the best
round of each and the ratios.
Packages: tiktoken, gigatoken, rustbpe.
"""

import argparse
import base64
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests/Referees"))

from tokenizer_text import corpus  # noqa: E402

PREPARE = """
import base64, resource, sys, time
sys.path.insert(0, sys.argv[3])
from tokenizer_tiktoken import PATTERNS
data = open(sys.argv[1], "rb").read()
ranks = {base64.b64decode(l.split()[0]): int(l.split()[1]) for l in open(sys.argv[2], "rb")}
def rate(start): print(len(data) / 1e6 / (time.perf_counter() - start))
"""
PEERS = {
    "tiktoken encode, 1 thread": """
import tiktoken
e = tiktoken.Encoding("x", pat_str=PATTERNS["gpt4"], mergeable_ranks=ranks, special_tokens={})
docs = data.decode().split("\\0")
s = time.perf_counter()
for d in docs: e.encode_ordinary(d)
rate(s)
""",
    "gigatoken encode, 1 thread": """
import gigatoken
from gigatoken.gigatoken_rs import BytesSource
g = gigatoken.Tokenizer.from_tiktoken(sys.argv[2], "gpt4")
s = time.perf_counter()
g.backend.encode_batch(BytesSource(data, b"\\0"), parallel=False)
rate(s)
""",
    "gigatoken encode, all threads": """
import gigatoken
from gigatoken.gigatoken_rs import BytesSource
g = gigatoken.Tokenizer.from_tiktoken(sys.argv[2], "gpt4")
s = time.perf_counter()
g.backend.encode_batch(BytesSource(data, b"\\0"), parallel=True)
rate(s)
""",
    "rustbpe train 65,536 (seconds)": """
import rustbpe
docs = data.decode().split("\\0")
s = time.perf_counter()
t = rustbpe.Tokenizer()
t.train_from_iterator(iter(docs), 65536, pattern=PATTERNS["gpt4"])
print(time.perf_counter() - s)
""",
}


def learn(text: pathlib.Path, ranks: pathlib.Path) -> None:
    """Ranks by rustbpe, so that every side encodes with the same."""
    import rustbpe

    from tokenizer_tiktoken import PATTERNS

    trainer = rustbpe.Tokenizer()
    trainer.train_from_iterator(
        iter(text.read_bytes().decode().split("\0")), 65536, pattern=PATTERNS["gpt4"])
    ranks.write_bytes(b"".join(
        base64.b64encode(bytes(token)) + b" %d\n" % rank
        for token, rank in trainer.get_mergeable_ranks()))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    results: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        text = pathlib.Path(name, "text")
        ranks = pathlib.Path(name, "ranks.tiktoken")
        text.write_bytes(corpus(options.megabytes * 1_000_000))
        learn(text, ranks)
        for _ in range(options.rounds):
            output = subprocess.run(
                [options.binary, "bench", "tokenizer", "--documents", str(text), "--json"],
                capture_output=True, text=True, check=True).stdout
            ours = json.loads(output)
            results.setdefault("split, 1 thread", []).append(ours["split_megabytes_per_second"])
            for threads, value in ours["encode_megabytes_per_second"].items():
                results.setdefault(f"encode, {threads}", []).append(value)
            results.setdefault("train 65,536 (seconds)", []).append(ours["train_seconds"])
            for label, code in PEERS.items():
                output = subprocess.run(
                    [sys.executable, "-c", PREPARE + code, str(text), str(ranks),
                     str(ROOT / "Tests/Referees")], capture_output=True, text=True, check=True)
                results.setdefault(label, []).append(float(output.stdout))
    best = {k: min(v) if "seconds" in k else max(v) for k, v in results.items()}
    for label, value in best.items():
        unit = "s" if "seconds" in label else "MB/s"
        print(f"{label}: {value:.1f} {unit}  ({', '.join(f'{v:.1f}' for v in results[label])})")
    one = best["encode, 1_threads"]
    all_threads = max(v for k, v in best.items() if k.startswith("encode, "))
    print(f"encode against tiktoken, 1 thread: {one / best['tiktoken encode, 1 thread']:.1f}×")
    print(f"encode against gigatoken, 1 thread: {one / best['gigatoken encode, 1 thread']:.2f}×")
    print("encode against gigatoken, all threads: "
          f"{all_threads / best['gigatoken encode, all threads']:.2f}×")
    print("train against rustbpe: "
          f"{best['rustbpe train 65,536 (seconds)'] / best['train 65,536 (seconds)']:.1f}×")


if __name__ == "__main__":
    main()
