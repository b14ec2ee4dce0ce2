"""test_tmux.py: what a person sees: `./quire boot` in a terminal that tmux emulates. The other
tests of the shell look at bytes; this one looks at the screen that they make.
"""

import os

import pytest
from harness.tmux import Screen
from quirelib import paths

QUIRE = os.path.join(paths.ROOT, "quire")
COLUMNS, ROWS = 90, 28
PROMPT = "/tmp #"


def last(lines):
    return next((line for line in reversed(lines) if line), "")


@pytest.fixture(name="screen")
def screen_fixture(tmp_path):
    screen = Screen(tmp_path, f"{QUIRE} boot --boot=pvh", COLUMNS, ROWS)
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
