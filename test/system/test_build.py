"""test_build.py: the build gives the same bytes wherever, whenever and by whomever it is run."""

import hashlib
import os
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from source_tree import list_files  # noqa: E402

ARTIFACTS = ["build/BOOTX64.EFI", "build/kernel.elf", "build/initrd.cpio"]

# Two builders who agree on nothing that must not matter.
BUILDERS = [
    {"folder": "a", "umask": 0o022, "TZ": "UTC", "LC_ALL": "C.UTF-8", "USER": "one"},
    {"folder": "a longer/path", "umask": 0o077, "TZ": "Asia/Tokyo", "LC_ALL": "C", "USER": "two"},
]


def copy_tree(folder, umask):
    """The files of the repository, written anew in another order: other times, modes and inodes."""
    files = list_files(ROOT)
    for path in files if umask == 0o022 else reversed(files):
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(os.path.join(ROOT, path), target)
        executable = os.access(os.path.join(ROOT, path), os.X_OK)
        os.chmod(target, (0o777 if executable else 0o666) & ~umask)


def build(folder, builder):
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    environment.update({name: builder[name] for name in ("TZ", "LC_ALL", "USER")})
    return subprocess.run(["ninja", "-j2", *ARTIFACTS], cwd=folder, env=environment,
                          umask=builder["umask"], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """The folders of two finished builds."""
    folders = []
    for builder in BUILDERS:
        folder = tmp_path_factory.mktemp("build") / builder["folder"]
        copy_tree(folder, builder["umask"])
        result = build(folder, builder)
        assert result.returncode == 0, result.stdout[-4000:] + result.stderr
        folders.append(folder)
    yield folders
    for folder in folders:
        shutil.rmtree(folder)


@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_same_bytes(builds, artifact):
    digests = [hashlib.sha256((folder / artifact).read_bytes()).hexdigest() for folder in builds]
    if digests[0] != digests[1]:
        difference = subprocess.run(["cmp", "-l", *(folder / artifact for folder in builds)],
                                    capture_output=True, text=True, check=False).stdout.splitlines()
        pytest.fail(f"{artifact} differs in {len(difference)} bytes, first (offset, octal): "
                    + (difference[0] if difference else "in length"))


@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_no_path_of_the_builder(builds, artifact):
    for folder in builds:
        assert os.fsencode(folder) not in (folder / artifact).read_bytes()


def test_nothing_to_do_the_second_time(builds):
    result = build(builds[0], BUILDERS[0])
    assert "no work to do" in result.stdout
