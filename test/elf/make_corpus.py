#!/usr/bin/python3
"""Make a corpus of ELF files, good and bad, for execve.

    make_corpus.py FOLDER

Every file is a variation of one tiny program, made without compiler or libc, that writes "ok" and a
newline and exits with status 0: so it runs on Linux too, which is the oracle. FOLDER/manifest.json
names for each file what is wrong with it and what execve must say; where Quire refuses what Linux
accepts or kills for, "stricter" has the reason. The same bytes are made every time.
"""

import copy
import json
import os
import struct
import sys

PAGE = 0x1000
TASK_SIZE = 0x7FFFFFFFF000  # the end of user memory on x86-64 with 4-level paging
KERNEL_HALF = 0xFFFF800000000000
U64 = 1 << 64

EHDR_BYTES, PHDR_BYTES = 64, 56
ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
EM_386, EM_X86_64, EM_AARCH64 = 3, 62, 183
PT_NULL, PT_LOAD, PT_INTERP, PT_NOTE, PT_GNU_STACK = 0, 1, 3, 4, 0x6474E551
R, W, X = 4, 2, 1
PATH_MAX = 4096

TEXT_OFFSET, DATA_OFFSET = 0x400, 0x600
BASE = 0x400000
TEXT, DATA = BASE + TEXT_OFFSET, BASE + PAGE + DATA_OFFSET
MESSAGE = b"ok\n"
DATA_BYTES, DATA_MEMORY = 16, 16


def program_code(address, data, bss_end):
    """Machine code at `address`: writes the message at `data`, adds 1 to the last byte below
    `bss_end`, and exits with that byte - 1: with 0 if BSS was zero."""
    code = bytearray()

    def relative(target, length):
        return struct.pack("<i", target - (address + len(code) + length))

    code += b"\xb8\x01\x00\x00\x00"  # mov eax, SYS_write
    code += b"\xbf\x01\x00\x00\x00"  # mov edi, stdout
    code += b"\x48\x8d\x35" + relative(data, 7)  # lea rsi, [rip + data]
    code += b"\xba\x03\x00\x00\x00"  # mov edx, 3
    code += b"\x0f\x05"  # syscall
    code += b"\xfe\x05" + relative(bss_end - 1, 6)  # inc byte [rip + bss_end - 1]
    code += b"\x0f\xb6\x3d" + relative(bss_end - 1, 7)  # movzx edi, byte [the same]: it was 0
    code += b"\xff\xcf"  # dec edi
    code += b"\xb8\x3c\x00\x00\x00"  # mov eax, SYS_exit
    code += b"\x0f\x05"  # syscall
    return bytes(code)


class Elf:
    """An ELF file: header fields, program headers, bytes at offsets; to be changed one by one."""

    def __init__(self, base=BASE, file_type=ET_EXEC, memory=DATA_MEMORY):
        data = base + PAGE + DATA_OFFSET
        code = program_code(base + TEXT_OFFSET, data, data + memory)
        self.ident = bytearray(b"\x7fELF\x02\x01\x01" + bytes(9))
        self.type, self.machine, self.version = file_type, EM_X86_64, 1
        self.entry, self.phoff, self.shoff, self.flags = base + TEXT_OFFSET, EHDR_BYTES, 0, 0
        self.ehsize, self.phentsize, self.phnum = EHDR_BYTES, PHDR_BYTES, None
        text_bytes = TEXT_OFFSET + len(code)
        self.text = dict(type=PT_LOAD, flags=R | X, offset=0, vaddr=base, filesz=text_bytes,
                         memsz=text_bytes, align=PAGE)
        self.data = dict(type=PT_LOAD, flags=R | W, offset=DATA_OFFSET, vaddr=data,
                         filesz=DATA_BYTES, memsz=memory, align=PAGE)
        self.stack = dict(type=PT_GNU_STACK, flags=R | W, offset=0, vaddr=0, filesz=0, memsz=0,
                          align=16)
        self.phdrs = [self.text, self.data, self.stack]
        self.blobs = {TEXT_OFFSET: code, DATA_OFFSET: MESSAGE.ljust(DATA_BYTES, b"\0")}
        self.length = None  # of the file, if it is to be cut

    def add(self, **fields):
        self.phdrs.append(dict(dict(type=PT_LOAD, flags=R, offset=0, vaddr=0, filesz=0, memsz=0,
                                    align=PAGE), **fields))
        return self.phdrs[-1]

    def add_interpreter(self, path, filesz=None):
        self.blobs[DATA_OFFSET + 0x100] = path
        size = len(path) if filesz is None else filesz
        return self.add(type=PT_INTERP, offset=DATA_OFFSET + 0x100, filesz=size, memsz=size,
                        align=1)

    def bytes(self):
        phnum = len(self.phdrs) if self.phnum is None else self.phnum
        header = struct.pack(
            "<HHIQQQIHHHHHH",
            self.type, self.machine, self.version,
            self.entry % U64, self.phoff % U64, self.shoff,
            self.flags, self.ehsize, self.phentsize, phnum, 64, 0, 0)
        image = bytearray(bytes(self.ident) + header)
        table = b"".join(
            struct.pack("<II", p["type"], p["flags"]) +
            struct.pack("<6Q", *(p[field] % U64 for field in
                                 ("offset", "vaddr", "vaddr", "filesz", "memsz", "align")))
            for p in self.phdrs)
        for offset, blob in [(EHDR_BYTES, table), *self.blobs.items()]:
            image.extend(bytes(max(0, offset + len(blob) - len(image))))
            image[offset:offset + len(blob)] = blob
        return bytes(image if self.length is None else image[:self.length])


CASES = []


def case(name, what, errno, stricter=None):
    """Register a function as case `name`: it changes a good Elf, or returns the file's bytes."""
    def register(function):
        CASES.append(dict(name=name, what=what, errno=errno, stricter=stricter, make=function))
        return function
    return register


def change(name, what, errno, stricter=None, **header):
    """A case of header fields set to other values."""
    def make(elf):
        for field, value in header.items():
            assert hasattr(elf, field)
            setattr(elf, field, value)
    case(name, what, errno, stricter)(make)


def change_segment(name, what, errno, segment, stricter=None, **fields):
    """A case of other values in the program header `segment`: "text" or "data"."""
    case(name, what, errno, stricter)(lambda elf: getattr(elf, segment).update(fields))


def add_segment(name, what, errno, stricter=None, **fields):
    """A case of one PT_LOAD more, which the program has no use for: it runs if this is accepted."""
    good = dict(flags=R | W, offset=DATA_OFFSET, vaddr=BASE + 8 * PAGE + DATA_OFFSET,
                filesz=DATA_BYTES, memsz=DATA_BYTES)
    case(name, what, errno, stricter)(lambda elf: elf.add(**dict(good, **fields)))


def change_ident(name, what, errno, index, value, stricter=None):
    def make(elf):
        elf.ident[index] = value
    case(name, what, errno, stricter)(make)


LATE = "Linux sees it only after it has given up the old program, and kills it"
UNCHECKED = "Linux does not look at it"
NO_RULE = "Linux has no rule that memory is not both"
OVERMAPS = "Linux maps the later one over the earlier one"
RUNS_OR_FAULTS = "Linux starts it; it then faults or not"

# ---- good ones -----------------------------------------------------------------------------------

case("good-exec", "nothing", "OK")(lambda elf: None)
case("good-align-0", "nothing: p_align 0 means none", "OK")(lambda elf: elf.text.update(align=0))
case("good-align-2m", "nothing: p_align of 2 MiB, addresses congruent modulo the page only", "OK")(
    lambda elf: elf.data.update(align=0x200000))
case("good-stack-exec", "nothing: PT_GNU_STACK asks for an executable stack", "OK")(
    lambda elf: elf.stack.update(flags=R | W | X))
case("good-no-stack-note", "nothing: no PT_GNU_STACK",
     "OK")(lambda elf: elf.phdrs.remove(elf.stack))
case("good-empty-load", "nothing: a PT_LOAD of no bytes",
     "OK")(lambda elf: elf.add(vaddr=BASE + 16 * PAGE))
case("good-unknown-phdr", "nothing: a program header of unknown type, its fields nonsense", "OK")(
    lambda elf: elf.add(type=0x60001234, offset=U64 - 1, vaddr=U64 - 1, filesz=U64 - 1, memsz=1))
case("good-odd-note", "nothing: a PT_NOTE outside of the file", "OK")(
    lambda elf: elf.add(type=PT_NOTE, offset=U64 - 64, filesz=U64 - 1, memsz=4))


@case("good-static-pie", "nothing: position-independent", "OK")
def make_pie(_):
    return Elf(base=0, file_type=ET_DYN).bytes()


@case("good-pie-at-address", "nothing: position-independent, linked at an address", "OK")
def make_pie_at_address(_):
    return Elf(base=0x10000, file_type=ET_DYN).bytes()


@case("good-bss", "nothing: several pages of BSS behind data", "OK")
def make_bss(_):
    return Elf(memory=5 * PAGE + 123).bytes()


@case("good-bss-only", "nothing: a segment of zeros only, its offset behind the file's end", "OK")
def make_bss_only(elf):
    elf.add(flags=R | W, offset=0x100000, vaddr=BASE + 8 * PAGE, memsz=2 * PAGE)


@case("good-bss-1g", "nothing: 1 GiB of BSS, of which one byte is touched", "OK")
def make_large_bss(_):
    return Elf(memory=1 << 30).bytes()


@case("good-phdrs-elsewhere", "nothing: the program headers are in no segment", "OK")
def make_phdrs_elsewhere(elf):
    table = copy.deepcopy(elf).bytes()[EHDR_BYTES:EHDR_BYTES + 3 * PHDR_BYTES]
    elf.phoff = DATA_OFFSET + 0x200
    elf.blobs[elf.phoff] = table


@case("good-unsorted", "the segments are not in ascending order, which the gABI asks for", "OK")
def make_unsorted(elf):
    elf.phdrs = [elf.data, elf.text, elf.stack]


def make_long_table(elf, phnum):
    """The program headers, and PT_NULL ones behind them, after all the rest."""
    table = copy.deepcopy(elf).bytes()[EHDR_BYTES:EHDR_BYTES + 3 * PHDR_BYTES]
    elf.phoff, elf.phnum = PAGE, phnum
    elf.blobs[PAGE] = table.ljust(phnum * PHDR_BYTES, b"\0")


case("good-phnum-1170", "nothing: as many program headers as 64 KiB hold", "OK")(
    lambda elf: make_long_table(elf, 1170))
case("phnum-1171", "one program header more than 64 KiB hold", "ENOEXEC")(
    lambda elf: make_long_table(elf, 1171))

# ---- truncated -----------------------------------------------------------------------------------

TRUNCATED = [0, 1, 3, 4, 15, 16, 17, 18, 20, 24, 32, 40, 52, 54, 56, 58, 63, 64, 65, 64 + 55,
             64 + 56, 64 + 2 * 56,
             64 + 3 * 56 - 1]
for length in TRUNCATED:
    change(f"truncated-{length:03}", f"the file ends after {length} bytes", "ENOEXEC",
           length=length)

change("truncated-text", "the file ends behind the program headers", "ENOEXEC", LATE,
       length=64 + 3 * 56)
change("truncated-data", "the file ends one byte before its data does", "ENOEXEC",
       "Linux maps it, and faults where the file has no page", length=DATA_OFFSET + DATA_BYTES - 1)

# ---- the file header -----------------------------------------------------------------------------

change_ident("magic-0", "the first byte of the magic", "ENOEXEC", 0, 0x7E)
change_ident("magic-3", "the last byte of the magic", "ENOEXEC", 3, ord("f"))
change_ident("class-32", "ELFCLASS32", "ENOEXEC", 4, 1, UNCHECKED)
change_ident("class-0", "no class", "ENOEXEC", 4, 0, UNCHECKED)
change_ident("big-endian", "ELFDATA2MSB", "ENOEXEC", 5, 2, UNCHECKED)
change_ident("ident-version-0", "EI_VERSION is 0", "ENOEXEC", 6, 0, UNCHECKED)
change("version-2", "e_version is 2", "ENOEXEC", UNCHECKED, version=2)
change("machine-386", "e_machine is EM_386, the class is 64", "ENOEXEC", machine=EM_386)
change("machine-aarch64", "e_machine is EM_AARCH64", "ENOEXEC", machine=EM_AARCH64)
change("type-none", "e_type is ET_NONE", "ENOEXEC", type=0)
change("type-rel", "e_type is ET_REL", "ENOEXEC", type=ET_REL)
change("type-core", "e_type is ET_CORE", "ENOEXEC", type=ET_CORE)
change("type-ffff", "e_type is 0xffff", "ENOEXEC", type=0xFFFF)
change("phentsize-32", "e_phentsize is that of 32-bit files", "ENOEXEC", phentsize=32)
change("phentsize-0", "e_phentsize is 0", "ENOEXEC", phentsize=0)
change("phentsize-57", "e_phentsize is 57", "ENOEXEC", phentsize=57)
change("phnum-0", "no program headers", "ENOEXEC", phnum=0)
change("phnum-ffff", "e_phnum is PN_XNUM", "ENOEXEC", phnum=0xFFFF)
change("phoff-at-end", "the program headers are behind the file", "ENOEXEC",
       phoff=DATA_OFFSET + DATA_BYTES)
change("phoff-partly", "the last program header is partly behind the file", "ENOEXEC",
       phoff=DATA_OFFSET + DATA_BYTES - 3 * PHDR_BYTES + 1)
change("phoff-wraps", "the program headers wrap around the offsets", "ENOEXEC",
       phoff=U64 - PHDR_BYTES)
change("phoff-negative", "the program headers are at 2^63", "ENOEXEC", phoff=1 << 63)

# ---- segments ------------------------------------------------------------------------------------

change_segment("filesz-over-memsz", "p_filesz is above p_memsz", "EINVAL", "data", LATE,
               filesz=DATA_BYTES,
               memsz=DATA_BYTES - 1)
change_segment("filesz-huge", "p_filesz is 2^64 - 1", "EINVAL", "data", LATE, filesz=U64 - 1)
change_segment("memsz-wraps", "p_vaddr + p_memsz wraps", "EINVAL", "data", LATE, memsz=U64 - DATA)
change_segment("memsz-past-end", "the segment ends above user memory", "EINVAL", "data", LATE,
               memsz=TASK_SIZE - DATA + 1)
change_segment("offset-misaligned", "p_offset and p_vaddr are not congruent modulo the page",
               "EINVAL", "data", LATE,
               offset=DATA_OFFSET - 8)
change_segment("align-3", "p_align is 3", "ENOEXEC", "data", UNCHECKED, align=3)
change_segment("align-1800", "p_align is no power of two", "ENOEXEC", "text", UNCHECKED,
               align=0x1800)
change_segment("align-huge", "p_align is 2^63", "ENOEXEC", "data", UNCHECKED, align=1 << 63)
change_segment("write-exec", "a segment is writable and executable", "ENOEXEC", "data", NO_RULE,
               flags=R | W | X)
change_segment("write-exec-text", "the text is writable and executable", "ENOEXEC", "text", NO_RULE,
               flags=R | W | X)
add_segment("offset-past-end", "p_offset is behind the file", "ENOEXEC", UNCHECKED,
            offset=DATA_OFFSET + 16 * PAGE)
add_segment("offset-wraps", "p_offset + p_filesz wraps", "ENOEXEC", LATE,
            offset=U64 - PAGE + DATA_OFFSET,
            filesz=PAGE, memsz=PAGE)
add_segment("vaddr-past-end", "p_vaddr is the end of user memory", "EINVAL", LATE,
            vaddr=TASK_SIZE + DATA_OFFSET)
add_segment("vaddr-kernel", "p_vaddr is in the kernel's half", "EINVAL", LATE,
            vaddr=0xFFFFFFFF80000000 + DATA_OFFSET)
add_segment("vaddr-noncanonical", "p_vaddr is not canonical", "EINVAL", LATE,
            vaddr=(1 << 47) + DATA_OFFSET)
add_segment("vaddr-last-page", "p_vaddr is in the last page of all", "EINVAL", LATE,
            vaddr=U64 - PAGE + DATA_OFFSET)
add_segment("vaddr-0", "a segment at address 0", "EPERM",
            "Linux kills for it, or maps it for root, which leaves NULL pointers uncaught",
            vaddr=DATA_OFFSET)
add_segment("vaddr-low", "a segment below 64 KiB", "EPERM",
            "the bound is 64 KiB in Quire; on Linux it is vm.mmap_min_addr, and not for root",
            vaddr=15 * PAGE + DATA_OFFSET)
add_segment("vaddr-misaligned", "p_vaddr and p_offset are not congruent modulo the page", "EINVAL",
            LATE,
            vaddr=BASE + 8 * PAGE + DATA_OFFSET + 8)
add_segment("overlap-page", "two segments share a page", "ENOEXEC", OVERMAPS,
            vaddr=BASE + PAGE + DATA_OFFSET + DATA_BYTES, offset=DATA_OFFSET + DATA_BYTES)


@case("overlap-same", "two segments are at the same place", "ENOEXEC", OVERMAPS)
def make_overlap_same(elf):
    elf.phdrs.insert(1, dict(elf.text))


@case("overlap-bss", "the BSS of one segment reaches into the next", "ENOEXEC",
      OVERMAPS)
def make_overlap_bss(elf):
    elf.text.update(memsz=PAGE + 1)


@case("no-load", "no PT_LOAD", "ENOEXEC", RUNS_OR_FAULTS)
def make_no_load(elf):
    elf.phdrs = [elf.stack]


@case("no-load-pie", "position-independent, no PT_LOAD", "ENOEXEC", RUNS_OR_FAULTS)
def make_no_load_pie(elf):
    elf.type, elf.phdrs = ET_DYN, [elf.stack]


@case("no-memory", "the only PT_LOAD has no bytes", "ENOEXEC", RUNS_OR_FAULTS)
def make_no_memory(elf):
    elf.text.update(filesz=0, memsz=0)
    elf.phdrs = [elf.text, elf.stack]


@case("many-loads", "65 PT_LOADs", "ENOEXEC", "Quire takes 64 segments; linkers make about five")
def make_many_loads(elf):
    for i in range(63):
        elf.add(flags=R | W, vaddr=BASE + (16 + i) * PAGE, memsz=PAGE)
    elf.phnum = len(elf.phdrs)
    code = elf.blobs.pop(TEXT_OFFSET)  # the longer table needs its place
    data = elf.blobs.pop(DATA_OFFSET)
    elf.blobs = {TEXT_OFFSET + 0x4000: code, DATA_OFFSET + 0x4000: data}
    elf.text.update(offset=0x4000)
    elf.data.update(offset=0x4000 + DATA_OFFSET)


# ---- entry ---------------------------------------------------------------------------------------

change("entry-0", "e_entry is 0", "ENOEXEC", RUNS_OR_FAULTS, entry=0)
change("entry-outside", "e_entry is in no segment", "ENOEXEC", RUNS_OR_FAULTS,
       entry=BASE + 64 * PAGE)
change("entry-past-text", "e_entry is in the text's page, behind the text", "ENOEXEC",
       RUNS_OR_FAULTS, entry=BASE + 0xF00)
change("entry-data", "e_entry is in a segment that is not executable", "ENOEXEC", RUNS_OR_FAULTS,
       entry=DATA)
change("entry-kernel", "e_entry is in the kernel's half", "ENOEXEC", RUNS_OR_FAULTS,
       entry=0xFFFFFFFF80000000)
change("entry-noncanonical", "e_entry is not canonical", "ENOEXEC", RUNS_OR_FAULTS, entry=1 << 47)


@case("entry-pie-outside", "position-independent, e_entry behind all", "ENOEXEC", RUNS_OR_FAULTS)
def make_entry_pie_outside(_):
    elf = Elf(base=0, file_type=ET_DYN)
    elf.entry = 1 << 40
    return elf.bytes()


# ---- interpreter ---------------------------------------------------------------------------------

case("interp-missing", "the interpreter does not exist", "ENOENT")(
    lambda elf: elf.add_interpreter(b"/no/such/ld.so\0"))
case("interp-unterminated", "the interpreter's path has no NUL", "ENOEXEC")(
    lambda elf: elf.add_interpreter(b"/lib/ld.so", 10))
case("interp-empty", "the interpreter's path is only a NUL",
     "ENOEXEC")(lambda elf: elf.add_interpreter(b"\0"))
case("interp-no-bytes", "the interpreter's path has no bytes",
     "ENOEXEC")(lambda elf: elf.add_interpreter(b"", 0))
case("interp-two-nuls", "the interpreter's path is the empty string", "ENOENT",
     "Linux takes it for the current folder, which is EACCES")(
    lambda elf: elf.add_interpreter(b"\0\0"))
case("interp-too-long", "the interpreter's path is longer than PATH_MAX", "ENOEXEC")(
    lambda elf: elf.add_interpreter(b"/" + b"x" * (PATH_MAX - 1) + b"\0"))
case("interp-directory", "the interpreter is a directory",
     "EACCES")(lambda elf: elf.add_interpreter(b"/\0"))
case("interp-past-end", "the interpreter's path is behind the file", "EIO")(
    lambda elf: elf.add_interpreter(b"/x\0").update(offset=0x100000))
case("interp-partly", "the interpreter's path is partly behind the file", "EIO")(
    lambda elf: elf.add_interpreter(b"/x\0", 64))
case("interp-negative", "the interpreter's path is at 2^63", "EINVAL")(
    lambda elf: elf.add_interpreter(b"/x\0").update(offset=1 << 63))

# The interpreters of these are other files of the corpus: they are run in its folder.
case("good-interp", "nothing: a position-independent interpreter, which is what runs",
     "OK")(lambda elf: elf.add_interpreter(b"good-static-pie\0"))
case("good-interp-twice", "nothing: of two interpreters the first counts", "OK")(
    lambda elf: [elf.add_interpreter(b"good-static-pie\0"), elf.phdrs.append(dict(elf.phdrs[-1],
                                                                               filesz=1))])
case("good-interp-of-interp", "nothing: the interpreter's own interpreter is not looked for", "OK")(
    lambda elf: elf.add_interpreter(b"pie-interp-missing\0"))
case("good-interp-fixed", "nothing: an interpreter at its own address", "OK")(
    lambda elf: elf.add_interpreter(b"good-far\0"))
case("good-interp-pie", "nothing: program and interpreter are position-independent", "OK")(
    lambda elf: make_pie_interp(b"good-static-pie\0"))
case("good-far", "nothing: another address", "OK")(lambda elf: Elf(base=0x10000000).bytes())
case("pie-interp-missing", "position-independent, the interpreter does not exist", "ENOENT")(
    lambda elf: make_pie_interp(b"/no/such/ld.so\0"))
case("interp-in-file", "a part of the interpreter's path is a file", "ENOTDIR")(
    lambda elf: elf.add_interpreter(b"good-exec/ld.so\0"))
case("interp-not-executable", "the right to execute the interpreter is missing", "EACCES")(
    lambda elf: elf.add_interpreter(b"mode-0644\0"))
case("interp-of-no-bytes", "the interpreter is an empty file", "EIO")(
    lambda elf: elf.add_interpreter(b"truncated-000\0"))
case("interp-cut", "the interpreter is shorter than a file header", "EIO")(
    lambda elf: elf.add_interpreter(b"truncated-063\0"))
case("interp-without-table", "the interpreter ends behind its file header", "ELIBBAD")(
    lambda elf: elf.add_interpreter(b"truncated-064\0"))
case("interp-script", "the interpreter is a script", "EIO")(
    lambda elf: elf.add_interpreter(b"script-missing\0"))
case("interp-zeros", "the interpreter is no ELF file", "ELIBBAD")(
    lambda elf: elf.add_interpreter(b"zeros\0"))
case("interp-machine", "the interpreter is for another machine", "ELIBBAD")(
    lambda elf: elf.add_interpreter(b"machine-aarch64\0"))
case("interp-rel", "the interpreter is not linked", "ELIBBAD", LATE)(
    lambda elf: elf.add_interpreter(b"type-rel\0"))
case("interp-no-load", "the interpreter has no PT_LOAD", "ELIBBAD", LATE)(
    lambda elf: elf.add_interpreter(b"no-load-pie\0"))
case("interp-segment", "a segment of the interpreter is in the kernel's half", "ELIBBAD", LATE)(
    lambda elf: elf.add_interpreter(b"vaddr-kernel\0"))
case("interp-over-program", "program and interpreter are at the same address", "EEXIST", OVERMAPS)(
    lambda elf: elf.add_interpreter(b"good-bss\0"))
case("interp-before-segments", "a missing interpreter, and a segment in the kernel's half",
     "ENOENT")(lambda elf: elf.add_interpreter(b"/no\0") and elf.data.update(
         vaddr=KERNEL_HALF + DATA_OFFSET))


def make_pie_interp(path):
    elf = Elf(base=0, file_type=ET_DYN)
    elf.add_interpreter(path)
    return elf.bytes()


@case("interp-first", "an unterminated interpreter's path, and a segment in the kernel's half",
      "ENOEXEC")
def make_interp_first(elf):
    elf.add_interpreter(b"/lib/ld.so", 10)
    elf.data.update(vaddr=KERNEL_HALF + DATA_OFFSET)


# ---- no ELF at all -------------------------------------------------------------------------------

case("text-file", "a text", "ENOEXEC")(lambda elf: b"This is not a program.\n")
case("zeros", "4096 zero bytes", "ENOEXEC")(lambda elf: bytes(PAGE))
case("script-of-nothing", "#! and nothing more", "ENOEXEC")(lambda elf: b"#!\n")
case("script-of-spaces", "#! and spaces", "ENOEXEC")(lambda elf: b"#!   \n")
case("script-missing", "#! of an interpreter that does not exist",
     "ENOENT")(lambda elf: b"#!/no/such/shell\n")
case("directory", "a directory", "EACCES")(lambda elf: None)
case("mode-0644", "a good program without the right to execute it", "EACCES")(lambda elf: None)
case("missing", "no such file", "ENOENT")(lambda elf: None)


def contents(entry):
    elf = Elf()
    made = entry["make"](elf)
    return made if isinstance(made, bytes) else elf.bytes()


def write_corpus(folder):
    os.makedirs(folder, exist_ok=True)
    for entry in CASES:
        path = os.path.join(folder, entry["name"])
        if entry["name"] == "directory":
            os.makedirs(path, exist_ok=True)
        elif entry["name"] != "missing":
            with open(path, "wb") as file:
                file.write(contents(entry))
            os.chmod(path, 0o644 if entry["name"] == "mode-0644" else 0o755)
    manifest = [{key: entry[key] for key in ("name", "what", "errno",
                                             "stricter")} for entry in CASES]
    assert len({entry["name"] for entry in CASES}) == len(CASES)
    with open(os.path.join(folder, "manifest.json"), "w", encoding="ascii") as file:
        json.dump(manifest, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write_corpus(sys.argv[1])
