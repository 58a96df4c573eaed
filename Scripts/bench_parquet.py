#!/usr/bin/env python3
"""Times reading the text column of a 100 MB zstd shard: pyarrow with one thread against nanobuild.

    Scripts/bench_parquet.py --make FILE [--codec zstd] [--megabytes 100]   write the shard
    Scripts/bench_parquet.py FILE [BINARY]                                  time both, in turns

The shard has the layout of the public text shards (row groups of 1024, PLAIN, no dictionary, no
statistics) and text made of sentences of the sample data. Needs pyarrow.
"""

import argparse
import json
import os
import pathlib
import random
import re
import resource
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent.parent


def make(path, codec, megabytes):
    rng = random.Random(1)
    text = " ".join(t for i in range(4) for t in pq.read_table(HERE / f"data/shard_{i:05d}.parquet")["text"].to_pylist())
    clauses = [c for c in re.split(r"(?<=[,.;]) ", text) if 10 < len(c) < 200]
    schema = pa.schema([("text", pa.string())])
    with pq.ParquetWriter(path, schema, compression=codec, compression_level=3 if codec == "zstd" else None,
                          use_dictionary=False, write_statistics=False) as writer:
        while os.path.getsize(path) < megabytes * 1_000_000:
            # Sizes of web pages: a few short, some long.
            documents = [" ".join(rng.choices(clauses, k=max(3, int(rng.lognormvariate(3.9, 0.9))))) for _ in range(1024)]
            writer.write_table(pa.table([documents], schema=schema), row_group_size=1024)
    print(f"{path}: {os.path.getsize(path):,} bytes")


def with_pyarrow(path):
    """Seconds and bytes of text, one thread, row group by row group."""
    pa.set_cpu_count(1)
    start = time.perf_counter()
    file = pq.ParquetFile(path)
    total = 0
    for group in range(file.num_row_groups):
        column = file.read_row_group(group, columns=["text"], use_threads=False)["text"]
        total += sum(chunk.nbytes for chunk in column.chunks)
    return time.perf_counter() - start, total


def with_nanobuild(binary, path):
    start = time.perf_counter()
    with open(os.devnull, "wb") as sink:
        subprocess.run([binary, "data", path, "--column", "text", "--jsonl"], stdout=sink, check=True)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("binary", nargs="?")
    parser.add_argument("--make", action="store_true")
    parser.add_argument("--codec", default="zstd")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.make:
        make(options.file, options.codec, options.megabytes)
        return
    best = {"pyarrow": None, "nanobuild": None}
    size = 0
    for _ in range(options.rounds):
        seconds, size = with_pyarrow(options.file)
        best["pyarrow"] = min(best["pyarrow"] or seconds, seconds)
        if options.binary:
            seconds = with_nanobuild(options.binary, options.file)
            best["nanobuild"] = min(best["nanobuild"] or seconds, seconds)
    result = {"text_bytes": size, "pyarrow_mb_per_second": round(size / best["pyarrow"] / 1e6)}
    if options.binary:
        result["nanobuild_mb_per_second"] = round(size / best["nanobuild"] / 1e6)
        result["ratio"] = round(best["pyarrow"] / best["nanobuild"], 2)
        result["nanobuild_peak_mib"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
