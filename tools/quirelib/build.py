"""build.py: bring build/ up to date, without a word on standard output."""

import fcntl
import os
import subprocess
import sys

from . import paths
from .errors import QuireError
from .install import install_missing

NOTHING = "ninja: no work to do."
NINJA = "/usr/bin/ninja"


def prepare(purposes=("build",), yes=False, quiet=False):
    """Packages, then ninja. Two at a time wait for each other. `quiet`: one line if something is
    built at all, and ninja's own words only if it fails."""
    install_missing(purposes, yes)
    os.makedirs(paths.BUILD, exist_ok=True)
    with open(os.path.join(paths.BUILD, ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        output, status = _run_ninja(quiet)
    if status != 0:
        sys.stderr.write("".join(output))
        raise QuireError("the build failed")


def _run_ninja(quiet):
    """(lines not shown yet, exit status)"""
    hidden = []
    said = False
    with subprocess.Popen([NINJA], cwd=paths.ROOT, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          errors="replace") as ninja:
        for line in ninja.stdout:
            if line.strip() == NOTHING:
                continue
            if not quiet:
                sys.stderr.write(line)
                continue
            if not said:
                print("quire: building", file=sys.stderr)
                said = True
            hidden.append(line)
    return hidden, ninja.returncode
