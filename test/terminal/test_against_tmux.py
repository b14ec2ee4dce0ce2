"""test_against_tmux.py: the kernel's terminal and tmux's get the same bytes, and show the same.

The bytes are made at random, each run from its seed: text, control characters, and the sequences
that both know. Left out is what tmux tells by its letters (line drawing) or does otherwise than
Linux's console or DEC's terminals: the place that DECSTBM moves to under DECOM, halves of wide
characters, inserting at the edge, and resets.
"""

import os
import random
import subprocess
import time

import pytest
from quirelib import paths

TMUX = "/usr/bin/tmux"
OURS = os.path.join(paths.ROOT, "build", "test", "vt_screen")
COLUMNS, ROWS = 40, 12
LIMIT = 30
SEEDS = range(40)
STEPS = 300
DONE = "all of number"  # the title that ends what tmux gets

WORDS = ["a", "Quire", "the quick brown fox", "0123456789" * 3, "x" * 45, "é", "─┐", "\t", "\r\n",
         "\n", "\r", "ab\b", "\v"]
# {n}: a count, that may be left out; {r}, {c}: a row, a column.
SEQUENCES = ["\x1b[{n}A", "\x1b[{n}B", "\x1b[{n}C", "\x1b[{n}D", "\x1b[{n}E", "\x1b[{n}F",
             "\x1b[{c}G", "\x1b[{r};{c}H", "\x1b[{r};{c}f", "\x1b[{r}d", "\x1b[{c}`", "\x1b[H",
             "\x1b[J", "\x1b[1J", "\x1b[2J", "\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[{n}@",
             "\x1b[{n}P", "\x1b[{n}X", "\x1b[{n}S", "\x1b[{n}T", "\x1bM", "\x1bD", "\x1bE",
             "\x1b7\x1b[{r};{c}Hthere\x1b8", "\x1b[{n}Z", "\x1bH", "\x1b[g", "\x1b[31m",
             "\x1b[0;7m", "\x1b[m", "\x1b[38;5;100m", "\x1b[?7l", "\x1b[?7h", "\r\x1b[4hab\x1b[4l",
             "\x1b[?25l",
             "\x1b[?1049hfull\x1b[{r};{c}Hscreen\x1b[?1049l", "\x1b]0;title\x07", "\x1bPx\x1b\\",
             "\rz\x1b[{n}b"]
# With one of these, by the seed: what IL and DL do outside of a region differs.
KINDS = [["\x1b[{n}L", "\x1b[{n}M"], ["\x1b[{r};{r}r", "\x1b[r"]]


def make_bytes(seed):
    generator = random.Random(seed)
    sequences = SEQUENCES + 2 * KINDS[seed % 2]

    def step():
        if generator.random() < 0.5:
            return generator.choice(WORDS)
        sequence = generator.choice(sequences)
        for name, limit in (("{n}", 7), ("{r}", ROWS), ("{c}", COLUMNS)):
            while name in sequence:
                sequence = sequence.replace(name, generator.choice(
                    ["", str(generator.randint(1, limit))]), 1)
        return sequence

    return "".join(step() for _ in range(STEPS)).encode()


class Tmux:
    """A server of its own, with one window."""

    def __init__(self, folder):
        self._folder = folder
        self._count = 0
        (folder / "config").write_text("set -g status off\nset -g remain-on-exit on\n")
        self._run("-f", str(folder / "config"), "new-session", "-d", "-x", str(COLUMNS),
                  "-y", str(ROWS), "cat")

    def _run(self, *words):
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        return subprocess.run([TMUX, "-S", str(self._folder / "socket"), *words], check=True,
                              timeout=LIMIT, capture_output=True, text=True,
                              env=environment).stdout

    def show(self, data):
        """The rows, and the cursor's column and row."""
        self._count += 1
        done = f"{DONE} {self._count}"
        file = self._folder / "bytes"
        file.write_bytes(data + f"\x18\x1b]2;{done}\x1b\\".encode())
        self._run("respawn-pane", "-k", f"stty raw; cat {file}; exec cat")
        deadline = time.monotonic() + LIMIT
        while f" {done}|" not in (state := self._run("display-message", "-p",
                                              "#{cursor_x} #{cursor_y} #{pane_title}|")):
            assert time.monotonic() < deadline, state
        column, row = map(int, state.split()[:2])
        rows = self._run("capture-pane", "-p").split("\n")[:ROWS]
        # Where the line is full tmux's cursor stands behind it.
        return [text.rstrip() for text in rows], (min(column, COLUMNS - 1), row)

    def close(self):
        self._run("kill-server")


@pytest.fixture(scope="module")
def tmux(tmp_path_factory):
    server = Tmux(tmp_path_factory.mktemp("tmux"))
    yield server
    server.close()


def ours(data):
    done = subprocess.run([OURS, str(COLUMNS), str(ROWS)], input=data, check=True, timeout=LIMIT,
                          capture_output=True)
    *rows, cursor = done.stdout.decode().splitlines()
    return rows, tuple(map(int, cursor.split()))


@pytest.mark.parametrize("seed", SEEDS)
def test_both_show_the_same(tmux, seed):
    data = make_bytes(seed)
    assert ours(data) == tmux.show(data)
