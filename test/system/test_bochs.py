"""test_bochs.py: processors that QEMU's own translation has not: see test/harness/bochs.py."""

from harness import job
from harness.bochs import BochsGuest

HELLO = "build/programs/hello.musl"


def test_a_program_runs():
    with BochsGuest([job(HELLO)], cpus=2) as guest:
        result = guest.results()[0]
        log = "\n".join(guest.lines)
    assert result.status == 0
    assert "CPUs: 2 of 2 run" in log
    assert "timer: TSC deadline" in log
