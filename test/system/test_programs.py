"""test_programs.py: the same binary on the build host's Linux and in Quire does the same."""

import os

import pytest
from harness import assert_no_frames_lost, Guest, job, run_jobs
from harness.programs import ENVIRONMENT, read_programs, run_on_host
from quirelib import paths

RUNS = read_programs()
# What a program in a chain is given must not depend on the one before it; these are cheap.
CHAIN = [run for run in RUNS if run.compiler == "musl" and not run.name.startswith("prog_time")]


def as_job(run):
    path = os.path.join(paths.ROOT, run.path)
    return job(path, *run.arguments, stdin=run.stdin, environment=ENVIRONMENT)


def on_host(run):
    return run_on_host([os.path.join(paths.ROOT, run.path), *run.arguments], run.stdin)


def assert_same(run, result):
    stdout, stderr, status = on_host(run)
    assert result.stdout == stdout
    assert result.stderr == stderr
    assert result.status == status


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_same_as_on_linux(run):
    (result,) = run_jobs([as_job(run)])
    assert_same(run, result)


def test_many_in_one_boot():
    """One after the other: each starts as if it were the first, and gives back all it used."""
    with Guest([as_job(run) for run in CHAIN], boot="pvh", limit=120) as guest:
        for run, result in zip(CHAIN, guest.results(), strict=True):
            assert_same(run, result)
        assert_no_frames_lost(guest.lines, len(CHAIN))


def test_the_same_job_again_and_again():
    """What leaks a little shows after many."""
    hello = [run for run in RUNS if run.name == "hello" and run.compiler == "glibc"]
    with Guest([as_job(run) for run in hello * 40], boot="pvh", limit=120) as guest:
        assert [result.status for result in guest.results()] == [0] * 40
        assert_no_frames_lost(guest.lines, 40)


@pytest.mark.parametrize("applet, stdin", [
    (["echo", "hello", "two  words"], b""),
    (["wc"], b"one two\nthree\n" * 1000),
    (["sha256sum"], bytes(range(256)) * 300),
    (["sort", "-r"], b"b\na\nd\nc\n"),
    (["false"], b""),
    (["expr", "6", "*", "7"], b""),
])
def test_a_program_of_debian(applet, stdin):
    """Not made for Quire at all. argv[0] tells busybox which applet it is."""
    busybox = os.path.realpath("/bin/busybox")
    stdout, stderr, status = run_on_host([busybox, *applet], stdin)
    (result,) = run_jobs([job(busybox, *applet, stdin=stdin, environment=ENVIRONMENT)])
    assert (result.stdout, result.stderr, result.status) == (stdout, stderr, status)
