#!/usr/bin/env python3
"""Speed of the tokenizer beside tiktoken, gigatoken and rustbpe, in turns in one run.

Usage: python3 Scripts/bench_tokenizer.py NANOBUILD [--megabytes 100] [--rounds 3]

The text is documentation and source code of this machine. Every side starts each round in a process
of its own, so that caches are cold and no side runs in memory another has touched. Training is the
whole command for nanobuild (start, parquet, files written) and the call alone for rustbpe. Prints
the best round of each, then the ratios, then texts of one megabyte that slow encoders trip over.
Packages: tiktoken, gigatoken, rustbpe, pyarrow.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests/Referees"))

import pyarrow  # noqa: E402
import pyarrow.parquet  # noqa: E402

from tokenizer_rustbpe import ours as train_ours  # noqa: E402
from tokenizer_rustbpe import peer as train_peer  # noqa: E402
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
}


def bench(binary: str, text: pathlib.Path, *arguments: str) -> dict:
    output = subprocess.run(
        [binary, "bench", "tokenizer", "--documents", str(text), "--json", *arguments],
        capture_output=True, text=True, check=True).stdout
    return json.loads(output)


def awkward_texts() -> dict[str, bytes]:
    return {
        "one letter": b"a" * 1_000_000,
        "spaces": b" " * 1_000_000,
        # A document ends at NUL for the benchmark, so there is none.
        "random bytes": bytes(random.Random(1).choices(range(1, 256), k=1_000_000)),
        "one emoji": "😀".encode() * 250_000,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encode-rounds", type=int, help="by default as many as of training")
    options = parser.parse_args()
    binary = str(pathlib.Path(options.binary).resolve())
    results: dict[str, list[float]] = {}

    def note(label: str, value: float) -> None:
        results.setdefault(label, []).append(value)

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        text = folder / "text"
        text.write_bytes(corpus(options.megabytes * 1_000_000))
        pyarrow.parquet.write_table(
            pyarrow.table({"text": text.read_bytes().decode().split("\0")}), folder / "text.parquet",
            compression="zstd", row_group_size=256)
        for _ in range(options.rounds):
            mine, seconds, peak = train_ours(binary, folder, 65_536)
            note("train, seconds", seconds)
            note("train, peak MB", peak)
            theirs, seconds, peak = train_peer(folder / "text.parquet", 65_536)
            note("rustbpe train, seconds", seconds)
            note("rustbpe train, peak MB", peak)
            if mine != theirs:
                sys.exit("the ranks differ from rustbpe's")
            path = subprocess.run(
                [binary, "path", "tokenizer"], cwd=folder, capture_output=True, text=True,
                check=True).stdout.strip()
            tokenizer = folder / path
        for _ in range(options.encode_rounds or options.rounds):
            rates = bench(binary, text, "--vocabulary", "300", "--tokenizer", str(tokenizer))
            note("split, 1 thread", rates["split_megabytes_per_second"])
            for threads, value in rates["encode_megabytes_per_second"].items():
                note(f"encode, {threads}", value)
            for label, code in PEERS.items():
                output = subprocess.run(
                    [sys.executable, "-c", PREPARE + code, str(text),
                     str(tokenizer / "tokenizer.tiktoken"), str(ROOT / "Tests/Referees")],
                    capture_output=True, text=True, check=True).stdout
                note(label, float(output))
        best = {k: min(v) if "train" in k else max(v) for k, v in results.items()}
        for label, value in best.items():
            print(f"{label}: {value:.1f}  ({', '.join(f'{v:.1f}' for v in results[label])})")

        def ratio(label: str, ours: str, theirs: str) -> None:
            print(f"{label}: {max(best[ours] / best[theirs], best[theirs] / best[ours]):.2f}× "
                  + ("better" if (best[ours] > best[theirs]) != ("train" in ours) else "WORSE"))

        threads = max((k for k in best if k.startswith("encode, ")), key=lambda k: int(
            k.removeprefix("encode, ").removesuffix("_threads")))
        ratio("training against rustbpe", "train, seconds", "rustbpe train, seconds")
        ratio("its memory against rustbpe", "train, peak MB", "rustbpe train, peak MB")
        ratio("encoding against tiktoken, 1 thread", "encode, 1_threads",
              "tiktoken encode, 1 thread")
        ratio("encoding against gigatoken, 1 thread", "encode, 1_threads",
              "gigatoken encode, 1 thread")
        ratio("encoding against gigatoken, all threads", threads, "gigatoken encode, all threads")
        for label, content in awkward_texts().items():
            file = folder / "awkward"
            file.write_bytes(content)
            own = bench(binary, file)
            large = bench(binary, file, "--vocabulary", "300", "--tokenizer", str(tokenizer))

            def milliseconds(run: dict) -> float:
                return len(content) / 1e3 / run["encode_megabytes_per_second"]["1_threads"]

            print(f"1 MB of {label}: encode {milliseconds(large):.1f} ms with the vocabulary above, "
                  f"{milliseconds(own):.1f} ms with its own; train {own['train_seconds'] * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
