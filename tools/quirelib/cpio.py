"""cpio.py: writing a cpio archive of the "newc" format (cpio(5)), which the kernel reads as its
initial RAM disk. Everything belongs to root and dates from the epoch, unless the caller says when
it was changed, so equal files make equal archives.
"""

import os
import shutil
import stat

MAGIC = b"070701"
ALIGN = 4
FILE_MAX = TIME_MAX = 0xFFFFFFFF  # eight hexadecimal digits
TRAILER = "TRAILER!!!"


class CpioWriter:
    """Writes entries to `out`, a binary file positioned at a multiple of four bytes."""

    def __init__(self, out):
        self._out = out
        self._inode = 0

    def _header(self, name, mode, bytes, links, changed=0):
        raw = os.fsencode(name) + b"\0"
        self._inode += 1
        changed = max(0, min(changed, TIME_MAX))
        fields = (self._inode, mode, 0, 0, links, changed, bytes, 0, 0, 0, 0, len(raw), 0)
        self._out.write(MAGIC + b"".join(b"%08X" % field for field in fields) + raw)
        self._pad(len(MAGIC) + 8 * len(fields) + len(raw))

    def _pad(self, written):
        self._out.write(bytes(-written % ALIGN))

    # changed: seconds since 1970.

    def directory(self, name, permissions=0o755, changed=0):
        self._header(name, stat.S_IFDIR | permissions, 0, 2, changed)

    def symlink(self, name, target, changed=0):
        raw = os.fsencode(target)
        self._header(name, stat.S_IFLNK | 0o777, len(raw), 1, changed)
        self._out.write(raw)
        self._pad(len(raw))

    def file(self, name, data, permissions=0o644):
        self._header(name, stat.S_IFREG | permissions, len(data), 1)
        self._out.write(data)
        self._pad(len(data))

    def copy(self, name, source, permissions, changed=0):
        """The host's file `source`. OSError if it can't be read; ValueError if it is too long or
        changes its length meanwhile."""
        with open(source, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > FILE_MAX:
                raise ValueError(f"{source}: a cpio archive holds files up to 4 GiB")
            self._header(name, stat.S_IFREG | permissions, size, 1, changed)
            start = self._out.tell()
            shutil.copyfileobj(file, self._out, 1 << 20)
            if self._out.tell() - start != size:
                raise ValueError(f"{source}: its length changed while it was read")
            self._pad(size)

    def close(self):
        self._inode = -1  # the trailer's inode number is 0
        self._header(TRAILER, 0, 0, 1)


def pad_archive(out):
    """Zeros to where another archive may begin."""
    out.write(bytes(-out.tell() % ALIGN))
