"""test_host.py: the tests that run without a machine: the host's unit tests in C, one by one, and the
checks of the sources.
"""

import glob
import os
import subprocess

import pytest
from harness import parse_ktap
from quirelib import paths

UNIT = os.path.join(paths.BUILD, "test", "unit")


def unit_tests():
    """Their names; none if the program is missing, which test_there_are_unit_tests tells."""
    if not os.path.exists(UNIT):
        return []
    return subprocess.run([UNIT, "--list"], check=True, capture_output=True,
                          text=True).stdout.split()


def test_there_are_unit_tests():
    assert unit_tests(), "build/test/unit is missing: run ninja"


@pytest.mark.parametrize("name", unit_tests())
def test_unit(name):
    done = subprocess.run([UNIT, name], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    report = parse_ktap(done.stdout.splitlines())
    assert [case.name for case in report.cases] == [name]
    assert not report.problems()


@pytest.mark.parametrize("check", [os.path.basename(path) for path in sorted(
    glob.glob(os.path.join(paths.ROOT, "tools", "check_*.py")))])
def test_sources(check):
    done = subprocess.run([os.path.join(paths.ROOT, "tools", check)], cwd=paths.ROOT,
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
