"""elf.py: what an ELF file says of the files that it needs (gABI, chapters 4 and 5).

The dynamic linker is never run for it: a program to be looked at may be anything.
"""

import os
import struct
from dataclasses import dataclass

MAGIC = b"\x7fELF"
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")  # Elf64_Ehdr
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")  # Elf64_Phdr
DYNAMIC = struct.Struct("<qQ")  # Elf64_Dyn
CLASS_64, LITTLE_ENDIAN, X86_64 = 2, 1, 62
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NULL, DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH = 0, 1, 5, 15, 29
PATH_MAX = 4096
HEADERS_MAX = 1 << 16  # bytes of program headers; Linux's limit
DYNAMIC_MAX = 1 << 20  # bytes of a dynamic section


@dataclass(frozen=True)
class ElfNeeds:
    """Paths and names as they stand in the file; rpath and runpath may hold $ORIGIN."""

    interpreter: str = None
    needed: tuple = ()
    rpath: tuple = ()
    runpath: tuple = ()


def read_needs(path):
    """The ElfNeeds of a file, or None if it is no ELF file for this machine. What is not understood
    is left out: how good a program it is, the kernel judges. OSError if it can't be read."""
    with open(path, "rb") as file:
        try:
            header = HEADER.unpack(file.read(HEADER.size))
            if (header[0][:6] != MAGIC + bytes((CLASS_64, LITTLE_ENDIAN))
                    or header[2] != X86_64):
                return None
        except struct.error:
            return None
        try:
            return _read(file, header)
        except (struct.error, ValueError, OverflowError):
            return ElfNeeds()


def _read(file, header):
    start, entry_bytes, count = header[5], header[9], header[10]
    if entry_bytes != PROGRAM_HEADER.size or count * entry_bytes > HEADERS_MAX:
        return ElfNeeds()
    file.seek(start)
    segments = list(PROGRAM_HEADER.iter_unpack(file.read(count * entry_bytes)))
    interpreter = next((_text(file, segment[2], segment[5]) for segment in segments
                        if segment[0] == PT_INTERP and segment[5] <= PATH_MAX), None)
    dynamic = next((segment for segment in segments if segment[0] == PT_DYNAMIC), None)
    if dynamic is None:
        return ElfNeeds(interpreter)
    file.seek(dynamic[2])
    section = file.read(min(dynamic[5], DYNAMIC_MAX))
    entries = []
    for tag, value in DYNAMIC.iter_unpack(section[:len(section) // DYNAMIC.size * DYNAMIC.size]):
        if tag == DT_NULL:
            break
        entries.append((tag, value))
    strings = next((_offset(segments, value) for tag, value in entries if tag == DT_STRTAB), None)
    if strings is None:
        return ElfNeeds(interpreter)

    def texts(wanted):
        return [_text(file, strings + value, PATH_MAX) for tag, value in entries if tag == wanted]

    def folders(wanted):
        return tuple(folder for text in texts(wanted) for folder in text.split(":") if folder)

    return ElfNeeds(interpreter, tuple(texts(DT_NEEDED)), folders(DT_RPATH), folders(DT_RUNPATH))


def _offset(segments, address):
    """Where in the file the byte at `address` is, or None."""
    for kind, _, offset, start, _, file_bytes, _, _ in segments:
        if kind == PT_LOAD and start <= address < start + file_bytes:
            return offset + address - start
    return None


def _text(file, offset, most):
    file.seek(offset)
    return os.fsdecode(file.read(most).split(b"\0", 1)[0])
