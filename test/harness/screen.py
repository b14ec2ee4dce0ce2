"""screen.py: what a person sees on the machine's screen: QEMU's picture of it, read back as text.

    screen = Screen(guest, monitor, folder)
    screen.until("/ # ")
    assert "PANIC" in screen.rows()[0]

Each cell is compared with the glyphs of the console's fonts, pixel by pixel: what is no glyph of
them, in two colours, reads as U+FFFD.
"""

import os
import struct
import time
import zlib
from dataclasses import dataclass

from quirelib import paths

LIMIT = 60  # seconds for something to show
LOOK_SECONDS = 0.1  # QEMU does not say when a picture has changed
UNKNOWN = "\ufffd"
FONTS = {1: ("font.psf", 1), 2: ("font-large.psf", 1), 3: ("font.psf", 3), 4: ("font-large.psf", 2)}
PSF1_MAGIC, PSF1_HEADER = b"\x36\x04", 4


@dataclass
class Font:
    width: int
    height: int
    glyphs: dict  # a glyph's rows of bits, as one number -> the first character it stands for


def read_font(name):
    """One of the build's fonts, PSF version 1 or 2 with a table of characters."""
    with open(os.path.join(paths.ROOT, "build", name), "rb") as file:
        data = file.read()
    if data.startswith(PSF1_MAGIC):
        count, height, width, start = 512 if data[2] & 1 else 256, data[3], 8, PSF1_HEADER
        size = height
        text = data[start + count * size:].decode("utf-16-le", errors="surrogatepass")
        lists = text.split("\uffff")
        sequence = "\ufffe"
    else:
        start, _, count, size, height, width = struct.unpack_from("<6I", data, 8)
        lists = data[start + count * size:].split(b"\xff")
        lists = [each.split(b"\xfe")[0].decode() for each in lists]
        sequence = "\ufffe"
    glyphs = {}
    for index in range(count):
        bits = data[start + index * size:start + (index + 1) * size]
        for character in lists[index].split(sequence)[0]:
            key = int.from_bytes(bits, "big")
            glyphs[key] = min(glyphs.get(key, character), character)
    return Font(width, height, glyphs)


class Picture:
    """The pixels of a screen, three bytes each."""

    def __init__(self, pixels, width, height, pitch):
        assert len(pixels) == pitch * height
        self.pixels, self.width, self.height, self.pitch = pixels, width, height, pitch

    @classmethod
    def of_ppm(cls, data):
        magic, size, depth, pixels = data.split(b"\n", 3)
        assert (magic, depth) == (b"P6", b"255"), data[:20]
        width, height = map(int, size.split())
        # QEMU writes lines of whole words, which the format does not have.
        words = (3 * width + 3) // 4 * 4
        return cls(pixels, width, height, 3 * width if len(pixels) == 3 * width * height else words)

    @classmethod
    def of_memory(cls, data, width, height, pitch):
        """Of a framebuffer with red, green, blue and a byte of nothing in each pixel."""
        assert not any(data[3::4])
        pixels = bytearray(len(data) // 4 * 3)
        for channel in range(3):
            pixels[channel::3] = data[channel::4]
        return cls(bytes(pixels), width, height, pitch // 4 * 3)

    def _cell(self, x, y, width, height):
        """Its lines, one after the other."""
        return b"".join(self.pixels[line * self.pitch + 3 * x:line * self.pitch + 3 * (x + width)]
                        for line in range(y, y + height))

    def rows(self, size):
        """The text in letters of `size` times 8 x 16 pixels, without blanks at the ends of rows."""
        name, scale = FONTS[size]
        font = read_font(name)
        width, height = font.width * scale, font.height * scale
        known = {}

        def read(x, y):
            cell = self._cell(x, y, width, height)
            if cell not in known:
                known[cell] = read_cell(cell, font, scale)
            return known[cell]

        return ["".join(read(x, y) for x in range(0, self.width - width + 1, width)).rstrip()
                for y in range(0, self.height - height + 1, height)]

    def colors(self, size, row, column):
        """Of a cell: a set of (red, green, blue)."""
        width, height = 8 * size, 16 * size
        cell = self._cell(column * width, row * height, width, height)
        return {tuple(cell[i:i + 3]) for i in range(0, len(cell), 3)}

    def png(self):
        """The same, as a PNG file's bytes."""
        lines = b"".join(b"\0" + self.pixels[y * self.pitch:y * self.pitch + 3 * self.width]
                         for y in range(self.height))

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(
                ">I", zlib.crc32(kind + data))

        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def read_cell(cell, font, scale):
    """The character that a cell's pixels show."""
    pixels = [cell[i:i + 3] for i in range(0, len(cell), 3)]
    colors = sorted(set(pixels), key=sum)
    if len(colors) == 1:
        return " "
    if len(colors) > 2:
        return UNKNOWN
    width = font.width * scale
    # Light on dark first: text is, but under the cursor and where it is reversed.
    for color in reversed(colors):
        bits = 0
        for y in range(0, font.height * scale, scale):
            for x in range(0, width, scale):
                block = {pixels[(y + i) * width + x + j]
                         for i in range(scale) for j in range(scale)}
                if len(block) > 1:
                    return UNKNOWN
                bits = bits << 1 | (color in block)
        if bits in font.glyphs:
            return font.glyphs[bits]
    return UNKNOWN


class Screen:
    """The screen of a machine under test, with letters of `size` times 8 x 16 pixels."""

    def __init__(self, guest, monitor, folder, size=1):
        self._guest, self._monitor, self._size = guest, monitor, size
        self._file = os.path.join(folder, "screen.ppm")

    def picture(self):
        self._monitor.ask("screendump", filename=self._file)
        with open(self._file, "rb") as file:
            return Picture.of_ppm(file.read())

    def rows(self):
        return self.picture().rows(self._size)

    def until(self, shown, limit=LIMIT):
        """Wait until some row has the text, or until shown(rows). The rows."""
        fits = shown if callable(shown) else lambda rows: any(shown in row for row in rows)
        deadline = time.monotonic() + limit
        while not fits(rows := self.rows()):
            assert time.monotonic() < deadline, "\n".join([f"{shown!r}; the screen is:", *rows])
            self._guest.let_run(LOOK_SECONDS)
        return rows

    def type(self, text):
        """At a US keyboard, not faster than the machine reads. The last key need not show."""
        for character in text[:-1]:
            before = self.rows()
            self._monitor.type(character)
            if character != " ":
                self.until(lambda rows, before=before: rows != before)
        self._monitor.type(text[-1])


# ---- a person at the shell ----

PROMPT = "~ #"
COMMAND = "ls /etc | wc -l"
OUTPUT = "3"
AT_ONCE = 3  # characters: a keyboard of the emulator keeps 16 events


def at_prompt(rows):
    """Is the last thing on the screen the shell's prompt, and nothing behind it?"""
    return next((row for row in reversed(rows) if row), "") == PROMPT


def use_the_shell(screen, monitor):
    """At the prompt, type a command with a pipe; its output must show. Then clear the screen."""
    for end in range(AT_ONCE, len(COMMAND) + AT_ONCE, AT_ONCE):
        monitor.type(COMMAND[end - AT_ONCE:end])
        shown = f"{PROMPT} {COMMAND[:end]}".rstrip()
        screen.until(lambda rows, shown=shown: shown in rows)
    monitor.press("ret")
    rows = [row for row in screen.until(at_prompt) if row]
    assert rows[-3:] == [f"{PROMPT} {COMMAND}", OUTPUT, PROMPT]
    monitor.press("ctrl", "l")
    screen.until(lambda rows: rows[0] == PROMPT)
