"""gpt.py: a disk with a GUID partition table and one partition (UEFI 2.10, chapter 5).

    sector 0           protective MBR: to whoever knows no GPT, one partition of an unknown kind
           1           the header, with its own checksum and the table's
           2 .. 33     the table: 128 entries
           2048 ..     the partition, from the first MiB on
           -33 .. -2   the table again, in the last MiB
           -1          the header again, with the places swapped
"""

import struct
import uuid
import zlib

SECTOR = 512
ALIGNMENT = 2048  # sectors: partitions begin and end at whole MiB
FIRST = ALIGNMENT
ENTRIES = 128
ENTRY = struct.Struct("<16s16sQQQ72s")
TABLE_SECTORS = ENTRIES * ENTRY.size // SECTOR
HEADER = struct.Struct("<8s4sIIIQQQQ16sQIII")
SIGNATURE = b"EFI PART"
REVISION = b"\0\0\1\0"
MBR_ENTRY = struct.Struct("<B3sB3sII")
MBR_PROTECTIVE = 0xEE
MBR_SIGNATURE = b"\x55\xaa"
EFI_SYSTEM_PARTITION = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")


def disk_sectors(partition_sectors):
    """Of a disk with one partition of that size, a multiple of ALIGNMENT."""
    return FIRST + partition_sectors + ALIGNMENT


def _protective_mbr(sectors, code):
    entry = MBR_ENTRY.pack(0, b"\x00\x02\x00", MBR_PROTECTIVE, b"\xff\xff\xff", 1,
                           min(sectors - 1, 0xFFFFFFFF))
    return code.ljust(446, b"\0") + entry.ljust(64, b"\0") + MBR_SIGNATURE


def _header(disk_id, table_crc, sectors, place, other, table):
    def pack(crc):
        return HEADER.pack(SIGNATURE, REVISION, HEADER.size, crc, 0, place, other,
                           2 + TABLE_SECTORS, sectors - TABLE_SECTORS - 2, disk_id.bytes_le,
                           table, ENTRIES, ENTRY.size, table_crc)
    return pack(zlib.crc32(pack(0))).ljust(SECTOR, b"\0")


def write_table(out, partition_sectors, *, disk_id, partition_id, name, boot_code=b""):
    """Both copies, and the protective MBR, around an EFI system partition at FIRST. The file `out`
    gets the size of the disk. `name`: at most 36 characters; `boot_code`: at most 440 bytes."""
    sectors = disk_sectors(partition_sectors)
    entry = ENTRY.pack(EFI_SYSTEM_PARTITION.bytes_le, partition_id.bytes_le, FIRST,
                       FIRST + partition_sectors - 1, 0, name.encode("utf-16-le"))
    table = entry.ljust(ENTRIES * ENTRY.size, b"\0")
    crc = zlib.crc32(table)
    last = sectors - 1
    out.truncate(sectors * SECTOR)
    out.seek(0)
    out.write(_protective_mbr(sectors, boot_code) + _header(disk_id, crc, sectors, 1, last, 2)
              + table)
    out.seek((last - TABLE_SECTORS) * SECTOR)
    out.write(table + _header(disk_id, crc, sectors, last, 1, last - TABLE_SECTORS))


def first_partition_name(path):
    """The name of the first partition of the disk image `path`; None if there is no such table.
    OSError if it can't be read."""
    with open(path, "rb") as file:
        start = file.read(2 * SECTOR + ENTRY.size)
    if len(start) < 2 * SECTOR + ENTRY.size or start[SECTOR:SECTOR + 8] != SIGNATURE:
        return None
    raw = ENTRY.unpack_from(start, 2 * SECTOR)[5]
    return raw.decode("utf-16-le", "replace").rstrip("\0")
