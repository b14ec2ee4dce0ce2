"""test_package_files.py: what the packages of a program bring."""

import os

import pytest
from quirelib import package_files
from quirelib.job import FileSet
from quirelib.package_files import Database, bring_package_files, find_lists, wanted

STATUS = """Package: tool
Status: install ok installed
Depends: tool-common (= 1), editor | mail-agent, missing, awk
Source: tools (1.0)

Package: tool-common
Status: install ok installed
Source: tools
Depends: helper:any (>= 2), tool
Description: common
 Depends: nonsense

Package: helper
Status: install ok installed
Pre-Depends: libc6

Package: mail-agent
Status: install ok installed

Package: awk
Essential: yes
Status: install ok installed

Package: libc6
Status: install ok installed

Package: tools-extra
Source: tools
Status: install ok installed

Package: tools-doc
Source: tools
Status: install ok installed

Package: removed
Source: tools
Status: deinstall ok config-files
"""


@pytest.fixture
def folder(tmp_path):
    info = tmp_path / "info"
    info.mkdir()
    (tmp_path / "status").write_text(STATUS)
    (info / "tool.list").write_text("/.\n/bin\n/bin/tool\n/usr/bin/tool2\n")
    (info / "helper:amd64.list").write_text("/.\n/usr/lib/helper\n")
    (info / "other:i386.list").write_text("/.\n/usr/bin/other\n")
    (info / "tool.md5sums").write_text("0 usr/bin/sum\n")
    return str(tmp_path)


def test_the_database(folder):
    database = Database(folder)
    assert sorted(find_lists(folder)) == ["helper", "tool"]
    assert [database.owner(path) for path in (
        "/usr/bin/tool", "/usr/bin/tool2", "/bin/tool2", "/usr/bin/too", "/usr/bin/other",
    )] == ["tool", "tool", None, None, None]
    assert database.files("helper") == ["/.", "/usr/lib/helper"]
    assert database.files("no-such") == []


def test_what_is_needed(folder):
    """Each once, though they need each other; not what every Debian has, nor what is gone."""
    database = Database(folder)
    assert database.needed("tool") == ["tool-common", "mail-agent", "helper"]
    assert database.siblings("tool") == ["tool-common", "tools-extra"]
    assert database.needed("no-such") == [] == database.siblings("no-such")


def test_what_a_program_may_open(tmp_path, monkeypatch):
    tree = tmp_path
    for name in ("bin/tool", "lib/tool/plain.py", "lib/tool/__pycache__/plain.cpython-311.pyc",
                 "lib/tool/__pycache__/plainer.cpython-311.pyc", "lib/tool/lib.a",
                 "lib/tool/tests/one.py", "lib/tool/doc.pod"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("12345")
    (tree / "lib/tool/link").symlink_to("plain.py")
    (tree / "lib/tool/folder").symlink_to("__pycache__")
    (tree / "lib/tool/dangling").symlink_to("nothing")
    monkeypatch.setattr(package_files, "PROGRAMS", (str(tree / "bin"),))
    paths = [str(tree / name) for name in (
        "bin", "bin/tool", "lib/tool", "lib/tool/plain.py", "lib/tool/lib.a", "lib/tool/doc.pod",
        "lib/tool/link", "lib/tool/folder", "lib/tool/dangling", "lib/tool/tests/one.py",
        "lib/tool/missing")]
    expected = ["plain.py", "__pycache__/plain.cpython-311.pyc", "lib.a", "link", "folder"]
    expected = [str(tree / "lib/tool" / name) for name in expected]
    assert wanted(paths, False) == (expected, 15)
    assert wanted(paths, True) == ([str(tree / "bin/tool"), *expected], 20)


def brought(*programs, room=64 << 20):
    files = FileSet()
    left_out = bring_package_files(files, programs, room)
    return files.copied_files(), left_out


def test_programs_of_debian():
    python, left_out = brought("/usr/bin/python3")
    assert not left_out
    assert "/usr/lib/python3.11/json/decoder.py" in python
    assert any(path.startswith("/usr/lib/python3.11/lib-dynload/_ssl.") for path in python)
    perl, _ = brought("/usr/bin/perl")
    assert any(path.endswith("/Data/Dumper.pm") for path in perl)
    for path in python + perl:
        assert not path.startswith(("/usr/share/doc/", "/usr/share/man/", "/usr/bin/")), path
    assert sum(map(os.path.getsize, brought("/bin/ls")[0])) < 1 << 20


def test_a_script_brings_the_programs_beside_it():
    """Of its own package: fakeroot calls faked."""
    found, _ = brought("/usr/bin/fakeroot-sysv")
    assert "/usr/bin/faked-sysv" in found
    assert "/usr/bin/od" not in brought("/bin/ls")[0]


def test_too_large_is_left_out_as_a_whole():
    found, left_out = brought("/usr/bin/python3", room=1 << 20)
    assert "libpython3.11-minimal" in left_out
    assert sum(map(os.path.getsize, found)) <= 1 << 20


def test_what_no_package_owns(tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    assert brought(str(script), "/usr/bin/no-such-program", "/usr/local/bin/mine") == ([], [])


def test_without_a_database(tmp_path):
    files = FileSet()
    for folder in (str(tmp_path), str(tmp_path / "no-such")):
        assert bring_package_files(files, ["/bin/ls"], 1 << 20, folder) == []
    (tmp_path / "info").mkdir()
    assert bring_package_files(files, ["/bin/ls"], 1 << 20, str(tmp_path)) == []
    assert files.copied_files() == []
