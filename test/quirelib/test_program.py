"""test_program.py: a program is found as a shell finds it, or refused with the shell's status."""

import os

import pytest
from quirelib.errors import QuireError
from quirelib.program import check_program, find_program


def executable(path, data=b"\x7fELF"):
    path.write_bytes(data)
    path.chmod(0o755)
    return str(path)


def test_the_search(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    in_path = executable(tmp_path / "bin" / "tool")
    executable(tmp_path / "here" / "tool")
    executable(tmp_path / "here" / "local")
    search = f"/nonexistent:{tmp_path}/bin"
    assert find_program("tool", search) == in_path
    assert find_program("./tool", search) == "./tool"
    assert find_program("local", search) == "./local"
    for name in ("absent", ""):
        with pytest.raises(QuireError) as caught:
            find_program(name, search)
        assert caught.value.status == 127


@pytest.mark.parametrize("make, status, sentence", [
    (lambda path: None, 127, "No such file or directory"),
    (lambda path: path.mkdir(), 126, "is a directory"),
    (lambda path: os.mkfifo(path, 0o777), 126, "is no file"),
    (lambda path: path.write_bytes(b"\x7fELF"), 126, "is not executable"),
    (lambda path: executable(path, b"echo\n"), 126, "is no ELF program, and no script"),
    (lambda path: executable(path, b""), 126, "is no ELF program"),
    (lambda path: path.symlink_to("nowhere"), 127, "No such file or directory"),
])
def test_what_does_not_run(tmp_path, make, status, sentence):
    make(tmp_path / "p")
    with pytest.raises(QuireError, match=sentence) as caught:
        check_program(str(tmp_path / "p"))
    assert caught.value.status == status


@pytest.mark.parametrize("data", [b"\x7fELF", b"#!/bin/sh\n"])
def test_what_is_left_to_the_kernel(tmp_path, data):
    check_program(executable(tmp_path / "p", data))
