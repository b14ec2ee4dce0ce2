"""program.py: the host program that is to run: found as a shell finds it, checked, described."""

import os
import stat
import struct

from .errors import NOT_EXECUTABLE, NOT_FOUND, QuireError

ELF_MAGIC = b"\x7fELF"
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")  # Elf64_Ehdr
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")  # Elf64_Phdr
PT_INTERP = 3
INTERPRETER_MAX = 4096


def find_program(name, search_path):
    """The path of the program called `name`: as it stands if it holds a slash, else from
    `search_path` (PATH), else from the working directory."""
    if not name:
        raise QuireError("the program's name is empty", NOT_FOUND)
    if "/" in name:
        return name
    for folder in search_path.split(":"):
        candidate = os.path.join(folder or ".", name)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    if os.path.lexists(name):
        return os.path.join(".", name)
    raise QuireError(f"{name}: no such program in PATH, nor here", NOT_FOUND)


def check_program(path):
    """Why the host itself would not run it, if so. How good an ELF file it is, the kernel judges.
    The path of the dynamic linker it wants, or None."""
    try:
        info = os.stat(path)
    except OSError as error:
        raise QuireError(f"{path}: {error.strerror}", NOT_FOUND) from error
    if stat.S_ISDIR(info.st_mode):
        raise QuireError(f"{path}: is a directory", NOT_EXECUTABLE)
    if not stat.S_ISREG(info.st_mode):
        raise QuireError(f"{path}: is no file", NOT_EXECUTABLE)
    if not info.st_mode & 0o111:
        raise QuireError(f"{path}: is not executable (chmod +x)", NOT_EXECUTABLE)
    try:
        with open(path, "rb") as file:
            if file.read(len(ELF_MAGIC)) != ELF_MAGIC:
                raise QuireError(f"{path}: is no ELF program", NOT_EXECUTABLE)
            return _interpreter(file)
    except OSError as error:
        raise QuireError(f"{path}: {error.strerror}", NOT_EXECUTABLE) from error


def _interpreter(file):
    """PT_INTERP's path. Whatever is not understood here is left to the kernel."""
    try:
        file.seek(0)
        header = HEADER.unpack(file.read(HEADER.size))
        offset, entry_bytes, count = header[5], header[9], header[10]
        for index in range(count):
            file.seek(offset + index * entry_bytes)
            kind, _, start, _, _, length, _, _ = PROGRAM_HEADER.unpack(
                file.read(PROGRAM_HEADER.size))
            if kind == PT_INTERP and 0 < length <= INTERPRETER_MAX:
                file.seek(start)
                return os.fsdecode(file.read(length).rstrip(b"\0"))
    except (struct.error, ValueError, OSError):
        pass
    return None
