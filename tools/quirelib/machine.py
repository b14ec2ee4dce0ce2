"""machine.py: a running QEMU, with its two serial ports as sockets of ours.

Everything is driven by events: step() waits for the next one, whoever it comes from. Nothing
sleeps and nothing polls.
"""

import os
import selectors
import signal
import socket
import subprocess
import time

from . import qemu
from .errors import MachineError

RECEIVE_BYTES = 1 << 16
# The kernel lets no QEMU outlive the process that started it, however that one ends.
WITH_PARENT = ("/usr/bin/setpriv", "--pdeathsig", "KILL")


class Machine:
    """Starts at once; a context manager that ends QEMU for certain.

    on_console(data) and on_channel(data) are called from step() with the bytes of COM1 and COM2.
    """

    NAME = "QEMU"

    def __init__(self, folder, config, cmdline, on_console, on_channel):
        self.status = None  # QEMU's exit status once it has ended; -n if signal n killed it
        self._selector = selectors.PollSelector()
        self._on = {}
        self._console = None
        self._channel = None
        self._errors = bytearray()
        try:
            self._process, ends = self._start(folder, config, cmdline)
        except OSError as error:
            raise MachineError(f"cannot start {self.NAME}: {error}") from error
        self._pidfd = os.pidfd_open(self._process.pid)
        self._selector.register(self._pidfd, selectors.EVENT_READ, self._ended)
        self._receivers = [*zip(ends, (on_console, on_channel)),
                           (self._process.stderr, self._errors.extend)]
        for end, receive in self._receivers:
            os.set_blocking(end.fileno(), False)
            self.watch(end, lambda end=end, receive=receive: self._receive(end, receive))
        if ends:
            self._console, self._channel = ends

    def _start(self, folder, config, cmdline):
        """(the process, our ends of COM1 and COM2 if it has them)"""
        ours, theirs = [], []
        if config.serial:
            ours, theirs = zip(*(socket.socketpair() for _ in range(2)))
        words = qemu.command(config, cmdline, *(f"socket,fd={end.fileno()}" for end in theirs))
        try:
            return self._popen(words, folder, pass_fds=[end.fileno() for end in theirs]), ours
        finally:
            for end in theirs:
                end.close()

    @staticmethod
    def _popen(words, folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options):
        return subprocess.Popen([*WITH_PARENT, *words], cwd=folder, stdin=stdin, stdout=stdout,
                                stderr=subprocess.PIPE, process_group=0, **options)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.kill()
        for end, _ in self._receivers:
            end.close()
        os.close(self._pidfd)
        self._selector.close()

    def watch(self, file, ready):
        """Call ready() from step() whenever `file` can be read."""
        self._selector.register(file, selectors.EVENT_READ, ready)

    def unwatch(self, file):
        self._selector.unregister(file)

    def step(self, deadline=None):
        """Wait for events and deal with them. False: `deadline` (time.monotonic()) has passed."""
        if self.status is not None:
            return True
        wait = None if deadline is None else max(0, deadline - time.monotonic())
        events = self._selector.select(wait)
        # The end comes last: what the machine said before it counts.
        for key, _ in sorted(events, key=lambda event: event[0].fd == self._pidfd):
            if key.fileobj in self._selector.get_map():
                key.data()
        return bool(events)

    def send(self, data):
        """Bytes to COM2. They are lost if the machine has ended, as on a real wire."""
        self._send(self._channel, data)

    def type(self, data):
        """Bytes to COM1, as from a keyboard there."""
        self._send(self._console, data)

    def _send(self, end, data):
        view = memoryview(data)
        while view and self.status is None:
            try:
                view = view[end.send(view):]
            except BlockingIOError:
                self._wait_writable(end)
            except OSError:
                return

    def _wait_writable(self, end):
        with selectors.PollSelector() as selector:
            selector.register(end, selectors.EVENT_WRITE)
            selector.register(self._pidfd, selectors.EVENT_READ)
            selector.select()

    def kill(self):
        """End QEMU now, if it has not ended."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def cpu_seconds(self):
        """The processor time that QEMU has had on the host."""
        with open(f"/proc/{self._process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def errors(self):
        """What QEMU itself wrote to its standard error."""
        return self._errors.decode("utf-8", "replace").strip()

    def _receive(self, end, receive):
        """One piece; True if there may be more."""
        try:
            data = os.read(end.fileno(), RECEIVE_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            receive(data)
            return True
        self.unwatch(end)
        return False

    def _ended(self):
        for end, receive in self._receivers:
            while end in self._selector.get_map() and self._receive(end, receive):
                pass
        self.status = self._process.wait()
