"""tmux.py: a program in a terminal that tmux emulates: what a person types, and sees."""

import os
import select
import subprocess
import time

TMUX = "/usr/bin/tmux"
LIMIT = 60


class Screen:
    """A tmux server of its own, with one window that runs a command."""

    def __init__(self, folder, command, columns=80, rows=24):
        self._socket = str(folder / "tmux")
        pipe = str(folder / "pipe")
        os.mkfifo(pipe)
        self._pipe = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        # The window waits for its first key, so that nothing is missed.
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
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

    def styled(self):
        """All cells, with the escapes for colours (SGR) between them."""
        return self._tmux("capture-pane", "-p", "-e", "-N").splitlines()

    def resize(self, columns, rows):
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

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
