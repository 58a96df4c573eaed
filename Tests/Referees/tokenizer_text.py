"""Text for the tokenizer's referees: mixed strings from a seed, and corpora from this machine."""

import os
import pathlib
import random
import unicodedata

SCRIPTS = [
    (0x41, 0x5A), (0x61, 0x7A), (0x30, 0x39), (0xC0, 0x17F), (0x370, 0x3FF), (0x400, 0x4FF),
    (0x5D0, 0x5EA), (0x620, 0x64A), (0x660, 0x669), (0x900, 0x97F), (0xE00, 0xE5B),
    (0x1100, 0x11FF), (0x2000, 0x206F), (0x2070, 0x209C), (0x2150, 0x218B), (0x2190, 0x2BFF),
    (0x3000, 0x30FF), (0x4E00, 0x4FFF), (0xAC00, 0xAD00), (0xFB00, 0xFB06), (0xFF00, 0xFFEF),
    (0x1D400, 0x1D7FF), (0x1F300, 0x1FAFF), (0x300, 0x36F), (0x10400, 0x1044F), (0xE0100, 0xE01EF),
]
WORDS = [
    "the", "don't", "It's", "WE'LL", "you've", "they're", "I'd", "I'M", "ſ", "'ſ", "'S", "'Re",
    "'vE", "'lL", "naïve", "Ångström", "straße", "mother-in-law", "e.g.", "http://x.y/z?a=1&b=2",
    "def f(x):", "return x**2", "if (a != b) {", "}", "//", "/* c */", "x_1", "__init__", "0x1F",
    "3.14159", "1,000,000", "12", "123", "1234", "12345", "²³", "½", "٣٤٥", "Ⅷ", "😀", "👩‍👩‍👧",
    "🏳️‍🌈", "e\u0301", "\u200d", "\ufeff", "안녕하세요", "你好世界", "こんにちは", "שלום", "مرحبا",
    "नमस्ते", "สวัสดี", "<|bos|>", "<|assistant_end|>",
]
SPACES = [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\r", "\t", " \n", "\n ", " \t ", "\u00a0",
          "\u3000", "\u2028", "\u0085", "\u200b", "\u180e", "\v", "\f", " \r\n \r\n  ", "\x1c", "\x1f"]


def mixed_string(source: random.Random) -> str:
    """A string of up to 40 parts: words, white space, marks and characters of many scripts."""
    parts = []
    for _ in range(source.randrange(1, 40)):
        kind = source.random()
        if kind < 0.35:
            parts.append(source.choice(WORDS))
        elif kind < 0.6:
            parts.append(source.choice(SPACES) if kind < 0.5 else " ")
        elif kind < 0.75:
            parts.append("".join(source.choice("'\"-_.,;:!?()[]{}<>/\\|@#$%^&*+=~`")
                                 for _ in range(source.randrange(1, 4))))
        else:
            low, high = source.choice(SCRIPTS)
            parts.append("".join(chr(source.randint(low, high))
                                 for _ in range(source.randrange(1, 8))))
        if source.random() < 0.15:
            parts.append("'")
    return "".join(parts)


def code_point_strings():
    """Every code point but the surrogates alone and beside letters, digits, spaces, apostrophes."""
    for code in range(0x110000):
        if 0xD800 <= code <= 0xDFFF:
            continue
        c = chr(code)
        yield c
        yield f"{c}a {c}1 {c} '{c}a{c}1{c}"
        yield f"a{c}'s {c}{c}x '{c} {c}\n{c}"


def corpus(size: int) -> bytes:
    """`size` bytes of documentation and source code of this machine, NUL between documents.

    Deterministic for one machine: folders and files are read in order of name.
    """
    import sysconfig

    roots = ["/usr/share/doc", "/usr/share/perl", sysconfig.get_paths()["stdlib"],
             sysconfig.get_paths()["purelib"], "/usr/include"]
    endings = {"txt", "md", "rst", "py", "html", "h", "pm", "pl", "c"}
    out = bytearray()
    for root in roots:
        for folder, folders, files in os.walk(root):
            folders.sort()
            for name in sorted(files):
                path = pathlib.Path(folder, name)
                plain = name in {"copyright", "README", "changelog", "NEWS"}
                if path.is_symlink() or not (plain or name.rsplit(".", 1)[-1] in endings):
                    continue
                try:
                    text = path.read_bytes()
                    text.decode()
                except (OSError, UnicodeDecodeError):
                    continue
                if b"\0" in text or not text:
                    continue
                room = size - len(out) - (1 if out else 0)
                text = text[: min(room, 2_000_000)].decode("utf-8", "ignore").encode()
                if out:
                    out += b"\0"
                out += text
                if room <= len(text) + 4:
                    return bytes(out)
    return bytes(out)


def describe(text: str) -> str:
    return " ".join(f"U+{ord(c):04X}({unicodedata.name(c, '?')})" for c in text[:40])
