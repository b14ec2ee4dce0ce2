"""fake_guest.py SCENARIO COM1 COM2: stands in for QEMU in tests of the session, with nothing but
the two sockets. Each function is one guest; it exits with the status that QEMU would have.
"""

import os
import signal
import socket
import sys
import time

DONE, PANIC = 33, 99
BANNER = b"[    0.000001] Quire 0.1 (test)\r\n"


class Wires:
    def __init__(self, com1, com2):
        self.com1 = socket.socket(fileno=com1)
        self.com2 = socket.socket(fileno=com2)
        self.com2.sendall(b"\x1b[2JBdsDxe: starting Boot0001\r\nH\x14\0Quire host channel 1")

    def log(self, data):
        self.com1.sendall(data)

    def frame(self, kind, payload):
        self.com2.sendall(kind + len(payload).to_bytes(2, "little") + payload)

    def read(self, count):
        """What a program's read() of standard input gives."""
        self.frame(b"R", count.to_bytes(2, "little"))
        header = self.com2.recv(3, socket.MSG_WAITALL)
        assert header[:1] == b"I", header
        return self.com2.recv(int.from_bytes(header[1:], "little"), socket.MSG_WAITALL)

    def exit(self, status):
        self.frame(b"X", bytes((0, status)))


def hello(wires):
    wires.log(b"\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe: starting Boot0001\r\n" + BANNER)
    wires.frame(b"O", b"hello\n")
    wires.frame(b"E", b"warning\n")
    wires.exit(7)
    return DONE


def killed(wires):
    wires.log(BANNER)
    wires.frame(b"X", bytes((1, signal.SIGSEGV)))
    return DONE


def two_jobs(wires):
    wires.log(BANNER)
    wires.frame(b"O", b"first")
    wires.exit(1)
    wires.frame(b"O", wires.read(4))
    wires.exit(2)
    return DONE


def large(wires):
    wires.log(BANNER)
    for block in range(256):
        wires.frame(b"O", bytes((block,)) * 4096)
    wires.exit(0)
    return DONE


def echo(wires):
    wires.log(BANNER)
    while data := wires.read(4096):
        wires.frame(b"O", data)
    wires.exit(0)
    return DONE


def reads_three(wires):
    wires.log(BANNER)
    wires.frame(b"O", wires.read(3))
    wires.exit(0)
    return DONE


def panics(wires):
    wires.log(BANNER + b"PANIC: on purpose\r\nbacktrace:\r\n  #0 0xffffffff80001234 f+0x1\r\n")
    return PANIC


def panics_and_hangs(wires):
    wires.log(BANNER + b"PANIC: on purpose\r\n")
    signal.pause()


def panics_after_exit(wires):
    wires.log(BANNER)
    wires.exit(0)
    wires.log(b"PANIC: in the clean-up\r\n")
    return PANIC


def silent_panic(wires):
    return PANIC


def resets(wires):
    wires.log(BANNER + b"[    0.100000] doing things\r\n" + BANNER)
    signal.pause()


def powers_off(wires):
    wires.log(BANNER)
    return 0


def no_kernel(wires):
    wires.log(b"\r\nQuire loader: \\quire\\kernel.elf: not found on any volume. Nothing was "
              b"started; press a key to return to the firmware.\n\r")
    signal.pause()


def access_denied(wires):
    wires.log(b"BdsDxe: failed to load Boot0001 \"UEFI Misc Device\": Access Denied\r\n")
    signal.pause()


def hangs(wires):
    wires.log(BANNER + b"[    0.100000] about to hang")
    signal.pause()


def never_boots(wires):
    signal.pause()


def stays_on(wires):
    wires.log(BANNER)
    wires.exit(0)
    signal.pause()


def nonsense(wires):
    wires.log(BANNER)
    wires.com2.sendall(b"?????")
    signal.pause()


def too_long(wires):
    wires.com2.sendall(b"O\xff\xff")
    signal.pause()


def bad_exit(wires):
    wires.frame(b"X", b"\x09\x00")
    signal.pause()


def emulator_dies(wires):
    print("fake: cannot set up guest memory", file=sys.stderr, flush=True)
    return 1


def emulator_crashes(wires):
    os.kill(os.getpid(), signal.SIGKILL)


def reports_lock(wires):
    wires.log(BANNER + b"[    0.2] lock report: order\r\n")
    signal.pause()


def talks_slowly(wires):
    """Pieces of frames and lines, one byte at a time."""
    for byte in BANNER:
        wires.log(bytes((byte,)))
    for byte in b"O\x03\x00abcX\x02\x00\x00\x05":
        wires.com2.sendall(bytes((byte,)))
        time.sleep(0)
    return DONE


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1]](Wires(int(sys.argv[2]), int(sys.argv[3]))))
