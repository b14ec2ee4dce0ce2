"""test_loader.py: the UEFI loader under real firmware, with a probe kernel that checks the
hand-off.

What can't be had from QEMU (a stale map key, 5-level paging, a disk that fails) is injected by
test/boot/shim.c, which then starts the loader that users get.
"""

import os
import random
import subprocess
import sys
import zlib

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "boot"))

import firmware  # noqa: E402
import kernel_files  # noqa: E402
from quirelib.sign import with_hashes  # noqa: E402

TARGETS = [
    "BOOTX64.EFI", "test/BOOTX64-5GIB.EFI", "test/SHIM.EFI", "test/probe_kernel.elf",
]
INITRD = random.Random(1).randbytes(3 * 1024 * 1024 + 123)
CMDLINE = b"log=debug init=/bin/hello -- a b\n"
GIB = 1 << 30
SNAKEOIL = "/usr/share/ovmf/PkKek-1-snakeoil"
FAILURES_SEEN = ["text file", "truncated", "arm64", "overlap", "W+X", "no note"]


@pytest.fixture(scope="session", autouse=True)
def built():
    """In place of the other system tests': these do not need the kernel."""
    targets = [os.path.join("build", name) for name in TARGETS]
    subprocess.run(["ninja", "--quiet"] + targets, cwd=firmware.ROOT, check=True)


@pytest.fixture(scope="session")
def kernel(built):
    with open(firmware.built("test/probe_kernel.elf"), "rb") as file:
        return file.read()


@pytest.fixture
def start(tmp_path, kernel):
    """start(...) boots an ESP; what it is not told is as it should be."""
    machines = []

    def boot(setup=firmware.plain_firmware, loader="BOOTX64.EFI", inject=None, machine=None,
             prepare=None, **files):
        contents = {"kernel": kernel, "initrd": INITRD, "cmdline": CMDLINE}
        contents.update(files)
        esp = firmware.make_esp(str(tmp_path / "esp"), loader, inject, **contents)
        if prepare:
            prepare(esp)
        machines.append(firmware.Machine(esp, setup(str(tmp_path)), **(machine or {})))
        return machines[-1]

    yield boot
    for machine in machines:
        machine.__exit__()


def check_probe(machine, **expected):
    """The probe found all as it must be, and these values besides."""
    status = machine.finish()
    assert "probe: ok" in machine.text and "probe: FAIL" not in machine.text, machine.text
    assert status == firmware.PROBE_GOOD, machine.text
    values = firmware.probe_values(machine.text)
    assert values["initrd_bytes"] == len(INITRD)
    assert values["initrd_crc32"] == zlib.crc32(INITRD)
    assert {name: values[name] for name in expected} == expected
    return values


def check_failure(machine, sentence, returned=r"BdsDxe: failed to start"):
    """The loader says `sentence` once, waits, and after a key the firmware goes on."""
    machine.expect(r"Quire loader: [^\n]*" + sentence + r"[^\n]*\. " + firmware.KEY_SENTENCE)
    machine.press_key(returned)
    assert machine.text.count("press a key") == 1, machine.text
    assert "probe:" not in machine.text


# ---- machines that it boots on ----


def test_default(start):
    machine = start()
    values = check_probe(
        machine, cmdline=CMDLINE.decode().strip(), framebuffer_bytes=0, firmware_paging_levels=4,
        vendor="EDK II", executable_low=1)
    assert values["smbios"] and values["system_table"]
    line = f"Quire loader: kernel.elf {values['kernel_bytes'] // 1024} KiB, initrd 3072 KiB, "
    assert machine.text.count(line) == 1, machine.text


@pytest.mark.parametrize("machine", [
    {"memory": 64}, {"memory": 3072}, {"memory": 6144},
    {"memory": 6144, "cpu": "max,-pdpe1gb"}, {"cpu": "qemu64"}, {"cpu": "max,-la57,-smap,-smep"},
], ids=str)
def test_memory_and_cpus(start, machine):
    values = check_probe(start(machine=machine))
    if machine.get("memory") == 6144:
        assert values["mapped_end"] == values["ram_end"] > 6 * GIB


@pytest.mark.parametrize("setup", [firmware.pc_firmware, firmware.flash_firmware])
def test_firmware(start, setup):
    check_probe(start(setup=setup))


def test_no_serial_port(start):
    machine = start(machine={"serial": False})
    assert machine.finish() == firmware.PROBE_GOOD


@pytest.mark.parametrize("inject", [None, "la57"])
def test_image_above_4_gib(start, inject):
    """Firmware may put the loader anywhere."""
    machine = start(loader="test/BOOTX64-5GIB.EFI", inject=inject, machine={"memory": 6144})
    assert check_probe(machine)["last_executable_low"] >= 5 * GIB


def test_kernel_and_initrd_above_4_gib(start):
    values = check_probe(start(inject="high la57", machine={"memory": 6144}))
    assert values["kernel_start"] >= 4 * GIB and values["initrd_start"] >= 4 * GIB


def test_5_level_firmware(start):
    """The probe fails by itself if it is entered with CR4.LA57 set."""
    check_probe(start(inject="la57"), firmware_paging_levels=5, executable_low=2)


def test_loader_without_a_device(start):
    check_probe(start(inject="no-device"))


@pytest.mark.parametrize("cmdline, seen", [
    (None, ""), (b"", ""), (b"a b", "a b"), (b"\xef\xbb\xbfa=1 b\r\nsecond line\r\n", "a=1 b"),
])
def test_cmdline(start, cmdline, seen):
    check_probe(start(cmdline=cmdline), cmdline=seen)


# ---- the end of boot services ----


def test_stale_map_key(start):
    check_probe(start(inject="stale-key=1"), map_key_tries=2)


def test_firmware_that_never_ends(start):
    machine = start(inject="stale-key=1000")
    machine.expect(r"Quire loader: the firmware has refused 64 times to end its boot services: "
                   r"invalid parameter\. The machine is halted; switch it off\.")
    assert "probe:" not in machine.text


# ---- graphics ----


def test_framebuffer(start):
    values = check_probe(
        start(machine={"extra": ["-device", "VGA"]}), bits_per_pixel=32, red_mask=0xFF0000,
        green_mask=0xFF00, blue_mask=0xFF)
    assert values["pitch"] >= 4 * values["width"] > 0 and values["framebuffer"] > 0
    assert values["framebuffer_bytes"] == values["pitch"] * values["height"] > 0


def test_graphics_without_framebuffer(start):
    """virtio-gpu's pixels are only reached through the firmware (PixelBltOnly)."""
    machine = start(machine={"extra": ["-device", "virtio-gpu-pci"]})
    check_probe(machine, framebuffer_bytes=0)


def test_pixels_by_masks(start):
    machine = start(inject="gop-565", machine={"extra": ["-device", "VGA"]})
    values = check_probe(
        machine, bits_per_pixel=16, red_mask=0xF800, green_mask=0x07E0, blue_mask=0x001F)
    assert values["pitch"] == 2 * values["width"]


def test_pixels_by_empty_masks(start):
    machine = start(inject="gop-no-masks", machine={"extra": ["-device", "VGA"]})
    check_probe(machine, framebuffer_bytes=0)


# ---- what may be wrong: one sentence each, and back to the firmware ----


@pytest.mark.parametrize("files, sentence", [
    ({"kernel": None}, r"\\quire\\kernel\.elf: not found on any volume"),
    ({"initrd": None}, r"\\quire\\initrd\.cpio: not found"),
    ({"initrd": b""}, r"\\quire\\initrd\.cpio: empty"),
    ({"cmdline": b"x" * 65537}, r"\\quire\\cmdline\.txt: larger than 64 KiB"),
])
def test_wrong_file(start, files, sentence):
    check_failure(start(**files), sentence)


@pytest.mark.parametrize("name", FAILURES_SEEN)
def test_wrong_kernel(start, kernel, name):
    file, sentence = kernel_files.broken(kernel)[name]
    sentence = r"\\quire\\kernel\.elf: [^\n]*" + sentence.replace("+", r"\+")
    check_failure(start(kernel=file), sentence)


def test_wrong_boot_info_version(start, kernel):
    file = kernel_files.with_note(kernel, kernel_files.NOTE_VERSION, 99)
    sentence = "wants version 99 of boot_info, and this loader gives version 1"
    check_failure(start(kernel=file), sentence)


def test_folder_instead_of_kernel(start):
    def make_folder(esp):
        os.mkdir(os.path.join(esp, "quire", "kernel.elf"))

    check_failure(start(kernel=None, prepare=make_folder), r"kernel\.elf: a folder, not a file")


def test_cpu_without_nx(start):
    check_failure(start(machine={"cpu": "max,-nx"}), r"this CPU has no no-execute pages \(NX\)")


@pytest.mark.parametrize("inject, sentence", [
    ("short-read=kernel.elf:5000", r"kernel\.elf: ends after 5000 of \d+ bytes \(short read\)"),
    ("short-read=initrd.cpio:2000000", r"initrd\.cpio: ends after 2000000 of 3145851 bytes"),
    ("read-error=initrd.cpio:1048576", r"initrd\.cpio: can't be read at byte 1048576 of "
                                       r"3145851: device error"),
])
def test_read_fails(start, inject, sentence):
    check_failure(start(inject=inject), sentence, r"shim: the loader returned \d+")


def test_out_of_memory_everywhere(start):
    """With 0, 1, 2... allocations allowed: a sentence each, nothing kept, then a good start."""
    machine = start(inject="sweep la57")
    allowed = 0
    while machine.expect(r"press a key|probe: started")[0] == "press a key":
        after = machine.press_key(r"allowed=(\d+) leaked=(\d+)")
        assert after.groups() == (str(allowed), "0")
        allowed += 1
    check_probe(machine, firmware_paging_levels=5)
    assert allowed >= 9
    assert machine.text.count("Quire loader: no memory for ") == allowed, machine.text


def test_real_lack_of_memory(start):
    initrd = bytes(200 * 1024 * 1024)
    check_failure(start(initrd=initrd, machine={"memory": 128}),
                  r"no memory for \\quire\\initrd\.cpio \(204800 KiB\): out of resources")


# ---- words on serial when the firmware's console is not there ----


def test_own_serial_port(start):
    machine = start(inject="no-console")
    check_probe(machine)
    assert machine.text.count("Quire loader: kernel.elf ") == 1, machine.text


def test_own_serial_port_failure(start):
    machine = start(inject="no-console", initrd=None)
    check_failure(machine, r"\\quire\\initrd\.cpio: not found", r"shim: the loader returned 14")


# ---- Secure Boot ----


def test_secure_boot_unsigned(start):
    machine = start(setup=firmware.secure_firmware)
    machine.expect(r"BdsDxe: failed to load [^\n]*Access Denied")
    assert "Quire loader" not in machine.text


def sign(esp, folder, hashes=True):
    """Sign the loader of an ESP, as firmware with Debian's test keys wants it."""
    image = os.path.join(esp, "EFI", "BOOT", "BOOTX64.EFI")
    key, unsigned = os.path.join(folder, "key"), os.path.join(folder, "unsigned.efi")
    subprocess.run(
        ["openssl", "rsa", "-in", SNAKEOIL + ".key", "-passin", "pass:snakeoil", "-out", key],
        check=True, capture_output=True)
    with open(image, "rb") as file:
        loader = file.read()
    with open(unsigned, "wb") as file:
        file.write(with_hashes(loader, esp) if hashes else loader)
    subprocess.run(
        ["sbsign", "--key", key, "--cert", SNAKEOIL + ".pem", "--output", image, unsigned],
        check=True, capture_output=True)


@pytest.mark.parametrize("cmdline", [CMDLINE, b"", None])
def test_secure_boot_signed(start, tmp_path, cmdline):
    check_probe(start(setup=firmware.secure_firmware, cmdline=cmdline,
                      prepare=lambda esp: sign(esp, str(tmp_path))))


def test_secure_boot_signed_without_hashes(start, tmp_path):
    check_failure(start(setup=firmware.secure_firmware,
                        prepare=lambda esp: sign(esp, str(tmp_path), hashes=False)),
                  "Secure Boot is on, and this loader was signed without the hashes of its files")


@pytest.mark.parametrize("name", ["kernel.elf", "initrd.cpio", "cmdline.txt"])
def test_hashes_of_other_files(start, tmp_path, name):
    def fill_and_change(esp):
        image, changed = (os.path.join(esp, *path) for path in (
            ("EFI", "BOOT", "BOOTX64.EFI"), ("quire", name)))
        with open(image, "r+b") as file:
            loader = with_hashes(file.read(), esp)
            file.seek(0)
            file.write(loader)
        with open(changed, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)[0]
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last ^ 0x80]))

    sentence = name.replace(".", r"\.") + ": not the file that this loader was signed with"
    check_failure(start(prepare=fill_and_change), sentence)
