"""program.py: the host program that is to run: found as a shell finds it, checked, described."""

import os
import stat

from .elf import MAGIC
from .errors import NOT_EXECUTABLE, NOT_FOUND, QuireError


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
    """Why the host itself would not run it, if so. What an ELF file is worth, the kernel says."""
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
            start = file.read(len(MAGIC))
    except OSError as error:
        raise QuireError(f"{path}: {error.strerror}", NOT_EXECUTABLE) from error
    if start != MAGIC and not start.startswith(b"#!"):
        raise QuireError(f"{path}: is no ELF program, and no script that begins with #!",
                         NOT_EXECUTABLE)
