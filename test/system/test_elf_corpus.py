"""test_elf_corpus.py: execve of every file of test/elf/make_corpus.py, on this machine's Linux and
in Quire.

Linux is the oracle: what the manifest says must be what Linux says, but for the cases marked as
"stricter", which Linux must not refuse in the same way.
"""

import json
import os
import signal
import subprocess

import pytest
from harness import Guest, assert_no_frames_lost, job
from quirelib.job import FileSet

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CORPUS = os.path.join(ROOT, "build", "test", "elf-corpus")
EXEC_ERRNO = os.path.join(ROOT, "build", "test", "exec_errno")
MANIFEST = os.path.join(CORPUS, "manifest.json")


def load_manifest():
    """Not made is no error here: collecting the other tests has to go on."""
    if not os.path.exists(MANIFEST):
        return []
    with open(MANIFEST, encoding="ascii") as file:
        return json.load(file)


CASES = load_manifest()


def linux_outcome(name):
    """An errno's name, "OK" for a program that ran well, a signal's name, or what it did."""
    path = os.path.join(CORPUS, name)
    done = subprocess.run([EXEC_ERRNO, path], capture_output=True, text=True, check=False,
                          timeout=20, cwd=CORPUS)
    refused = f"{path}: "
    if done.stdout.startswith(refused):
        return done.stdout[len(refused):].strip()
    if done.returncode < 0:
        return signal.Signals(-done.returncode).name
    if (done.returncode, done.stdout) == (0, "ok\n"):
        return "OK"
    return f"status {done.returncode}, output {done.stdout!r}"


def test_corpus_is_made():
    assert os.path.exists(EXEC_ERRNO), "not built: run ninja build/test/exec_errno"
    bad = [case for case in CASES if case["errno"] != "OK"]
    assert len(bad) >= 40, "not made: run ninja build/test/elf-corpus/manifest.json"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_linux(case):
    outcome = linux_outcome(case["name"])
    if case["stricter"] is None:
        assert outcome == case["errno"], case["what"]
    else:
        assert outcome != case["errno"], f"{case['what']}: Linux agrees, drop the mark"


def guest_path(name):
    return os.path.join(os.path.realpath(CORPUS), name)


def corpus_files():
    """All of the corpus, as it stands on the host; what the manifest calls missing is missing."""
    files = FileSet()
    for case in CASES:
        host = os.path.join(CORPUS, case["name"])
        if os.path.lexists(host):
            files.add(host, guest_path(case["name"]))
    return files


def test_quire_refuses():
    """One process tries them all: each refusal has its errno, and leaves the process as it was."""
    bad = [case for case in CASES if case["errno"] != "OK"]
    attempt = job(EXEC_ERRNO, *(guest_path(case["name"]) for case in bad),
                  directory=os.path.realpath(CORPUS))
    with Guest([attempt], boot="pvh", files=corpus_files()) as guest:
        (result,) = guest.results()
        assert_no_frames_lost(guest.lines, 1)
    got = dict(line.rsplit(": ", 1) for line in result.stdout.decode().splitlines())
    want = {guest_path(case["name"]): case["errno"] for case in bad}
    wrong = {path: f"{got.get(path, 'was accepted')}, not {errno}" for path, errno in want.items()
             if got.get(path) != errno}
    assert not wrong


def test_quire_accepts():
    good = [case for case in CASES if case["errno"] == "OK"]
    jobs = [job(EXEC_ERRNO, guest_path(case["name"]), directory=os.path.realpath(CORPUS))
            for case in good]
    with Guest(jobs, boot="pvh", files=corpus_files()) as guest:
        results = guest.results()
    outcomes = {case["name"]: (result.stdout, result.status)
                for case, result in zip(good, results, strict=True)}
    assert outcomes == {case["name"]: (b"ok\n", 0) for case in good}
