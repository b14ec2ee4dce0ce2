"""run_files.py: the files that a run brings into the guest, each at the path that it has here:

    the program, what is --added             whatever it takes
    what these need                          dynamic.py, settings.py
    the files that its arguments name        as far as there is room
    the programs that a script may call      the same: words of it that are in PATH
    what their packages bring                the same: package_files.py

No interpreter is asked what it would do: a word that happens to be a program's name costs some
room. What is left out for want of room is told if the program fails.
"""

import os
import re

from .dynamic import bring_needs, bring_unwinder
from .errors import QuireError
from .job import FileSet
from .package_files import bring_package_files
from .settings import bring_settings

# Of the guest's memory, what comes of itself may fill so much: the program needs the rest.
SHARE = 0.6
FOLDER_ENTRIES = 1000  # of a folder that an argument names, with all below it
SCRIPT_BYTES = 1 << 20  # that are looked at for names of programs
INTERPRETERS = re.compile(r"(m?k|ba|da|z)?sh|(python|perl|ruby|lua|tclsh|expect|guile)[\d.]*$|"
                          r"[gm]?awk$|g?make$|node$|php[\d.]*$")
WORD = re.compile(r"[\w.+/\[-]+")
# Not what the host has, but what it says at the moment.
PSEUDO = ("/proc", "/sys", "/dev")


class RunFiles:
    """The FileSet `files` of one run. `memory`: bytes that the guest has. `keep_times`: of files,
    as they are here."""

    def __init__(self, memory, keep_times=True):
        self.files = FileSet(keep_times=keep_times)
        self.left_out = []  # in words
        self._room = int(memory * SHARE)

    def bring(self, program, added, arguments, environment, packages=True):
        """`program`: None for what is `added` and its needs alone. `added`: [(host, guest)];
        `environment`: ["NAME=value"]; `packages`: bring what packages have. QuireError."""
        variables = dict(variable.split("=", 1) for variable in environment)
        try:
            if program:
                self.files.add_directory(os.getcwd())
            for host, guest in added:
                self.files.add(host, guest)
            if program:
                self.files.add_reached(program)
            interpreters = bring_needs(self.files, variables)
            bring_settings(self.files, variables)
            for word in arguments:
                self._bring_argument(word)
            named = [host for host, _ in added if os.path.isfile(host)]
            programs = [*filter(None, [program]), *interpreters, *named]
            script = script_words(programs, arguments)
            for word in script:
                if os.path.isfile(word) and not os.path.abspath(word).startswith(PSEUDO):
                    self._bring_tree(os.path.abspath(word))
            for called in called_programs([*arguments, *script], programs, variables):
                if self._bring_called(called, variables):
                    programs.append(called)
            if packages:
                self._bring_packages(programs)
            bring_needs(self.files, variables)
            bring_unwinder(self.files)
        except OSError as error:
            raise QuireError(f"{error.filename}: {error.strerror}") from error
        except ValueError as error:
            raise QuireError(str(error)) from error

    def _left(self):
        return self._room - self.files.copied_bytes()

    def _leave_out(self, what):
        if what not in self.left_out:
            self.left_out.append(what)

    def _bring_packages(self, programs):
        for name in bring_package_files(self.files, programs, self._left()):
            self._leave_out(f"the package {name}")

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

    def _bring_called(self, path, variables):
        """A program with its libraries, if there is room."""
        alone = FileSet()
        alone.add_reached(path)
        bring_needs(alone, variables)
        if alone.copied_bytes() > self._left():
            self._leave_out(path)
            return False
        self.files.add_reached(path)
        return True

    def _bring_tree(self, path):
        if measure(path, self._left()) is None:
            self._leave_out(path)
            return
        try:
            if path in self.files and os.path.isdir(path):
                self.files.add(path)  # nothing but the folder itself was there
            else:
                self.files.add_reached(path)
        except (OSError, ValueError):
            self._leave_out(path)  # it has a device in it, or what can't be read


def script_words(programs, arguments):
    """The words of all arguments, which may be scripts, and of the files that are, each once."""
    scripts = [path for path in programs if read_text(path).startswith("#!")]
    if any(map(is_interpreter, programs)):
        scripts += arguments
    words = {}
    for text in [*arguments, *map(read_text, scripts)]:
        words.update(dict.fromkeys(WORD.findall(text)))
    return list(words)


def called_programs(words, programs, variables):
    """The paths of programs, but for `programs`, that the words name, as those of timeout(1) do."""
    folders = variables.get("PATH", os.defpath).split(":")
    for word in dict.fromkeys(words):
        found = find(word, folders)
        if found and found not in programs:
            yield found


def is_interpreter(path):
    return INTERPRETERS.match(os.path.basename(os.path.realpath(path)))


def find(word, folders):
    """The program of that name, or at that absolute path; None."""
    if not word or "\0" in word or (os.path.dirname(word) and not word.startswith("/")):
        return None
    for folder in folders:
        path = os.path.join(folder, word)
        if folder.startswith("/") and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def read_text(path):
    """The beginning of a text file; "" for any other."""
    if "\0" in path or not os.path.isfile(path) or not os.access(path, os.R_OK):
        return ""
    with open(path, "rb") as file:
        start = file.read(SCRIPT_BYTES)
    return "" if b"\0" in start else start.decode(errors="replace")


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
