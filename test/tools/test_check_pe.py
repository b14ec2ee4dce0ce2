"""test_check_pe.py: the loader passes, and with one thing wrong it does not."""

import os
import struct
import subprocess

import check_pe
import pytest

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
IMAGES = ["build/BOOTX64.EFI", "build/test/SHIM.EFI"]
PE_OFFSET = 0x3C

# Offsets in the file header and in the optional header (Microsoft, PE Format).
MACHINE, COFF_FLAGS = 4, 22
MAGIC, ENTRY, SECTION_ALIGN, IMAGE_BYTES = 24, 40, 56, 80
SUBSYSTEM, DLL_FLAGS, DIRECTORIES = 92, 94, 132
SECTIONS = 24 + 112 + 16 * 8
# And in the first section's header.
SECTION_START, SECTION_FILE_START, SECTION_FLAGS = SECTIONS + 12, SECTIONS + 20, SECTIONS + 36


@pytest.fixture(scope="module")
def image():
    subprocess.run(["ninja", "--quiet"] + IMAGES, cwd=ROOT, check=True)
    with open(os.path.join(ROOT, IMAGES[0]), "rb") as file:
        return file.read()


def test_built_images_pass(image):
    tool = os.path.join(ROOT, "tools", "check_pe.py")
    done = subprocess.run([tool] + IMAGES, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def changed(image, offset, layout, change):
    """The image with one number, `offset` bytes from the PE signature, changed."""
    data = bytearray(image)
    (pe,) = struct.unpack_from("<I", data, PE_OFFSET)
    (value,) = struct.unpack_from(layout, data, pe + offset)
    struct.pack_into(layout, data, pe + offset, change(value))
    return bytes(data)


@pytest.mark.parametrize("offset, layout, change, finding", [
    (0, "<I", lambda v: 0, "no PE signature"),
    (MACHINE, "<H", lambda v: 0xAA64, "its machine is 0xaa64"),
    (COFF_FLAGS, "<H", lambda v: v | 1, "relocations are stripped"),
    (COFF_FLAGS, "<H", lambda v: v & ~2, "not marked as an executable"),
    (MAGIC, "<H", lambda v: 0x10B, "not PE32+"),
    (ENTRY, "<I", lambda v: 0, "entry point lies in no executable section"),
    (SECTION_ALIGN, "<I", lambda v: 512, "aligned to 512 bytes"),
    (IMAGE_BYTES, "<I", lambda v: v + 1, "not a whole number of pages"),
    (SUBSYSTEM, "<H", lambda v: 11, "its subsystem is 11"),
    (DLL_FLAGS, "<H", lambda v: v & ~0x100, "NX_COMPAT"),
    (DIRECTORIES, "<I", lambda v: 6, "has 6 data directories"),
    (SECTION_START, "<I", lambda v: 0, "page zero"),
    (SECTION_START, "<I", lambda v: v + 1, "starts inside a page"),
    (SECTION_START, "<I", lambda v: v + 0x1000, "overlap"),
    (SECTION_FILE_START, "<I", lambda v: 0x7FFFFFFF, "past the end of the file"),
    (SECTION_FLAGS, "<I", lambda v: v | 0x80000000, "both writable and executable"),
])
def test_broken_image(image, tmp_path, capsys, offset, layout, change, finding):
    path = tmp_path / "broken.efi"
    path.write_bytes(changed(image, offset, layout, change))
    assert check_pe.main([str(path)]) == 1
    assert finding in capsys.readouterr().out


@pytest.mark.parametrize("bytes_kept", [0, 1, 64, 100, 200, 400, 600])
def test_truncated_image(image, tmp_path, bytes_kept):
    path = tmp_path / "short.efi"
    path.write_bytes(image[:bytes_kept])
    assert check_pe.main([str(path)]) == 1
