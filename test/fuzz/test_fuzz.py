"""test_fuzz.py: a short run of each fuzz target, always the same. Its source tells more."""

import os
import subprocess

import pytest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TEST = os.path.join(ROOT, "build", "test")
SEEDS = {
    "acpi": "fuzz-seeds/acpi",
    "cpio": "fuzz-seeds/cpio",
    "elf": "elf-corpus",
    "memmap": "fuzz-seeds/memmap",
    "options": "fuzz-seeds/options",
    "usb": "fuzz-seeds/usb",
}


@pytest.mark.parametrize("target", sorted(SEEDS))
def test_fuzz(target, tmp_path):
    program = os.path.join(TEST, f"fuzz_{target}")
    assert os.path.exists(program), "not built: run ninja fuzz"
    seeds = os.path.join(TEST, SEEDS[target])
    assert os.listdir(seeds)
    found = tmp_path / "found"
    found.mkdir()
    done = subprocess.run([program, "-runs=20000", "-seed=1", "-timeout=10",
                           f"-artifact_prefix={tmp_path}/",
                           str(found), seeds], capture_output=True, text=True, check=False,
                          timeout=120, errors="replace")
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Done 20000 runs" in done.stderr
