"""test_machines.py: a person at each of the machines of harness/machines.py: the screen shows the
boot and a shell, and what is typed at the keyboard runs. Nothing is said at any serial port.
"""

import os
import random

import pytest
from harness import Guest, machines
from harness.monitor import Monitor
from harness.screen import PROMPT, Screen, at_prompt, use_the_shell
from quirelib import paths

LIMIT = 180

@pytest.mark.parametrize("pc", machines.PCS.values(), ids=machines.PCS.keys())
def test_typed_at(pc, tmp_path):
    monitor = Monitor(tmp_path)
    junk = tmp_path / "junk"
    junk.write_bytes(random.Random(1).randbytes(200))
    extra = [word.format(junk=junk) for word in pc.extra]
    with Guest(serial=False, limit=LIMIT, extra=(*monitor.words, *extra), **pc.config) as guest:
        screen = Screen(guest, monitor, tmp_path, pc.letters)
        rows = screen.until(at_prompt)
        assert any("frames: free " in row for row in rows)  # the log, to its end
        picture = screen.picture()
        assert (picture.width, picture.height) == pc.size
        use_the_shell(screen, monitor)
        if pc.replug:
            monitor.ask("device_del", id="keys")
            monitor.ask("device_add", **pc.replug)
            # Nobody says when it is there: a key that does nothing is tried until it does.
            screen.until(lambda rows: monitor.press("x") or rows[0].startswith(f"{PROMPT} x"))
            monitor.press("ctrl", "u")
            screen.until(lambda rows: rows[0] == PROMPT)
            use_the_shell(screen, monitor)


def test_a_machine_without_a_keyboard_says_so(tmp_path):
    """One is on a controller that is not driven. In letters of twice the size."""
    monitor = Monitor(tmp_path)
    with Guest(serial=False, limit=LIMIT, video="VGA", machine=machines.NO_PS2,
               append="screen=2x", extra=(
                   *monitor.words, "-device", "usb-ehci", "-device", "piix3-usb-uhci,id=old",
                   "-device", "usb-kbd,bus=old.0")) as guest:
        text = "\n".join(Screen(guest, monitor, tmp_path, 2).until(at_prompt))
        assert "USB: not driven: 1 UHCI, 0 OHCI, 1 EHCI; keyboards there" in text
        assert "keyboard: none was found" in text


def test_the_tables_of_the_documents():
    with open(os.path.join(paths.ROOT, "docs", "machines.md"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    expected = machines.table_of(machines.PCS)
    start = lines.index(expected[0])
    assert lines[start:start + len(expected) + 1] == [*expected, ""]
    for names in (machines.BOOTED, machines.DIRECT):
        assert machines.names_of(names) in " ".join(lines)
