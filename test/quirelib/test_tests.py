"""test_tests.py: how `quire test` calls pytest."""

import subprocess

from quirelib import tests


def test_a_ci_machine_is_not_told(monkeypatch):
    """Told that it is on one, pytest takes hours to print how two megabytes differ."""
    seen = []

    def run(command, **options):
        seen.append(options["env"])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(tests, "prepare", lambda *_, **__: None)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("BUILD_NUMBER", "7")
    monkeypatch.setenv("QUIRE_KEPT", "yes")
    assert tests.test({"yes": True}, []) == 0
    assert not {"CI", "BUILD_NUMBER"} & set(seen[0])
    assert seen[0]["QUIRE_KEPT"] == "yes"
