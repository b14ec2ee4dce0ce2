"""streams.py: where a guest's standard streams end on the host.

A session calls output() with what the program wrote, request() when the program reads, and
finish() when the job has ended. Both kinds of streams answer a request by calling answer(bytes).
"""

import contextlib
import errno
import os
import select
import signal
import termios
import time
import tty

from .errors import QuireError, Stopped, TimeLimit

# A pipe that can be written takes this much without blocking (pipe(7)).
WRITE_BYTES = select.PIPE_BUF
NAMES = {0: "standard input", 1: "standard output", 2: "standard error"}


class HostStreams:
    """This process's own standard input, output and error: bytes pass unbuffered and unchanged."""

    def __init__(self):
        self._waiting = False  # a request is open, and fd 0 is watched
        self._wanted = 0
        self._machine = None
        self._answer = None
        self._is_terminal = os.isatty(0)
        # Both: the terminal is the guest's, which has a line discipline of its own. Else somebody
        # else may be using it, as the pager behind a pipe does.
        self._is_interactive = self._is_terminal and os.isatty(1)
        self._settings = None  # of the terminal, before it became the guest's

    def attach(self, machine, answer):
        self._machine = machine
        self._answer = answer

    @property
    def waits_for_person(self):
        return self._waiting and self._is_terminal

    def output(self, fd, data, deadline):
        """Write all of it. TimeLimit if the reader is too slow for `deadline`."""
        view = memoryview(data)
        while view:
            self._wait_writable(fd, deadline)
            try:
                view = view[os.write(fd, view[:WRITE_BYTES]):]
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno == errno.EPIPE:  # the program would have died of it
                    raise Stopped(signal.SIGPIPE) from None
                raise QuireError(f"cannot write {NAMES[fd]}: {error.strerror}") from error

    @staticmethod
    def _wait_writable(fd, deadline):
        poll = select.poll()
        poll.register(fd, select.POLLOUT)
        wait = None if deadline is None else max(0, deadline - time.monotonic()) * 1000
        if not poll.poll(wait):
            raise TimeLimit(f"{NAMES[fd]} takes no more bytes")

    def request(self, count):
        """Only now is fd 0 read, and no more than asked for: what the program leaves unread
        stays for whoever has the file next."""
        if self._is_interactive and self._settings is None:
            self._settings = termios.tcgetattr(0)
            tty.setraw(0, termios.TCSADRAIN)  # what was typed already is for the guest
        self._wanted = count
        self._waiting = True
        self._machine.watch(0, self._read)

    def _read(self):
        try:
            data = os.read(0, self._wanted)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # a directory, a terminal that went away: the end
        self._stop_waiting()
        self._answer(data)

    def _stop_waiting(self):
        if self._waiting:
            self._waiting = False
            self._machine.unwatch(0)

    def finish(self, ending):
        self._stop_waiting()
        self.restore()

    def restore(self):
        """The terminal as it was."""
        if self._settings is not None:
            with contextlib.suppress(termios.error):  # it may have gone away
                termios.tcsetattr(0, termios.TCSADRAIN, self._settings)
            self._settings = None


class MemoryStreams:
    """Standard streams as bytes, one set a job."""

    def __init__(self, inputs):
        self._inputs = [memoryview(data) for data in inputs]
        self.written = [{1: bytearray(), 2: bytearray()} for _ in inputs]
        self.endings = []
        self._answer = None
        self.waits_for_person = False

    def attach(self, machine, answer):
        self._answer = answer

    def output(self, fd, data, deadline):
        self.written[len(self.endings)][fd] += data

    def request(self, count):
        job = len(self.endings)
        data, self._inputs[job] = self._inputs[job][:count], self._inputs[job][count:]
        self._answer(bytes(data))

    def restore(self):
        pass

    def unread(self, job):
        return bytes(self._inputs[job])

    def finish(self, ending):
        self.endings.append(ending)
