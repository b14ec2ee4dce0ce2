"""host_files.py: programs of this machine for the guest, with all that they need."""

import os
import shutil

from quirelib.dynamic import bring_needs
from quirelib.job import FileSet


def host_files(programs, added=(), environment=None):
    """A FileSet of `programs` (names, or paths), their interpreters and libraries, and the files
    and folders `added`."""
    environment = environment or {}
    files = FileSet()
    for path in added:
        files.add_reached(path)
    for name in programs:
        found = shutil.which(name, path=environment.get("PATH", os.defpath))
        assert found, f"{name} is not installed"
        files.add_reached(found)
    bring_needs(files, environment)
    return files
