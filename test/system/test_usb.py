"""test_usb.py: keyboards on USB, of machines that have no other: what is typed reaches the shell.

The shell's terminal is shown on the serial port, where the tests read it; nothing is typed there.
"""

import struct

import pytest
from harness import Guest
from harness.monitor import Monitor

PROMPT = "# \x1b[6n"  # the shell asks where the cursor is
XHCI = ("-device", "qemu-xhci,id=usb")
KEYBOARD = ("-device", "usb-kbd,id=first,bus=usb.0,port=1")
CAPITALS, KEYPAD = 2, 1  # bits of the report that sets LEDs
SET_REPORT = 0x09


@pytest.fixture(name="monitor")
def monitor_fixture(tmp_path):
    return Monitor(tmp_path)


def machine(monitor, *devices, boot="pvh", append="", **config):
    config.setdefault("machine", "q35,i8042=off")
    return Guest(boot=boot, append=f"window=80,24 {append}", extra=(*monitor.words, *devices),
                 **config)


def type_line(guest, monitor, line):
    """A key at a time: each is waited for, as a keyboard holds only a few."""
    for character in line:
        monitor.type(character)
        guest.until(character)
    monitor.press("ret")


def run(guest, monitor, line):
    """Type a line at the prompt; the lines that it prints."""
    type_line(guest, monitor, line)
    return guest.until(PROMPT).rpartition("\n")[0].replace("\r", "").split("\n")[1:]


def ready(guest, monitor, what=r"USB: keyboard .* at port"):
    """Wait for a keyboard, and go to a prompt behind all that was printed until then: type_line()
    takes what it finds there for an echo. Few keys: the emulated keyboard holds 16 events."""
    guest.expect(what)
    monitor.type("$?\n")
    guest.until("0: not found\r\n")
    guest.until(PROMPT)


def use_the_shell(guest, monitor):
    assert run(guest, monitor, "ls -1 /etc | wc -l") == ["3"]
    type_line(guest, monitor, 'sh -c "echo ready; exec cat"')
    guest.until("\r\nready\r\n")  # a job of its own has the terminal
    monitor.press("ctrl", "c")
    guest.until(PROMPT)
    assert run(guest, monitor, "echo status $?") == ["status 130"]
    assert run(guest, monitor, 'echo "A_b" >/tmp/x; cat /tmp/x') == ["A_b"]


# Machines whose one keyboard is on USB, also after firmware, which has used the controller before.
# More of them: test_machines.py.
MACHINES = {
    "q35": {},
    "2 CPUs": {"cpus": 2},
    "pc": {"machine": "pc,i8042=off"},
    "after firmware": {"boot": "uefi"},
    "firmware, pc, screen": {"boot": "uefi", "machine": "pc,i8042=off,hpet=off",
                                    "cpu": "Skylake-Client", "video": "VGA"},
}


@pytest.mark.parametrize("config", MACHINES.values(), ids=MACHINES.keys())
def test_the_shell_at_a_usb_keyboard(monitor, config):
    with machine(monitor, *XHCI, *KEYBOARD, **config) as guest:
        ready(guest, monitor)
        use_the_shell(guest, monitor)


def test_another_maker_of_controllers(monitor):
    with machine(monitor, "-device", "nec-usb-xhci,id=usb", *KEYBOARD) as guest:
        ready(guest, monitor)
        use_the_shell(guest, monitor)


def test_a_slow_keyboard(monitor):
    """Full speed: what hubs of that speed want of all behind them."""
    with machine(monitor, *XHCI, "-device", "usb-kbd,usb_version=1") as guest:
        ready(guest, monitor)
        use_the_shell(guest, monitor)


@pytest.mark.parametrize("boot", ["pvh", "uefi"])
def test_behind_a_hub(monitor, boot):
    with machine(monitor, *XHCI, "-device", "usb-hub,bus=usb.0,port=2",
                 "-device", "usb-kbd,bus=usb.0,port=2.3", boot=boot) as guest:
        guest.expect(r"USB: hub 0409:55aa at port")
        ready(guest, monitor, r"USB: keyboard 0627:0001 at port 3 of a hub")
        use_the_shell(guest, monitor)


def test_behind_two_hubs(monitor):
    with machine(monitor, *XHCI, "-device", "usb-hub,bus=usb.0,port=2",
                 "-device", "usb-hub,bus=usb.0,port=2.1",
                 "-device", "usb-kbd,bus=usb.0,port=2.1.4") as guest:
        ready(guest, monitor, r"USB: keyboard 0627:0001 at port 4 of a hub")
        use_the_shell(guest, monitor)


@pytest.mark.parametrize("boot", ["pvh", "uefi"])
def test_beside_what_is_no_keyboard(monitor, boot):
    """A stick is of SuperSpeed, and firmware has looked for a system on it."""
    with machine(monitor, *XHCI, "-drive", "if=none,id=stick,driver=null-co,size=64M",
                 "-device", "usb-storage,drive=stick",
                 "-device", "usb-mouse", "-device", "usb-tablet",
                 "-device", "usb-braille,chardev=nobody", "-chardev", "null,id=nobody",
                 "-device", "usb-kbd", boot=boot) as guest:
        ready(guest, monitor)
        use_the_shell(guest, monitor)


@pytest.mark.parametrize("port,hub", [("1", ()), ("2.5", ("-device", "usb-hub,bus=usb.0,port=2"))],
                         ids=["at the controller", "at a hub"])
def test_plugged_in_and_out(monitor, port, hub):
    with machine(monitor, *XHCI, *hub) as guest:
        guest.until(PROMPT)
        for name in ("a", "b", "c"):
            monitor.ask("device_add", driver="usb-kbd", id=name, bus="usb.0", port=port)
            ready(guest, monitor)
            assert run(guest, monitor, f"echo {name}") == [name]
            monitor.ask("device_del", id=name)
            guest.expect(r"USB: keyboard .* is gone")


@pytest.mark.parametrize("port,hub", [("1", ()), ("2.5", ("-device", "usb-hub,bus=usb.0,port=2"))],
                         ids=["at the controller", "at a hub"])
def test_gone_before_it_was_looked_at(monitor, port, hub):
    """At whatever moment of being looked at; what comes last works."""
    with machine(monitor, *XHCI, *hub, cpus=2) as guest:
        guest.until(PROMPT)
        for number in range(60):
            monitor.ask("device_add", driver="usb-kbd", id="loose", bus="usb.0", port=port)
            for _ in range(number):  # later and later
                monitor.ask("query-status")
            monitor.ask("device_del", id="loose")
        monitor.ask("device_add", driver="usb-kbd", id="fixed", bus="usb.0", port="3")
        ready(guest, monitor, r"USB: keyboard .* at port 7")
        use_the_shell(guest, monitor)


def test_a_hub_goes_with_what_is_behind_it(monitor):
    with machine(monitor, *XHCI) as guest:
        guest.until(PROMPT)
        for _ in range(2):
            monitor.ask("device_add", driver="usb-hub", id="hub", bus="usb.0", port="1")
            guest.expect(r"USB: hub .* at port")
            monitor.ask("device_add", driver="usb-kbd", id="keys", bus="usb.0", port="1.1")
            ready(guest, monitor, r"USB: keyboard .* at port 1 of a hub")
            assert run(guest, monitor, "echo it") == ["it"]
            monitor.ask("device_del", id="hub")
            guest.expect(r"USB: keyboard .* is gone")
            guest.expect(r"USB: hub .* is gone")


def test_what_is_held_goes_up_with_its_keyboard(monitor):
    """No shift remains of one that was pulled out with shift down, and nothing repeats."""
    with machine(monitor, *XHCI, *KEYBOARD) as guest:
        ready(guest, monitor)
        monitor.hold(True, "shift", "x")
        guest.until("X")
        monitor.ask("device_del", id="first")
        guest.expect(r"USB: keyboard .* is gone")
        monitor.ask("device_add", driver="usb-kbd", id="second", bus="usb.0")
        guest.expect(r"USB: keyboard .* at port")
        monitor.press("ctrl", "c")
        guest.until(PROMPT)
        assert run(guest, monitor, "echo a") == ["a"]


def test_two_keyboards(monitor):
    """The emulator gives keys to the one that was plugged in last."""
    with machine(monitor, *XHCI, *KEYBOARD) as guest:
        ready(guest, monitor)
        assert run(guest, monitor, "echo one") == ["one"]
        monitor.ask("device_add", driver="usb-kbd", id="second", bus="usb.0", port="3")
        ready(guest, monitor)
        assert run(guest, monitor, "echo two") == ["two"]
        monitor.ask("device_del", id="second")
        ready(guest, monitor, r"USB: keyboard .* is gone")
        assert run(guest, monitor, "echo one again") == ["one again"]


def test_two_controllers(monitor):
    with machine(monitor, *XHCI, "-device", "nec-usb-xhci,id=other",
                 "-device", "usb-kbd,bus=other.0") as guest:
        ready(guest, monitor)
        use_the_shell(guest, monitor)


def test_a_key_that_is_held_repeats(monitor):
    with machine(monitor, *XHCI, *KEYBOARD) as guest:
        ready(guest, monitor)
        monitor.hold(True, "x")
        guest.until("xxxxx")
        monitor.hold(False, "x")
        monitor.press("ctrl", "u")
        assert run(guest, monitor, "echo ab") == ["ab"]  # it no longer does


def led_reports(capture):
    """The LEDs that the host has set, in order, by a capture as of Linux's usbmon."""
    leds, at = [], 24
    while at + 16 <= len(capture):
        length, = struct.unpack_from("<I", capture, at + 8)
        packet = capture[at + 16:at + 16 + length]
        at += 16 + length
        if len(packet) < 65 or packet[8:9] != b"S":
            continue
        setup = packet[40:48]
        if setup[1] == SET_REPORT and setup[0] == 0x21 and packet[14] == 0:
            leds.append(packet[64])
    return leds


def test_the_leds(monitor, tmp_path):
    capture = tmp_path / "capture"
    with machine(monitor, *XHCI, "-device", f"usb-kbd,pcap={capture}") as guest:
        ready(guest, monitor)
        for expected in ("B", "b"):
            monitor.press("caps_lock")
            monitor.press("b")
            guest.until(expected)
        monitor.press("num_lock")
        monitor.press("ctrl", "u")
        type_line(guest, monitor, "poweroff -f")
        guest.wait()
    reports = led_reports(capture.read_bytes())
    # Who is quick is shown only the last of what it was to be shown.
    assert reports[0] == KEYPAD and reports[-1] == 0, reports


def test_the_debug_shell(monitor):
    with machine(monitor, *XHCI, *KEYBOARD) as guest:
        ready(guest, monitor)
        monitor.press("ctrl", "bracket_right")
        guest.until("debug> ")
        monitor.type("help\n")
        guest.until("end the machine now")
        guest.until("debug> ")
        type_line(guest, monitor, "continue")
        assert run(guest, monitor, "echo back") == ["back"]


def test_the_debug_shell_after_a_panic(monitor):
    """Nothing is locked any more, and no timer runs."""
    with machine(monitor, *XHCI, *KEYBOARD, append="panic=shell", expect_panic=True) as guest:
        ready(guest, monitor)
        monitor.press("ctrl", "bracket_right")
        guest.until("debug> ")
        monitor.type("panic\n")
        guest.until("PANIC:")
        guest.until("debug> ")
        monitor.type("help\n")
        guest.until("end the machine now")


def test_turned_off(monitor):
    with machine(monitor, *XHCI, *KEYBOARD, append="usb=off") as guest:
        guest.until(PROMPT)
        guest.type("echo there\n")
        guest.until("there\r\nthere")
        assert not [line for line in guest.lines if "USB" in line]


def test_an_idle_machine_stays_idle(monitor):
    """With a keyboard that nobody touches: of ten seconds of its clock hardly one is not idle."""
    with machine(monitor, *XHCI, *KEYBOARD, icount="3") as guest:
        ready(guest, monitor)
        before, after = (idle(guest, wait) for wait in ("true", "sleep 10"))
        assert after[0] - before[0] >= 10
        assert (after[1] - before[1]) / (after[0] - before[0]) > 0.9


def idle(guest, wait):
    """Seconds since the start, and those that nothing ran, after a command."""
    guest.type(f"{wait}; cat /proc/uptime\n")
    guest.until("uptime\r\n")
    seconds = tuple(float(word) for word in guest.until("\r\n").split())
    guest.until(PROMPT)
    return seconds
