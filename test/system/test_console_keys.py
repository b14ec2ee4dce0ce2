"""test_console_keys.py: what a person expects of keys at a console besides letters: to look back at
what has left the screen, cursor keys as programs want them, lights, accents, job control.
"""

import curses
import os
import re

import pytest
from harness import Guest, job
from harness.monitor import Monitor
from harness.screen import Screen
from quirelib import qemu

PROMPT = "# \x1b[6n"  # the shell asks where the cursor is
ROWS = 37  # of 600 lines
READY_CAT = 'sh -c "echo ready; exec cat"\n'
TERMINFO = "/lib/terminfo/l/linux"
# By the names of capabilities in terminfo(5): the keys for them.
KEYS = {"kcuu1": "up", "kcud1": "down", "kcub1": "left", "kcuf1": "right", "khome": "home",
        "kend": "end", "kich1": "insert", "kdch1": "delete", "kpp": "pgup", "knp": "pgdn",
        "kbs": "backspace", **{f"kf{n}": f"f{n}" for n in range(1, 13)}}
KEYS = {name: [key] for name, key in KEYS.items()}
KEYS |= {"kcbt": ["shift", "tab"], **{f"kf{12 + n}": ["shift", f"f{n}"] for n in range(1, 9)}}
USB = ("-device", "qemu-xhci", "-device", "usb-kbd")


@pytest.fixture(name="monitor")
def monitor_fixture(tmp_path):
    return Monitor(tmp_path)


def shown_first(number):
    return lambda rows: rows[0] == str(number)


def test_looking_back(monitor, tmp_path):
    """At the screen: by pages, back with any key, and in the debug shell; cursor keys as DECCKM
    has them."""
    with Guest(boot="uefi", video="VGA,vgamem_mb=64,xres=800,yres=600", serial=False, limit=180,
               extra=monitor.words) as guest:
        screen = Screen(guest, monitor, tmp_path)
        screen.until(lambda rows: "~ #" in rows)
        screen.type("seq 1 200\n")
        screen.until(lambda rows: rows[ROWS - 2:] == ["200", "~ #"])
        for key, first in (("pgup", 129), ("pgup", 93), ("pgdn", 129), ("pgdn", 165),
                           ("pgdn", 165), ("pgup", 129)):
            monitor.press("shift", key)
            screen.until(shown_first(first))
        monitor.type("x")  # and a key goes back, and counts
        screen.until(lambda rows: rows[ROWS - 1] == "~ # x" and rows[0] == "165")
        monitor.press("ctrl", "u")
        screen.type("clear; printf '\\033[?1h'; cat\n")
        screen.until(lambda rows: not rows[0])
        monitor.press("up")
        monitor.press("home")
        screen.until("^[OA^[[1~")
        monitor.press("ctrl", "c")
        screen.type("printf '\\033[?1l'; cat\n")
        monitor.press("up")
        screen.until(lambda rows: "^[[A" in rows)
        monitor.press("ctrl", "bracket_right")
        screen.until("debug>")
        for _ in range(3):
            screen.type("help\n")
            screen.until(lambda rows: rows[-1] == "debug>" or "debug>" in rows)
        monitor.press("shift", "pgup")
        screen.until(lambda rows: "^[OA^[[1~^C" in rows and "debug>" not in rows[-1:])
        screen.type("continue\n")
        screen.until(lambda rows: "debug> continue" in rows)


def told(trace):
    """What the PS/2 keyboard was told, and the LEDs that it had then, by QEMU's trace."""
    words, leds = [], []
    for line in trace.read_text().splitlines():
        if match := re.match(r"ps2_write_keyboard \S+ val (\d+)", line):
            words.append(int(match[1]))
        elif match := re.match(r"ps2_set_ledstate \S+ ledstate (\d+)", line):
            leds.append(int(match[1]))
    return words, leds


def test_lights_and_rate_of_a_ps2_keyboard(monitor, tmp_path):
    """LEDs: bit 1 is the keypad's, bit 2 that of capitals. The keypad types digits at the start."""
    trace = tmp_path / "trace"
    with Guest(boot="pvh", append="window=80,24", extra=(
            *monitor.words, "-D", str(trace), "-trace", "ps2_write_keyboard",
            "-trace", "ps2_set_ledstate")) as guest:
        guest.until(PROMPT)
        for lock, key, typed in (("caps_lock", "a", "A"), ("num_lock", "b", "B"),
                                 ("caps_lock", "c", "c"), ("num_lock", "kp_5", "5")):
            monitor.press(lock)
            monitor.press(key)
            guest.until(typed)
        monitor.press("ret")
        guest.until(PROMPT)
        guest.type("poweroff -f\n")
        guest.wait()
    words, leds = told(trace)
    assert words[-1] in leds
    assert "243, 0, " in str(words)  # typematic: after 250 ms, 30 times a second
    assert [each for i, each in enumerate(leds) if i == 0 or each != leds[i - 1]][-5:] == [
        2, 6, 4, 0, 2]


@pytest.mark.parametrize("machine,devices", [("q35", ()), ("q35,i8042=off", USB)],
                         ids=["PS/2", "USB"])
def test_job_control(monitor, machine, devices):
    """In French, where Z is elsewhere: Ctrl-Z, Ctrl-C, Ctrl-D; accents; what programmers type."""
    with Guest(boot="pvh", append="window=80,24 keyboard=fr", machine=machine,
               extra=(*monitor.words, *devices)) as guest:
        guest.until(PROMPT)
        if devices:
            guest.expect(r"USB: keyboard .* at port")
        guest.type(READY_CAT)
        guest.until("\r\nready\r\n")
        for keys, shown in ((["alt_r", "0"], "@"), (["alt_r", "4"], "{"), (["alt_r", "5"], "["),
                            (["alt_r", "minus"], "]"), (["alt_r", "equal"], "}"),
                            (["alt_r", "8"], "\\"), (["alt_r", "6"], "|"), (["alt_r", "2"], "~"),
                            (["less"], "<"), (["2"], "é"), (["bracket_left"], ""), (["e"], "ê"),
                            (["compose"], ""), (["s"], ""), (["s"], "ß"), (["q"], "a")):
            monitor.press(*keys)
            guest.until(shown)
        monitor.press("ret")
        guest.until("\r\n@{[]}\\|~<éêßa\r\n")
        monitor.press("ctrl", "w")
        guest.until("Stopped")
        guest.until(PROMPT)
        guest.type("fg\n")
        guest.until("exec cat")
        monitor.press("ctrl", "d")
        guest.until(PROMPT)
        guest.type(READY_CAT)
        guest.until("\r\nready\r\n")
        monitor.press("ctrl", "c")
        guest.until("^C")
        guest.until(PROMPT)


def visible(sent):
    """As the terminal's echo shows it."""
    return sent.decode().replace("\x1b", "^[").replace("\x7f", "^?")


def test_keys_are_what_terminfo_says(monitor):
    """Programs look up what keys send, in a file that the machine has, too."""
    curses.setupterm("linux", os.open(os.devnull, os.O_WRONLY))
    with Guest(boot="pvh", append="window=80,24", extra=monitor.words) as guest:
        guest.until(PROMPT)
        guest.type(f"wc -c <{TERMINFO}\n")
        guest.until(f"\r\n{os.path.getsize(TERMINFO)}\r\n")
        guest.type('sh -c "stty -icanon; echo ready; exec cat >/dev/null"\n')
        guest.until("\r\nready\r\n")
        for name, keys in KEYS.items():
            monitor.press(*keys)
            guest.until(visible(curses.tigetstr(name)))
        monitor.press("num_lock")
        monitor.press("kp_5")
        guest.until(visible(curses.tigetstr("kb2")))


RESTART_KEYS = ("ctrl", "alt", "delete")


def test_ctrl_alt_del(monitor):
    """Init ends what runs and restarts the machine."""
    with Guest(boot="pvh", append="window=80,24", extra=monitor.words) as guest:
        guest.until(PROMPT)
        monitor.press(*RESTART_KEYS)
        guest.expect("restarting system$")
        assert guest.wait() == qemu.STATUS_RESTART


def test_ctrl_alt_del_without_init(monitor):
    """Nobody has asked to be told: the kernel does it."""
    sleep = job("/bin/busybox", "sh", "-c", "echo started >/dev/console; sleep 1000")
    with Guest([sleep], boot="pvh", extra=monitor.words) as guest:
        guest.expect("^started$")
        monitor.press(*RESTART_KEYS)
        guest.expect("restarting system: Ctrl-Alt-Del")
        assert guest.wait() == qemu.STATUS_RESTART
