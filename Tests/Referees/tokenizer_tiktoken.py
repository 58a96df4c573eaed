#!/usr/bin/env python3
"""Compares the ids of `nanobuild tokens --jsonl` with tiktoken's and with Hugging Face's.

Usage: python3 tokenizer_tiktoken.py NANOBUILD [--pieces N] [--seed N] [--record]

Trains nothing: the ranks are those of a small vocabulary that rustbpe learns here from the text of
this machine. Every code point alone and in pairs, then mixed strings until N pieces (5 million; 0 for
none of this). `--hugging-face FILE` compares with `tokenizers`, which loads that tokenizer.json.
`--record` rewrites the fixture of the Swift tests.
Packages: tiktoken, tokenizers, rustbpe.
"""

import argparse
import base64
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import threading

import rustbpe
import tiktoken
import tokenizers

from tokenizer_text import code_point_strings, corpus, describe, mixed_string

FOURTH = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,%d}"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)
PATTERNS = {
    "gpt4": FOURTH % 3,
    "nanochat": FOURTH % 2,
    "gpt2": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
}
FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "TokenizationTests/Fixtures"


def learn(pattern: str, size: int, text: bytes) -> dict[bytes, int]:
    trainer = rustbpe.Tokenizer()
    trainer.train_from_iterator(iter(text.decode().split("\0")), size, pattern=PATTERNS[pattern])
    return {bytes(token): rank for token, rank in trainer.get_mergeable_ranks()}


def write_ranks(ranks: dict[bytes, int], path: pathlib.Path) -> None:
    lines = [base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items()]
    path.write_bytes(b"".join(sorted(lines, key=lambda line: int(line.split()[1]))))


def ours(binary: str, file: pathlib.Path, pattern: str, strings):
    """Yields (string, ids) for every string, streaming through one process."""
    command = [*binary.split(), "tokens", "--tokenizer", str(file), "--pattern", pattern, "--jsonl"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    sent = []

    def feed():
        for string in strings:
            sent.append(string)
            process.stdin.write(json.dumps(string).encode() + b"\n")
        process.stdin.close()

    feeder = threading.Thread(target=feed)
    feeder.start()
    for index, line in enumerate(process.stdout):
        yield sent[index], json.loads(line)
        sent[index] = None
    feeder.join()
    if process.wait() != 0:
        sys.exit(f"{binary} ended with {process.returncode}")


def limited(strings, pieces: int, encoding) -> None:
    """Mixed strings until they hold at least `pieces` pieces, of which each has 4.3 tokens here."""
    seen = 0
    for string in strings:
        yield string
        seen += max(1, len(encoding.encode_ordinary(string)) // 5)
        if seen >= pieces:
            return


def compare(binary: str, pattern: str, pieces: int, seed: int, text: bytes) -> int:
    ranks = learn(pattern, 4096, text)
    encoding = tiktoken.Encoding(
        pattern, pat_str=PATTERNS[pattern], mergeable_ranks=ranks, special_tokens={})
    source = random.Random(seed)

    def mixed():
        while True:
            yield mixed_string(source)

    def strings():
        yield from code_point_strings()
        yield from limited(mixed(), pieces, encoding)

    checked = tokens = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "ranks.tiktoken")
        write_ranks(ranks, file)
        for string, ids in ours(binary, file, pattern, strings()):
            expected = encoding.encode_ordinary(string)
            checked += 1
            tokens += len(expected)
            if ids != expected:
                wrong += 1
                if wrong <= 10:
                    print(f"{pattern}: {string!r} [{describe(string)}]\n  {expected}\n  {ids}")
    print(f"{pattern}: {checked} strings, {tokens} tokens, {wrong} differ from tiktoken")
    return wrong


def compare_hugging_face(binary: str, file: pathlib.Path, seed: int) -> int:
    """Our `tokenizer.json` in `tokenizers` against ourselves, on mixed strings."""
    model = tokenizers.Tokenizer.from_file(str(file))
    pattern = next(
        name for name, expression in PATTERNS.items()
        if expression == json.loads(file.read_text())["pre_tokenizer"]["pretokenizers"][0]
        ["pattern"]["Regex"])
    source = random.Random(seed)
    strings = [mixed_string(source) for _ in range(200_000)]
    strings += code_point_strings()
    # `tokenizers` recognises special tokens in text and we do not: keep them out of the comparison.
    strings = [s.replace("<|", "<¦") for s in strings]
    wrong = 0
    for string, ids in ours(binary, file, pattern, iter(strings)):
        expected = model.encode(string, add_special_tokens=False).ids
        if ids != expected:
            wrong += 1
            if wrong <= 10:
                print(f"hugging face: {string!r}\n  {expected}\n  {ids}")
    print(f"{file.name}: {len(strings)} strings, {wrong} differ from tokenizers")
    return wrong


def record(seed: int, text: bytes) -> None:
    """A vocabulary of 1,000 and 300 strings with tiktoken's ids under each pattern."""
    ranks = learn("gpt4", 1000, text)
    write_ranks(ranks, FIXTURES / "small.tiktoken")
    source = random.Random(seed)
    strings = [mixed_string(source) for _ in range(300)]
    rows = []
    encodings = {
        name: tiktoken.Encoding(
            name, pat_str=expression, mergeable_ranks=ranks, special_tokens={})
        for name, expression in PATTERNS.items()}
    for string in strings:
        rows.append({"text": string} | {
            name: encoding.encode_ordinary(string) for name, encoding in encodings.items()})
    lines = [json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in rows]
    (FIXTURES / "tiktoken.jsonl").write_text("\n".join(lines) + "\n")
    print(f"wrote {len(rows)} strings to {FIXTURES.name}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--pieces", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--hugging-face", type=pathlib.Path, help="a tokenizer.json of ours")
    options = parser.parse_args()
    if options.record:
        record(options.seed, corpus(2_000_000))
        return
    wrong = 0
    text = corpus(10_000_000) if options.pieces else b""
    for pattern in PATTERNS if options.pieces else []:
        wrong += compare(options.binary, pattern, options.pieces // 3, options.seed, text)
    if options.hugging_face:
        wrong += compare_hugging_face(options.binary, options.hugging_face, options.seed)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
