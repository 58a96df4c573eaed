#!/usr/bin/env python3
"""Writes Sources/Tokenization/UnicodeRanges.swift from data/unicode_classes.json.

The JSON holds the code points that the `tiktoken` engine takes for letters (L), numbers (N) and
white space (s). Swift's own Unicode properties differ on thousands of code points, so the tables
are data and not a call.

Usage: Scripts/generate_unicode_tables.py
"""

import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMES = [("L", "letters"), ("N", "numbers"), ("s", "whitespace")]


def swift_list(name: str, ranges: list[list[int]]) -> str:
    numbers = [f"0x{value:x}" for pair in ranges for value in pair]
    lines, line = [], "   "
    for number in numbers:
        if len(line) + len(number) + 2 > 100:
            lines.append(line)
            line = "   "
        line += f" {number},"
    lines.append(line)
    body = "\n".join(lines)
    return f"  static let {name}: [UInt32] = [\n{body}\n  ]\n"


def main() -> None:
    classes = json.loads((ROOT / "data/unicode_classes.json").read_text())
    parts = [
        "// Written by Scripts/generate_unicode_tables.py from data/unicode_classes.json.\n",
        "/// Inclusive ranges of code points, as first, last, first, last …, in ascending order.\n",
        "enum UnicodeRanges {\n",
        "\n".join(swift_list(name, classes[key]) for key, name in NAMES),
        "}\n",
    ]
    (ROOT / "Sources/Tokenization/UnicodeRanges.swift").write_text("".join(parts))


if __name__ == "__main__":
    main()
