"""dynamic.py: the files that programs need beside themselves: the interpreter of a script, the
dynamic linker of a program, and its libraries, found as ld.so(8) finds them. They come to the same
paths in the guest, with the symbolic links on the way.

What a program opens by itself later, as Python its modules, is not found here: --add it.
"""

import os

from .elf import read_needs
from .errors import NOT_FOUND, QuireError
from .library_cache import read_library_cache

CACHE = "/etc/ld.so.cache"
LIBC = "libc.so.6"
UNWINDER = "libgcc_s.so.1"
# Debian's glibc, and musl's default.
GLIBC_FOLDERS = ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib")
MUSL_FOLDERS = ("/lib", "/usr/local/lib", "/usr/lib")
MUSL_PATH_FILE = "/etc/ld-musl-x86_64.path"
# Below each folder: libraries for processors that can more. Which is taken, the guest decides.
HARDWARE = tuple(f"glibc-hwcaps/x86-64-v{level}" for level in (4, 3, 2))
# In Debian these are links to folders of /usr, and programs know files by either path.
MERGED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")
SCRIPT_LINE = 256  # the kernel looks no further
SCRIPT_DEPTH = 5


def read_script(path):
    """The words of a script's first line: [interpreter] or [interpreter, argument]; else None."""
    with open(path, "rb") as file:
        line = file.read(SCRIPT_LINE)
    if not line.startswith(b"#!"):
        return None
    return os.fsdecode(line[2:].split(b"\n", 1)[0].strip(b" \t")).split(None, 1) or None


def bring_needs(files, environment):
    """Add to the FileSet `files` what those in it need that are programs or libraries.
    `environment`: {name: value} that the programs will have. What is not here is left out: the
    kernel, or the dynamic linker, will miss it as it would here. Returns the paths of the programs
    that scripts in the set are run by."""
    bringer = Bringer(files, environment)
    for path in files.copied_files():
        bringer.bring(path)
    for link in MERGED:
        if os.path.islink(link) and os.path.realpath(link) in files:
            files.add_link(link)
    return bringer.interpreters


def bring_unwinder(files):
    """What glibc opens by itself where a thread is cancelled or ends by pthread_exit(3), if any of
    the FileSet `files` makes threads. It says so only when it is too late."""
    paths = [path for path in files.copied_files() if os.path.basename(path) != LIBC]
    if len(paths) == len(files.copied_files()) or not any(map(makes_threads, paths)):
        return
    for path in read_library_cache(CACHE).get(UNWINDER, [])[:1]:
        files.add_reached(path)


def makes_threads(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF" and b"\0pthread_create\0" in file.read()


def check_interpreter(path):
    """QuireError if the program `path` wants an interpreter that is not here."""
    needs = read_needs(path)
    script = read_script(path) if needs is None else None
    interpreter = script[0] if script else needs and needs.interpreter
    if interpreter and not os.path.isfile(interpreter):
        raise QuireError(f"{path}: wants the interpreter {interpreter}, which is not here",
                         NOT_FOUND)


class Bringer:
    """One walk over everything that is needed."""

    def __init__(self, files, environment):
        self._files = files
        self._search_path = environment.get("PATH", os.defpath).split(":")
        self._library_path = [folder for folder in environment.get("LD_LIBRARY_PATH", "").split(":")
                              if folder]
        self._cache = None  # read when first wanted
        self._seen = set()
        self.interpreters = []

    def bring(self, path):
        """What the file `path`, which is in the set, needs."""
        self._look(path, (), False, 0)

    def _look(self, path, inherited, musl, depth):
        """`inherited`: the DT_RPATH folders of what loads it."""
        real = os.path.realpath(path)
        if real in self._seen:
            return
        self._seen.add(real)
        try:
            needs = read_needs(real)
            script = read_script(real) if needs is None and os.access(real, os.X_OK) else None
        except OSError:
            return  # as the program itself, it is told where it is copied
        if script and depth < SCRIPT_DEPTH:
            self._look_at_script(script, depth)
        if needs is None:
            return
        if needs.interpreter:
            musl = os.path.basename(needs.interpreter).startswith("ld-musl-")
            self._bring_file(needs.interpreter)
            self._bring_file(MUSL_PATH_FILE if musl else CACHE)
        origin = os.path.dirname(real if needs.interpreter else path)
        own = () if needs.runpath else expand(needs.rpath, origin)
        for name in needs.needed:
            folders = self._folders(own + inherited if not needs.runpath else (),
                                    expand(needs.runpath, origin))
            for library in self._find(name, folders, musl):
                self._files.add_reached(library)
                self._look(library, own + inherited, musl, depth)

    def _look_at_script(self, script, depth):
        interpreter = script[0]
        self.interpreters.append(interpreter)
        self._bring_file(interpreter)
        self._look(interpreter, (), False, depth + 1)
        if os.path.basename(interpreter) == "env" and len(script) > 1:
            words = [word for word in script[1].split() if word[0] != "-" and "=" not in word]
            for folder in self._search_path if words else ():
                program = os.path.join(folder, words[0])
                if os.access(program, os.X_OK):
                    self.interpreters.append(program)
                    self._files.add_reached(program)
                    self._look(program, (), False, depth + 1)
                    return

    def _bring_file(self, path):
        if os.path.isfile(path):
            self._files.add_reached(path)

    def _folders(self, rpath, runpath):
        return [*rpath, *self._library_path, *runpath]

    def _find(self, name, folders, musl):
        """The paths at which the dynamic linker may find the library: one, and those for better
        processors."""
        if "/" in name:
            return [name] if os.path.isfile(name) else []
        if self._cache is None:
            self._cache = read_library_cache(CACHE)
        found = []
        cached = [] if musl else self._cache.get(name, [])
        for path in [*in_folders(folders, name), *cached,
                     *in_folders(MUSL_FOLDERS if musl else GLIBC_FOLDERS, name)]:
            try:
                usable = read_needs(path) is not None
            except OSError:
                continue
            if usable:
                found.append(path)
                if "glibc-hwcaps" not in path:
                    break
        return found


def in_folders(folders, name):
    """Where a library of that name may be."""
    for folder in folders:
        for hardware in HARDWARE:
            yield os.path.join(folder, hardware, name)
        yield os.path.join(folder, name)


def expand(folders, origin):
    """The dynamic string tokens of DT_RPATH and DT_RUNPATH, replaced (ld.so(8))."""
    tokens = {"ORIGIN": origin, "LIB": "lib/x86_64-linux-gnu", "PLATFORM": "x86_64"}
    expanded = []
    for folder in folders:
        for token, value in tokens.items():
            folder = folder.replace("${" + token + "}", value).replace("$" + token, value)
        expanded.append(folder)
    return tuple(expanded)
