"""test_run_files.py: what comes along with a program of `quire run`."""

import os

import pytest
from quirelib.run_files import FOLDER_ENTRIES, RunFiles, called_programs, measure, script_words

MIB = 1 << 20


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "program").write_text("#!/bin/sh\n")
    (tmp_path / "program").chmod(0o755)
    (tmp_path / "data").write_text("data")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner").write_text("inner")
    (tmp_path / "folder" / "link").symlink_to("inner")
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bring(here, *arguments, memory=256 * MIB):
    """(the RunFiles, what is in it below the working directory)"""
    found = RunFiles(memory)
    found.bring(str(here / "program"), [], arguments, ["PATH=/usr/bin"], packages=False)
    names = ["data", "folder", "folder/inner", "folder/link", "out", "out/new", "program"]
    return found, [name for name in names if str(here / name) in found.files]


@pytest.mark.parametrize("arguments, expected", [
    ([], []),
    (["data"], ["data"]),
    (["./folder/../data"], ["data"]),
    (["--in=data"], ["data"]),
    (["-i", "data", "--", "-x"], ["data"]),
    (["folder"], ["folder", "folder/inner", "folder/link"]),
    (["folder/link"], ["folder", "folder/inner", "folder/link"]),
    (["out/new"], ["out"]),
    (["."], ["data", "folder", "folder/inner", "folder/link", "out"]),
    (["absent/new", "", "=", "a\0b", "\udcff", "/dev/null", "/proc/self/maps", "x" * 5000], []),
])
def test_files_that_arguments_name(here, arguments, expected):
    found, names = bring(here, *arguments)
    assert names == [*expected, "program"]
    assert not found.left_out


def test_what_is_too_large_is_told(here):
    with open(here / "large", "wb") as file:
        file.truncate(64 * MIB)
    found, _ = bring(here, "large", "data", memory=64 * MIB)
    assert found.left_out == [str(here / "large")] and str(here / "data") in found.files
    found, _ = bring(here, ".", memory=64 * MIB)
    assert found.left_out == [str(here)] and str(here / "data") not in found.files
    assert bring(here, "large")[0].left_out == []


def test_a_large_folder_stays(here):
    for number in range(FOLDER_ENTRIES + 1):
        (here / "out" / str(number)).touch()
    assert measure(str(here / "out"), MIB) is None
    assert measure(str(here / "folder"), MIB) is not None
    assert bring(here, "out")[0].left_out == [str(here / "out")]


def test_what_is_no_file_stays(here):
    os.mkfifo(here / "folder" / "fifo")
    assert bring(here, "folder")[0].left_out == [str(here / "folder")]
    assert bring(here, "folder/fifo")[0].left_out == []


def test_words_of_a_script(here):
    (here / "program").write_text("#!/bin/bash\n[ -f data ] && cat data | sort|/usr/bin/tr a b\n")
    words = script_words(["/bin/bash", str(here / "program")], ["a $(wc -l)"])
    assert {"[", "cat", "sort", "/usr/bin/tr", "data", "wc", "-l", "a"} <= set(words)
    assert "sort" in script_words(["/usr/bin/python3"], [str(here / "program")])
    data = str(here / "data")
    assert script_words(["/usr/bin/cat"], [data, "wc -l"]) == [data, "wc", "-l"]
    found, names = bring(here)
    assert names == ["data", "program"]
    for path in ("/usr/bin/cat", "/usr/bin/sort", "/usr/bin/tr", "/usr/bin/["):
        assert path in found.files
    assert "/usr/bin/wc" not in found.files


def test_programs_that_words_name(here):
    def called(*words):
        return list(called_programs(words, ["/usr/bin/env"], {"PATH": "/usr/bin:sub:"}))
    assert called("sort", "sort", "9", "env", "/usr/bin/wc", "", "./data", "a/b", "a\0", ".") \
        == ["/usr/bin/sort", "/usr/bin/wc"]


def test_a_called_program_that_is_too_large_stays(here):
    (here / "program").write_text("#!/bin/bash\nsort data\n")
    found, _ = bring(here, memory=6 * MIB)
    assert "/usr/bin/sort" in found.left_out and "/usr/bin/sort" not in found.files


def test_who_makes_threads_can_end_them(here):
    """glibc opens the unwinder by itself, and aborts where it is not there."""
    def bring_one(program):
        found = RunFiles(256 * MIB)
        found.bring(program, [], [], ["PATH=/usr/bin"], packages=False)
        return "/usr/lib/x86_64-linux-gnu/libgcc_s.so.1" in found.files
    assert bring_one("/usr/bin/python3")
    assert not bring_one("/usr/bin/cat")
