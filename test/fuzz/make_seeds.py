#!/usr/bin/python3
"""Make the seeds that the fuzz targets start from: FOLDER/cpio, FOLDER/memmap, FOLDER/options
and FOLDER/vt.

    make_seeds.py FOLDER

Those of fuzz_elf are the corpus of test/elf/make_corpus.py. The same bytes are made every time.
"""

import os
import struct
import sys

PAGE = 4096


def newc_entry(name, mode, data=b""):
    fields = (1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    entry = b"070701" + b"".join(b"%08x" % field for field in fields) + name + b"\0"
    entry += bytes(-len(entry) % 4) + data
    return entry + bytes(-len(data) % 4)


def cpio_seeds():
    trailer = newc_entry(b"TRAILER!!!", 0)
    tree = newc_entry(b".", 0o40755) + newc_entry(b"./bin/sh", 0o100755, b"#!x") + trailer
    return [b"", trailer, tree, tree + bytes(100) + tree, newc_entry(b"/a", 0o120777, b"bin/sh")]


def memmap_seeds():
    def ranges(*triples):
        return b"".join(struct.pack("<QQII", *triple, 0) for triple in triples)

    return [
        b"",
        ranges((1 << 20, 1 << 20, 1)),
        ranges((0, 0xA0000, 1), (1 << 20, 255 << 20, 1), (2 << 20, 1 << 20, 4),
               (0xFFC00000, 4 << 20, 9)),
        ranges((1 << 32, 1 << 30, 1), (0, 1 << 31, 2), (5 * PAGE + 1, 3, 6), (1 << 63, 1 << 63, 0)),
        ranges(*((i * 3 * PAGE + (1 << 20), (1 + i % 4) * PAGE, i % 11) for i in range(60))),
    ]


def options_seeds():
    return [b"", b"log=debug quiet", b'init="/bin/sh -c x" a=1 a=0x2', b"a\0b\n=\x7f\"",
            b"x" * 3000]


def vt_seeds():
    size = b"\x0f\x0f"
    return [
        size + b"text\r\n\ttab\b\x7f\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80",
        size + b"\x1b[2;5r\x1b[5;1H\n\x1bM\x1b[2L\x1b[M\x1b[3@\x1b[2P\x1b[4X\x1b[S\x1b[2T",
        size + b"\x1b[1;31;48;5;200;38;2;1;2;3;38:2::4:5:6m\x1b[4:0mx\x1b[J\x1b[1K\x1b[9b",
        size + b"\x1b[?1049h\x1b)0\x0eqqx\x0f\x1b[?6h\x1b[?7l\x1b[4h\x1b7\x1b8\x1b[?1049l\x1b[!p",
        size + b"\x1b]0;title\x07\x1b]P1aabbcc\x1b]R\x1bPdata\x1b\\\x1b#8\x1b[6n\x1b[c\x1bc",
        size + b"0123456789abcdef\xff\x35\x1b[99H\xe4\xb8\xad\xff\x03\x1b[99C\xff\xfe\x1bH\x1b[3g",
    ]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for kind, seeds in (("cpio", cpio_seeds()), ("memmap", memmap_seeds()),
                        ("options", options_seeds()), ("vt", vt_seeds())):
        folder = os.path.join(sys.argv[1], kind)
        os.makedirs(folder, exist_ok=True)
        for number, seed in enumerate(seeds):
            with open(os.path.join(folder, f"{number:02}"), "wb") as file:
                file.write(seed)


if __name__ == "__main__":
    main()
