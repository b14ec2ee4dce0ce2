"""console.py: the first serial port as lines of text, and what the lines mean."""

import collections
import enum
import re

# Control sequences that the firmware sends for its screen (ECMA-48 CSI, and short escapes).
ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\^_]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LINE_MAX = 4096  # a line that goes on longer is cut, so that noise can't fill memory
LINES_KEPT = 20000
TAIL = 40

BANNER = re.compile(r"\[ *\d+\.\d{6}\] Quire \d")
PANIC = re.compile(r"^(?:\[ *\d+\.\d+\] )?PANIC(?: in a panic)?: (.*)")
# The loader also says what it loaded; these are its ways to end a sentence of failure.
LOADER_FAILURE = re.compile(r"Quire loader: (.*?)\.? (?:Nothing was started|The machine is halted)")
FIRMWARE_FAILURE = re.compile(r"BdsDxe: failed to (?:load|start)|BdsDxe: No bootable option|"
                              r"UEFI Interactive Shell")


class Event(enum.Enum):
    BANNER = "banner"
    PANIC = "panic"
    LOADER_FAILURE = "loader failure"
    FIRMWARE_FAILURE = "firmware failure"


def classify(line):
    """(event, detail) that a line announces, or (None, None)."""
    if BANNER.search(line):
        return Event.BANNER, line
    if match := PANIC.search(line):
        return Event.PANIC, match[1]
    if match := LOADER_FAILURE.search(line):
        return Event.LOADER_FAILURE, match[1]
    if FIRMWARE_FAILURE.search(line):
        return Event.FIRMWARE_FAILURE, line.strip()
    return None, None


class ConsoleLog:
    """Collects the console's bytes. `on_line` is called with each line that is complete."""

    def __init__(self, on_line=None):
        self.lines = collections.deque(maxlen=LINES_KEPT)
        self.on_line = on_line
        self._partial = b""

    def feed(self, data):
        """Carriage returns end lines too: the firmware sends "\\r\\n", the loader "\\n\\r"."""
        pieces = re.split(rb"[\r\n]", self._partial + data)
        self._partial = pieces.pop()
        for piece in pieces:
            self._add(piece)
        while len(self._partial) > LINE_MAX:
            self._add(self._partial[:LINE_MAX])
            self._partial = self._partial[LINE_MAX:]

    def finish(self):
        """The machine has ended: what has no end of line is a line too."""
        self._add(self._partial)
        self._partial = b""

    def _add(self, raw):
        line = ESCAPE.sub("", raw.decode("utf-8", "replace")).rstrip()
        if not line:
            return
        self.lines.append(line)
        if self.on_line:
            self.on_line(line)

    def tail(self, count=TAIL):
        lines = list(self.lines)
        partial = ESCAPE.sub("", self._partial.decode("utf-8", "replace")).rstrip()
        return (lines + [partial] if partial else lines)[-count:]
