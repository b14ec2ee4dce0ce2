"""job.py: what the guest is asked to run, and the files it needs, at the paths they have here.

The kernel reads the job from /quire.job: records that end with a NUL, their first byte a tag
(docs/host-channel.md). A program sees the argv, the working directory and the /proc/self/exe that
it would see on the host.
"""

import errno
import os
import stat
from dataclasses import dataclass, field

from .cpio import CpioWriter

JOB_FILE = "/quire.job"

# What a program gets of the caller's environment; the rest would make runs differ from machine to
# machine.
PASSED_ENVIRONMENT = ("PATH", "HOME", "TERM", "LANG", "LC_ALL", "TZ")


LINKS_MAX = 40  # symbolic links on one path, as in Linux


@dataclass
class Job:
    """One program to run. All strings are as the host has them; undecodable bytes are kept."""

    path: str  # in the guest
    argv: list
    environment: list = field(default_factory=list)  # "NAME=value"
    directory: str = "/"
    terminals: tuple = ()  # which of 0, 1, 2 are a terminal
    window: tuple = None  # (columns, rows) of that terminal

    def encode(self):
        """ValueError if a string holds a NUL, which could not have come from a real argv."""
        records = [("P", self.path)]
        records += [("A", argument) for argument in self.argv]
        records += [("E", variable) for variable in self.environment]
        records += [("C", self.directory)]
        records += [("T", str(fd)) for fd in self.terminals]
        if self.window:
            records.append(("W", "%d,%d" % self.window))
        encoded = b""
        for tag, text in records:
            raw = os.fsencode(text)
            if b"\0" in raw:
                raise ValueError(f"a NUL byte in {text!r}")
            encoded += tag.encode() + raw + b"\0"
        return encoded


def encode_jobs(jobs):
    """Several jobs in one file, with an empty J record between two."""
    return b"J\0".join(job.encode() for job in jobs)


def passed_environment(variables, extra):
    """The guest's environment out of the host's; `extra` wins over it, in the order given."""
    chosen = {name: variables[name] for name in PASSED_ENVIRONMENT if name in variables}
    for setting in extra:
        name, separator, value = setting.partition("=")
        if separator:
            chosen[name] = value
        elif name in variables:
            chosen[name] = variables[name]
    return [f"{name}={value}" for name, value in chosen.items()]


def host_terminals():
    """The (terminals, window) of a job that has the standard streams of this process."""
    terminals = tuple(fd for fd in (0, 1, 2) if os.isatty(fd))
    if not terminals:
        return terminals, None
    size = os.get_terminal_size(terminals[0])
    return terminals, (size.columns, size.lines)


class FileSet:
    """Host files by guest path. Added in any order; a later file replaces an earlier one.
    `keep_times`: each is as old as it is here; else all date from the epoch."""

    def __init__(self, keep_times=False):
        self._keep_times = keep_times
        self._entries = {}  # guest path -> (kind, host path or bytes or target, permissions)

    def __contains__(self, guest):
        return guest in self._entries

    def add_bytes(self, guest, data, permissions=0o644):
        self._put(guest, ("bytes", data, permissions))

    def add_directory(self, guest):
        self._put(guest, ("directory", None, self._permissions_of(guest)))

    def add(self, host, guest=None):
        """A file, a symbolic link (as a link), or a directory with all in it; `guest` defaults to
        its absolute path here. OSError if it can't be looked at; ValueError for a device, a socket
        or a FIFO."""
        guest = os.path.normpath(guest or os.path.abspath(host))
        if not guest.startswith("/"):
            raise ValueError(f"{guest}: a path in the guest begins with /")
        guest = "/" + guest.lstrip("/")
        info = os.stat(host)  # what is named itself may be a link, and its file is meant
        self._add_found(host, guest, info)

    def add_reached(self, path):
        """The host's file or folder at `path`, at the same path, with the symbolic links on the
        way. Where the guest has a folder of its own in the place of a link, it goes into that.
        OSError and ValueError as from add()."""
        at, rest, links = "/", os.path.abspath(path).split("/"), 0
        while rest:
            name = rest.pop(0)
            if name in ("", "."):
                continue
            if name == "..":
                at = os.path.dirname(at)
                continue
            step = os.path.join(at, name)
            kind = self._entries.get(step, ("symlink",))[0]
            if kind != "symlink" or not os.path.islink(step):
                at = step
                continue
            links += 1
            if links > LINKS_MAX:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = self.add_link(step)
            rest = target.split("/") + rest
            at = "/" if target.startswith("/") else at
        if at not in self._entries:
            self.add(at)

    def add_link(self, path):
        """The host's symbolic link `path`, unless a folder stands there. Its target."""
        target = os.readlink(path)
        if self._entries.get(path, ("symlink",))[0] == "symlink":
            self._put(path, ("symlink", target, 0o777))
        return target

    def copied_files(self):
        """The host's paths of the regular files so far."""
        return [what for kind, what, _ in self._entries.values() if kind == "copy"]

    def copied_bytes(self):
        return sum(os.path.getsize(path) for path in self.copied_files())

    def _add_found(self, host, guest, info):
        permissions = stat.S_IMODE(info.st_mode)
        if stat.S_ISREG(info.st_mode):
            self._put(guest, ("copy", host, permissions))
        elif stat.S_ISLNK(info.st_mode):
            self._put(guest, ("symlink", os.readlink(host), permissions))
        elif stat.S_ISDIR(info.st_mode):
            self._put(guest, ("directory", None, permissions))
            for name in sorted(os.listdir(host)):
                inner = os.path.join(host, name)
                self._add_found(inner, os.path.join(guest, name), os.lstat(inner))
        else:
            raise ValueError(f"{host}: is no file, directory or symbolic link")

    def _put(self, guest, entry):
        guest = self._beyond_links(guest)
        parent = os.path.dirname(guest)
        if parent != guest and parent not in self._entries:
            self._put(parent, ("directory", None, self._permissions_of(parent)))
        if guest != "/":
            self._entries[guest] = entry

    def _beyond_links(self, guest):
        """Where `guest` is when the links to its folder are followed that are in the set: what is
        written before the link's target is there could not go through it."""
        at, rest, links = "/", guest.split("/"), 0
        while len(rest) > 1:
            name = rest.pop(0)
            at = os.path.dirname(at) if name == ".." else os.path.join(at, name)
            kind, target, _ = self._entries.get(at, ("", "", 0))
            if kind == "symlink" and links < LINKS_MAX:
                links += 1
                at = os.path.dirname(at)
                rest = os.path.join(at, target).split("/") + rest
                at = "/"
        return os.path.join(at, rest[0])

    @staticmethod
    def _permissions_of(directory):
        """A directory of the host keeps its permissions; another is plain."""
        try:
            info = os.stat(directory)
        except OSError:
            return 0o755
        return stat.S_IMODE(info.st_mode) if stat.S_ISDIR(info.st_mode) else 0o755

    def write(self, out):
        """Append the archive to `out`; parents come before what is in them."""
        archive = CpioWriter(out)
        for guest, (kind, what, permissions) in sorted(self._entries.items()):
            name = guest.lstrip("/")
            if kind == "directory":
                archive.directory(name, permissions, self._time_of(guest))
            elif kind == "symlink":
                archive.symlink(name, what, self._time_of(guest))
            elif kind == "bytes":
                archive.file(name, what, permissions)
            else:
                archive.copy(name, what, permissions, self._time_of(what))
        archive.close()

    def _time_of(self, path):
        try:
            return int(os.lstat(path).st_mtime) if self._keep_times else 0
        except OSError:
            return 0  # the guest's alone
