"""test_race.py: processors that are threads of the host fault in one space and change it, under
ThreadSanitizer: test/race/workload.h.
"""

import subprocess

import pytest
from quirelib import paths

RACE = paths.BUILD + "/test/race"


def run_race(*arguments):
    done = subprocess.run([RACE, *map(str, arguments)], capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {line.split()[0]: int(line.split()[1]) for line in done.stdout.splitlines()[:-1]}


@pytest.mark.parametrize("cpus, seed", [(2, 101), (4, 102), (8, 103)])
def test_nothing_is_lost_and_all_is_in_order(cpus, seed):
    faults = run_race("--cpus", cpus, "--seed", seed)
    # It proves something only about what has happened.
    for kind in ("zero-read", "zero-fill", "file-map", "file-copy", "own-table", "own-page",
                 "reuse", "spurious", "bad-address"):
        assert faults[kind] > 0, faults


def test_a_page_is_exchanged_for_all_processors_at_once():
    faults = run_race("--exchange", 1)
    assert faults["own-page"] + faults["zero-fill"] > 0
