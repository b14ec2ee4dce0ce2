"""test_model.py: the memory system under random operations against an oracle, and the mistakes that
these tests must catch.
"""

import os
import subprocess

import pytest
from quirelib import paths

MODEL = os.path.join(paths.BUILD, "test", "model")
MUTATE = os.path.join(paths.ROOT, "test", "model", "mutate.py")
OPERATIONS = 400000
SEEDS = range(101, 109)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("oom", [0, 6], ids=["memory enough", "memory short"])
def test_against_the_oracle(seed, oom):
    done = subprocess.run([MODEL, "--seed", str(seed), "--ops", str(OPERATIONS), "--oom", str(oom)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"seed {seed}: {OPERATIONS} operations" in done.stdout


def test_every_mistake_is_caught():
    done = subprocess.run([MUTATE], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SURVIVED" not in done.stdout
