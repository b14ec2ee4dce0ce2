"""package_files.py: files that a program of Debian opens by itself, as Python its modules: those of
its package and of the packages that this one needs, as dpkg's database says.

Left out is what other means find, or what nobody needs to run a program: documentation,
translations, other programs of the same source, libraries in the folders of the dynamic linker
(dynamic.py brings those that are needed). A package that would make it all too large is left out
as a whole.
"""

import os
import re
import stat

DATABASE = "/var/lib/dpkg"
USR = "/usr"
PROGRAMS = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/games")
SHARED_LIBRARY = re.compile(r"lib[^/]*\.so\.")
LIBRARIES = ("/lib", "/usr/lib", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64")
UNWANTED = re.compile(
    r"/usr/share/(doc|doc-base|man|info|locale|lintian|bug|icons|pixmaps|applications|menu|fish|"
    r"bash-completion|reportbug)/|.*/(tests?|config-[^/]*)/|.*\.pod$")
# On every Debian beside the packages marked as essential; what programs need of them is known.
EVERYWHERE = ("libc6", "base-files", "debconf")
HEADERS = re.compile(r"lib.*-dev$")
# Of the same source, but for those who build programs.
NOT_TO_RUN = re.compile(r".*-(dev|doc|dbg|dbgsym|examples|testsuite)$")


class Database:
    """The installed packages."""

    def __init__(self, folder=DATABASE):
        self._folder = folder
        self._lists = find_lists(folder)
        self._stanzas = read_status(folder)

    def owner(self, path):
        """The name of the package that `path`, which is no link, belongs to; None."""
        # Packages know some files by their paths before /bin and /lib went to /usr.
        known = [path] + ([path[len(USR):]] if path.startswith(USR + "/") else [])
        lines = [b"\n" + os.fsencode(name) + b"\n" for name in known]
        for name, list_path in self._lists.items():
            with open(list_path, "rb") as file:
                text = file.read()  # begins with the line "/."
            if any(line in text for line in lines):
                return name
        return None

    def needed(self, name):
        """What `name` depends on, nearest first; without what is on every Debian. A compiler's
        package recommends the headers that it can't do without."""
        order = [name, *filter(HEADERS.match, self._depends(name, ("Recommends",)))]
        for at in order:  # which grows meanwhile
            for other in self._depends(at):
                everywhere = (other in EVERYWHERE
                              or self._stanzas[other].get("Essential") == "yes")
                if other not in order and (not everywhere
                                           or self._source(other) == self._source(at)):
                    order.append(other)
        return order[1:]

    def siblings(self, name):
        """Packages to run programs with that are built from the same source as `name`."""
        return [other for other in sorted(self._stanzas)
                if other != name and self._source(other) == self._source(name)
                and not NOT_TO_RUN.match(other)]

    def files(self, name):
        """The paths of what the package has installed."""
        if name not in self._lists:
            return []
        with open(self._lists[name], "rb") as file:
            return [os.fsdecode(line) for line in file.read().splitlines()]

    def _depends(self, name, fields=("Pre-Depends", "Depends")):
        """The packages that fulfil its dependencies, as far as these are real and installed."""
        stanza = self._stanzas.get(name, {})
        for dependency in ",".join(stanza.get(field, "") for field in fields).split(","):
            names = [re.split(r"[\s:(]", choice.strip(), maxsplit=1)[0]
                     for choice in dependency.split("|")]
            yield from [choice for choice in names if choice in self._stanzas][:1]

    def _source(self, name):
        return self._stanzas.get(name, {}).get("Source", name).split(" ")[0]


def find_lists(folder):
    """{name of a package: path of the list of its files}"""
    lists = {}
    for entry in os.scandir(os.path.join(folder, "info")):
        name, extension = os.path.splitext(entry.name)
        if extension == ".list" and not name.endswith(":i386"):
            lists[name.split(":")[0]] = entry.path
    return lists


def read_status(folder):
    """{name of an installed package: {field: its first line}}"""
    with open(os.path.join(folder, "status"), encoding="utf-8", errors="replace") as file:
        text = file.read()
    stanzas = {}
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            stanzas[fields.get("Package", "")] = fields
    return stanzas


def bring_package_files(files, programs, room, folder=DATABASE):
    """Add to the FileSet `files` at most `room` bytes of what the packages of `programs`, paths
    here, bring. Returns the names of packages that were left out, being too large."""
    owned = [real for real in map(os.path.realpath, programs) if real.startswith(USR + "/")
             and not real.startswith("/usr/local/")]
    if not owned or not os.path.isdir(os.path.join(folder, "info")):
        return []
    try:
        database = Database(folder)
    except OSError:
        return []  # a broken database: the program finds out what it misses
    left_out, seen = [], set()
    for real in owned:
        owner = database.owner(real)
        if not owner:
            continue
        needed, siblings = database.needed(owner), database.siblings(owner)
        for name in [owner, *needed, *siblings]:
            if name in seen:
                continue
            seen.add(name)
            # A script calls the programs beside it.
            with_programs = name in needed or (name == owner and is_script(real))
            paths, size = wanted(database.files(name), with_programs)
            if size > room:
                left_out.append(name)
                continue
            room -= size
            for path in paths:
                if os.path.isdir(path):
                    files.add_link(path)
                else:
                    files.add_reached(path)
    return left_out


def is_script(path):
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def wanted(paths, with_programs):
    """([path], bytes): those of a package's files that a program may open, and links to folders."""
    chosen, size = [], 0
    for path in paths:
        folder, name = os.path.split(path)
        if (UNWANTED.match(path) or (folder in LIBRARIES and SHARED_LIBRARY.match(name))
                or (folder in PROGRAMS and not with_programs)):
            continue
        for found in [path, *compiled(path)]:
            try:
                info = os.lstat(found)
            except OSError:
                continue  # left out at its installation
            if stat.S_ISREG(info.st_mode) and os.access(found, os.R_OK):
                size += info.st_size
            elif not stat.S_ISLNK(info.st_mode) or not os.path.exists(found):
                continue  # folders come with what is in them
            chosen.append(found)
    return chosen, size


def compiled(path):
    """What Python has made of its module `path` at its installation."""
    folder, name = os.path.split(path)
    stem, extension = os.path.splitext(name)
    cache = os.path.join(folder, "__pycache__")
    if extension != ".py" or not os.path.isdir(cache):
        return []
    return [os.path.join(cache, entry) for entry in sorted(os.listdir(cache))
            if entry.startswith(stem + ".cpython-") and entry.endswith(".pyc")]
