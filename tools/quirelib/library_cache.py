"""library_cache.py: reading /etc/ld.so.cache, where glibc's ldconfig(8) writes which library is
where. The format is that of glibc 2.2 and later, alone or behind the older one.
"""

import os
import struct

MAGIC = b"glibc-ld.so.cache1.1"
HEADER = struct.Struct("<20sIIB3xI12x")  # magic, entries, bytes of strings, flags, extension
ENTRY = struct.Struct("<iIIIQ")  # flags, name, path, kernel version, hardware
X86_64_LIBC6 = 0x0303  # FLAG_X8664_LIB64 | FLAG_ELF_LIBC6


def read_library_cache(path="/etc/ld.so.cache"):
    """{name: [paths]}, the better hardware's first; empty where there is no cache to understand."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return {}
    start = data.find(MAGIC)
    if start < 0:
        return {}
    data = data[start:]  # offsets count from here
    found = {}
    try:
        count = HEADER.unpack_from(data)[1]
        for index in range(count):
            flags, name, where, _, _ = ENTRY.unpack_from(data, HEADER.size + index * ENTRY.size)
            if flags == X86_64_LIBC6:
                found.setdefault(_text(data, name), []).append(_text(data, where))
    except (struct.error, ValueError):
        pass
    return found


def _text(data, offset):
    return os.fsdecode(data[offset:data.index(b"\0", offset)])
