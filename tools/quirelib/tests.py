"""tests.py: `quire test`: everything, in one pytest session on all CPUs."""

import os
import subprocess

from . import paths
from .boot import interrupts_left_to_child
from .build import prepare
from .errors import UsageError


def test(values, words):
    """The exit status of pytest. FILTER is an expression of pytest's -k, or a file or a test in
    one."""
    if len(words) > 1:
        raise UsageError("test takes one filter; words with spaces between them want quotes")
    prepare(("build", "test"), yes=values["yes"])
    command = ["/usr/bin/python3", "-m", "pytest", "-n", str(os.cpu_count() or 1),
               *_selection(words[0] if words else None)]
    with interrupts_left_to_child():
        return subprocess.run(command, cwd=paths.ROOT, stdin=subprocess.DEVNULL,
                              env=_environment()).returncode


def _environment():
    """Where it believes to be on a CI machine, pytest prints every difference in full: for a
    megabyte of wrong output that takes hours."""
    return {name: value for name, value in os.environ.items() if name not in ("CI", "BUILD_NUMBER")}


def _selection(wanted):
    if wanted is None:
        return ["test"]
    path, separator, name = wanted.partition("::")
    if "/" in path or path.endswith(".py"):
        return [os.path.abspath(path) + separator + name]
    return ["-k", wanted, "test"]
