"""test_run_terminal.py: `./quire run` and `./quire boot` by a person at a terminal."""

import os
import pty
import select
import subprocess
import termios
import time

import pytest
from quirelib import paths

QUIRE = os.path.join(paths.ROOT, "quire")
RUN = [QUIRE, "run", "--boot=pvh"]
BUSYBOX = "/bin/busybox"
LIMIT = 60
PROMPT = b"# \x1b[6n"
CTRL_C, CTRL_D, CTRL_Z = b"\x03", b"\x04", b"\x1a"


class Terminal:
    """A command on a pseudo terminal, of which this has the master."""

    def __init__(self, words, stdout=None):
        self.master, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (33, 99))
        self.before = termios.tcgetattr(self.master)
        self.process = subprocess.Popen(
            words, stdin=terminal, stdout=stdout or terminal, stderr=stdout or terminal,
            start_new_session=True, preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)))
        self._keep = terminal  # so that reading ends by a limit, not by a hang-up
        self.seen = b""

    def until(self, text):
        """What appears up to `text`."""
        deadline = time.monotonic() + LIMIT
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [],
                                        max(0, deadline - time.monotonic()))
            assert ready, f"{text!r} has not come, but {self.seen!r}"
            self.seen += os.read(self.master, 4096)
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, keys):
        os.write(self.master, keys)

    def wait(self):
        status = self.process.wait(LIMIT)
        assert termios.tcgetattr(self.master) == self.before
        os.close(self._keep)
        os.close(self.master)
        return status


def test_a_shell():
    """Its own line editor, job control, and the size of the window."""
    terminal = Terminal([*RUN, BUSYBOX, "sh"])
    terminal.until(PROMPT)
    terminal.type(b"stty size; tty\n")
    assert b"33 99\r\n/dev/ttyS1\r\n" in terminal.until(PROMPT)
    terminal.type(b"sh -c 'echo rea''dy; exec cat'\n")
    terminal.until(b"ready\r\n")
    terminal.type(b"typed\n")
    terminal.until(b"typed\r\ntyped\r\n")  # once by echo, once by cat
    terminal.type(CTRL_Z)
    assert b"Stopped" in terminal.until(PROMPT)
    terminal.type(b"fg\n")
    terminal.until(b"exec cat")
    terminal.type(b"again\n")
    terminal.until(b"again\r\nagain\r\n")
    terminal.type(CTRL_D)
    terminal.until(PROMPT)
    terminal.type(b"exit 3\n")
    assert terminal.wait() == 3


def test_what_is_typed_early_is_not_lost():
    terminal = Terminal([*RUN, BUSYBOX, "sh"])
    terminal.type(b"exit 5\n")
    assert terminal.wait() == 5


@pytest.mark.parametrize("key, status", [(CTRL_C, 130), (b"\x1c", 131)])
def test_keys_interrupt_a_program_that_does_not_read(key, status, tmp_path):
    # No shell: it ignores some keys' signals until it has called exec.
    (tmp_path / "text").write_text("some text\n")
    terminal = Terminal([*RUN, BUSYBOX, "tail", "-f", str(tmp_path / "text")])
    terminal.until(b"text\r\n")
    terminal.type(key)
    assert terminal.wait() == status


def test_a_program_in_raw_mode():
    terminal = Terminal([*RUN, BUSYBOX, "sh", "-c",
                         "stty raw -echo; echo ready; dd bs=1 count=3 2>/dev/null | od -c"])
    terminal.until(b"ready\n")
    terminal.type(b"\x03\r\x1a")
    terminal.until(b"003  \\r 032\n")
    assert terminal.wait() == 0


def test_a_line_when_only_input_is_a_terminal():
    """The terminal stays as it was, for whoever reads the output may use it, too."""
    terminal = Terminal([*RUN, BUSYBOX, "sh", "-c", "tty; echo ready; head -n 1; cat"],
                        stdout=subprocess.PIPE)
    output = terminal.process.stdout
    assert [output.readline() for _ in range(2)] == [b"/dev/ttyS1\n", b"ready\n"]
    assert termios.tcgetattr(terminal.master) == terminal.before
    terminal.type(b"wrong\x15line\n")
    assert output.readline() == b"line\n"
    terminal.type(CTRL_D)
    assert output.read() == b""
    assert terminal.wait() == 0


def test_bash_and_its_job_control():
    # A terminal that can do nothing: no sequences around what is typed, whatever this one can do.
    terminal = Terminal([*RUN, "--env", "TERM=dumb", "/bin/bash-static", "--norc", "-i"])
    terminal.type(b"PS1='P''> '\n")
    terminal.until(b"\r\nP> ")
    terminal.type(b"sh -c 'echo rea''dy; exec cat'\n")
    terminal.until(b"ready\r\n")
    terminal.type(CTRL_Z)
    assert b"Stopped" in terminal.until(b"P> ")
    terminal.type(b"fg\n")
    terminal.until(b"sh -c 'echo rea''dy; exec cat'\r\n")
    terminal.type(b"x\n")
    terminal.until(b"x\r\nx\r\n")
    terminal.type(CTRL_C)
    terminal.until(b"P> ")
    terminal.type(b"echo status $?\n")
    terminal.until(b"status 130\r\n")
    terminal.type(b"exit 4\n")
    assert terminal.wait() == 4


def test_boot_to_a_shell_and_end():
    """The window is the terminal's; a machine that restarts is started again."""
    terminal = Terminal([QUIRE, "boot", "--boot=pvh"])
    terminal.until(PROMPT)
    terminal.type(b"stty size\n")
    terminal.until(b"\n33 99")
    terminal.until(PROMPT)
    terminal.type(b"reboot\n")
    terminal.until(b"Quire 0.1 for x86-64")
    terminal.until(PROMPT)
    terminal.type(b"poweroff\n")
    assert terminal.wait() == 0


def test_boot_from_a_stick():
    terminal = Terminal([QUIRE, "boot", "--usb"])
    terminal.until(b"USB HARDDRIVE")  # says the firmware
    terminal.until(PROMPT)
    terminal.type(b"poweroff\n")
    assert terminal.wait() == 0
