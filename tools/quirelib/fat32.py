"""fat32.py: a FAT32 volume with files in it, as one run of bytes that depends on nothing else.

    sectors:  0         the boot sector: the volume's geometry; 6: its copy
              1         FSInfo: how much is free; 7: its copy
              32        the FAT: for each cluster the next one of its file
              ...       the FAT's copy
              ...       clusters, numbered from 2: folders first, then files, each in one piece

(Microsoft, FAT: General Overview of On-Disk Format, 1.03. UEFI 2.10, 13.3, wants FAT32 on fixed
disks.) No times: all say 1980-01-01, the first that FAT knows.
"""

import array
import os
import shutil
import struct
import sys

SECTOR = 512
RESERVED = 32
BACKUP_BOOT = 6
FATS = 2
ROOT_CLUSTER = 2
CLUSTERS_MIN = 65525  # fewer, and firmware takes the volume for FAT16
END_OF_CHAIN = 0x0FFFFFFF
MEDIA_FIXED = 0xF8
FILE_MAX = (1 << 32) - 1
NEVER = (0, 0x21)  # time and date: 1980-01-01 00:00

LABEL, DIRECTORY, ARCHIVE, LONG_NAME = 0x08, 0x10, 0x20, 0x0F
ENTRY = struct.Struct("<11sBBBHHHHHHHI")
LONG_ENTRY = struct.Struct("<B10sBBB12sH4s")
LONG_LAST = 0x40
LONG_CHARACTERS = 13
BOOT_SECTOR = struct.Struct("<3s8sHBHBHHBHHHIIIHHIHH12sBBBI11s8s")
SHORT_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'()-@^_`{}~")
OEM = b"QUIRE   "

# jmp $+0x5a; and there: int 0x18, "nothing bootable here", should a BIOS start the partition.
JUMP, BOOT_CODE = b"\xeb\x58\x90", b"\xcd\x18\xeb\xfe"
SIGNATURE = b"\x55\xaa"


class VolumeError(Exception):
    """What was given does not fit on a FAT32 volume; a sentence."""


class Geometry:
    """Where the parts of a volume of `sectors` sectors are."""

    def __init__(self, sectors):
        # Of the specification's table: one sector up to 260 MiB, then eight.
        self.sectors = sectors
        self.cluster_sectors = 1 if sectors <= 532480 else 8
        entries = SECTOR // 4
        room = sectors - RESERVED
        per_fat = self.cluster_sectors * entries + FATS
        self.fat_sectors = (room + per_fat - 1) // per_fat
        self.data = RESERVED + FATS * self.fat_sectors
        self.clusters = min((sectors - self.data) // self.cluster_sectors,
                            self.fat_sectors * entries - 2)
        if self.clusters < CLUSTERS_MIN:
            raise VolumeError(f"a FAT32 volume of {sectors} sectors would be too small")

    @property
    def cluster_bytes(self):
        return self.cluster_sectors * SECTOR

    def cluster_offset(self, cluster):
        """In bytes, from the start of the volume."""
        return (self.data + (cluster - ROOT_CLUSTER) * self.cluster_sectors) * SECTOR


class Node:
    """A file (`source` is its path here), or a folder (`children` by name)."""

    def __init__(self, source=None):
        self.source = source
        self.children = {}
        self.bytes = 0 if source is None else os.path.getsize(source)
        self.start = 0
        if self.bytes > FILE_MAX:
            raise VolumeError(f"{source}: a file on FAT32 has less than 4 GiB")

    @property
    def is_folder(self):
        return self.source is None


def _tree(files):
    root = Node()
    for path, source in files:
        *folders, name = path.split("/")
        at = root
        for folder in folders:
            at = at.children.setdefault(folder, Node())
        at.children[name] = Node(source)
    return root


def _walk(node):
    """The folders from `node` down, parents first, in the order of their names."""
    yield node
    for _, child in sorted(node.children.items()):
        if child.is_folder:
            yield from _walk(child)


# ---- names ----


def _split_name(name):
    base, _, extension = name.rpartition(".") if "." in name else (name, "", "")
    return base, extension


def is_short(name):
    """Can stand in a directory entry as it is: eight and three, capitals."""
    base, extension = _split_name(name)
    return (1 <= len(base) <= 8 and len(extension) <= 3 and set(base + extension)
            <= SHORT_CHARACTERS and (bool(extension) or "." not in name))


def short_name(name, taken):
    """The 11 bytes of the entry of `name`, unlike those in `taken`."""
    base, extension = _split_name(name.upper())
    base, extension = ("".join(c for c in part if c in SHORT_CHARACTERS)
                       for part in (base, extension))
    if is_short(name.upper()):
        found = f"{base:<8}{extension:<3}".encode("ascii")
        if found not in taken:
            return found
    for number in range(1, 1000):
        tail = f"~{number}"
        found = f"{base[:8 - len(tail)] + tail:<8}{extension[:3]:<3}".encode("ascii")
        if found not in taken:
            return found
    raise VolumeError(f"{name}: too many names like it in one folder")


def _long_entries(name, short):
    """The entries that give `name`, the last part first, before the one of `short`."""
    checksum = 0
    for byte in short:
        checksum = ((checksum >> 1 | checksum << 7) + byte) & 0xFF
    count = (len(name) + LONG_CHARACTERS - 1) // LONG_CHARACTERS
    units = (name.encode("utf-16-le") + b"\0\0").ljust(count * LONG_CHARACTERS * 2, b"\xff")
    for index in reversed(range(count)):
        part = units[index * LONG_CHARACTERS * 2:][:LONG_CHARACTERS * 2]
        order = index + 1 | (LONG_LAST if index == count - 1 else 0)
        yield LONG_ENTRY.pack(order, part[:10], LONG_NAME, 0, checksum, part[10:22], 0, part[22:])


def _entry(short, attributes, start=0, size=0):
    time, date = NEVER
    return ENTRY.pack(short, attributes, 0, 0, time, date, date, start >> 16, time, date,
                      start & 0xFFFF, size)


def _folder_bytes(node, parent, label):
    """What stands in a folder. The root has a label and no way up; "0" is the root's number
    there."""
    if parent is None:
        data = _entry(label, LABEL)
    else:
        up = 0 if parent.start == ROOT_CLUSTER else parent.start
        data = _entry(b".          ", DIRECTORY, node.start) + \
            _entry(b"..         ", DIRECTORY, up)
    taken = set()
    for name, child in sorted(node.children.items()):
        short = short_name(name, taken)
        taken.add(short)
        if not is_short(name):
            data += b"".join(_long_entries(name, short))
        data += _entry(short, DIRECTORY if child.is_folder else ARCHIVE, child.start, child.bytes)
    return data


# ---- the volume ----


class _Chains:
    """Gives out clusters, each chain in one piece, and remembers the FAT."""

    def __init__(self, geometry):
        self.geometry = geometry
        self.entries = array.array("I", [0x0FFFFF00 | MEDIA_FIXED, END_OF_CHAIN])

    def take(self, size):
        """The first cluster of a chain for `size` bytes; 0 for none."""
        count = -(-size // self.geometry.cluster_bytes)
        start = len(self.entries)
        if start + count > self.geometry.clusters + ROOT_CLUSTER:
            raise VolumeError("the files do not fit on the volume")
        if count == 0:
            return 0
        self.entries.extend(range(start + 1, start + count))
        self.entries.append(END_OF_CHAIN)
        return start

    @property
    def free(self):
        return self.geometry.clusters + ROOT_CLUSTER - len(self.entries)

    def encode(self):
        little = self.entries[:]
        if sys.byteorder == "big":
            little.byteswap()
        return little.tobytes()


def _place(root, chains, label):
    """Give every folder and file its clusters. The folders with their parents."""
    folders = list(_walk(root))
    parents = {id(child): node for node in folders for child in node.children.values()}
    for node in folders:
        node.start = chains.take(len(_folder_bytes(node, parents.get(id(node)), label)))
    for node in folders:
        for _, child in sorted(node.children.items()):
            if not child.is_folder:
                child.start = chains.take(child.bytes)
    return [(node, parents.get(id(node))) for node in folders]


def _boot_sector(geometry, hidden, serial, label):
    sector = BOOT_SECTOR.pack(
        JUMP, OEM, SECTOR, geometry.cluster_sectors, RESERVED, FATS, 0, 0, MEDIA_FIXED, 0, 63, 255,
        hidden, geometry.sectors, geometry.fat_sectors, 0, 0, ROOT_CLUSTER, 1, BACKUP_BOOT,
        bytes(12), 0x80, 0, 0x29, serial, label, b"FAT32   ")
    return (sector + BOOT_CODE).ljust(SECTOR - 2, b"\0") + SIGNATURE


def _fs_info(free, next_free):
    return (b"RRaA" + bytes(480) + b"rrAa" + struct.pack("<II", free, next_free) + bytes(14)
            + SIGNATURE)


def bytes_needed(files):
    """More than the files and their folders take on a volume, its own tables left out."""
    return sum(os.path.getsize(source) + (8 << 10) for _, source in files)


def write_volume(out, offset, sectors, files, *, serial, label):
    """A volume at `offset` bytes of the file `out`, which is zero there. `files`: (path with
    slashes, path of a file here). `label`: at most 11 capitals. VolumeError or OSError."""
    geometry = Geometry(sectors)
    label = f"{label:<11}".encode("ascii")
    root = _tree(files)
    chains = _Chains(geometry)
    folders = _place(root, chains, label)
    boot = _boot_sector(geometry, offset // SECTOR, serial, label)
    info = _fs_info(chains.free, len(chains.entries))
    for first in (0, BACKUP_BOOT):
        out.seek(offset + first * SECTOR)
        out.write(boot + info)
    fat = chains.encode()
    for copy in range(FATS):
        out.seek(offset + (RESERVED + copy * geometry.fat_sectors) * SECTOR)
        out.write(fat)
    for node, parent in folders:
        out.seek(offset + geometry.cluster_offset(node.start))
        out.write(_folder_bytes(node, parent, label))
        for child in node.children.values():
            if child.start and not child.is_folder:
                out.seek(offset + geometry.cluster_offset(child.start))
                with open(child.source, "rb") as file:
                    shutil.copyfileobj(file, out, 1 << 20)
