"""test_console.py: lines out of what a serial port gives, firmware's noise and all."""

import pytest
from quirelib.console import LINE_MAX, ConsoleLog, Event, classify

FIRMWARE = (b"\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H\x1b[0m\x1b[35m\x1b[40mBdsDxe: starting "
            b"Boot0001\r\n\x1b[1;1H[    0.000001] Quire 0.1 x86-64\r\n\n\n[    0.000002] next\r\n")


@pytest.mark.parametrize("step", [1, 2, 5, 1000])
def test_lines_without_escapes(step):
    log = ConsoleLog()
    for at in range(0, len(FIRMWARE), step):
        log.feed(FIRMWARE[at:at + step])
    assert list(log.lines) == ["BdsDxe: starting Boot0001", "[    0.000001] Quire 0.1 x86-64",
                               "[    0.000002] next"]


def test_the_tail_has_the_line_that_is_not_complete():
    log = ConsoleLog()
    log.feed(b"one\ntwo\nthree")
    assert log.tail(2) == ["two", "three"]
    log.finish()
    assert list(log.lines) == ["one", "two", "three"]


def test_noise_does_not_fill_memory():
    log = ConsoleLog()
    for _ in range(100):
        log.feed(b"\xff" * 10000)
    assert all(len(line) <= LINE_MAX for line in log.lines)
    assert len(log.tail(1)[0]) <= LINE_MAX


@pytest.mark.parametrize("line, event, detail", [
    ("[    0.000001] Quire 0.1 x86-64", Event.BANNER, None),
    ("[12345.678901] Quire 1.0", Event.BANNER, None),
    ("PANIC: the reason", Event.PANIC, "the reason"),
    ("[    0.5] PANIC: the reason", Event.PANIC, "the reason"),
    ("PANIC in a panic: worse", Event.PANIC, "worse"),
    ("Quire loader: \\quire\\kernel.elf: is no ELF file. Nothing was started; press a key to return"
     " to the firmware.", Event.LOADER_FAILURE, "\\quire\\kernel.elf: is no ELF file"),
    ("Quire loader: the map is stale. The machine is halted; switch it off.",
     Event.LOADER_FAILURE, "the map is stale"),
    ("BdsDxe: failed to load Boot0001: Access Denied", Event.FIRMWARE_FAILURE, None),
    ("UEFI Interactive Shell v2.2", Event.FIRMWARE_FAILURE, None),
])
def test_what_lines_mean(line, event, detail):
    found, text = classify(line)
    assert found is event
    assert detail is None or text == detail


@pytest.mark.parametrize("line", [
    "Quire loader: kernel.elf 300 KiB, initrd 900 KiB, 17 memory ranges",
    "BdsDxe: starting Boot0001", "[    0.1] running /bin/PANIC", "Quire", "[ 0.1] no PANIC today"])
def test_what_lines_do_not_mean(line):
    assert classify(line) == (None, None)
