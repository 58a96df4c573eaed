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
import pathlib
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
    with: {{vocab_size: {size}, pattern: gpt4, doc_cap: 0}}
"""


def rank_lines(trainer: rustbpe.Tokenizer) -> bytes:
    return b"".join(
        base64.b64encode(bytes(token)) + b" %d\n" % rank
        for token, rank in trainer.get_mergeable_ranks())


def digest(lines: bytes) -> str:
    return hashlib.sha256(lines).hexdigest()


def documents_of(path: str):
    """Row group by row group, so that the peer's memory is its own and not the text's."""
    file = pyarrow.parquet.ParquetFile(path)
    for group in range(file.num_row_groups):
        yield from file.read_row_group(group, columns=["text"]).column("text").to_pylist()


def rustbpe_training(path: str, size: int) -> None:
    start = time.perf_counter()
    trainer = rustbpe.Tokenizer()
    trainer.train_from_iterator(documents_of(path), size, pattern=PATTERNS["gpt4"])
    print(digest(rank_lines(trainer)), time.perf_counter() - start)


# A process begins with the peak memory of the one that started it, so a small one starts and
# measures each side.
LAUNCHER = """
import resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
sys.stdout.flush()
sys.stdout.buffer.write(done.stdout)
sys.exit(done.returncode)
"""


def measured(command: list[str], folder: pathlib.Path) -> tuple[float, float, str]:
    """Seconds, peak megabytes and output of `command` and the processes it starts."""
    result = subprocess.run(
        [sys.executable, "-c", LAUNCHER, *command], cwd=folder, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"{command} ended with status {result.returncode}")
    first, _, output = result.stdout.partition("\n")
    seconds, peak = map(float, first.split())
    return seconds, peak, output


def peer(path: pathlib.Path, size: int):
    """In a process of its own, so that its peak memory is its own; seconds without start-up."""
    command = [sys.executable, str(pathlib.Path(__file__).resolve()), "-", "--peer", str(path)]
    _, peak, output = measured([*command, "--vocabulary", str(size)], path.parent)
    hash, seconds = output.split()
    return hash, float(seconds), peak


def ours(binary: str, folder: pathlib.Path, size: int):
    """Through the pipeline: seconds and memory of the whole command."""
    (folder / "pipeline.yaml").write_text(PIPELINE.format(size=size + 9))
    program = str(pathlib.Path(binary).resolve())
    seconds, peak, _ = measured([program, "run", "--force", "tokenizer"], folder)
    result = subprocess.run(
        [program, "path", "tokenizer"], cwd=folder, capture_output=True, text=True, check=True)
    lines = pathlib.Path(folder, result.stdout.strip(), "tokenizer.tiktoken").read_bytes()
    return digest(lines), seconds, peak


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
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--vocabulary", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        rustbpe_training(options.peer, options.vocabulary)
        return
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
                theirs, seconds, peak = peer(folder / "text.parquet", size)
                equal = mine == theirs
                wrong += not equal
                print(
                    f"{megabytes} MB, {size}: {'equal' if equal else 'DIFFERENT'} {mine[:16]} "
                    f"{theirs[:16]}; nanobuild {my_seconds:.2f} s, {my_peak:.0f} MB; "
                    f"rustbpe {seconds:.2f} s, {peak:.0f} MB; "
                    f"{seconds / my_seconds:.1f}× faster, {peak / my_peak:.1f}× less memory",
                    flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
