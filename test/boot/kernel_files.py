"""kernel_files.py: the probe kernel's ELF file, and copies of it with one thing wrong."""

import struct

EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
PHDR = struct.Struct("<IIQQQQQQ")
PT_LOAD = 1
PT_NOTE = 4
PF_X = 1
PF_W = 2

# Indices of fields of EHDR.
IDENT, TYPE, MACHINE, VERSION, ENTRY, PHOFF = 0, 1, 2, 3, 4, 5
PHENTSIZE, PHNUM = 9, 10
# Indices of fields of PHDR.
P_TYPE, P_FLAGS, P_OFFSET, P_VADDR, P_PADDR, P_FILESZ, P_MEMSZ, P_ALIGN = range(8)


def with_header(data, field, value):
    fields = list(EHDR.unpack_from(data))
    fields[field] = value
    return EHDR.pack(*fields) + data[EHDR.size :]


def with_ident(data, index, value):
    return data[:index] + bytes([value]) + data[index + 1 :]


def segments(data, kind=PT_LOAD):
    """Indices of the program headers of one kind."""
    header = EHDR.unpack_from(data)
    count = range(header[PHNUM])
    return [i for i in count if segment(data, i)[P_TYPE] == kind]


def segment(data, index):
    return PHDR.unpack_from(data, EHDR.unpack_from(data)[PHOFF] + index * PHDR.size)


def with_segment(data, index, field, value):
    offset = EHDR.unpack_from(data)[PHOFF] + index * PHDR.size
    fields = list(PHDR.unpack_from(data, offset))
    fields[field] = value
    return data[:offset] + PHDR.pack(*fields) + data[offset + PHDR.size :]


def with_load(data, nth, field, value):
    return with_segment(data, segments(data)[nth], field, value)


def with_note(data, offset, value):
    """Change 32 bits of the note that names the boot_info version."""
    at = segment(data, segments(data, PT_NOTE)[0])[P_OFFSET] + offset
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


NOTE_NAMESZ, NOTE_DESCSZ, NOTE_TYPE, NOTE_VERSION = 0, 4, 8, 20


def broken(data):
    """{name: (file, what the loader says of it)}"""
    first = segment(data, segments(data)[0])
    second = segment(data, segments(data)[1])
    text_flags = first[P_FLAGS]
    no_program = with_header(data, PHNUM, 0)
    no_load = data
    for index in segments(data):
        no_load = with_segment(no_load, index, P_TYPE, 0)
    high = (1 << 64) - 0x1000
    return {
        "text file": (b"#!/bin/sh\n" * 20, "not an ELF file"),
        "empty": (b"", "not an ELF file"),
        "half a header": (data[:40], "not an ELF file"),
        "32-bit": (with_ident(data, 4, 1), "not a 64-bit little-endian"),
        "big-endian": (with_ident(data, 5, 2), "not a 64-bit little-endian"),
        "ident version": (with_ident(data, 6, 0), "unknown version"),
        "version": (with_header(data, VERSION, 2), "unknown version"),
        "arm64": (with_header(data, MACHINE, 183), "another machine than x86-64"),
        "shared object": (with_header(data, TYPE, 3), "not an executable ELF"),
        "header size": (with_header(data, PHENTSIZE, 32), "headers have the wrong size"),
        "no headers": (no_program, "no program headers"),
        "far headers": (with_header(data, PHOFF, high), "program headers lie past the end"),
        "many headers": (with_header(data, PHNUM, 65535), "program headers lie past the end"),
        "truncated": (data[: second[P_OFFSET] + 16], "a segment lies past the end"),
        "only headers": (data[: EHDR.size + 16], "program headers lie past the end"),
        "file larger": (with_load(data, 0, P_FILESZ, first[P_MEMSZ] + 1), "larger in the file"),
        "offset wraps": (with_load(data, 1, P_OFFSET, high), "a segment lies past the end"),
        "low address": (with_load(data, 0, P_VADDR, 0x200000), "outside the kernel's 2 GiB"),
        "address wraps": (with_load(data, 2, P_VADDR, high), "outside the kernel's 2 GiB"),
        "memory wraps": (with_load(data, 2, P_MEMSZ, high), "outside the kernel's 2 GiB"),
        "huge": (with_load(data, 2, P_MEMSZ, 1 << 30), "more than 512 MiB"),
        "overlap": (with_load(data, 1, P_VADDR, first[P_VADDR]), "two segments overlap"),
        "shared page": (
            with_load(data, 1, P_VADDR, first[P_VADDR] + first[P_MEMSZ]), "or share a page"),
        "W+X": (
            with_load(data, 0, P_FLAGS, text_flags | PF_W), "both writable and executable"),
        "no code": (with_load(data, 0, P_FLAGS, text_flags & ~PF_X), "entry point lies outside"),
        "entry": (with_header(data, ENTRY, second[P_VADDR]), "entry point lies outside"),
        "unaligned": (
            with_load(data, 0, P_VADDR, first[P_VADDR] - 0x1000), "no multiple of 2 MiB"),
        "nothing to load": (no_load, "it has nothing to load"),
        "no note": (with_note(data, NOTE_TYPE, 7), "does not name the version of boot_info"),
        "long note": (with_note(data, NOTE_DESCSZ, 0xFFFFFFF0), "larger than its segment"),
        "long name": (with_note(data, NOTE_NAMESZ, 0xFFFFFFFF), "larger than its segment"),
        "far notes": (
            with_segment(data, segments(data, PT_NOTE)[0], P_OFFSET, high),
            "its notes lie past the end"),
    }
