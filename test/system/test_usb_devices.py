"""test_usb_devices.py: USB devices that answer as they should not. The machine goes on, a keyboard
beside them works, and so does a device that is plugged in afterwards.
"""

import struct

import pytest
from harness import Guest
from harness.monitor import Monitor
from harness.usb_device import FULL_SPEED, HIGH_SPEED, SILENT, STALL, UsbDevice

PROMPT = "# \x1b[6n"  # the shell asks where the cursor is
GET_DESCRIPTOR, GET_STATUS = 6, 0
DEVICE, CONFIGURATION, HUB = 1, 2, 0x29
KEYBOARD = bytes((9, 2, 34, 0, 1, 1, 0, 0xA0, 50, 9, 4, 0, 0, 1, 3, 1, 1, 0,
                  9, 33, 1, 1, 0, 1, 34, 63, 0, 7, 5, 0x81, 3, 8, 0, 10))
A_HUB = bytes((9, 2, 25, 0, 1, 1, 0, 0xE0, 0, 9, 4, 0, 0, 1, 9, 0, 0, 0, 7, 5, 0x81, 3, 2, 0, 12))
USAGES = {"e": 8, "c": 6, "h": 11, "o": 18, " ": 44, "k": 14}
ENTER = 40
SET_REPORT = (0x21, 9)


def device_descriptor(packet=8):
    return struct.pack("<BBHBBBBHHHBBBB", 18, DEVICE, 0x200, 0, 0, 0, packet, 0x1234, 0x5678, 1,
                       0, 0, 0, 1)


def answers(configuration=KEYBOARD, device=device_descriptor(), hub=b"", other=b""):
    """What a device says that has these descriptors; `other` to all that is no descriptor."""
    def answer(kind, request, value, _, length):
        if request != GET_DESCRIPTOR:
            return other
        data = {(0x80, DEVICE): device, (0x80, CONFIGURATION): configuration,
                (0xA0, HUB): hub}.get((kind, value >> 8), STALL)
        return data[:length] if isinstance(data, bytes) else data
    return answer


def machine(monitor, device):
    return Guest(boot="pvh", append="window=80,24 log=debug", machine="q35,i8042=off",
                 extra=(*monitor.words, "-device", "qemu-xhci,id=usb", *device.words))


def still_works(guest, monitor):
    """A keyboard that comes now, beside the device."""
    monitor.ask("device_add", driver="usb-kbd", id="good", bus="usb.0")
    guest.expect(r"USB: keyboard 0627:0001 at port")
    monitor.type("$?\n")
    guest.until("0: not found\r\n")
    guest.until(PROMPT)


def write(device, text):
    """Keys, as a keyboard reports them."""
    for usage in [USAGES[character] for character in text] + [ENTER]:
        device.report(bytes((0, 0, usage, 0, 0, 0, 0, 0)))
        device.report(bytes(8))


@pytest.mark.parametrize("speed,packet", [(FULL_SPEED, 8), (FULL_SPEED, 64), (HIGH_SPEED, 64)])
def test_one_that_is_right(tmp_path, speed, packet):
    """Which proves that the others are seen at all."""
    monitor = Monitor(tmp_path)
    device = UsbDevice(tmp_path, answers(device=device_descriptor(packet)), speed)
    with machine(monitor, device) as guest:
        guest.until(PROMPT)
        with device.plugged_in():
            guest.expect(r"USB: keyboard 1234:5678 at port")
            write(device, "echo ok")
            guest.until("echo ok\r\nok\r\n")
            device.unplug()
            guest.expect(r"USB: keyboard 1234:5678 is gone")


def cut(data, count):
    return data[:count]


def with_byte(data, at, value):
    return data[:at] + bytes((value,)) + data[at + 1:]


# What each answers, and what is said of it.
WRONG = {
    "refuses all": (lambda *_: STALL, "does not answer as it should"),
    "has no descriptor": (answers(device=b""), "does not answer as it should"),
    "a short descriptor": (answers(device=cut(device_descriptor(), 8)),
                           "does not answer as it should"),
    "packets of 255 bytes": (answers(device=device_descriptor(255)),
                             "does not answer as it should"),
    "an empty configuration": (answers(b""), "does not answer as it should"),
    "a configuration that ends early": (answers(cut(KEYBOARD, 20)), "not used"),
    "a configuration of no length": (answers(with_byte(KEYBOARD, 9, 0)), "not used"),
    "more than it has": (answers(with_byte(KEYBOARD, 3, 255)), r"keyboard 1234:5678 at port"),
    "reports of 1023 bytes": (answers(KEYBOARD[:31] + b"\xff\x03\x0a"),
                              "does not answer as it should"),
    "refuses to be configured as a boot keyboard": (answers(other=STALL),
                                                    r"keyboard 1234:5678 at port"),
    "a hub without a descriptor": (answers(A_HUB), "does not answer as it should"),
    "a hub without ports": (answers(A_HUB, hub=bytes((9, HUB, 0, 0, 0, 1, 0, 0, 0))),
                            "does not answer as it should"),
    "a hub of 255 ports that tells nothing": (
        answers(A_HUB, hub=bytes((9, HUB, 255, 0, 0, 1, 0, 0, 0))), r"hub 1234:5678 at port"),
}


@pytest.mark.parametrize("answer,said", WRONG.values(), ids=WRONG.keys())
def test_one_that_is_wrong(tmp_path, answer, said):
    monitor = Monitor(tmp_path)
    device = UsbDevice(tmp_path, answer)
    with machine(monitor, device) as guest:
        guest.until(PROMPT)
        with device.plugged_in():
            guest.expect(said)
            still_works(guest, monitor)
            assert device.asked


@pytest.mark.parametrize("silent_after", [0, 2, 4, 5])
def test_one_that_falls_silent(tmp_path, silent_after):
    """Each answer is waited for two seconds, and the device is tried three times."""
    right, asked = answers(), []

    def answer(*request):
        asked.append(request)
        return SILENT if len(asked) > silent_after else right(*request)
    monitor = Monitor(tmp_path)
    device = UsbDevice(tmp_path, answer)
    with machine(monitor, device) as guest:
        guest.until(PROMPT)
        with device.plugged_in():
            guest.expect(r"does not answer as it should|not used")
            still_works(guest, monitor)


def test_one_that_does_not_take_its_leds(tmp_path):
    """It is started again, and after the third time left alone."""
    right = answers()

    def answer(kind, request, *rest):
        return SILENT if (kind, request) == SET_REPORT else right(kind, request, *rest)
    monitor = Monitor(tmp_path)
    device = UsbDevice(tmp_path, answer)
    with machine(monitor, device) as guest:
        guest.until(PROMPT)
        with device.plugged_in():
            for _ in range(3):
                guest.expect(r"USB: keyboard 1234:5678 at port")
                guest.expect(r"USB: keyboard 1234:5678 is gone")
            still_works(guest, monitor)


def test_reports_of_any_length(tmp_path):
    monitor = Monitor(tmp_path)
    device = UsbDevice(tmp_path, answers())
    with machine(monitor, device) as guest:
        guest.until(PROMPT)
        with device.plugged_in():
            guest.expect(r"USB: keyboard 1234:5678 at port")
            for length in (0, 1, 7, 8, 3, 2):
                device.report(bytes(length))
            write(device, "echo ok")
            guest.until("echo ok\r\nok\r\n")
            device.report(bytes(60))  # more than its packets hold
            guest.expect(r"USB: keyboard 1234:5678 is gone")
            guest.expect(r"USB: keyboard 1234:5678 at port")
            still_works(guest, monitor)


def test_a_pipe_that_stands_still(tmp_path):
    """The keyboard is started again, and after the third time left alone."""
    monitor = Monitor(tmp_path)
    device = UsbDevice(tmp_path, answers())
    with machine(monitor, device) as guest:
        guest.until(PROMPT)
        with device.plugged_in():
            for _ in range(3):
                guest.expect(r"USB: keyboard 1234:5678 at port")
                device.fail()
                guest.expect(r"USB: keyboard 1234:5678 is gone")
            still_works(guest, monitor)


def test_a_hub_that_reports_for_ever(tmp_path):
    """Connected, then not, then connected: none of it is true."""
    states = [bytes((1, 1, 1, 0)), bytes((0, 1, 1, 0)), bytes(4), bytes((3, 1, 16, 0))]

    def answer(kind, request, value, index, length):
        if kind == 0xA3 and request == GET_STATUS:
            states.append(states.pop(0))
            return states[0]
        return answers(A_HUB, hub=bytes((9, HUB, 4, 0, 0, 1, 0, 0, 0)))(kind, request, value, index,
                                                                       length)
    monitor = Monitor(tmp_path)
    device = UsbDevice(tmp_path, answer)
    with machine(monitor, device) as guest:
        guest.until(PROMPT)
        with device.plugged_in():
            guest.expect(r"USB: hub 1234:5678 at port")
            for _ in range(20):
                device.report(b"\xff\xff")
            guest.expect(r"device 0000:0000 at port|does not answer as it should")
            device.unplug()
            guest.expect(r"USB: hub 1234:5678 is gone")
            still_works(guest, monitor)


XHCI_AT = 6  # its place on the bus
PCI_COMMAND = 0x80000004 | XHCI_AT << 11
SET_FEATURE, CLEAR_FEATURE, PORT_RESET, PORT_RESET_CHANGE = 3, 1, 4, 20


def take_registers_away(monitor):
    """From now on the controller neither answers nor hears, as one that was pulled out: it has no
    place in memory. Reading gives all ones."""
    for words in (f"o /w 0xcf8 {PCI_COMMAND:#x}", "o /h 0xcfc 4"):
        monitor.ask("human-monitor-command", **{"command-line": words})


@pytest.mark.parametrize("dies_at", [(SET_FEATURE, PORT_RESET), (CLEAR_FEATURE, PORT_RESET_CHANGE)],
                         ids=["its reset begins", "its reset ends"])
def test_a_controller_that_goes_while_a_device_comes(tmp_path, dies_at):
    """Behind a hub, which is gone with it."""
    monitor, states = Monitor(tmp_path), [bytes((1, 1, 1, 0))]

    def answer(kind, request, value, index, length):
        if (kind, request) == (0xA3, GET_STATUS):
            return states[-1] if index == 1 else bytes(4)
        if (kind, request, value) == (0x23, SET_FEATURE, PORT_RESET):
            states.append(bytes((3, 1, 16, 0)))
        if kind == 0x23 and (request, value) == dies_at:
            take_registers_away(monitor)
        return answers(A_HUB, hub=bytes((9, HUB, 4, 0, 0, 1, 0, 0, 0)))(kind, request, value, index,
                                                                       length)
    device = UsbDevice(tmp_path, answer)
    with Guest(boot="pvh", append="window=80,24 log=debug", machine="q35,i8042=off",
               extra=(*monitor.words, "-device", f"qemu-xhci,id=usb,addr={XHCI_AT}",
                      *device.words)) as guest:
        guest.until(PROMPT)
        with device.plugged_in():
            guest.expect("no more of this controller")
            guest.type("sleep 1; echo $((6 * 7))\n")  # time for the thread to go on
            guest.until("42\r\n")
            guest.until(PROMPT)
