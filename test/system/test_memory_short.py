"""test_memory_short.py: when memory runs out, only who wants more pays. The frames are counted
before and after each job; the checks of the program itself stand in test/memory/memory_short.c."""

import re

import pytest
from harness import Guest, assert_no_frames_lost, job

PROGRAM = "build/test/memory_short"
KILLED = re.compile(r"process memory_short \(pid \d+\) is killed: out of memory, "
                    r"with (\d+) KiB mapped, at (0x[0-9a-f]+)$")


def run_short(mode, cpus=1):
    """What it printed, its status, and the lines of the log about processes that were killed."""
    with Guest([job(PROGRAM, mode)], boot="pvh", memory="48M", cpus=cpus, limit=120) as guest:
        (result,) = guest.results()
        assert_no_frames_lost(guest.lines, 1)
        killed = [line for line in guest.lines if "is killed" in line]
    assert result.status == 0, result
    return result.stdout.decode().splitlines(), killed


def test_a_fault_that_cannot_be_served_kills_one_process():
    lines, killed = run_short("kill")
    assert lines == ["touches: ends with 137, all is back"] * 3 \
        + ["reads into: ends with 137, all is back"] * 3 \
        + ["copies: ends with 0, all is back"] * 3 + ["neighbour: 0"]
    # Exactly one line for each of them: who it was, how large, and where it faulted.
    assert len(killed) == 9
    for line in killed:
        size, where = KILLED.search(line).groups()
        assert int(size) > 4 << 20 and int(where, 16) > 0


# What other processors keep for themselves is to be had, too.
@pytest.mark.parametrize("cpus", [1, 4])
def test_exec_with_hardly_a_page_is_refused_or_works(cpus):
    lines, _ = run_short("exec", cpus)
    assert lines == ["refused: some, ran: some"]


def test_calls_with_hardly_a_page_are_refused_or_work():
    lines, _ = run_short("calls")
    assert lines == ["refused: some, served: some, strange: 0",
                     "the parent's memory: 0 wrong"]
