"""faults.py: `quire run --faults FILE`: every page fault of a run, as a page for a browser."""

import os
import stat

from .errors import QuireError, UsageError
from .faultpage import write_page
from .faultstream import Recording, StreamError

# What makes the kernel tell the host of each fault.
CMDLINE = "faults=host"


class FaultReport:
    """Records a run and writes the page about it. Made before the machine is started, so that a
    page that can't be written is not found out at the end."""

    def __init__(self, path, argv):
        self._path = path
        self._argv = argv
        self._recording = Recording()
        self._broken = None
        try:
            self._file = self._open(path)
        except OSError as error:
            raise QuireError(f"--faults {path}: {error.strerror}") from error

    @staticmethod
    def _open(path):
        """For writing; what is there already stays until there is something to replace it."""
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise UsageError(f"--faults {path}: a file is wanted, and this is none")
        return os.fdopen(fd, "w", encoding="utf-8", newline="\n")

    def record(self, payload):
        """One frame of the host channel."""
        if self._broken is None:
            try:
                self._recording.feed(payload)
            except StreamError as error:
                self._broken = str(error)

    def write(self, ending, trouble=None):
        """ending: a channel.Ending, or None; trouble: why there is none, in a sentence."""
        self._recording.finish()
        if self._broken is not None:
            trouble = f"the record of faults broke off: {self._broken}"
        try:
            with self._file as file:
                file.truncate(0)
                write_page(file, self._recording, self._argv, ending, trouble)
        except OSError as error:
            raise QuireError(f"--faults {self._path}: {error.strerror}") from error
