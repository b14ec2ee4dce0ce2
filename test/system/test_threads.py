"""test_threads.py: threads on several processors: the same as on Linux, and under stress."""

import subprocess

import pytest
from harness import Guest, job

CPUS = 4
LIMIT = 300
HOST_SECONDS = 60


def on_linux(binary, *arguments):
    result = subprocess.run([binary, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                            timeout=HOST_SECONDS, check=False)
    return result.returncode, result.stdout


def on_quire(*programs, **machine):
    """What each of the programs (a list: with its arguments) ends with, and prints."""
    jobs = [job(*program) for program in programs]
    with Guest(jobs, boot="pvh", cpus=CPUS, limit=LIMIT, **machine) as guest:
        return [(result.status, result.stdout) for result in guest.results()]


@pytest.mark.parametrize("name, arguments", [("prog_thread", ("300",)), ("prog_thread_life", ()),
                                             ("prog_thread_signal", ())])
def test_same_as_linux(name, arguments):
    programs = [(f"build/programs/{name}.{compiler}", *arguments)
                for compiler in ("musl", "glibc")]
    assert on_quire(*programs) == [on_linux(*program) for program in programs]


@pytest.mark.parametrize("name", ["prog_wait_nobody", "prog_thread_pi_ends", "prog_signal_xstate",
                                  "prog_signal_restart", "prog_signal_frame"])
def test_moments(name):
    """What went wrong at a certain moment of what another processor does, all of them in turn."""
    program = (f"build/programs/{name}.glibc",)
    assert on_quire(program) == [on_linux(*program)]


@pytest.mark.parametrize("seed", range(1, 5))
def test_all_at_once(seed):
    """Threads change what they share at random; half of the seeds with little memory."""
    program = ("build/programs/prog_thread_stress.glibc", str(seed), "4000", "8")
    machine = {"memory": "24M"} if seed % 2 else {}
    assert on_quire(program, append="poison", **machine) == [(0, b"done\n")]


def test_writes_go_where_they_should():
    """... while other processors fork, protect and unmap what is written to."""
    programs = [(f"build/programs/prog_thread_tlb.{compiler}", "25")
                for compiler in ("musl", "glibc")]
    assert on_quire(*programs) == [(0, b"25 rounds, 0 writes lost\n")] * 2


@pytest.mark.parametrize("seed", range(1, 4))
def test_all_ends_at_once(seed):
    """By exit, signals and execve of any thread. musl does not bear that, on Linux either."""
    program = ("build/programs/prog_thread_ends.glibc", str(seed), "150")
    assert on_quire(program) == [(0, b"150 children, 0 of them odd\n")]
