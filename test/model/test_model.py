"""test_model.py: the memory system under random operations against an oracle, and the mistakes that
these tests must catch.
"""

import os
import re
import subprocess

import pytest
from quirelib import paths

MODEL = os.path.join(paths.BUILD, "test", "model")
MUTATE = os.path.join(paths.ROOT, "test", "model", "mutate.py")
MUTATE_SECONDS = 1500
OPERATIONS = 150000
SEEDS = range(101, 107)
FEWER = range(201, 203)


def run_model(*arguments):
    return subprocess.run([MODEL, *map(str, arguments)], capture_output=True, text=True,
                          timeout=300, check=False)


def read_outcomes(text):
    """{operation: {outcome: how often}} of the table that a run ends with."""
    rows = [line.split() for line in text.splitlines()[1:]]
    return {row[0]: dict(zip(rows[0], map(int, row[1:]))) for row in rows[1:]}


# Sharing at the root is what the machine does; the others are the same rule, applied sooner.
@pytest.mark.parametrize("share, seed", [("root", seed) for seed in SEEDS] +
                         [("leaf", seed) for seed in FEWER] + [("none", seed) for seed in FEWER])
@pytest.mark.parametrize("oom", [0, 6], ids=["memory enough", "memory short"])
def test_against_the_oracle(seed, oom, share):
    done = run_model("--seed", seed, "--ops", OPERATIONS, "--oom", oom, "--share", share)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"seed {seed}: {OPERATIONS} operations" in done.stdout
    # It proves something only about what has happened.
    for operation, outcomes in read_outcomes(done.stdout).items():
        assert outcomes["done"] >= 50, (operation, outcomes)
        assert oom or not outcomes["failed"], (operation, outcomes)
    assert not oom or read_outcomes(done.stdout)["STORE"]["failed"] >= 100


def test_one_seed_is_one_run():
    first, second = (run_model("--seed", 5, "--ops", 20000, "--words") for _ in range(2))
    assert first.stdout == second.stdout
    assert len(first.stdout.splitlines()) > 20000


@pytest.mark.timeout(MUTATE_SECONDS)
@pytest.mark.parametrize("which", ["--without-races", "race: "])
def test_every_mistake_is_caught(which):
    done = subprocess.run([MUTATE, which], capture_output=True, text=True, timeout=MUTATE_SECONDS,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SURVIVED" not in done.stdout


def test_a_failure_shrinks_to_a_few_operations():
    done = subprocess.run([MUTATE, "--shrink", "no flush after fork"], capture_output=True,
                          text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    operations = re.findall(r"^\d+: process \d (.*)", done.stdout, re.MULTILINE)
    # A program, memory of its own, written to, a fork, and the write that reaches the child.
    assert 4 <= len(operations) <= 12, done.stdout
    assert "forks" in operations, done.stdout
    assert operations[-1].startswith(("writes", "has the kernel")), done.stdout
    assert re.search(r"^replay: .* --only [\d,]+ ", done.stdout, re.MULTILINE), done.stdout
