"""test_fat32.py: names on a FAT volume, and volumes of every size by the eyes of fsck.fat.

What Quire itself puts on a stick is tested in test/system/test_image.py.
"""

import subprocess

import pytest
from quirelib import fat32

MIB = (1 << 20) // fat32.SECTOR


@pytest.mark.parametrize("name, short", [
    ("EFI", True), ("BOOTX64.EFI", True), ("A.B", True), ("12345678.123", True),
    ("quire", False), ("initrd.cpio", False), ("123456789", False), ("A.B.C", False),
    ("A B", False), (".EFI", False), ("A.", False), ("A.BCDE", False), ("\u00c4", False),
])
def test_which_names_are_short(name, short):
    assert fat32.is_short(name) == short


def test_short_names_are_unlike():
    taken = set()
    for name, short in (("kernel.elf", b"KERNEL  ELF"), ("KERNEL.elf", b"KERNEL~1ELF"),
                        ("initrd.cpio", b"INITRD~1CPI"), ("initrd.cpi2", b"INITRD~2CPI"),
                        ("a b.c.d", b"ABC~1   D  ")):
        assert fat32.short_name(name, taken) == short
        taken.add(short)


def write(path, sectors, files, serial=7):
    with open(path, "w+b") as out:
        out.truncate(sectors * fat32.SECTOR)
        fat32.write_volume(out, 0, sectors, files, serial=serial, label="TEST")


def assert_clean(path):
    done = subprocess.run(["/usr/sbin/fsck.fat", "-n", "-v", str(path)], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and "32 bit entries" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("sectors", [33 * MIB, 62 * MIB + 1, 260 * MIB, 261 * MIB, 1000 * MIB + 7])
def test_sizes(tmp_path, sectors):
    """And sizes at the limits of a cluster, and a folder of several clusters."""
    files = []
    for size in (0, 1, 511, 512, 513, 4096, 4097, 100000):
        source = tmp_path / str(size)
        source.write_bytes(bytes([size % 251]) * size)
        files += [(f"some folder/a file of {size} bytes {index}", str(source))
                  for index in range(8)]
    volume = tmp_path / "volume"
    write(volume, sectors, files)
    assert_clean(volume)
    for path, source in files:
        done = subprocess.run(["mtype", "-i", str(volume), f"::{path}"], capture_output=True,
                              check=True)
        with open(source, "rb") as file:
            assert done.stdout == file.read(), path
    volume.unlink()


def test_a_full_volume(tmp_path):
    """The last cluster is used; a byte more does not fit."""
    sectors = 33 * MIB
    free = fat32.Geometry(sectors).clusters - 1  # the root has one
    source = tmp_path / "source"
    volume = tmp_path / "volume"
    for size, fits in ((free * fat32.SECTOR, True), (free * fat32.SECTOR + 1, False)):
        source.touch()
        source.write_bytes(b"")
        with open(source, "r+b") as file:
            file.truncate(size)
        if fits:
            write(volume, sectors, [("FULL", str(source))])
            assert_clean(volume)
        else:
            with pytest.raises(fat32.VolumeError, match="do not fit"):
                write(volume, sectors, [("FULL", str(source))])


def test_too_small_or_too_large(tmp_path):
    with pytest.raises(fat32.VolumeError, match="too small"):
        fat32.Geometry(32 * MIB)
    source = tmp_path / "source"
    with open(source, "wb") as file:
        file.truncate(1 << 32)
    with pytest.raises(fat32.VolumeError, match="less than 4 GiB"):
        write(tmp_path / "volume", 33 * MIB, [("BIG", str(source))])
