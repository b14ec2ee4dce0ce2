"""faultstream.py: the records of the host channel's 'F' frames, as Python objects.

docs/host-channel.md is the contract; kernel/proc/fault_stream.c writes them.
"""

from array import array
from dataclasses import dataclass, field

# In the order of enum vm_fault_kind (kernel/vm/space.h).
KINDS = ("zero-read", "zero-fill", "file-map", "file-copy", "own-table", "own-page", "reuse",
         "stack-grow", "swap-in", "spurious", "bad-address", "bad-access", "no-memory")

PAGE_SHIFT = 12
NO_REGION = 0xff
REGION, FORK, EXEC, EXIT, TEXT = 0x80, 0x81, 0x82, 0x83, 0x84
SAME_WHO, SAME_REGION, BY_KERNEL = 0x10, 0x20, 0x40
TEXT_NAMES = ("before", "after", "counts")


class StreamError(Exception):
    """The guest sent what is no record; nothing after it can be understood."""


@dataclass
class Region:
    """As it was when a fault happened in it."""

    serial: int
    start: int
    end: int
    prot: int  # 1 read, 2 write, 4 execute
    flags: int
    inode: int
    name: str


@dataclass
class Space:
    """An address space: from a fork or an exec to an exec or an exit."""

    serial: int
    texts: dict = field(default_factory=dict)  # name of TEXT_NAMES: text
    faults: int = 0


@dataclass
class ProcessEvent:
    """kind: "fork" (pid is the child's, other the parent's), "exec" or "exit"."""

    kind: str
    at: int  # how many faults were recorded before it
    time: int  # nanoseconds since boot
    pid: int
    serial: int = 0
    other: int = 0
    name: str = ""
    path: str = ""
    arguments: tuple = ()
    status: int = 0


class Faults:
    """The faults, a column each: some programs have millions."""

    def __init__(self):
        self.time, self.va, self.pc = array("Q"), array("Q"), array("Q")
        self.frame = array("Q")  # physical page number, 0: none
        self.serial, self.region = array("L"), array("l")  # region: index, or -1
        self.owner, self.pid = array("L"), array("L")  # whose space; who touched it
        self.kind, self.by_kernel = array("B"), array("B")

    def __len__(self):
        return len(self.time)


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        if self.at >= len(self.data):
            raise StreamError("a record ends in its middle")
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value & (1 << 64) - 1
            if shift > 63:
                raise StreamError("a number has more than ten bytes")

    def change(self):
        number = self.number()
        return -(number + 1 >> 1) if number & 1 else number >> 1

    def string(self):
        length = self.number()
        if length > len(self.data) - self.at:
            raise StreamError("a string ends behind its frame")
        self.at += length
        return bytes(self.data[self.at - length:self.at])


def _text(raw):
    return raw.decode("utf-8", errors="replace")


def _arguments(raw):
    """Each ends with a NUL; the last one may be cut off."""
    return tuple(_text(argument) for argument in raw.removesuffix(b"\0").split(b"\0"))


class Recording:
    """All that a run has told. feed() it the payloads of the frames in order."""

    def __init__(self):
        self.faults = Faults()
        self.regions = []
        self.spaces = {}
        self.events = []
        self._slots = {}
        self._texts = {}
        self._who = (0, 0, 0)
        self._slot = 0
        self._time = self._page = self._pc = self._frame = 0

    def feed(self, payload):
        """A frame has whole records. StreamError."""
        reader = _Reader(payload)
        while reader.at < len(payload):
            kind = reader.byte()
            if kind < REGION:
                self._fault(kind, reader)
            elif kind == REGION:
                self._region(reader)
            elif kind == TEXT:
                self._piece(reader)
            else:
                self._process(kind, reader)

    def finish(self):
        """After the last frame: the texts are whole."""
        for (serial, what), pieces in self._texts.items():
            self.space(serial).texts[what] = _text(b"".join(pieces))
        self._texts = {}

    def space(self, serial):
        return self.spaces.setdefault(serial, Space(serial))

    def _fault(self, first, reader):
        kind = first & 0x0f
        if kind >= len(KINDS):
            raise StreamError(f"a fault of unknown kind {kind}")
        if not first & SAME_WHO:
            self._who = (reader.number(), reader.number(), reader.number())
        if not first & SAME_REGION:
            self._slot = reader.number()
        self._time += reader.change()
        self._page += reader.change()
        offset = reader.number()
        self._pc += reader.change()
        self._frame += reader.change()
        mask = (1 << 64) - 1
        serial, owner, pid = self._who
        faults = self.faults
        faults.kind.append(kind)
        faults.by_kernel.append(bool(first & BY_KERNEL))
        faults.serial.append(serial)
        faults.owner.append(owner)
        faults.pid.append(pid)
        faults.region.append(self._slots.get(self._slot, -1))
        faults.time.append(self._time & mask)
        faults.va.append((self._page << PAGE_SHIFT) + offset & mask)
        faults.pc.append(self._pc & mask)
        faults.frame.append(self._frame & mask)
        self.space(serial).faults += 1

    def _region(self, reader):
        slot, serial = reader.number(), reader.number()
        start, end = reader.number() << PAGE_SHIFT, reader.number() << PAGE_SHIFT
        prot, flags, inode = reader.number(), reader.number(), reader.number()
        self._slots[slot] = len(self.regions)
        self.regions.append(
            Region(serial, start, end, prot, flags, inode, _text(reader.string())))

    def _piece(self, reader):
        serial, what = reader.number(), reader.number()
        if what >= len(TEXT_NAMES):
            raise StreamError(f"a text of unknown kind {what}")
        self._texts.setdefault((serial, TEXT_NAMES[what]), []).append(reader.string())

    def _process(self, kind, reader):
        at = len(self.faults)
        if kind == FORK:
            time, other, pid, serial = (reader.number() for _ in range(4))
            event = ProcessEvent("fork", at, time, pid, serial, other, _text(reader.string()))
        elif kind == EXEC:
            time, pid, serial = (reader.number() for _ in range(3))
            event = ProcessEvent("exec", at, time, pid, serial, name=_text(reader.string()),
                                 path=_text(reader.string()),
                                 arguments=_arguments(reader.string()))
        elif kind == EXIT:
            time, pid, status = (reader.number() for _ in range(3))
            event = ProcessEvent("exit", at, time, pid, status=status)
        else:
            raise StreamError(f"a record of unknown type 0x{kind:02x}")
        self.events.append(event)


def parse_counts(text):
    """{kind: count} of /proc/<pid>/faults."""
    counts = {}
    for line in text.splitlines():
        name, _, count = line.partition(" ")
        if name in KINDS and count.strip().isdigit():
            counts[name] = int(count)
    return counts
