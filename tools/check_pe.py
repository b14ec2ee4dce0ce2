#!/usr/bin/python3
"""check_pe.py FILE...: hold a UEFI application to what strict firmware demands of it.

Some firmware, with Secure Boot or without, refuses images that others start: with sections both
writable and executable, without the NX_COMPAT promise, with sections aligned to less than a page,
with relocations stripped or with a short optional header. A file that passes here gives none of
them a reason. One sentence for each finding; the exit status is 1 if there are any.
(Microsoft, PE Format; UEFI 2.10, 2.1.1.)
"""

import struct
import sys

PAGE = 4096
MACHINE_AMD64 = 0x8664
MAGIC_PE32_PLUS = 0x20B
SUBSYSTEM_EFI_APPLICATION = 10
FILE_RELOCS_STRIPPED = 0x0001
FILE_EXECUTABLE_IMAGE = 0x0002
DLL_NX_COMPAT = 0x0100
DIRECTORIES = 16
SECTION_EXECUTE = 0x20000000
SECTION_WRITE = 0x80000000

DOS_HEADER_BYTES = 64
COFF = struct.Struct("<HHIIIHH")
OPTIONAL = struct.Struct("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII")
SECTION = struct.Struct("<8sIIIIIIHHI")


class Malformed(Exception):
    """The file is no PE32+ image at all; nothing more can be said about it."""


def unpack(layout, data, offset):
    if offset + layout.size > len(data):
        raise Malformed("it ends inside its headers")
    return layout.unpack_from(data, offset)


def check_coff(data, offset):
    """Findings of the file header, and (section count, optional header's size)."""
    machine, sections, _, _, _, optional_bytes, flags = unpack(COFF, data, offset)
    findings = []
    if machine != MACHINE_AMD64:
        findings.append(f"its machine is {machine:#x}, not x86-64")
    if flags & FILE_RELOCS_STRIPPED:
        findings.append("its relocations are stripped, so it can't be moved")
    if not flags & FILE_EXECUTABLE_IMAGE:
        findings.append("it is not marked as an executable image")
    return findings, sections, optional_bytes


def check_optional(data, offset, optional_bytes):
    """Findings of the optional header, and the entry point."""
    header = unpack(OPTIONAL, data, offset)
    magic, entry = header[0], header[6]
    section_align, image_bytes, header_bytes = header[9], header[18], header[19]
    subsystem, dll_flags, directories = header[21], header[22], header[28]
    if magic != MAGIC_PE32_PLUS:
        raise Malformed("it is not PE32+")
    findings = []
    if section_align < PAGE or section_align % PAGE:
        findings.append(f"its sections are aligned to {section_align} bytes, not to pages")
    if image_bytes == 0 or image_bytes % PAGE:
        findings.append(f"its image of {image_bytes} bytes is not a whole number of pages")
    if header_bytes > len(data):
        findings.append("its headers are larger than the file")
    if subsystem != SUBSYSTEM_EFI_APPLICATION:
        findings.append(f"its subsystem is {subsystem}, not that of a UEFI application")
    if not dll_flags & DLL_NX_COMPAT:
        findings.append("it does not promise NX_COMPAT")
    if directories != DIRECTORIES or optional_bytes != OPTIONAL.size + 8 * DIRECTORIES:
        findings.append(f"it has {directories} data directories, not {DIRECTORIES}")
    return findings, entry


def check_sections(data, offset, count, entry):
    findings = []
    spans = []
    entry_found = False
    for i in range(count):
        raw = unpack(SECTION, data, offset + i * SECTION.size)
        name = raw[0].rstrip(b"\0").decode("ascii", "replace")
        size, start, file_bytes, file_start, flags = raw[1], raw[2], raw[3], raw[4], raw[9]
        if flags & SECTION_WRITE and flags & SECTION_EXECUTE:
            findings.append(f"section {name} is both writable and executable")
        if start < PAGE:
            findings.append(f"section {name} lies in the image's page zero")
        if start % PAGE:
            findings.append(f"section {name} starts inside a page")
        if file_start + file_bytes > len(data):
            findings.append(f"section {name} ends past the end of the file")
        if flags & SECTION_EXECUTE and start <= entry < start + size:
            entry_found = True
        spans.append((start, start + max(size, 1), name))
    spans.sort()
    for (_, end, name), (start, _, other) in zip(spans, spans[1:]):
        if start < end:
            findings.append(f"sections {name} and {other} overlap")
    if not entry_found:
        findings.append("its entry point lies in no executable section")
    return findings


def check(data):
    """All findings about the bytes of one file, as ends of the sentence 'FILE: ...'."""
    try:
        if data[:2] != b"MZ" or len(data) < DOS_HEADER_BYTES:
            raise Malformed("it has no DOS header")
        (pe,) = struct.unpack_from("<I", data, 0x3C)
        if data[pe : pe + 4] != b"PE\0\0":
            raise Malformed("it has no PE signature")
        findings, sections, optional_bytes = check_coff(data, pe + 4)
        optional = pe + 4 + COFF.size
        more, entry = check_optional(data, optional, optional_bytes)
        findings += more
        findings += check_sections(data, optional + optional_bytes, sections, entry)
        return findings
    except Malformed as problem:
        return [str(problem)]


def main(paths):
    if not paths:
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    bad = False
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        for finding in check(data):
            print(f"{path}: {finding}")
            bad = True
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
