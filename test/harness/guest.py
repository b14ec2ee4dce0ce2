"""guest.py: a machine under test.

    with Guest(boot="pvh", append="crash=panic", expect_panic=True) as guest:
        guest.expect(r"PANIC: .*on purpose")
        assert guest.wait() == STATUS_PANIC

    first, second = run_jobs([job("build/programs/prog_exit.musl", "exit", "7"), job(...)])
    assert first.status == 7

Nothing sleeps: each wait is for the next event, up to a limit. A test fails at once, with the last
lines of the log, when the machine panics, resets, reports a lock or undefined behaviour, or hangs.
"""

import contextlib
import os
import re
import time
from dataclasses import dataclass

from quirelib import paths, qemu
from quirelib.errors import QuireError
from quirelib.job import JOB_FILE, FileSet, Job, encode_jobs
from quirelib.machine import Machine
from quirelib.run import JOB_CMDLINE
from quirelib.session import Session
from quirelib.streams import MemoryStreams
from quirelib.workspace import workspace, write_boot_files, write_initrd, write_medium

LIMIT = 60  # seconds for a whole boot; with two of them on a busy host, a boot takes about 10
SHOWN_LIMIT = 20  # for what is typed to have its effect
BAD_LINES = re.compile(r"lock report|UBSAN|assertion failed|double free")


class GuestFailure(AssertionError):
    """The machine did what no test allows."""

    def __init__(self, sentence, lines):
        shown = "\n".join(lines) or "(there is no log)"
        super().__init__(f"{sentence}\n--- the end of the log ---\n{shown}")


@dataclass
class Result:
    """What came of one job."""

    stdout: bytes
    stderr: bytes
    status: int  # as a shell reports it
    signal: int  # or None
    unread: bytes  # what the program left of its standard input


@dataclass
class HarnessJob:
    """A job, the host file behind it, and its standard input."""

    job: Job
    host: str
    stdin: bytes = b""


def job(program, *arguments, stdin=b"", environment=(), directory="/", guest=None, argv0=None):
    """Run the host file `program`, at `guest` (default: its own path)."""
    host = os.path.realpath(os.path.join(paths.ROOT, program))
    path = guest or host
    return HarnessJob(Job(path=path, argv=[argv0 or path, *arguments],
                          environment=list(environment), directory=directory), host, stdin)


class Guest:
    """Boots when entered. Keywords beyond these go to qemu.Config.

    kernel, loader: other files than the built ones. image: an image of a disk to boot from, in
    place of all these; it needs a medium. expect_panic: a panic is not a failure, the
    test looks at it itself. limit: seconds for all of it. inject: what the firmware is made to do
    wrong, in the words of test/boot/shim.c.
    """

    EMULATOR = Machine
    CONFIG = qemu.Config

    def __init__(self, jobs=(), append="", files=None, kernel=paths.KERNEL, loader=paths.LOADER,
                 image=None, expect_panic=False, limit=LIMIT, inject=None, **config):
        self.jobs = list(jobs)
        self.append = append
        self.files = files
        self.kernel = kernel
        self.loader = loader
        self.image = image
        self.expect_panic = expect_panic
        self.limit = limit
        self.inject = inject
        self.config = self.CONFIG(**config)
        self.streams = MemoryStreams([each.stdin for each in self.jobs])
        self.seconds = None  # that it took, once it has ended
        self._expected = 0  # lines that expect() has gone past
        self._console = bytearray()  # all that the console has sent
        self._seen = 0  # bytes of it that until() has gone past
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with self._stack:
            folder = self._stack.enter_context(workspace())
            write_initrd(folder, self._all_files())
            cmdline = " ".join(filter(None, [self.append, JOB_CMDLINE if self.jobs else ""]))
            write_boot_files(folder, cmdline, kernel=self.kernel, loader=self.loader)
            if self.inject:
                self._put_shim_first(os.path.join(folder, "esp"))
            self._make_medium(folder, cmdline)
            self._started = time.monotonic()
            self._session = self._stack.enter_context(Session(
                folder, self.config, cmdline, self.streams, len(self.jobs), self.limit,
                observe=self._look, listen=self._console.extend, machine=self.EMULATOR))
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *exception):
        return self._stack.__exit__(*exception)

    def _make_medium(self, folder, cmdline):
        if self.image:
            os.symlink(self.image, os.path.join(folder, qemu.DISK_FILE))
        else:
            write_medium(folder, self.config)

    def _put_shim_first(self, esp):
        first = os.path.join(esp, "EFI", "BOOT", "BOOTX64.EFI")
        second = os.path.join(esp, "EFI", "QUIRE")
        os.makedirs(second)
        os.rename(first, os.path.join(second, "BOOTX64.EFI"))
        os.symlink(os.path.join(paths.ROOT, "build", "test", "SHIM.EFI"), first)
        with open(os.path.join(esp, "quire", "inject.txt"), "w", encoding="ascii") as file:
            file.write(self.inject)

    def _all_files(self):
        files = self.files
        if self.jobs:
            files = files or FileSet()
            for each in self.jobs:
                files.add_directory(each.job.directory)
                if each.host and each.job.path not in files:
                    files.add(each.host, each.job.path)
            files.add_bytes(JOB_FILE, encode_jobs([each.job for each in self.jobs]))
        return files

    @property
    def lines(self):
        """The log so far."""
        return list(self._session.log.lines)

    def lines_expected(self):
        """The log up to the line that expect() found last."""
        return self.lines[:self._expected]

    def _look(self, line):
        if BAD_LINES.search(line) and not self.expect_panic:
            raise self._failure(f"a bad line in the log: {line}")

    def _failure(self, sentence):
        return GuestFailure(sentence, self._session.log.tail())

    def _ending(self):
        machine = self._session.machine
        return f"the machine ended with status {machine.status} {machine.errors}".rstrip()

    def _step(self, deadline=None):
        try:
            return self._session.step(deadline)
        except QuireError as error:
            raise self._failure(error.sentence) from error

    def expect(self, pattern, timeout=LIMIT):
        """Wait for a line that `pattern` is found in, after the last one expected. The match."""
        deadline = time.monotonic() + timeout
        while True:
            lines = self.lines
            for index in range(self._expected, len(lines)):
                if match := re.search(pattern, lines[index]):
                    self._expected = index + 1
                    return match
            self._expected = len(lines)
            if self._session.machine.status is not None:
                raise self._failure(f"{self._ending()}, and no line had matched {pattern!r}")
            if not self._step(deadline):
                raise self._failure(f"no line in {timeout} s matched {pattern!r}")

    def until(self, text, timeout=SHOWN_LIMIT):
        """Wait for `text` on the console, after what until() found last; it need not end a line.
        What came before it, as text."""
        wanted = text.encode()
        deadline = time.monotonic() + timeout
        while (at := self._console.find(wanted, self._seen)) < 0:
            if self._session.machine.status is not None:
                raise self._failure(f"{self._ending()}, and {text!r} had not come")
            if not self._step(deadline):
                raise self._failure(f"{text!r} did not come in {timeout} s; there is "
                                    f"{bytes(self._console[self._seen:])!r}")
        before = self._console[self._seen:at].decode(errors="replace")
        self._seen = at + len(wanted)
        return before

    def type(self, text):
        """Type on the serial console: COM1."""
        self._session.machine.type(text.encode())

    def let_run(self, seconds):
        """Do nothing but listen to the machine, for a while or until it says something."""
        if self._session.machine.status is not None:
            raise self._failure(self._ending())
        self._step(time.monotonic() + seconds)

    def cpu_seconds(self):
        """The processor time that the machine has cost the host so far."""
        return self._session.machine.cpu_seconds()

    def wait(self):
        """Until the machine ends. QEMU's exit status: see qemu.STATUS_*."""
        while self._session.machine.status is None:
            self._step()
        self._session.log.finish()
        self.seconds = time.monotonic() - self._started
        if self._session.panic is not None and not self.expect_panic:
            raise self._failure(f"kernel panic: {self._session.panic}")
        return self._session.machine.status

    def results(self):
        """Wait for the end; what came of the jobs. Each must have ended."""
        status = self.wait()
        ended = len(self.streams.endings)
        if ended < len(self.jobs) or status not in (0, qemu.STATUS_DONE):
            raise self._failure(f"{ended} of {len(self.jobs)} jobs ended, the machine's status is "
                                f"{status} {self._session.machine.errors}")
        return [Result(bytes(written[1]), bytes(written[2]), ending.status, ending.signal,
                       self.streams.unread(index))
                for index, (written, ending) in enumerate(zip(self.streams.written,
                                                              self.streams.endings))]


def run_jobs(jobs, **options):
    """Run jobs one after the other in one boot. Their Results."""
    options.setdefault("boot", "pvh")
    with Guest(jobs, **options) as guest:
        return guest.results()
