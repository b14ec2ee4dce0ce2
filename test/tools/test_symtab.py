"""test_symtab.py: the table of function names, from a kernel in small to its second link."""

import struct
import subprocess
import sys

import pytest
import symtab

# Two functions, a label inside the first, a function without a size, two names for one address.
SOURCE = """
    .text
    .globl first, second, last
    .type first, @function
first: nop
inner: nop
    ret
    .size first, . - first
    .balign 16
    .type alias_of_second, @function
    .type second, @function
alias_of_second:
second: nop
    ret
    .size second, . - second
    .size alias_of_second, 1
last: ret
    .balign 4
    .data
    .globl variable
variable: .quad first
"""

SCRIPT = """
SECTIONS {
    . = 0xffffffff80200000;
    .text : { *(.text) }
    . = ALIGN(4096);
    .data : { *(.data) }
    . = ALIGN(4096);
    .symbols : { *(.symbols) }
    kernel_image_end = .;
}
"""
TEXT = 0x200000


def assemble(folder, name, source):
    (folder / f"{name}.S").write_text(source)
    target = "--target=x86_64-unknown-none-elf"
    subprocess.run(["clang", target, "-c", f"{name}.S", "-o", f"{name}.o"], cwd=folder, check=True)


def link(folder, name, *objects):
    (folder / "kernel.ld").write_text(SCRIPT)
    command = ["ld.lld", "-static", "-T", "kernel.ld", "-o", name, *objects]
    subprocess.run(command, cwd=folder, check=True)


def run_symtab(folder, *arguments):
    command = [sys.executable, symtab.__file__, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def first(tmp_path):
    """A folder with the first link of a kernel, first.elf, and its parts."""
    assemble(tmp_path, "code", SOURCE)
    assert run_symtab(tmp_path, "--empty", "none.S").returncode == 0
    assemble(tmp_path, "none", (tmp_path / "none.S").read_text())
    link(tmp_path, "first.elf", "code.o", "none.o")
    return tmp_path


def read_table(path):
    """What the kernel will find: [(address, size, name)]."""
    elf = symtab.Elf(path)
    data = elf.contents(elf.section_names.index(".symbols"))
    magic, count, base, name_bytes, _ = struct.unpack_from("<IIQII", data)
    assert (magic, base) == (symtab.MAGIC, symtab.KERNEL_BASE)
    names = data[24 + 12 * count : 24 + 12 * count + name_bytes]
    entries = [struct.unpack_from("<III", data, 24 + 12 * i) for i in range(count)]
    return [(a, size, symtab.c_string(names, name)) for a, size, name in entries]


def test_first_link_has_an_empty_table(first):
    assert read_table(first / "first.elf") == []


def test_second_link(first):
    assert run_symtab(first, "first.elf", "full.S").returncode == 0
    assemble(first, "full", (first / "full.S").read_text())
    link(first, "second.elf", "code.o", "full.o")
    # A label ends the part of its function before it; of two names the first in order counts; what
    # has no size reaches to the next, or to the section's end.
    assert read_table(first / "second.elf") == [
        (TEXT, 1, "first"),
        (TEXT + 1, 15, "inner"),
        (TEXT + 16, 1, "alias_of_second"),
        (TEXT + 18, 2, "last"),
    ]
    result = run_symtab(first, "--verify", "first.elf", "second.elf")
    assert (result.returncode, result.stderr) == (0, "")


def test_verify_finds_what_moved(first):
    assemble(first, "other", SOURCE.replace("first: nop", "first: nop\n nop"))
    link(first, "second.elf", "other.o", "none.o")
    result = run_symtab(first, "--verify", "first.elf", "second.elf")
    assert result.returncode != 0
    assert "moved" in result.stderr


def test_verify_finds_a_table_before_other_sections(first):
    assemble(first, "big", ' .section .data,"aw"\n    .skip 8192\n')
    link(first, "second.elf", "code.o", "none.o", "big.o")
    result = run_symtab(first, "--verify", "first.elf", "second.elf")
    assert result.stderr == "symtab.py: .symbols moved\n"


IDENT = b"\x7fELF\x02\x01"


@pytest.mark.parametrize("data", [b"", IDENT, IDENT + bytes(58), bytes(100)])
def test_not_a_kernel(tmp_path, data):
    (tmp_path / "bad.elf").write_bytes(data)
    result = run_symtab(tmp_path, "bad.elf", "out.S")
    assert result.returncode != 0
    assert result.stderr.startswith("symtab.py: ")
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.S").exists()
