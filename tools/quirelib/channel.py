"""channel.py: the host's end of the host channel, as bytes. docs/host-channel.md is the contract.

A frame is a type (1 byte), the payload's length (2 bytes, little endian) and the payload.
"""

import struct
from dataclasses import dataclass

HEADER = struct.Struct("<cH")
PAYLOAD_MAX = 4096

OUTPUT, ERROR, REQUEST, EXIT, FAULTS = b"O", b"E", b"R", b"X", b"F"  # guest to host
INPUT = b"I"  # host to guest

# The guest's first frame. Whatever comes before it is the firmware's: OVMF takes every serial port
# for a console of its own.
GREETING_TEXT = b"Quire host channel 1"
GREETING = HEADER.pack(b"H", len(GREETING_TEXT)) + GREETING_TEXT

EXITED, KILLED = 0, 1
SIGNAL_MAX = 64


class ChannelError(Exception):
    """The guest sent what is no frame; nothing after it can be understood."""


@dataclass(frozen=True)
class Ending:
    """How a job ended."""

    kind: int  # EXITED or KILLED
    value: int  # the exit status, or the signal

    @property
    def status(self):
        """What a shell would report."""
        return self.value if self.kind == EXITED else 128 + self.value

    @property
    def signal(self):
        """The signal that killed it, or None."""
        return self.value if self.kind == KILLED else None


class FrameDecoder:
    """Bytes in, in pieces of any size; whole frames out, from the greeting on."""

    def __init__(self):
        self._pending = bytearray()
        self._greeted = False

    def feed(self, data):
        """The frames that `data` completes: (type, payload) pairs. ChannelError for nonsense,
        after all frames before it were given out."""
        self._pending += data
        if not self._greeted:
            self._skip_to_greeting()
        while self._greeted and len(self._pending) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._pending)
            if kind not in (OUTPUT, ERROR, REQUEST, EXIT, FAULTS):
                raise ChannelError(f"a frame of unknown type 0x{kind[0]:02x}")
            if length > PAYLOAD_MAX:
                raise ChannelError(f"a frame of {length} bytes; {PAYLOAD_MAX} are allowed")
            if len(self._pending) < HEADER.size + length:
                return
            payload = bytes(self._pending[HEADER.size:HEADER.size + length])
            del self._pending[:HEADER.size + length]
            yield kind, payload

    def _skip_to_greeting(self):
        before, greeting, after = self._pending.partition(GREETING)
        self._greeted = bool(greeting)
        # Without it, only what may be its beginning is kept.
        self._pending = after if greeting else before[-len(GREETING) + 1:]

    @property
    def incomplete(self):
        """Is there the beginning of a frame whose rest has not come?"""
        return self._greeted and bool(self._pending)


def decode_request(payload):
    """How many bytes of standard input the guest asks for."""
    if len(payload) != 2:
        raise ChannelError(f"a request of {len(payload)} bytes instead of 2")
    count = int.from_bytes(payload, "little")
    if not 0 < count <= PAYLOAD_MAX:
        raise ChannelError(f"a request for {count} bytes of input")
    return count


def decode_exit(payload):
    if len(payload) != 2:
        raise ChannelError(f"an exit frame of {len(payload)} bytes instead of 2")
    kind, value = payload
    if kind not in (EXITED, KILLED):
        raise ChannelError(f"an exit frame of unknown kind {kind}")
    if kind == KILLED and not 0 < value <= SIGNAL_MAX:
        raise ChannelError(f"an exit frame with signal {value}")
    return Ending(kind, value)


def encode_input(data):
    """The answer to a request; no data is the end of the file."""
    if len(data) > PAYLOAD_MAX:
        raise ValueError(f"{len(data)} bytes in one frame")
    return HEADER.pack(INPUT, len(data)) + data
