"""test_cpio.py: archives that another program unpacks to what was put in."""

import io
import os
import stat
import subprocess

import pytest
from quirelib.cpio import CpioWriter, pad_archive
from quirelib.job import FileSet


def unpack(archive, folder):
    folder.mkdir()
    subprocess.run(["/usr/bin/bsdtar", "-xpf", "-", "-C", str(folder)], input=archive, check=True)
    found = {}
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(parent, name)
            info = os.lstat(path)
            what = os.readlink(path) if stat.S_ISLNK(info.st_mode) else (
                open(path, "rb").read() if stat.S_ISREG(info.st_mode) else None)
            permissions = None if stat.S_ISLNK(info.st_mode) else stat.S_IMODE(info.st_mode)
            found[os.path.relpath(path, folder)] = (what, permissions)
    return found


def archive_of(files):
    out = io.BytesIO()
    files.write(out)
    return out.getvalue()


def test_a_tree(tmp_path):
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    for size in range(6):  # every alignment of name and data
        (tree / ("n" * (size + 1))).write_bytes(b"x" * size)
    (tree / "inner" / "b\u00e4d \n name").write_bytes(bytes(range(256)))
    (tree / "run").write_bytes(b"#!")
    (tree / "run").chmod(0o4751)
    (tree / "link").symlink_to("inner/../nowhere")
    (tree / "inner").chmod(0o700)
    files = FileSet()
    files.add(str(tree), "/guest/tree")
    files.add_bytes("/quire.job", b"job\0")
    found = unpack(archive_of(files), tmp_path / "out")
    assert found["quire.job"] == (b"job\0", 0o644)
    assert found["guest"] == (None, 0o755)
    assert found["guest/tree/inner"] == (None, 0o700)
    assert found["guest/tree/inner/b\u00e4d \n name"][0] == bytes(range(256))
    assert found["guest/tree/run"] == (b"#!", 0o4751)
    assert found["guest/tree/link"] == ("inner/../nowhere", None)
    for size in range(6):
        assert found["guest/tree/" + "n" * (size + 1)][0] == b"x" * size


def test_equal_files_make_equal_archives(tmp_path):
    archives = []
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"same")
        os.utime(tmp_path / name, (len(archives) * 1000, len(archives) * 1000))
        files = FileSet()
        files.add(str(tmp_path / name), "/tmp/file")
        archives.append(archive_of(files))
    assert archives[0] == archives[1]
    assert len(archives[0]) % 4 == 0


def test_one_archive_behind_another():
    out = io.BytesIO(b"12345")
    out.seek(0, io.SEEK_END)
    pad_archive(out)
    assert out.getvalue() == b"12345\0\0\0"
    CpioWriter(out).close()
    assert out.getvalue()[8:14] == b"070701"


def test_parents_come_first_and_once(tmp_path):
    (tmp_path / "f").write_bytes(b"")
    files = FileSet()
    for guest in ("/a/b/c", "/a/b/d", "/a/x", "/z"):
        files.add(str(tmp_path / "f"), guest)
    raw = archive_of(files)
    names = [b"a\0", b"a/b\0", b"a/b/c\0", b"a/b/d\0", b"a/x\0", b"z\0"]
    places = [raw.index(name) for name in names]
    assert places == sorted(places)
    assert raw.count(b"070701") == len(names) + 1


def test_the_last_one_with_a_path_counts():
    files = FileSet()
    files.add_bytes("/f", b"first")
    files.add_bytes("/f", b"second")
    assert b"first" not in archive_of(files) and b"second" in archive_of(files)


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ValueError, match="is no file"):
        FileSet().add(str(tmp_path / "fifo"))
    with pytest.raises(OSError):
        FileSet().add(str(tmp_path / "missing"))
    with pytest.raises(ValueError, match="begins with /"):
        FileSet().add(str(tmp_path), "relative")


def test_a_file_that_cannot_be_described(tmp_path):
    with open(tmp_path / "large", "wb") as file:
        file.truncate(1 << 32)
    with pytest.raises(ValueError, match="up to 4 GiB"):
        CpioWriter(io.BytesIO()).copy("large", tmp_path / "large", 0o644)
