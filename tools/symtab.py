#!/usr/bin/python3
"""The kernel's table of function names (kernel/debug/symbols.h), made from its first link.

    symtab.py --empty OUT.S          the table for the first link: no entries
    symtab.py KERNEL.ELF OUT.S       the table for the second link, from the first one
    symtab.py --verify FIRST SECOND  fail if the second link moved anything

The table goes into the section .symbols, which the linker script puts at the very end of the image,
behind .bss, so that its size changes no other address. --verify proves it for every symbol.
"""

import struct
import sys

KERNEL_BASE = 0xFFFFFFFF80000000
SECTION = ".symbols"
MAGIC = 0x424D5953

# From the ELF-64 object file format and the x86-64 psABI.
EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
SHDR = struct.Struct("<IIQQQQIIQQ")
SYM = struct.Struct("<IBBHQQ")
SHT_SYMTAB = 2
SHF_EXECINSTR = 4
STT_NOTYPE, STT_FUNC, STT_SECTION, STT_FILE = 0, 2, 3, 4
SHN_UNDEF, SHN_LORESERVE = 0, 0xFF00


class Error(Exception):
    """The input can't be used; the text says why."""


def c_string(table, offset):
    end = table.index(b"\0", offset)
    return table[offset:end].decode("ascii")


class Elf:
    """The sections and symbols of a 64-bit little-endian ELF file."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise Error(f"{path}: not a 64-bit little-endian ELF file")
        header = EHDR.unpack_from(self.data)
        shoff, shentsize, shnum, shstrndx = header[6], header[11], header[12], header[13]
        self.sections = [SHDR.unpack_from(self.data, shoff + i * shentsize) for i in range(shnum)]
        names = self.contents(shstrndx)
        self.section_names = [c_string(names, section[0]) for section in self.sections]
        self.symbols = list(self.read_symbols(path))

    def contents(self, index):
        section = self.sections[index]
        return self.data[section[4] : section[4] + section[5]]

    def read_symbols(self, path):
        """(name, type, section index, value, size) of each symbol that is defined in a section."""
        tables = [i for i, section in enumerate(self.sections) if section[1] == SHT_SYMTAB]
        if not tables:
            raise Error(f"{path}: has no symbol table")
        strings = self.contents(self.sections[tables[0]][6])
        for name, info, _, index, value, size in SYM.iter_unpack(self.contents(tables[0])):
            kind = info & 0xF
            if kind not in (STT_SECTION, STT_FILE) and SHN_UNDEF < index < SHN_LORESERVE:
                yield c_string(strings, name), kind, index, value, size

    def section_start(self, name):
        if name not in self.section_names:
            raise Error(f"there is no section {name}")
        return self.sections[self.section_names.index(name)][3]


def functions(elf):
    """Sorted (address, size, name) of the code symbols: one an address, no overlap, sizes set."""
    found = {}
    for name, kind, index, value, size in elf.symbols:
        section = elf.sections[index]
        if not section[2] & SHF_EXECINSTR or kind not in (STT_FUNC, STT_NOTYPE):
            continue
        if not name or not 0 <= value - KERNEL_BASE < 1 << 32:
            continue
        end = section[3] + section[5]
        # Of several names a function's wins over a label's, then the first, so that builds agree.
        rank = (kind != STT_FUNC, size == 0, name)
        if value < end and (value not in found or rank < found[value][0]):
            found[value] = (rank, size, end)
    result = []
    addresses = sorted(found)
    for address, following in zip(addresses, addresses[1:] + [None]):
        rank, size, end = found[address]
        limit = end if following is None else min(following, end)
        size = min(size, limit - address) if size else limit - address
        result.append((address, size, rank[2]))
    return result


def assembly(table):
    """The assembly source of the table: struct symbols_header, symbols_entry[], names."""
    offsets, names = {}, []
    total = 0
    for _, _, name in table:
        if name not in offsets:
            offsets[name] = total
            names.append(name)
            total += len(name) + 1
    lines = [
        "/* Written by tools/symtab.py. */",
        f'\t.section {SECTION}, "a", @progbits',
        "\t.balign 16",
        "\t.globl symbols_start, symbols_end",
        "symbols_start:",
        f"\t.long {MAGIC:#x}, {len(table)}",
        f"\t.quad {KERNEL_BASE:#x}",
        f"\t.long {total}, 0",
    ]
    lines += [f"\t.long {a - KERNEL_BASE:#x}, {size}, {offsets[name]}" for a, size, name in table]
    lines += [f'\t.asciz "{name}"' for name in names]
    lines += ["symbols_end:", ""]
    return "\n".join(lines)


def verify(first, second):
    """All below .symbols must be where it was; what lies behind its start may move."""
    start = first.section_start(SECTION)
    if second.section_start(SECTION) != start:
        raise Error(f"{SECTION} moved")
    before = sorted(symbol for symbol in first.symbols if symbol[3] < start)
    after = sorted(symbol for symbol in second.symbols if symbol[3] < start)
    if before == after:
        return
    moved = sorted(set(before) ^ set(after))
    raise Error(f"the second link moved {len(moved)} symbols, such as {moved[0][0]}")


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "--verify":
        verify(Elf(arguments[1]), Elf(arguments[2]))
        return
    if len(arguments) != 2:
        raise Error(__doc__)
    source, target = arguments
    table = [] if source == "--empty" else functions(Elf(source))
    if source != "--empty" and not table:
        raise Error(f"{source}: has no functions")
    with open(target, "w", encoding="ascii") as file:
        file.write(assembly(table))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Error, OSError, ValueError, IndexError, struct.error) as error:
        sys.exit(f"symtab.py: {error}")
