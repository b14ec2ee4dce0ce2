"""test_keyboard.py: a person at the keyboard of the machine: what is typed there reaches the shell.

The shell's terminal is shown on the serial port, where the tests read it; nothing is typed there.
"""

import pytest
from harness import Guest
from harness.monitor import Monitor

PROMPT = "# \x1b[6n"  # the shell asks where the cursor is
WINDOW = "window=80,24"


class Typist:
    """At the prompt of the shell, with a keyboard."""

    def __init__(self, guest, monitor):
        self.guest, self.monitor = guest, monitor
        guest.until(PROMPT)

    def type(self, line):
        """A key at a time: each is waited for, as a keyboard holds only a few."""
        for character in line:
            self.monitor.type(character)
            self.guest.until(character)
        self.monitor.press("ret")

    def run(self, line):
        """The lines that a command prints."""
        self.type(line)
        return self.guest.until(PROMPT).rpartition("\n")[0].replace("\r", "").split("\n")[1:]


@pytest.fixture(name="monitor")
def monitor_fixture(tmp_path):
    return Monitor(tmp_path)


def machine(monitor, *devices, append="", **config):
    return Guest(boot="pvh", append=f"{WINDOW} {append}", extra=(*monitor.words, *devices),
                 **config)


@pytest.mark.parametrize("chipset", ["q35", "pc"])
def test_the_shell_at_a_ps2_keyboard(monitor, chipset):
    with machine(monitor, machine=chipset) as guest:
        typist = Typist(guest, monitor)
        assert typist.run("ls -1 /etc | wc -l") == ["3"]
        typist.type('sh -c "echo ready; exec cat"')
        guest.until("\r\nready\r\n")  # a job of its own has the terminal
        monitor.press("ctrl", "c")
        guest.until(PROMPT)
        assert typist.run("echo status $?") == ["status 130"]
        assert typist.run('echo "A_b" >/tmp/x; cat /tmp/x') == ["A_b"]


def test_the_german_layout(monitor):
    with machine(monitor, append="keyboard=de") as guest:
        guest.until(PROMPT)
        for keys, character in ((["e"], "e"), (["c"], "c"), (["h"], "h"), (["o"], "o"),
                                (["spc"], " "), (["y"], "z"), (["z"], "y"), (["alt_r", "q"], "@"),
                                (["shift", "0"], "="), (["minus"], "ß")):
            monitor.press(*keys)
            guest.until(character)
        monitor.press("ret")
        guest.until("\r\nzy@=ß\r\n")


def test_an_unknown_layout_is_us(monitor):
    with machine(monitor, append="keyboard=klingon") as guest:
        guest.expect(r"keyboard=klingon is not one of us, us-intl, .*, fr; it is us")
        assert Typist(guest, monitor).run("echo y") == ["y"]


def test_the_keys_of_the_debug_shell(monitor):
    with machine(monitor) as guest:
        guest.until(PROMPT)
        monitor.press("ctrl", "bracket_right")
        guest.until("debug> ")
        monitor.type("help\n")
        guest.until("end the machine now")
        guest.until("debug> ")


def test_no_controller(monitor):
    with machine(monitor, machine="q35,i8042=off") as guest:
        guest.expect(r"keyboard controller: none")
        guest.until(PROMPT)
