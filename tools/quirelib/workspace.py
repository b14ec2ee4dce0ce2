"""workspace.py: the folder that a running machine boots from, and that never outlives its use.

build/run/ holds one folder a machine. Its owner holds a lock on it (flock(2)), which the system
releases however the owner ends; so a folder without a lock is left over, and the next to come
removes it.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile

from . import paths, qemu
from .cpio import pad_archive
from .disk import write_image
from .errors import QuireError

# QEMU presents a folder as a FAT16 volume of at most 504 MiB.
FOLDER_VOLUME_MAX = 480 << 20


def _lock(path, flags):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, flags)
    except OSError:
        os.close(fd)
        return None
    return fd


def _remove_left_overs(runs):
    for entry in os.scandir(runs):
        with contextlib.suppress(OSError):  # somebody else's, or just going away
            fd = _lock(entry.path, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if fd is not None:
                shutil.rmtree(entry.path, ignore_errors=True)
                os.close(fd)


@contextlib.contextmanager
def workspace(runs=paths.RUNS):
    """A fresh folder, removed at the end."""
    os.makedirs(runs, exist_ok=True)
    gate = _lock(runs, fcntl.LOCK_EX)  # nobody looks for left-overs between mkdir and its lock
    try:
        _remove_left_overs(runs)
        folder = tempfile.mkdtemp(dir=runs)
        held = _lock(folder, fcntl.LOCK_EX)
    finally:
        os.close(gate)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def write_initrd(folder, files=None, base=paths.INITRD):
    """folder/initrd.cpio: the base archive, then one of `files` (a FileSet)."""
    target = os.path.join(folder, "initrd.cpio")
    if files is None:
        os.symlink(base, target)
        return
    with open(target, "wb") as out:
        with open(base, "rb") as file:
            shutil.copyfileobj(file, out, 1 << 20)
        pad_archive(out)
        files.write(out)


def write_boot_files(folder, cmdline, *, kernel=paths.KERNEL, loader=paths.LOADER):
    """The kernel for a direct boot and, in folder/esp, an EFI system partition for the firmware.
    Links, so nothing is copied. folder/initrd.cpio exists already."""
    os.symlink(kernel, os.path.join(folder, "kernel.elf"))
    esp = os.path.join(folder, "esp")
    os.makedirs(os.path.join(esp, "EFI", "BOOT"))
    os.makedirs(os.path.join(esp, "quire"))
    os.symlink(loader, os.path.join(esp, "EFI", "BOOT", "BOOTX64.EFI"))
    os.symlink(kernel, os.path.join(esp, "quire", "kernel.elf"))
    os.symlink(os.path.join(folder, "initrd.cpio"), os.path.join(esp, "quire", "initrd.cpio"))
    with open(os.path.join(esp, "quire", "cmdline.txt"), "wb") as file:
        file.write(os.fsencode(cmdline) + b"\n")


def esp_files(folder):
    """The EFI system partition of a workspace: (path on it, path here) of each file."""
    esp = os.path.join(folder, "esp")
    found = []
    for at, _, names in os.walk(esp):
        found += [os.path.join(at, name) for name in names]
    return sorted((os.path.relpath(path, esp), path) for path in found)


def write_medium(folder, config):
    """What the firmware of `config` boots from, when all boot files are there."""
    if config.medium in qemu.DISKS and config.boot == "uefi":
        try:
            with open(os.path.join(folder, qemu.DISK_FILE), "w+b") as out:
                write_image(out, esp_files(folder))
        except OSError as error:
            raise QuireError(f"cannot make the image of the disk: {error}") from error
    elif config.boot == "uefi":
        _check_volume(folder)


def _check_volume(folder):
    """QuireError if a folder shown as a volume can't hold the initial RAM disk."""
    size = os.path.getsize(os.path.join(folder, "initrd.cpio"))
    if size > FOLDER_VOLUME_MAX:
        raise QuireError(f"the initial RAM disk has {size >> 20} MiB, and the emulated disk holds "
                         f"{FOLDER_VOLUME_MAX >> 20} MiB; use --usb or --boot=pvh")
