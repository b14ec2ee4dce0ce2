"""test_tmux.py: what a person sees: `./quire boot` in a terminal that tmux emulates. The other
tests of the shell look at bytes; this one looks at the screen that they make.
"""

import os
import select
import subprocess
import time

import pytest
from quirelib import paths

TMUX = "/usr/bin/tmux"
QUIRE = os.path.join(paths.ROOT, "quire")
COLUMNS, ROWS = 90, 28
LIMIT = 60
PROMPT = "/tmp #"


class Screen:
    """A tmux server of its own, with one window that runs a command."""

    def __init__(self, folder, command):
        self._socket = str(folder / "tmux")
        pipe = str(folder / "pipe")
        os.mkfifo(pipe)
        self._pipe = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        # The window waits for its first key, so that nothing is missed.
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS),
                   f"read start; exec {command}")
        self._tmux("pipe-pane", f"exec cat >{pipe}")
        self._bytes = b""
        self.type("", "Enter")

    def _tmux(self, *words):
        done = subprocess.run([TMUX, "-S", self._socket, *words], check=True, timeout=LIMIT,
                              capture_output=True, text=True)
        return done.stdout

    def type(self, text, *keys):
        """Characters, and then keys by tmux's names."""
        if text:
            self._tmux("send-keys", "-l", text)
        if keys:
            self._tmux("send-keys", *keys)

    def lines(self):
        return [line.rstrip() for line in self._tmux("capture-pane", "-p").splitlines()]

    def until(self, shown):
        """Wait until the screen is such that shown(lines); it is looked at when it has changed."""
        deadline = time.monotonic() + LIMIT
        while not shown(lines := self.lines()):
            left = max(0, deadline - time.monotonic())
            ready, _, _ = select.select([self._pipe], [], [], left)
            assert ready, "\n".join(["the screen is", *lines])
            os.read(self._pipe, 1 << 16)
        return lines

    def close(self):
        subprocess.run([TMUX, "-S", self._socket, "kill-server"], check=False,
                       capture_output=True)
        os.close(self._pipe)


def last(lines):
    return next((line for line in reversed(lines) if line), "")


@pytest.fixture(name="screen")
def screen_fixture(tmp_path):
    screen = Screen(tmp_path, f"{QUIRE} boot --boot=pvh")
    yield screen
    screen.close()


def at_prompt_after(text):
    """The screen shows a line with `text`, and the shell's prompt below it."""
    def shown(lines):
        return last(lines) == PROMPT and any(text in line for line in lines
                                             if not line.startswith(PROMPT))
    return shown


def test_a_person_at_the_shell(screen):
    """Edit a line, interrupt a loop, stop and resume a job, write a file with vi."""
    screen.until(lambda lines: last(lines) == "~ #")
    screen.type("cd /tmp; ehco one two", "Home")
    screen.type("", *["Right"] * 10, "DC", "Right")
    screen.type("h", "Enter")
    screen.until(at_prompt_after("one two"))
    screen.type("clear; stty size; while :; do :; done", "Enter")
    screen.until(lambda lines: lines[0] == f"{ROWS} {COLUMNS}")
    screen.type("", "C-c")
    screen.until(at_prompt_after("^C"))
    screen.type("tail -f /etc/motd", "Enter")
    screen.until(lambda lines: "pages." in last(lines))
    screen.type("", "C-z")
    screen.until(at_prompt_after("Stopped"))
    screen.type("fg", "Enter")
    screen.until(lambda lines: last(lines) == "tail -f /etc/motd")
    screen.type("", "C-c")
    screen.until(lambda lines: last(lines) == PROMPT)
    screen.type("vi letter", "Enter")
    lines = screen.until(lambda lines: lines[-1].startswith("- letter"))
    assert lines[1:-1] == ["~"] * (ROWS - 2)
    screen.type("iDear all,", "Enter")
    screen.type("this is a lettre.", "Escape")
    screen.until(lambda lines: "[Modified]" in lines[-1] and lines[-1].startswith("-"))
    screen.type("hhxp")
    lines = screen.until(lambda lines: lines[1] == "this is a letter.")
    assert lines[0] == "Dear all," and lines[2:-1] == ["~"] * (ROWS - 3)
    screen.type(":wq", "Enter")
    screen.until(lambda lines: last(lines) == PROMPT)
    screen.type("clear; cat letter", "Enter")
    screen.until(lambda lines: lines[:3] == ["Dear all,", "this is a letter.", PROMPT])
