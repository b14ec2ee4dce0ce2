"""test_jobs.py: several jobs in one boot, and programs that were not made for Quire at all."""

import os
import subprocess

import pytest
from harness import Guest, assert_no_frames_lost, job, run_jobs
from quirelib import qemu

HELLO = "build/programs/hello.glibc"
BUSYBOX = os.path.realpath("/bin/busybox")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/"}
VARIABLES = [f"{name}={value}" for name, value in ENVIRONMENT.items()]


def test_each_job_has_its_own_streams_and_status():
    jobs = [job("build/programs/prog_read.musl", str(count), stdin=b"0123456789")
            for count in (3, 10, 20)]
    jobs.insert(1, job("build/programs/prog_signals_fatal.musl", "segv", stdin=b"not read"))
    results = run_jobs(jobs)
    assert [(result.stdout, result.unread) for result in results] == [
        (b"012", b"3456789"), (b"segv\n", b"not read"), (b"0123456789", b""), (b"0123456789", b"")]
    assert [(result.status, result.signal) for result in results] == [
        (0, None), (139, 11), (0, None), (0, None)]


def test_input_arrives_in_order():
    """A reader that polls and the port's interrupt take bytes from one port, each its part."""
    data = bytes((i * 7 + i // 256) % 256 for i in range(100000))
    results = run_jobs([job("build/programs/prog_stdin.musl", "echo", stdin=data)] * 8)
    assert [result.stdout == data for result in results] == [True] * 8


def test_the_same_job_again_and_again():
    """Enough of them that 32 bytes lost each time need another page."""
    count = 150
    with Guest([job(HELLO) for _ in range(count)], boot="pvh", limit=120) as guest:
        assert [result.status for result in guest.results()] == [0] * count
        assert_no_frames_lost(guest.lines, count, settled=5)


@pytest.mark.parametrize("words, stdin", [
    (["echo", "hello", "two  words"], b""),
    (["wc"], b"one two\nthree\n" * 1000),
    (["sha256sum"], bytes(range(256)) * 300),
    (["sort", "-r"], b"b\na\nd\nc\n"),
    (["false"], b""),
    (["expr", "6", "*", "7"], b""),
], ids=lambda value: value[0] if isinstance(value, list) else "")
def test_a_program_of_debian(words, stdin):
    """argv[0] tells busybox what it is."""
    done = subprocess.run(words, executable=BUSYBOX, input=stdin, capture_output=True, cwd="/",
                          env=ENVIRONMENT, timeout=60)
    (result,) = run_jobs([job(BUSYBOX, *words[1:], argv0=words[0], stdin=stdin,
                              environment=VARIABLES)])
    assert (result.stdout, result.stderr, result.status) \
        == (done.stdout, done.stderr, done.returncode)


def test_input_where_the_channels_interrupt_never_comes(monkeypatch):
    """The reader's deadline makes it look by itself: it must not move on while it waits."""
    monkeypatch.setattr(qemu, "COM2", (qemu.COM2[0], 5))
    [result] = run_jobs([job("/bin/busybox", "cat", stdin=b"late")], limit=30)
    assert result.stdout == b"late"
