"""test_unit.py: runs build/test/unit and build/test/unit-dev once each, and reports each of their
tests by name. The latter have drivers' own log and consoles.

What it prints is KTAP: "ok 1 name" or "not ok 1 name", each after the "# ..." lines that belong to
it. A test without a result was running when the program died, or came after that.
"""

import functools
import os
import re
import subprocess

import pytest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PROGRAMS = ("unit", "unit-dev")
SECONDS = 120


def parse_ktap(text):
    """{name: (verdict, diagnostics)}, the verdict one of "ok", "not ok" and "skip"."""
    results, diagnostics = {}, []
    for line in text.splitlines():
        found = re.fullmatch(r"(ok|not ok) \d+ (\S+)( # SKIP.*)?", line)
        if found:
            results[found[2]] = ("skip" if found[3] else found[1], "\n".join(diagnostics))
            diagnostics = []
        elif line.startswith("#"):
            diagnostics.append(line)
    return results


def path_of(program):
    return os.path.join(ROOT, "build", "test", program)


def list_tests(program):
    """Not built is no error here: collecting the other tests has to go on."""
    if not os.path.exists(path_of(program)):
        return []
    return subprocess.run([path_of(program), "--list"], capture_output=True, text=True, check=True,
                          timeout=SECONDS).stdout.split()


@functools.lru_cache(maxsize=None)
def run_all(program):
    done = subprocess.run([path_of(program)], capture_output=True, text=True, check=False,
                          timeout=SECONDS, cwd=ROOT, errors="replace")
    return done, parse_ktap(done.stdout)


@pytest.mark.parametrize("program", PROGRAMS)
def test_is_built(program):
    assert list_tests(program), f"build/test/{program} is missing or has no tests: run ninja"


@pytest.mark.parametrize("program,name", [
    pytest.param(program, name, id=name) for program in PROGRAMS for name in list_tests(program)])
def test_unit(program, name):
    done, results = run_all(program)
    if name not in results:
        pytest.fail(f"no result; exit status {done.returncode}\n{done.stderr[-4000:]}")
    verdict, diagnostics = results[name]
    if verdict == "skip":
        pytest.skip(diagnostics)
    assert verdict == "ok", diagnostics


@pytest.mark.parametrize("program", PROGRAMS)
def test_exit_status(program):
    done, results = run_all(program)
    failed = any(verdict == "not ok" for verdict, _ in results.values())
    assert done.returncode == (1 if failed else 0), done.stderr[-4000:]


def test_parse_ktap():
    results = parse_ktap("KTAP version 1\n1..3\nok 1 a\n# f:1: x\nnot ok 2 b\nok 3 c # SKIP why\n")
    assert results == {"a": ("ok", ""), "b": ("not ok", "# f:1: x"), "c": ("skip", "")}


def test_filter_that_matches_nothing_fails():
    assert subprocess.run([path_of("unit"), "no_such_test"], capture_output=True, check=False,
                          timeout=SECONDS).returncode == 1
