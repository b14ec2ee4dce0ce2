"""image.py: `quire image`: what goes on a USB stick, as one file or as a folder of files."""

import contextlib
import os
import shlex
import shutil
import stat
import sys
import tempfile

from . import gpt, paths
from .build import prepare
from .disk import NAME, write_image
from .errors import QuireError, UsageError
from .job import Job, JOB_FILE, encode_jobs, passed_environment
from .run import checked_program
from .run_files import RunFiles
from .sign import certificate_der, sign_loader
from .workspace import esp_files, workspace, write_boot_files, write_initrd

CERTIFICATE = "quire/certificate.cer"
# As init has it: see kernel/proc/job.c.
ENVIRONMENT = {"PATH": "/bin:/sbin:/usr/bin:/usr/sbin", "HOME": "/root", "TERM": "linux"}
MEMORY = 512 << 20  # of the least machine that what comes unasked must leave room in


# ---- where it goes ----


def _refuse_special(target, mode):
    if stat.S_ISBLK(mode):
        raise QuireError(
            f"{target}: is a device, and all on it would be lost; make a file, see that this is "
            "the right device, and copy it there: ./quire image quire.img && sudo dd if=quire.img "
            f"of={target} bs=4M conv=fsync")
    if not stat.S_ISREG(mode):
        raise QuireError(f"{target}: is no ordinary file; name one that the image can be put in")


def _check_file(target, force):
    """QuireError unless an image may be written to `target`."""
    try:
        info = os.stat(target)
    except FileNotFoundError:
        folder = os.path.dirname(os.path.abspath(target))
        if not os.path.isdir(folder):
            raise QuireError(f"{folder}: no such folder") from None
        return
    _refuse_special(target, info.st_mode)
    if info.st_size and not force and gpt.first_partition_name(target) != NAME:
        raise QuireError(f"{target}: is there already, and no image of Quire; --force overwrites "
                         "it")


def _check_folder(target, force):
    target = target.rstrip("/") or "/"
    if os.path.exists(target) and not os.path.isdir(target):
        raise QuireError(f"{target}: is no folder")
    if os.path.isdir(target) and os.listdir(target) and not force:
        raise QuireError(f"{target}: is there already, and not empty; --force writes into it")


@contextlib.contextmanager
def _replaced(target):
    """A file to write, which takes the place of `target` when all of it is there."""
    target = os.path.realpath(target)
    mask = os.umask(0)
    os.umask(mask)
    fd, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".quire-image-")
    try:
        with open(fd, "w+b") as out:
            yield out
            os.fchmod(out.fileno(), 0o666 & ~mask)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _copy_to_folder(files, target):
    for path, source in files:
        place = os.path.join(target, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        shutil.copyfile(source, place)


# ---- the command ----


def _own_files(values, path, words):
    """(FileSet or None, words for the kernel): what is --added, and the program at `path` if there
    is one, called by `words`, in an environment that has nothing of this machine's user."""
    if not path and not values["add"]:
        return None, []
    settings = [setting if "=" in setting else f"{setting}={os.environ[setting]}"
                for setting in values["env"] if "=" in setting or setting in os.environ]
    environment = passed_environment(ENVIRONMENT, settings)
    found = RunFiles(MEMORY, keep_times=False)
    found.bring(path, values["add"], words[1:], environment, not values["no_packages"])
    if found.left_out:
        print("quire: too large to come along unasked, unlike what is --added:",
              ", ".join(found.left_out), file=sys.stderr)
    if not path:
        return found.files, []
    job = Job(path, words, environment, os.getcwd())
    found.files.add_bytes(JOB_FILE, encode_jobs([job]))
    return found.files, [f"job={JOB_FILE}"]


def _fill(folder, values, path, words):
    """The files of the EFI system partition, in the workspace `folder`."""
    files, own_options = _own_files(values, path, words)
    try:
        write_initrd(folder, files)
    except (OSError, ValueError) as error:
        raise QuireError(f"cannot make the initial RAM disk: {error}") from error
    write_boot_files(folder, " ".join([*values["append"], *own_options]))
    esp = os.path.join(folder, "esp")
    if values["sign"]:
        key, certificate = values["sign"]
        loader = os.path.join(esp, "EFI", "BOOT", "BOOTX64.EFI")
        os.unlink(loader)
        sign_loader(paths.LOADER, loader, esp, key, certificate)
        with open(os.path.join(esp, CERTIFICATE), "wb") as file:
            file.write(certificate_der(certificate))
    return esp_files(folder)


def _write(target, as_folder, files):
    """What was done, in words."""
    if as_folder:
        _copy_to_folder(files, target)
        return f"wrote {target}; copy what is in it to a FAT-formatted USB stick"
    with _replaced(target) as out:
        size = write_image(out, files)
    return (f"wrote {target}, {size >> 20} MiB; to put it on a USB stick, which loses all that is "
            f"on it: sudo dd if={shlex.quote(target)} of=/dev/sdX bs=4M conv=fsync")


def image(values, words):
    """Write the image, or the folder."""
    if not words:
        raise UsageError("image wants a file or a folder: ./quire image quire.img")
    target, *program = words
    as_folder = values["folder"] or target.endswith("/") or os.path.isdir(target)
    try:
        (_check_folder if as_folder else _check_file)(target, values["force"])
        path = checked_program(program[0]) if program else None
        prepare(("build", "sign") if values["sign"] else ("build",), yes=values["yes"])
        with workspace() as folder:
            done = _write(target, as_folder, _fill(folder, values, path, program))
    except OSError as error:
        raise QuireError(f"{target}: {error.strerror or error}") from error
    print(f"quire: {done}", file=sys.stderr)
    return 0
