#!/usr/bin/env python3
"""Compares the ranks nanobuild learns with rustbpe's: 10 and 100 MB, 10,000 and 65,536 tokens.

Usage: python3 tokenizer_rustbpe.py NANOBUILD [--sizes 10,100] [--record]

The text is documentation and source code of this machine in parquet, the same documents for both.
Prints digest, seconds and peak memory of each side; ends with 1 if any digest differs.
`--record` rewrites the fixture of the Swift tests: rustbpe's ranks of the sample conversations.
Packages: rustbpe, pyarrow.
"""

import argparse
import base64
import hashlib
import multiprocessing
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import pyarrow
import pyarrow.parquet
import rustbpe

from tokenizer_text import corpus
from tokenizer_tiktoken import FIXTURES, PATTERNS

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PIPELINE = """nanobuild: 1
name: referee
assets:
  tokenizer:
    step: tokenizer.train
    inputs: {{text: text.parquet}}
    with: {{vocab_size: {size}, pattern: gpt4, doc_cap: 0, max_chars: 0}}
"""


def rank_lines(trainer: rustbpe.Tokenizer) -> bytes:
    return b"".join(
        base64.b64encode(bytes(token)) + b" %d\n" % rank
        for token, rank in trainer.get_mergeable_ranks())


def digest(lines: bytes) -> str:
    return hashlib.sha256(lines).hexdigest()


def rustbpe_training(path: str, size: int, queue) -> None:
    documents = pyarrow.parquet.read_table(path).column("text").to_pylist()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    trainer = rustbpe.Tokenizer()
    trainer.train_from_iterator(iter(documents), size, pattern=PATTERNS["gpt4"])
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    queue.put((digest(rank_lines(trainer)), seconds, peak / 1024, (peak - before) / 1024))


def peer(path: pathlib.Path, size: int):
    """In a process of its own, so that its peak memory is its own."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=rustbpe_training, args=(str(path), size, queue))
    process.start()
    result = queue.get()
    process.join()
    return result


def ours(binary: str, folder: pathlib.Path, size: int):
    (folder / "pipeline.yaml").write_text(PIPELINE.format(size=size + 9))
    start = time.perf_counter()
    command = [str(pathlib.Path(binary).resolve()), "run", "--force", "tokenizer"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"nanobuild ended with status {status}")
    seconds = time.perf_counter() - start
    result = subprocess.run(
        [command[0], "path", "tokenizer"], cwd=folder, capture_output=True, text=True, check=True)
    lines = pathlib.Path(folder, result.stdout.strip(), "tokenizer.tiktoken").read_bytes()
    return digest(lines), seconds, usage.ru_maxrss / 1024


def record() -> None:
    lines = (ROOT / "data/conversations.jsonl").read_text().split("\n")
    trainer = rustbpe.Tokenizer()
    trainer.train_from_iterator(iter(lines), 3000, pattern=PATTERNS["gpt4"])
    (FIXTURES / "rustbpe.tiktoken").write_bytes(rank_lines(trainer))
    print("wrote rustbpe.tiktoken")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--sizes", default="10,100", help="megabytes of text")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    if options.record:
        record()
        return
    wrong = 0
    for megabytes in map(int, options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            documents = corpus(megabytes * 1_000_000).decode().split("\0")
            pyarrow.parquet.write_table(
                pyarrow.table({"text": documents}), folder / "text.parquet",
                compression="zstd", row_group_size=256)
            del documents
            for size in (10_000, 65_536):
                mine, my_seconds, my_peak = ours(options.binary, folder, size)
                theirs, seconds, peak, grown = peer(folder / "text.parquet", size)
                equal = mine == theirs
                wrong += not equal
                print(
                    f"{megabytes} MB, {size}: {'equal' if equal else 'DIFFERENT'} {mine[:16]} "
                    f"{theirs[:16]}; nanobuild {my_seconds:.2f} s, {my_peak:.0f} MB; "
                    f"rustbpe {seconds:.2f} s, {peak:.0f} MB ({grown:.0f} MB above its text)",
                    flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
