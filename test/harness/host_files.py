"""host_files.py: programs of this machine for the guest, with all that they need."""

import os
import shutil

from quirelib.dynamic import bring_needs
from quirelib.job import FileSet
from quirelib.package_files import bring_package_files

ROOM = 100 << 20  # of packages, in bytes


def host_files(programs, added=(), environment=None, packages=()):
    """A FileSet of `programs` (names, or paths), their interpreters and libraries, the files and
    folders `added`, and what the packages of the programs `packages` bring."""
    environment = environment or {}
    files = FileSet()
    for path in added:
        files.add_reached(path)

    def find(name):
        found = shutil.which(name, path=environment.get("PATH", os.defpath))
        assert found, f"{name} is not installed"
        return found
    for name in programs:
        files.add_reached(find(name))
    left_out = bring_package_files(files, map(find, packages), ROOM)
    assert not left_out
    bring_needs(files, environment)
    return files
