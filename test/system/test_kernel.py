"""test_kernel.py: the tests inside the kernel, and the ways it dies on purpose."""

import pytest
from harness import Guest, job, parse_ktap
from quirelib import paths, qemu

HELLO = "build/programs/hello.musl"


@pytest.mark.parametrize("machine", [
    {"boot": "pvh"}, {"boot": "pvh", "cpu": "qemu64"}, {"boot": "pvh", "cpus": 4},
    {"boot": "uefi", "memory": "3G"}], ids=lambda machine: "-".join(map(str, machine.values())))
def test_in_kernel_tests(machine):
    with Guest(kernel=paths.KERNEL_TEST, append="ktest=*", **machine) as guest:
        status = guest.wait()
        problems = parse_ktap(guest.lines).problems()
        assert not problems, "\n".join(problems)
        assert status == qemu.STATUS_DONE


def test_a_panic_on_purpose():
    with Guest(append="crash=panic", boot="pvh", expect_panic=True) as guest:
        guest.expect("^PANIC: ")
        guest.expect("^backtrace:")
        # The function that panicked is named, and so is the way from the kernel's beginning.
        guest.expect(r"^ +#\d+ 0x[0-9a-f]{16} kernel_main\+0x")
        assert guest.wait() == qemu.STATUS_PANIC


@pytest.mark.parametrize("boot", ["uefi", "pvh"])
def test_the_finished_page_tables(boot):
    """The kernel walks its own tables and counts what must not be."""
    with Guest([job(HELLO)], boot=boot) as guest:
        guest.results()
        log = "\n".join(guest.lines)
    assert "0 writable and executable" in log
    assert "0 user-accessible" in log


# What crash=NAME provokes, and the words that must tell a reader why the machine died.
DEATHS = {
    "assert": "crash_assert: assertion failed: one == 2",
    "null": "read at 0: null pointer",
    "wild": "write at 0xffffc0debadc0de0: not mapped",
    "divide": "divide error in the kernel",
    "stack-overflow": "kernel stack overflow",
    "double-fault": "double fault",
    "single-step": "debug exception in the kernel",
    "text-write": "write at 0xffffffff8[0-9a-f]{7}: read-only",
    "rodata-write": "write at 0xffffffff8[0-9a-f]{7}: read-only",
    "exec-data": "execution at 0xffffffff8[0-9a-f]{7}: no-execute",
    "user-exec": "execution at 0x400000: a program's page, SMEP",
    "user-read": "read at 0x400000: a program's page, SMAP",
}


@pytest.mark.parametrize("name", DEATHS)
def test_a_death_on_purpose(name):
    with Guest(append=f"crash={name}", boot="pvh", expect_panic=True) as guest:
        guest.expect(f"^PANIC: .*{DEATHS[name]}")
        guest.expect(r"cr3 [0-9a-f]{8}")
        guest.expect("^backtrace:")
        guest.expect(r"^ +#0 0x[0-9a-f]{16} (\w+\+0x|\?)")
        assert guest.wait() == qemu.STATUS_PANIC
