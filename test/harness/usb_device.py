"""usb_device.py: a USB device in the hands of a test, which may answer as no device should.

    device = UsbDevice(folder, answer)
    with Guest(extra=(*XHCI, *device.words)), device.plugged_in(guest):
        device.report(bytes(8))

answer(type, request, value, index, length) gives the bytes of a control transfer, STALL, or SILENT.
The emulator redirects its USB to a socket (the usbredir protocol, version 0.7).
"""

import contextlib
import os
import socket
import struct
import threading

STALL, SILENT = object(), object()
HIGH_SPEED, FULL_SPEED, LOW_SPEED = 2, 1, 0
LIMIT = 20

HELLO, CONNECT, DISCONNECT, INTERFACE_INFO, ENDPOINT_INFO = 0, 1, 2, 4, 5
SET_CONFIGURATION, CONFIGURATION_STATUS = 6, 8
START_INTERRUPT, STOP_INTERRUPT, INTERRUPT_STATUS = 15, 16, 17
CONTROL_PACKET, INTERRUPT_PACKET = 100, 103
SUCCESS, STALLED = 0, 4
ENDPOINTS = 32
INTERRUPT, NO_ENDPOINT = 3, 255
CAPABILITIES = 1 << 4 | 1 << 5 | 1 << 6  # packet sizes, numbers of 64 bits, lengths of 32
PACKET_BYTES = 64


class UsbDevice:
    """One with an interrupt endpoint 1, IN."""

    def __init__(self, folder, answer, speed=FULL_SPEED):
        path = os.path.join(folder, "device")
        self.words = ("-chardev", f"socket,id=device,path={path},server=on,wait=off",
                      "-device", "usb-redir,chardev=device")
        self.asked = []  # what came, for the test to look at
        self._path, self._answer, self._speed = path, answer, speed
        self._socket = None
        self._receives = threading.Event()

    @contextlib.contextmanager
    def plugged_in(self):
        """Once the emulator runs. What comes is answered by a thread."""
        with socket.socket(socket.AF_UNIX) as self._socket:
            self._socket.connect(self._path)
            self._socket.sendall(struct.pack("<III", HELLO, 68, 0) + b"test".ljust(64, b"\0") +
                                 struct.pack("<I", CAPABILITIES))
            thread = threading.Thread(target=self._serve)
            thread.start()
            self._plug_in()
            try:
                yield self
            finally:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
                thread.join(LIMIT)

    def _plug_in(self):
        self._send(INTERFACE_INFO, struct.pack("<I", 1) + bytes(ENDPOINTS) + bytes((3,)).ljust(
            ENDPOINTS, b"\0") + bytes(2 * ENDPOINTS))
        kinds = bytearray([NO_ENDPOINT] * ENDPOINTS)
        kinds[0] = kinds[16] = 0
        kinds[17] = INTERRUPT
        self._send(ENDPOINT_INFO, bytes(kinds) + bytes([10] * ENDPOINTS) + bytes(ENDPOINTS) +
                   struct.pack("<H", PACKET_BYTES) * ENDPOINTS)
        self._send(CONNECT, struct.pack("<BBBBHH", self._speed, 0, 0, 0, 0x1234, 0x5678))

    def unplug(self):
        self._send(DISCONNECT, b"")

    def report(self, data):
        """Through the interrupt endpoint, once somebody reads there."""
        assert self._receives.wait(LIMIT), "nobody reads the device's reports"
        self._send(INTERRUPT_PACKET, struct.pack("<BBH", 0x81, SUCCESS, len(data)) + data)

    def fail(self):
        """The interrupt endpoint stands still."""
        assert self._receives.wait(LIMIT), "nobody reads the device's reports"
        self._send(INTERRUPT_PACKET, struct.pack("<BBH", 0x81, STALLED, 0))

    def _send(self, kind, data, number=0):
        self._socket.sendall(struct.pack("<IIQ", kind, len(data), number) + data)

    def _read(self, count):
        data = b""
        while len(data) < count:
            more = self._socket.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _serve(self):
        with contextlib.suppress(EOFError, OSError):
            _, length, _ = struct.unpack("<III", self._read(12))  # its greeting
            self._read(length)
            while True:
                kind, length, number = struct.unpack("<IIQ", self._read(16))
                self._handle(kind, self._read(length), number)

    def _handle(self, kind, data, number):
        if kind == SET_CONFIGURATION:
            self._send(CONFIGURATION_STATUS, bytes((SUCCESS, data[0])), number)
        elif kind == START_INTERRUPT:
            self._send(INTERRUPT_STATUS, bytes((SUCCESS, data[0])), number)
            self._receives.set()
        elif kind == STOP_INTERRUPT:
            self._receives.clear()
            self._send(INTERRUPT_STATUS, bytes((SUCCESS, data[0])), number)
        elif kind == CONTROL_PACKET:
            endpoint, request, kind_of, _, value, index, length = struct.unpack_from(
                "<BBBBHHH", data)
            self.asked.append((kind_of, request, value, index, length))
            answer = self._answer(kind_of, request, value, index, length)
            if answer is SILENT:
                return
            status, answer = (STALLED, b"") if answer is STALL else (SUCCESS, answer)
            out = not kind_of & 0x80
            self._send(CONTROL_PACKET, struct.pack(
                "<BBBBHHH", endpoint, request, kind_of, status, value, index,
                length if out and status == SUCCESS else len(answer)) + (b"" if out else answer),
                       number)
