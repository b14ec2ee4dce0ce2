#!/usr/bin/python3
"""Make the seeds that the fuzz targets start from: FOLDER/acpi, FOLDER/cpio and so on.

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


def acpi_table(name, body, revision=1):
    header = name + struct.pack("<IBB6s8sI4sI", 36 + len(body), revision, 0, b"QUIRE ",
                                b"SEED    ", 1, b"SEED", 1)
    table = bytearray(header + body)
    table[9] = -sum(table) & 0xFF
    return bytes(table)


def gas(space, bits, address, access=0):
    return struct.pack("<BBBBQ", space, bits, 0, access, address)


def acpi_memory(*tables):
    """As fuzz_acpi reads it: where the root pointer is, that, the XSDT, the tables."""
    starts, at = [], 96 + 36 + 8 * len(tables)
    for table in tables:
        starts.append(at)
        at += len(table)
    root = struct.pack("<8sB6sBIIQI", b"RSD PTR ", 0, b"QUIRE ", 2, 0, 36, 96, 0)
    xsdt = acpi_table(b"XSDT", struct.pack(f"<{len(starts)}Q", *starts))
    return struct.pack("<Q", 16).ljust(16, b"\0") + root.ljust(80, b"\0") + xsdt + b"".join(tables)


def acpi_seeds():
    fadt = bytearray(244 - 36)
    struct.pack_into("<I", fadt, 64 - 36, 0x604)
    fadt[91 - 36] = 4
    struct.pack_into("<IB", fadt, 112 - 36, 1 << 10, 1)
    madt = struct.pack("<II", 0xFEE00000, 1) + bytes((0, 8, 0, 0, 1, 0, 0, 0)) + bytes(
        (1, 12, 0, 0)) + struct.pack("<II", 0xFEC00000, 0)
    mcfg = bytes(8) + struct.pack("<QHBBI", 0xB0000000, 0, 0, 255, 0)
    spcr = bytes((0, 0, 0, 0)) + gas(1, 8, 0x3F8) + bytes(28)
    debug = struct.pack("<BHBHHHHHHHHH", 0, 22 + 12 + 4 + 2, 1, 2, 38, 0, 0, 0x8000, 1, 0, 22, 34)
    debug += gas(0, 32, 0xFE000000, 3) + struct.pack("<I", 0x1000) + b".\0"
    dbg2 = struct.pack("<II", 44, 1) + debug
    return [b"", acpi_memory(),
            acpi_memory(acpi_table(b"FACP", bytes(fadt), 3), acpi_table(b"APIC", madt),
                        acpi_table(b"HPET", bytes(4) + gas(0, 64, 0xFED00000) + bytes(4))),
            acpi_memory(acpi_table(b"MCFG", mcfg), acpi_table(b"SPCR", spcr, 2)),
            acpi_memory(acpi_table(b"SSDT", b"\x08_S5_\x12\x06\x04\x0a\x05\x01\0\0"),
                        acpi_table(b"DBG2", dbg2))]


def usb_seeds():
    keyboard = bytes((9, 2, 34, 0, 1, 1, 8, 0xA0, 50, 9, 4, 0, 0, 1, 3, 1, 1, 7,
                      9, 33, 1, 1, 0, 1, 34, 63, 0, 7, 5, 0x81, 3, 8, 0, 7))
    event = struct.pack("<BBQII", 0x0B, 2, 4 << 8, 1 << 24, 32 << 10)
    return [b"\0", b"\0" + keyboard, b"\0" + bytes((9, 0x29, 8, 0x60, 0, 50, 0, 0, 0xFF)),
            b"\x80" + event * 40, b"\x81" + event * 3]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for kind, seeds in (("acpi", acpi_seeds()), ("cpio", cpio_seeds()), ("memmap", memmap_seeds()),
                        ("options", options_seeds()), ("usb", usb_seeds())):
        folder = os.path.join(sys.argv[1], kind)
        os.makedirs(folder, exist_ok=True)
        for number, seed in enumerate(seeds):
            with open(os.path.join(folder, f"{number:02}"), "wb") as file:
                file.write(seed)


if __name__ == "__main__":
    main()
