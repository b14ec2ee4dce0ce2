"""test_boot_matrix.py: every kind of machine boots through its firmware, runs hello, and ends.

The machines differ in what firmware and kernel have to get right: where memory lies, which chipset
and tables describe it, what the CPU lacks, whether there is a screen or a serial port at all.
"""

import os
import re

import pytest
from harness import Guest, job
from harness.machines import BOOTED, DIRECT
from quirelib import paths, qemu
from quirelib.job import FileSet, JOB_FILE, encode_jobs

HELLO = "build/programs/hello.musl"

def assert_hello(**machine):
    with Guest([job(HELLO)], **machine) as guest:
        (result,) = guest.results()
        assert (result.stdout, result.stderr, result.status) == (b"hello, world\n", b"", 0)


@pytest.mark.parametrize("machine", BOOTED.values(), ids=BOOTED.keys())
def test_through_firmware(machine):
    assert_hello(boot="uefi", **machine)


@pytest.mark.parametrize("machine", DIRECT.values(), ids=DIRECT.keys())
def test_straight_into_the_kernel(machine):
    assert_hello(boot="pvh", **machine)


@pytest.mark.parametrize("boot", ["uefi", "pvh"])
def test_without_any_serial_port(boot):
    """Nobody hears the program; that the machine ends well is the whole verdict."""
    files = FileSet()
    hello = job(HELLO)
    files.add(hello.host, hello.job.path)
    files.add_bytes(JOB_FILE, encode_jobs([hello.job]))
    with Guest(files=files, append=f"job={JOB_FILE}", boot=boot, serial=False) as guest:
        assert guest.wait() == qemu.STATUS_DONE


def test_two_boots_of_one_machine_tell_the_same():
    """With time by instructions all that the kernel measures agrees, but when the host answers."""
    logs = []
    for _ in range(2):
        with Guest([job(HELLO)], boot="pvh", icount="3") as guest:
            guest.results()
            logs.append([re.sub(r"^\[ *\d+\.\d+\] ", "", line) for line in guest.lines])
    assert logs[0] == logs[1]


def test_the_command_line_arrives_whole():
    """The loader's file and the emulator's option, with what is not ASCII."""
    words = "mark=" + "x" * 300 + ' quoted="two words" umlaut=ä'
    seen = set()
    for boot in ("uefi", "pvh"):
        with Guest([job(HELLO)], boot=boot, append=words) as guest:
            seen.add(guest.expect(r"options: (.*)")[1])
            guest.results()
    assert len(seen) == 1 and words in seen.pop()


def test_it_boots_from_what_the_build_left():
    """build/esp is what goes on a stick: the very files that the other tests boot."""
    for inner, path in (("EFI/BOOT/BOOTX64.EFI", paths.LOADER), ("quire/kernel.elf", paths.KERNEL),
                        ("quire/initrd.cpio", paths.INITRD)):
        with open(os.path.join(paths.ESP, inner), "rb") as copy, open(path, "rb") as original:
            assert copy.read() == original.read()
    assert os.path.exists(os.path.join(paths.ESP, "quire", "cmdline.txt"))
