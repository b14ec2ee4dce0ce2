"""disk.py: the disk that Quire boots from: a stick, or whatever else firmware boots from."""

import hashlib
import os
import uuid

from . import fat32, gpt
from .errors import QuireError

LABEL = "QUIRE"
NAME = "Quire"  # of the partition; by it an image of ours is known
MIB_SECTORS = (1 << 20) // fat32.SECTOR
PARTITION_MIN = 62 * MIB_SECTORS  # with what GPT adds 64 MiB
SPARE_BYTES = 16 << 20  # for who replaces a file by a larger one
IDS = uuid.UUID("7f1c9b52-3a0e-4c55-9a6f-2d8b1e0c4a77")  # the namespace of our identifiers


def _partition_sectors(files):
    """Whole MiB. Of a FAT a cluster takes 8 bytes, and has 512 or more: a sixty-fourth."""
    needed = fat32.bytes_needed(files)
    needed += needed // 64 + SPARE_BYTES
    return max(PARTITION_MIN, -(-needed // (1 << 20)) * MIB_SECTORS)


def _digest(files):
    """Of all names and contents: two images differ in their identifiers if they differ at all."""
    digest = hashlib.sha256()
    for path, source in files:
        digest.update(f"{path}\0{os.path.getsize(source)}\0".encode())
        with open(source, "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()


def write_image(out, files):
    """Write a disk with `files` ((path on it, path of a file here)) to the empty file `out`. Equal
    files give equal images. The image's size in bytes."""
    sectors = _partition_sectors(files)
    digest = _digest(files)
    gpt.write_table(out, sectors, disk_id=uuid.uuid5(IDS, "disk " + digest),
                    partition_id=uuid.uuid5(IDS, "partition " + digest), name=NAME)
    try:
        fat32.write_volume(out, gpt.FIRST * gpt.SECTOR, sectors, files, label=LABEL,
                           serial=int(digest[:8], 16))
    except fat32.VolumeError as error:
        raise QuireError(str(error)) from error
    return gpt.disk_sectors(sectors) * gpt.SECTOR
