"""test_sign.py: the loader's hashes: where they are put, of which files, and nothing else changes.
"""

import hashlib
import os
import subprocess
import sys

import pytest
from quirelib import paths, sign
from quirelib.errors import QuireError


@pytest.fixture(scope="module", name="loader")
def loader_fixture():
    subprocess.run(["ninja", "--quiet", os.path.relpath(paths.LOADER, paths.ROOT)],
                   cwd=paths.ROOT, check=True)
    with open(paths.LOADER, "rb") as file:
        return file.read()


@pytest.fixture(name="esp")
def esp_fixture(tmp_path):
    (tmp_path / "quire").mkdir()
    (tmp_path / "quire/kernel.elf").write_bytes(b"kernel")
    (tmp_path / "quire/initrd.cpio").write_bytes(b"initrd" * 1000000)
    return str(tmp_path)


def test_the_hashes(loader, esp):
    """Of an absent command line, what an empty one has."""
    signed = sign.with_hashes(loader, esp)
    at = loader.index(b"HASH\1\0\0\0")
    hashes = [hashlib.sha256(data).digest() for data in (b"kernel", b"initrd" * 1000000, b"")]
    assert signed[at:at + 16] == b"HASH\1\0\0\0\1\0\0\0\0\0\0\0"
    assert signed[at + 16:at + 112] == b"".join(hashes)
    assert signed[:at] + loader[at:at + 112] + signed[at + 112:] == loader


def test_strict_firmware_takes_it_still(loader, esp, tmp_path):
    path = tmp_path / "loader"
    path.write_bytes(sign.with_hashes(loader, esp))
    subprocess.run([sys.executable, os.path.join(paths.ROOT, "tools/check_pe.py"), str(path)],
                   check=True)


@pytest.mark.parametrize("damage", [
    lambda loader: b"", lambda loader: loader[:200], lambda loader: loader[:0x3c] + b"\xff" * 4,
    lambda loader: loader.replace(b".hashes", b".others"),
    lambda loader: loader.replace(b"HASH\1\0\0\0", b"HASH\2\0\0\0"),
    lambda loader: loader[:loader.index(b"HASH\1\0\0\0") + 50],
])
def test_no_loader_of_ours(loader, esp, damage):
    with pytest.raises(QuireError, match="no room for hashes"):
        sign.with_hashes(damage(loader), esp)
