#!/usr/bin/env python3
"""Compares nanobuild's parquet reader with pyarrow on a matrix of generated files.

    parquet_matrix.py BINARY            run `BINARY data FILE --column C --jsonl` on every file
    parquet_matrix.py --write FOLDER    write files and expected values (C.jsonl) for other uses
    parquet_matrix.py --fixtures FOLDER write the small set that the unit tests keep

Needs pyarrow. The matrix is codec x page version x encoding x nulls x nesting x row-group size.
"""

import argparse
import decimal
import itertools
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

CODECS = ["NONE", "SNAPPY", "ZSTD", "GZIP", "LZ4", "BROTLI"]
LONG = decimal.Context(prec=80)
WORDS = ["a", "", "naïve", "汉字", "line\nbreak", "quote\"back\\slash", "tab\t", "emoji 🙂", "\x01\x7f",
         "the same prefix 1", "the same prefix 2", "the same prefix 22"]


def text(rng):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(0, 12)))


def with_nulls(rng, values, nulls):
    if nulls == "none":
        return values
    if nulls == "all":
        return [None] * len(values)
    return [None if rng.random() < 0.3 else v for v in values]


def messages(rng, nulls):
    def message():
        if nulls != "none" and rng.random() < 0.1:
            return None
        return {"content": None if nulls != "none" and rng.random() < 0.2 else text(rng),
                "role": rng.choice(["user", "assistant"])}
    return [message() for _ in range(rng.randrange(0, 5))]


def column(rng, kind, rows, nulls):
    """A list of values and its Arrow type."""
    if kind == "string":
        return [text(rng) for _ in range(rows)], pa.string()
    if kind == "repeated_string":
        return [rng.choice(WORDS) for _ in range(rows)], pa.string()
    if kind == "sorted_string":
        return sorted(text(rng) for _ in range(rows)), pa.string()
    if kind == "int32":
        return [rng.randrange(-2**31, 2**31) for _ in range(rows)], pa.int32()
    if kind == "int64":
        return [rng.choice([rng.randrange(-2**63, 2**63), rng.randrange(100)]) for _ in range(rows)], pa.int64()
    if kind == "uint32":
        return [rng.randrange(2**32) for _ in range(rows)], pa.uint32()
    if kind == "uint64":
        return [rng.choice([2**64 - 1, 2**63, 2**63 - 1, rng.randrange(2**64)]) for _ in range(rows)], pa.uint64()
    if kind == "uint8":
        return [rng.randrange(256) for _ in range(rows)], pa.uint8()
    if kind == "bool":
        return [rng.random() < 0.5 for _ in range(rows)], pa.bool_()
    if kind == "float":
        return [float(rng.randrange(-1000, 1000)) / 8 for _ in range(rows)], pa.float32()
    if kind == "double":
        return [rng.uniform(-1e9, 1e9) for _ in range(rows)], pa.float64()
    if kind == "decimal":
        return [decimal.Decimal(rng.randrange(-10**9, 10**9)) / 100 for _ in range(rows)], pa.decimal128(20, 2)
    if kind == "decimal256":
        largest = 10**76 - 1
        values = [rng.choice([largest, -largest, 0, 1, -1, rng.randrange(-largest, largest)]) for _ in range(rows)]
        return [decimal.Decimal(v).scaleb(-40, LONG) for v in values], pa.decimal256(76, 40)
    if kind == "fixed":
        return [bytes(rng.choice(b"abcd") for _ in range(5)) for _ in range(rows)], pa.binary(5)
    if kind == "list":
        return [[rng.randrange(50) for _ in range(rng.randrange(0, 6))] for _ in range(rows)], pa.list_(pa.int64())
    if kind == "list_string":
        return ([with_nulls(rng, [text(rng) for _ in range(rng.randrange(0, 4))], nulls) for _ in range(rows)],
                pa.list_(pa.string()))
    if kind == "list_list":
        return ([[[rng.randrange(9) for _ in range(rng.randrange(0, 3))] for _ in range(rng.randrange(0, 4))]
                 for _ in range(rows)], pa.list_(pa.list_(pa.int32())))
    if kind == "struct":
        return ([{"a": rng.randrange(9), "b": {"c": text(rng), "d": None if nulls != "none" else True}}
                 for _ in range(rows)],
                pa.struct([("a", pa.int32()), ("b", pa.struct([("c", pa.string()), ("d", pa.bool_())]))]))
    if kind == "messages":
        return ([messages(rng, nulls) for _ in range(rows)],
                pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())])))
    if kind == "choices":
        return ([{"text": [text(rng) for _ in range(4)], "label": list("ABCD")} for _ in range(rows)],
                pa.struct([("text", pa.list_(pa.string())), ("label", pa.list_(pa.string()))]))
    if kind == "wrapped":
        return ([{"question": text(rng), "subject": "", "choices": [text(rng) for _ in range(4)],
                  "answer": rng.randrange(4)} for _ in range(rows)],
                pa.struct([("question", pa.string()), ("subject", pa.string()),
                           ("choices", pa.list_(pa.string())), ("answer", pa.int64())]))
    if kind == "map":
        return ([[(f"k{i}", rng.randrange(9)) for i in range(rng.randrange(0, 4))] for _ in range(rows)],
                pa.map_(pa.string(), pa.int32()))
    if kind == "not_finite":
        special = [math.nan, math.inf, -math.inf, 1.5, -0.0]
        return ([{name: rng.choice(special) for name in ("half", "single", "double")} for _ in range(rows)],
                pa.struct([("half", pa.float16()), ("single", pa.float32()), ("double", pa.float64())]))
    raise ValueError(kind)


ENCODINGS = {
    "string": ["PLAIN", "DICTIONARY", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "FALLBACK"],
    "repeated_string": ["PLAIN", "DICTIONARY"],
    "sorted_string": ["DELTA_BYTE_ARRAY"],
    "int32": ["PLAIN", "DICTIONARY", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
    "int64": ["PLAIN", "DICTIONARY", "DELTA_BINARY_PACKED"],
    "bool": ["PLAIN", "RLE"],
    "float": ["PLAIN", "BYTE_STREAM_SPLIT"],
    "double": ["PLAIN", "DICTIONARY", "BYTE_STREAM_SPLIT"],
    "fixed": ["PLAIN", "DICTIONARY", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"],
}
OTHER = ["uint32", "uint64", "uint8", "decimal", "decimal256", "list", "list_string", "list_list", "struct",
         "messages", "choices", "wrapped", "map", "not_finite"]


def plain(value):
    """The JSON form that nanobuild documents for each type."""
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def write(path, kind, encoding, codec, version, nulls, rows, group, seed, page=600, checksum=False, required=False):
    rng = random.Random(seed)
    values, type_ = column(rng, kind, rows, nulls)
    values = with_nulls(rng, values, nulls)
    if encoding == "FALLBACK":
        values = [v and v + str(i) for i, v in enumerate(values)]
    field = pa.field("c", type_, nullable=not required)
    table = pa.table([pa.array(values, type_)], schema=pa.schema([field]))
    options = {"use_dictionary": encoding in ("DICTIONARY", "FALLBACK", "NESTED_DICTIONARY")}
    if encoding == "FALLBACK":
        options["dictionary_pagesize_limit"] = 400
    if encoding in ("DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT", "RLE",
                    "PLAIN"):
        options["column_encoding"] = {"c": encoding}
    # Old forms for a part of the files: PLAIN_DICTIONARY as the encoding's number, `item` in lists.
    options["version"] = "1.0" if seed % 3 == 0 and kind != "uint32" else "2.6"
    options["use_compliant_nested_type"] = seed % 2 == 0
    pq.write_table(table, path, compression=codec, data_page_version=version, row_group_size=group,
                   data_page_size=page, write_batch_size=64, write_page_checksum=checksum, **options)
    read = pq.read_table(path)["c"].to_pylist()
    return [plain(v) for v in read]


def cases():
    """Every file of the matrix: (name, arguments of write)."""
    number = 0
    for kind, encodings in ENCODINGS.items():
        for encoding, version, nulls in itertools.product(encodings, ["1.0", "2.0"], ["none", "some", "all"]):
            # RLE is what version 2 writes for booleans; pyarrow refuses it for version 1 pages.
            for codec in CODECS:
                for group in ([1000] if codec != "ZSTD" else [1000, 7, 64]):
                    number += 1
                    yield (f"{kind}-{encoding}-v{version[0]}-{nulls}-{codec}-{group}",
                           dict(kind=kind, encoding=encoding, codec=codec, version=version, nulls=nulls, rows=300,
                                group=group, seed=number, checksum=number % 5 == 0))
    for kind, encoding, version, nulls, codec, group in itertools.product(
            OTHER, ["NESTED_PLAIN", "NESTED_DICTIONARY"], ["1.0", "2.0"], ["none", "some", "all"],
            ["NONE", "SNAPPY", "ZSTD"], [1000, 11]):
        number += 1
        yield (f"{kind}-{encoding}-v{version[0]}-{nulls}-{codec}-{group}",
               dict(kind=kind, encoding=encoding, codec=codec, version=version, nulls=nulls, rows=200, group=group,
                    seed=number, checksum=number % 5 == 0))
    for kind in ["string", "int64", "list"]:
        number += 1
        yield (f"{kind}-required", dict(kind=kind, encoding="NESTED_PLAIN", codec="ZSTD", version="1.0",
                                        nulls="none", rows=100, group=1000, seed=number, required=True))
    yield ("empty", dict(kind="string", encoding="PLAIN", codec="ZSTD", version="1.0", nulls="none", rows=0,
                         group=1000, seed=1))


def fixture_cases():
    chosen = [
        ("plain-zstd-v1", "string", "PLAIN", "ZSTD", "1.0", "some"),
        ("plain-none-v2", "string", "PLAIN", "NONE", "2.0", "some"),
        ("dictionary-snappy-v1", "repeated_string", "DICTIONARY", "SNAPPY", "1.0", "none"),
        ("fallback-gzip-v1", "string", "FALLBACK", "GZIP", "1.0", "some"),
        ("delta-length-lz4-v1", "string", "DELTA_LENGTH_BYTE_ARRAY", "LZ4", "1.0", "none"),
        ("delta-byte-brotli-v2", "sorted_string", "DELTA_BYTE_ARRAY", "BROTLI", "2.0", "some"),
        ("delta-int32-zstd-v2", "int32", "DELTA_BINARY_PACKED", "ZSTD", "2.0", "some"),
        ("delta-int64-none-v1", "int64", "DELTA_BINARY_PACKED", "NONE", "1.0", "none"),
        ("bool-rle-v2", "bool", "RLE", "ZSTD", "2.0", "some"),
        ("bool-plain-v1", "bool", "PLAIN", "NONE", "1.0", "some"),
        ("float-split-zstd", "float", "BYTE_STREAM_SPLIT", "ZSTD", "1.0", "none"),
        ("double-dictionary-gzip", "double", "DICTIONARY", "GZIP", "2.0", "some"),
        ("fixed-delta-byte", "fixed", "DELTA_BYTE_ARRAY", "ZSTD", "1.0", "some"),
        ("decimal", "decimal", "NESTED_PLAIN", "NONE", "1.0", "some"),
        ("list-string-snappy", "list_string", "NESTED_DICTIONARY", "SNAPPY", "1.0", "some"),
        ("list-list-zstd-v2", "list_list", "NESTED_PLAIN", "ZSTD", "2.0", "some"),
        ("struct-v2", "struct", "NESTED_DICTIONARY", "ZSTD", "2.0", "some"),
        ("messages-snappy", "messages", "NESTED_DICTIONARY", "SNAPPY", "1.0", "some"),
        ("choices-brotli", "choices", "NESTED_DICTIONARY", "BROTLI", "1.0", "none"),
        ("wrapped-lz4", "wrapped", "NESTED_DICTIONARY", "LZ4", "2.0", "none"),
        ("map", "map", "NESTED_PLAIN", "ZSTD", "1.0", "some"),
        ("all-null", "string", "PLAIN", "ZSTD", "1.0", "all"),
        ("uint64", "uint64", "NESTED_PLAIN", "NONE", "1.0", "some"),
        ("decimal256", "decimal256", "NESTED_DICTIONARY", "ZSTD", "2.0", "some"),
        ("not-finite", "not_finite", "NESTED_PLAIN", "NONE", "1.0", "some"),
    ]
    for seed, (name, kind, encoding, codec, version, nulls) in enumerate(chosen):
        yield name, dict(kind=kind, encoding=encoding, codec=codec, version=version, nulls=nulls, rows=60, group=25,
                         seed=seed, checksum=seed % 2 == 0, page=200)


def task_fixtures(folder):
    """Tiny data sets in the layouts of the public ones."""
    def save(name, table, **options):
        pq.write_table(table, folder / f"{name}.parquet", compression="SNAPPY", **options)

    messages_type = pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())]))
    save("smoltalk", pa.table({
        "messages": pa.array([
            [{"content": "Be brief.", "role": "system"}, {"content": "Hi", "role": "user"},
             {"content": "Hello!", "role": "assistant"}],
            [{"content": "2+2?", "role": "user"}, {"content": "4", "role": "assistant"}]], messages_type),
        "source": ["x", "y"]}))
    mmlu = {"question": ["Which is red?", "Pick two"], "subject": ["colour", "sum"],
            "choices": [["sky", "blood", "grass", "coal"], ["1", "2", "3", "4"]], "answer": [1, 1]}
    save("mmlu", pa.table(mmlu))
    rows = [{k: mmlu[k][i] for k in mmlu} for i in range(2)]
    save("mmlu-wrapped", pa.table({"train": rows}))
    save("arc", pa.table({
        "id": ["q1", "q2"], "question": ["Ice is", "Steam is"],
        "choices": [{"text": ["cold", "hot", "dry"], "label": ["A", "B", "C"]},
                    {"text": ["cold", "hot", "dry", "old"], "label": ["1", "2", "3", "4"]}],
        "answerKey": ["A", "2"]}))
    save("gsm8k", pa.table({
        "question": ["Tom has 2 bags of 3 apples. How many?"],
        "answer": ["He has 2*3=<<2*3=6>>6 apples.\nAll in all <<6+0=6>>6.\n#### 6"]}))


def name_fixtures(folder):
    """Texts behind nulls; two columns of one name, which differ in what their definition levels mean, also
    below structures of one name."""
    def save(name, columns):
        fields = [pa.field(name, array.type, nullable=nullable) for name, array, nullable in columns]
        table = pa.Table.from_arrays([array for _, array, _ in columns], schema=pa.schema(fields))
        pq.write_table(table, folder / f"{name}.parquet", compression="NONE")

    texts = pa.array(["x", "y", "z"])
    nulls = pa.table({"c": ["one", None, None, "three"]})
    pq.write_table(nulls, folder / "after-nulls.parquet", compression="NONE", use_dictionary=False,
                   write_statistics=False)
    save("nested-name", [("a", pa.array([None] * 3, pa.struct([("b", pa.string())])), True), ("a.b", texts, False)])

    def structure(*members):
        return pa.StructArray.from_arrays([pa.array(values) for _, values in members], names=[n for n, _ in members])

    deep = structure(("t", structure(("x", ["a", "b"]))), ("t", structure(("x", ["c", "d"]), ("y", ["e", "f"]))),
                     ("t", structure(("z", ["g", "h"]), ("t.w", ["i", "j"]))), ("t", structure(("z", ["k", "l"]))))
    save("deep-twice", [("s", deep, True), ("s", structure(("x", ["m", "n"])), True)])
    save("twice-named", [("text", pa.array([None] * 3, pa.binary()), True), ("text", texts, False)])


def long_fixtures(folder):
    """A few KB that stand for hundreds of MB, all of which JSON escapes sixfold."""
    options = dict(compression="ZSTD", write_statistics=False)
    pq.write_table(pa.table({"text": ["\x01" * 250_000_000]}), folder / "long-text.parquet", use_dictionary=False,
                   **options)
    twice = pa.array([["\x01" * 120_000_000] * 2], pa.list_(pa.string()))
    pq.write_table(pa.table({"list": twice}), folder / "long-twice.parquet", dictionary_pagesize_limit=1 << 30,
                   **options)


def same(expected, found):
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, list):
        return isinstance(found, list) and len(expected) == len(found) and all(map(same, expected, found))
    if isinstance(expected, dict):
        return isinstance(found, dict) and expected.keys() == found.keys() and all(
            same(expected[k], found[k]) for k in expected)
    return expected == found


def check(binary, path, expected):
    run = subprocess.run([binary, "data", str(path), "--column", "c", "--jsonl"], capture_output=True, timeout=60)
    if run.returncode != 0:
        return f"exit status {run.returncode}: {run.stderr.decode(errors='replace').strip()}"
    found = [json.loads(line) for line in run.stdout.decode().split("\n") if line]
    if len(found) != len(expected):
        return f"{len(found)} values where pyarrow reads {len(expected)}"
    for row, (a, b) in enumerate(zip(expected, found)):
        if not same(a, b):
            return f"row {row}: {b!r} where pyarrow reads {a!r}"
    return None


def record(folder, name, arguments):
    expected = write(folder / f"{name}.parquet", **arguments)
    lines = "".join(json.dumps(v, ensure_ascii=False) + "\n" for v in expected)
    (folder / f"{name}.jsonl").write_text(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?")
    parser.add_argument("--write", metavar="FOLDER")
    parser.add_argument("--fixtures", metavar="FOLDER")
    options = parser.parse_args()
    if options.fixtures:
        folder = pathlib.Path(options.fixtures)
        folder.mkdir(parents=True, exist_ok=True)
        for name, arguments in fixture_cases():
            record(folder, name, arguments)
        task_fixtures(folder)
        name_fixtures(folder)
        long_fixtures(folder)
        return 0
    if options.write:
        folder = pathlib.Path(options.write)
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        for name, arguments in cases():
            try:
                record(folder, name, arguments)
                count += 1
            except (pa.ArrowException, OSError) as error:
                print(f"left out, pyarrow cannot write it: {name}: {error}", file=sys.stderr)
        print(f"{count} files")
        return 0
    if not options.binary:
        parser.error("give the program to test, --write or --fixtures")
    agreed, failed, left_out = 0, 0, 0
    with tempfile.TemporaryDirectory() as temporary:
        path = pathlib.Path(temporary) / "file.parquet"
        for name, arguments in cases():
            try:
                expected = write(path, **arguments)
            except (pa.ArrowException, OSError):
                left_out += 1
                continue
            problem = check(options.binary, path, expected)
            if problem:
                failed += 1
                print(f"FAILED {name}: {problem}")
            else:
                agreed += 1
    print(f"{agreed} files agree with pyarrow {pa.__version__}, {failed} do not, {left_out} pyarrow cannot write")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
