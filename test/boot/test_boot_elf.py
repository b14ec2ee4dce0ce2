"""test_boot_elf.py: the loader's ELF check on the host, under AddressSanitizer."""

import os
import random
import subprocess

import firmware
import kernel_files
import pytest

RANDOM_FILES = 1000
HEADER_BYTES = kernel_files.EHDR.size + 4 * kernel_files.PHDR.size


@pytest.fixture(scope="module")
def kernel():
    targets = ["build/test/boot/elf_check", "build/test/probe_kernel.elf"]
    subprocess.run(["ninja", "--quiet"] + targets, cwd=firmware.ROOT, check=True)
    with open(firmware.built("test/probe_kernel.elf"), "rb") as file:
        return file.read()


def verdicts(folder, files):
    """What the check says of each of `files`, in order."""
    paths = []
    for i, data in enumerate(files):
        paths.append(os.path.join(str(folder), f"{i}.elf"))
        with open(paths[-1], "wb") as file:
            file.write(data)
    command = [firmware.built("test/boot/elf_check"), *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(paths)
    return [line.partition(": ")[2] for line in lines]


def test_good(tmp_path, kernel):
    assert verdicts(tmp_path, [kernel]) == ["ok"]


def test_each_mistake_has_its_sentence(tmp_path, kernel):
    cases = kernel_files.broken(kernel)
    found = verdicts(tmp_path, [file for file, _ in cases.values()])
    wrong = {
        name: said for (name, (_, sentence)), said in zip(cases.items(), found)
        if sentence not in said
    }
    assert not wrong


def test_random_headers(tmp_path, kernel):
    """Whatever the headers say, nothing outside the file is read, nor outside the image written."""
    source = random.Random(2)
    files = []
    for _ in range(RANDOM_FILES):
        data = bytearray(kernel[:0x7000])
        for _ in range(source.randint(1, 4)):
            data[source.randrange(HEADER_BYTES)] = source.choice([0, 1, 0x7F, 0x80, 0xFF])
        files.append(bytes(data))
    found = verdicts(tmp_path, files)
    assert len(set(found)) > 10, "the mutations reach only a few of the checks"
