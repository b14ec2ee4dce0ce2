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
    # Who waits for ten minutes is to see what goes on.
    how = ["-n", "0", "-s"] if values["stress"] else ["-n", str(os.cpu_count() or 1)]
    command = ["/usr/bin/python3", "-m", "pytest", *how, *_selection(words[0] if words else None)]
    for number in range(values["rounds"]):
        if values["rounds"] > 1:
            print(f"round {number + 1} of {values['rounds']}", flush=True)
        with interrupts_left_to_child():
            status = subprocess.run(command, cwd=paths.ROOT, stdin=subprocess.DEVNULL,
                                    env=_environment(values)).returncode
        if status:
            break
    return status


def _environment(values):
    """Where it believes to be on a CI machine, pytest prints every difference in full: for a
    megabyte of wrong output that takes hours. The options are for test/conftest.py, in each of
    pytest's processes."""
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "BUILD_NUMBER")}
    return kept | {"QUIRE_TEST_CPUS": str(values["cpus"]),
                   "QUIRE_TEST_STRESS": str(values["stress"] or 0)}


def _selection(wanted):
    if wanted is None:
        return ["test"]
    path, separator, name = wanted.partition("::")
    if "/" in path or path.endswith(".py"):
        return [os.path.abspath(path) + separator + name]
    return ["-k", wanted, "test"]
