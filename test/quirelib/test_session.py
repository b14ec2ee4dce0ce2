"""test_session.py: the session against guests that do right, wrong, and nothing."""

import os
import time

import pytest
from quirelib.errors import MachineError, Stopped, TimeLimit
from quirelib.streams import HostStreams, MemoryStreams


def run(fake_session, scenario, inputs=(b"",), **options):
    streams = MemoryStreams(inputs)
    with fake_session(scenario, streams, jobs=len(inputs), **options) as session:
        return session.run(), streams


def test_output_error_and_status(fake_session):
    endings, streams = run(fake_session, "hello")
    assert [ending.status for ending in endings] == [7]
    assert streams.written == [{1: b"hello\n", 2: b"warning\n"}]


def test_killed_by_a_signal(fake_session):
    (ending,), _ = run(fake_session, "killed")
    assert (ending.status, ending.signal) == (139, 11)


def test_jobs_keep_their_streams_apart(fake_session):
    endings, streams = run(fake_session, "two_jobs", (b"not read", b"abcdef"))
    assert [ending.status for ending in endings] == [1, 2]
    assert [written[1] for written in streams.written] == [b"first", b"abcd"]
    assert [streams.unread(0), streams.unread(1)] == [b"not read", b"ef"]


def test_every_byte_in_order(fake_session):
    _, streams = run(fake_session, "large")
    assert streams.written[0][1] == b"".join(bytes((block,)) * 4096 for block in range(256))


def test_input_to_its_end(fake_session):
    data = bytes(range(256)) * 1000
    _, streams = run(fake_session, "echo", (data,))
    assert streams.written[0][1] == data


def test_one_byte_at_a_time(fake_session):
    endings, streams = run(fake_session, "talks_slowly")
    assert (endings[0].status, streams.written[0][1]) == (5, b"abc")


@pytest.mark.parametrize("scenario, sentence", [
    ("panics", "kernel panic: on purpose"),
    ("panics_after_exit", "kernel panic: in the clean-up"),
    ("silent_panic", "the log does not say why"),
    ("resets", "the kernel started a second time"),
    ("powers_off", "the machine ended, and the program had not"),
    ("no_kernel", r"the boot failed: \\quire\\kernel.elf: not found on any volume$"),
    ("access_denied", "the boot failed: BdsDxe: failed to load .* Access Denied"),
    ("nonsense", "host channel broke: a frame of unknown type 0x3f"),
    ("too_long", "host channel broke: a frame of 65535 bytes"),
    ("bad_exit", "host channel broke: an exit frame of unknown kind 9"),
    ("emulator_dies", "QEMU ended with status 1: fake: cannot set up guest memory"),
    ("emulator_crashes", "QEMU ended with signal 9"),
])
def test_trouble_is_told_at_once(fake_session, scenario, sentence):
    started = time.monotonic()
    with pytest.raises(MachineError, match=sentence):
        run(fake_session, scenario)
    assert time.monotonic() - started < 5


def test_a_panic_shows_the_log(fake_session):
    with pytest.raises(MachineError) as caught:
        run(fake_session, "panics")
    assert caught.value.log[-1] == "  #0 0xffffffff80001234 f+0x1"


def test_a_panic_that_hangs_ends(fake_session, monkeypatch):
    monkeypatch.setattr("quirelib.session.LAST_WORDS_SECONDS", 0.2)
    with pytest.raises(MachineError, match="on purpose; and the machine did not end"):
        run(fake_session, "panics_and_hangs")


def test_a_machine_that_stays_on(fake_session, monkeypatch):
    monkeypatch.setattr("quirelib.session.LAST_WORDS_SECONDS", 0.2)
    with pytest.raises(MachineError, match="did not switch itself off"):
        run(fake_session, "stays_on")


@pytest.mark.parametrize("scenario, sentence, last", [
    ("hangs", "after 1 s the program had not ended", ["[    0.100000] about to hang"]),
    ("never_boots", "after 1 s the kernel had not started", []),
])
def test_the_time_limit(fake_session, scenario, sentence, last):
    with pytest.raises(TimeLimit, match=sentence) as caught:
        run(fake_session, scenario, limit=1)
    assert caught.value.log[-1:] == last
    assert caught.value.status == 124


def test_no_process_is_left(fake_session):
    with pytest.raises(TimeLimit):
        run(fake_session, "never_boots", limit=0.2)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_observed_lines_have_no_escapes(fake_session):
    seen = []
    run(fake_session, "hello", observe=seen.append)
    assert seen == ["BdsDxe: starting Boot0001", "[    0.000001] Quire 0.1 (test)"]


class Redirected:
    """File descriptors of this process, for a time replaced."""

    def __init__(self, **files):
        self._files = {int(name[2:]): file for name, file in files.items()}

    def __enter__(self):
        self._saved = {fd: os.dup(fd) for fd in self._files}
        for fd, file in self._files.items():
            os.dup2(file.fileno(), fd)

    def __exit__(self, *exception):
        for fd, saved in self._saved.items():
            os.dup2(saved, fd)
            os.close(saved)


def test_host_streams_leave_what_is_not_read(fake_session, tmp_path):
    (tmp_path / "in").write_bytes(b"abcdef")
    with open(tmp_path / "in", "rb") as source, open(tmp_path / "out", "wb") as out:
        with Redirected(fd0=source, fd1=out):
            with fake_session("reads_three", HostStreams()) as session:
                session.run()
            assert os.read(0, 10) == b"def"
    assert (tmp_path / "out").read_bytes() == b"abc"


def test_host_streams_are_exact(fake_session, tmp_path):
    data = bytes(range(256)) * 512
    (tmp_path / "in").write_bytes(data)
    with open(tmp_path / "in", "rb") as source, open(tmp_path / "out", "wb") as out:
        with Redirected(fd0=source, fd1=out), fake_session("echo", HostStreams()) as session:
            session.run()
    assert (tmp_path / "out").read_bytes() == data


def test_a_reader_that_goes_away_ends_it_like_sigpipe(fake_session):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as out, Redirected(fd1=out):
        with pytest.raises(Stopped) as caught, fake_session("large", HostStreams()) as session:
            session.run()
    assert caught.value.status == 128 + 13


def test_a_reader_that_does_not_read_runs_into_the_limit(fake_session):
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as out, Redirected(fd1=out):
        with pytest.raises(TimeLimit, match="standard output takes no more bytes"):
            with fake_session("large", HostStreams(), limit=0.5) as session:
                session.run()
    os.close(reader)
