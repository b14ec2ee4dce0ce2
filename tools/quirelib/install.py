"""install.py: the Debian packages that Quire needs, and how the missing ones come to be there."""

import os
import shlex
import subprocess
import sys

from .errors import QuireError

LIST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages")


def read_packages(purposes, path=LIST):
    """(package, proof file) pairs of the list that serve one of `purposes`."""
    found = []
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.partition("#")[0].split()
            if words and set(words[2:]) & set(purposes):
                found.append((words[0], words[1]))
    return found


def missing_packages(purposes, path=LIST):
    """Looks for one file a package: asking dpkg takes longer than a whole boot."""
    return [name for name, proof in read_packages(purposes, path) if not os.path.exists(proof)]


def _agreed(names, commands):
    lines = "".join(f"    {shlex.join(words)}\n" for words in commands)
    print(f"quire: these Debian packages are missing: {' '.join(names)}\n"
          f"quire: they would be installed by\n{lines}", end="", file=sys.stderr)
    if not sys.stdin.isatty():
        return False
    print("quire: do that now? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def install_missing(purposes, yes):
    """Install what is missing, after asking unless this is root or `yes`. QuireError otherwise."""
    names = missing_packages(purposes)
    if not names:
        return
    root = os.geteuid() == 0
    prefix = [] if root else ["sudo"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands = [prefix + ["apt-get", "update"],
                prefix + ["apt-get", "install", "--yes", "--no-install-recommends", *names]]
    if not (root or yes) and not _agreed(names, commands):
        raise QuireError(f"missing packages: {' '.join(names)}; run as root or with --yes, or "
                         "install them yourself")
    print(f"quire: installing {' '.join(names)}", file=sys.stderr)
    for words in commands:
        try:
            status = subprocess.run(words, stdin=subprocess.DEVNULL if yes or root else None,
                                    stdout=sys.stderr, env=environment).returncode
        except FileNotFoundError as error:
            raise QuireError(f"cannot run {words[0]}: {error.strerror}") from error
        if status != 0:
            raise QuireError(f"{shlex.join(words)} failed with status {status}")
    if still := missing_packages(purposes):
        raise QuireError(f"after the installation files of these packages are missing: "
                         f"{' '.join(still)}")
