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

# For a BIOS, which reads the first sector of a disk to address 0x7c00 and runs it: it says what is
# wrong, waits for a key and lets the BIOS try the next disk.
BIOS_MESSAGE = (b"Quire boots through UEFI, and this machine has started it the old way (BIOS, "
                b"CSM).\r\nChoose the entry \"UEFI\" of this stick. Press a key.\r\n\0")
BIOS_CODE = (
    b"\x31\xc0"      # xor ax, ax
    b"\x8e\xd8"      # mov ds, ax
    b"\x8e\xd0"      # mov ss, ax
    b"\xbc\x00\x7c"  # mov sp, 0x7c00
    b"\xfc"          # cld
    b"\xbe\x23\x7c"  # mov si, message
    b"\xac"          # next: lodsb
    b"\x84\xc0"      # test al, al
    b"\x74\x09"      # jz done
    b"\xb4\x0e"      # mov ah, 0x0e: write as a terminal does
    b"\xbb\x07\x00"  # mov bx, 7: page 0, grey
    b"\xcd\x10"      # int 0x10
    b"\xeb\xf2"      # jmp next
    b"\x31\xc0"      # done: xor ax, ax: wait for a key
    b"\xcd\x16"      # int 0x16
    b"\xcd\x18"      # int 0x18: not bootable
    b"\xeb\xfe"      # jmp here
)


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
                    partition_id=uuid.uuid5(IDS, "partition " + digest), name=NAME,
                    boot_code=BIOS_CODE + BIOS_MESSAGE)
    try:
        fat32.write_volume(out, gpt.FIRST * gpt.SECTOR, sectors, files, label=LABEL,
                           serial=int(digest[:8], 16))
    except fat32.VolumeError as error:
        raise QuireError(str(error)) from error
    return gpt.disk_sectors(sectors) * gpt.SECTOR
