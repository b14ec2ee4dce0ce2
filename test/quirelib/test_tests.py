"""test_tests.py: how `quire test` calls pytest."""

import subprocess

import pytest
from quirelib import cli, tests
from quirelib.errors import UsageError


@pytest.fixture(name="seen")
def seen_fixture(monkeypatch):
    """The environments of pytest, which fails the third time."""
    seen = []

    def run(command, **options):
        seen.append(options["env"])
        return subprocess.CompletedProcess(command, len(seen) == 3)

    monkeypatch.setattr(tests, "prepare", lambda *_, **__: None)
    monkeypatch.setattr(subprocess, "run", run)
    return seen


def call(*words):
    name, values, rest = cli.parse(["test", "-y", *words])
    assert name == "test"
    return tests.test(values, rest)


def test_a_ci_machine_is_not_told(monkeypatch, seen):
    """Told that it is on one, pytest takes hours to print how two megabytes differ."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("BUILD_NUMBER", "7")
    monkeypatch.setenv("QUIRE_KEPT", "yes")
    assert call() == 0
    assert not {"CI", "BUILD_NUMBER"} & set(seen[0])
    assert seen[0]["QUIRE_KEPT"] == "yes"


def test_rounds_end_where_something_fails(seen):
    assert call("--rounds", "2") == 0
    assert len(seen) == 2
    assert call("--rounds=9") == 1
    assert len(seen) == 3


def test_options_reach_pytest(seen):
    assert call("--cpus", "8", "--stress", "600", "x") == 0
    assert (seen[0]["QUIRE_TEST_CPUS"], seen[0]["QUIRE_TEST_STRESS"]) == ("8", "600.0")
    assert call() == 0
    assert (seen[1]["QUIRE_TEST_CPUS"], seen[1]["QUIRE_TEST_STRESS"]) == ("1", "0")


@pytest.mark.parametrize("words", [("--rounds", "0"), ("--rounds", "many"), ("--cpus", "0"),
                                   ("--stress", "-1"), ("--stress",), ("two", "filters")])
def test_wrong_words(seen, words):
    with pytest.raises(UsageError):
        call(*words)
    assert not seen
