import os
import subprocess

import pytest
from quirelib import paths

QUIRE = os.path.join(paths.ROOT, "quire")


@pytest.fixture(scope="session", autouse=True)
def built():
    """Machines need what ninja makes; a test of something old would mean nothing."""
    for path in (paths.LOADER, paths.KERNEL, paths.INITRD):
        assert os.path.exists(path), f"{os.path.relpath(path, paths.ROOT)} is missing: run ninja"


@pytest.fixture
def quire():
    """A function that runs the command as a user does."""

    def run(*words, timeout=90, **options):
        options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
        options.setdefault("cwd", paths.ROOT)
        return subprocess.run([QUIRE, *words], capture_output=True, timeout=timeout, **options)

    return run
