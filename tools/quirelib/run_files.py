"""run_files.py: the files that a run brings into the guest, each at the path that it has here:

    the program, what is --added             whatever it takes
    what these need                          dynamic.py, settings.py
    the files that its arguments name        as far as there is room
    what their packages bring                the same: package_files.py

What is left out for want of room is told if the program fails.
"""

import os

from .dynamic import bring_needs
from .errors import QuireError
from .job import FileSet
from .package_files import bring_package_files
from .settings import bring_settings

# Of the guest's memory, what comes of itself may fill so much: the program needs the rest.
SHARE = 0.6
FOLDER_ENTRIES = 1000  # of a folder that an argument names, with all below it
# Not what the host has, but what it says at the moment.
PSEUDO = ("/proc", "/sys", "/dev")


class RunFiles:
    """The FileSet `files` of one run. `memory`: bytes that the guest has."""

    def __init__(self, memory):
        self.files = FileSet()
        self.left_out = []  # in words
        self._room = int(memory * SHARE)

    def bring(self, program, added, arguments, environment, packages=True):
        """`added`: [(host, guest)]; `environment`: ["NAME=value"]; `packages`: bring what packages
        have. QuireError."""
        variables = dict(variable.split("=", 1) for variable in environment)
        try:
            self.files.add_directory(os.getcwd())
            for host, guest in added:
                self.files.add(host, guest)
            self.files.add_reached(program)
            interpreters = bring_needs(self.files, variables)
            bring_settings(self.files, variables)
            for word in arguments:
                self._bring_argument(word)
            if packages:
                named = [host for host, _ in added if os.path.isfile(host)]
                self._bring_packages([program, *named, *interpreters])
            bring_needs(self.files, variables)
        except OSError as error:
            raise QuireError(f"{error.filename}: {error.strerror}") from error
        except ValueError as error:
            raise QuireError(str(error)) from error

    def _left(self):
        return self._room - self.files.copied_bytes()

    def _bring_packages(self, programs):
        for name in bring_package_files(self.files, programs, self._left()):
            self.left_out.append(f"the package {name}")

    def _bring_argument(self, word):
        """A file or a folder, also in --name=PATH; of a file that is to be made, its folder."""
        if word.startswith("-"):
            word = word.partition("=")[2]
        path = os.path.abspath(word)
        if not word or "\0" in word or path.startswith(PSEUDO):
            return
        if os.path.isfile(path) or os.path.isdir(path):
            self._bring_tree(path)
        elif os.path.isdir(os.path.dirname(path)):
            self.files.add_directory(os.path.dirname(path))

    def _bring_tree(self, path):
        if measure(path, self._left()) is None:
            self.left_out.append(path)
            return
        try:
            if path in self.files and os.path.isdir(path):
                self.files.add(path)  # nothing but the folder itself was there
            else:
                self.files.add_reached(path)
        except (OSError, ValueError):
            self.left_out.append(path)  # it has a device in it, or what can't be read


def measure(path, room):
    """The bytes of a file, or of a folder with all in it; None: they are more than `room`, or too
    many files to take them along unasked."""
    if os.path.isfile(path):
        size = os.path.getsize(path)
        return size if size <= room else None
    size = count = 0
    for folder, folders, names in os.walk(path):
        count += len(folders) + len(names)
        if count > FOLDER_ENTRIES:
            return None
        size += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)
        if size > room:
            return None
    return size
