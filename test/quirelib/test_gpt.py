"""test_gpt.py: partition tables of all sizes by the eyes of sgdisk, and whose image a file is."""

import subprocess
import uuid

import pytest
from quirelib import gpt

DISK, PARTITION = uuid.uuid5(uuid.NAMESPACE_DNS, "disk"), uuid.uuid5(uuid.NAMESPACE_DNS, "part")


def sgdisk(*words):
    done = subprocess.run(["/usr/sbin/sgdisk", *map(str, words)], capture_output=True, text=True,
                          check=True)
    return done.stdout


def write(path, sectors, name="Quire"):
    with open(path, "w+b") as out:
        gpt.write_table(out, sectors, disk_id=DISK, partition_id=PARTITION, name=name)


# The last has more sectors than a protective MBR can tell.
@pytest.mark.parametrize("mebibytes", [1, 62, 4000, 3 << 20])
def test_sizes(tmp_path, mebibytes):
    image = tmp_path / "image"
    write(image, mebibytes * gpt.ALIGNMENT)
    assert "No problems found" in sgdisk("-v", image)
    listing = sgdisk("-i", "1", image)
    assert f"Partition size: {mebibytes * gpt.ALIGNMENT} sectors" in listing
    assert f"unique GUID: {str(PARTITION).upper()}" in listing
    assert str(DISK).upper() in sgdisk("-p", image)


def test_whose_image(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    write(ours, gpt.ALIGNMENT)
    assert gpt.first_partition_name(ours) == "Quire"
    with open(theirs, "wb") as file:
        file.truncate(8 << 20)
    assert gpt.first_partition_name(theirs) is None
    sgdisk("-n", "1:2048:4095", "-c", "1:Quire Backup", theirs)
    assert gpt.first_partition_name(theirs) == "Quire Backup"
    with open(ours, "r+b") as file:
        file.truncate(2 * gpt.SECTOR + 127)
    assert gpt.first_partition_name(ours) is None


def test_boot_code_ends_before_the_table(tmp_path):
    """A name of 36 characters and code of 440 bytes are the most there can be."""
    with open(tmp_path / "image", "w+b") as out:
        gpt.write_table(out, gpt.ALIGNMENT, disk_id=DISK, partition_id=PARTITION, name="x" * 36,
                        boot_code=b"\x90" * 440)
    assert "No problems found" in sgdisk("-v", tmp_path / "image")
    assert gpt.first_partition_name(tmp_path / "image") == "x" * 36
