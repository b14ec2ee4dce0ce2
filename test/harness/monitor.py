"""monitor.py: QEMU's monitor (QMP), for a machine under test: keys pressed, devices plugged in.

    monitor = Monitor(folder)
    with Guest(extra=(*monitor.words, "-device", "usb-kbd"), ...) as guest:
        monitor.type("ls\\n")
"""

import contextlib
import json
import os
import socket

LIMIT = 20  # seconds for an answer

# Characters that a US keyboard types, by the names QEMU has for its keys.
PLAIN = {" ": "spc", "\n": "ret", "-": "minus", "=": "equal", "/": "slash", ".": "dot",
         ",": "comma", ";": "semicolon", "'": "apostrophe", "\\": "backslash",
         "[": "bracket_left", "]": "bracket_right", "`": "grave_accent", "\t": "tab"}
SHIFTED = {"|": "backslash", ">": "dot", "<": "comma", "?": "slash", "_": "minus", "+": "equal",
           '"': "apostrophe", ":": "semicolon", "*": "8", "$": "4", "!": "1", "(": "9", ")": "0"}


def keys_of(character):
    """The keys to hold down at once for a character."""
    if character in PLAIN:
        return [PLAIN[character]]
    if character in SHIFTED:
        return ["shift", SHIFTED[character]]
    return ["shift", character.lower()] if character.isupper() else [character]


def _event(down, key):
    return {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": key}}}


class Monitor:
    """The monitor, connected when it is first used. words: for QEMU's command line."""

    def __init__(self, folder):
        self._path = os.path.join(folder, "qmp")
        self.words = ("-qmp", f"unix:{self._path},server=on,wait=off")
        self._stream = None

    def _connect(self):
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.settimeout(LIMIT)
            connection.connect(self._path)
            self._stream = connection.makefile("rw", encoding="utf-8")
        self._stream.readline()  # its greeting
        self._ask("qmp_capabilities", {})

    def _ask(self, command, arguments):
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._stream.flush()
        while True:
            answer = json.loads(self._stream.readline())
            assert "error" not in answer, answer
            if "return" in answer:
                return answer["return"]

    def ask(self, command, **arguments):
        """Have QEMU execute a command; what it returns."""
        if self._stream is None:
            self._connect()
        return self._ask(command, arguments)

    def await_event(self, name):
        """Wait until QEMU reports it. Its data."""
        while True:
            line = self._stream.readline()
            assert line, f"QEMU ended, and there was no {name}"
            if (event := json.loads(line)).get("event") == name:
                return event["data"]

    def hold(self, down, *keys):
        """Put these keys down, or let them go, in this order."""
        self.ask("input-send-event", events=[_event(down, key) for key in keys])

    def press(self, *keys):
        """Hold these keys down at once, and let them go, before anything else is done: in one
        command, or a host that is busy in between makes them repeat."""
        self.ask("input-send-event", events=[_event(True, key) for key in keys] +
                 [_event(False, key) for key in reversed(keys)])

    def type(self, text):
        """As a person at a US keyboard."""
        for character in text:
            self.press(*keys_of(character))
