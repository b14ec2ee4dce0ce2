"""firmware.py: boot an EFI system partition under QEMU and OVMF, and talk to it over serial."""

import os
import re
import select
import shutil
import subprocess
import time

ROOT = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.join(ROOT, "build")

OVMF = "/usr/share/ovmf/OVMF.fd"
OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
SECURE_CODE = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
SECURE_VARS = "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"

# The probe kernel's verdicts, as QEMU's exit status: (value << 1) | 1.
PROBE_GOOD = 33

# From firmware to the end takes 3 s on an idle machine, and tests may share theirs with others.
DEADLINE_S = 60

CONTROL_SEQUENCE = re.compile(rb"\x1b\[[0-9;?=]*[A-Za-z]")
KEY_SENTENCE = r"Nothing was started; press a key to return to the firmware\."

# OVMF loses a key that arrives within 0.2 ms of its own output, so a key may need another press.
KEY_PATIENCE_S = 1


def built(name):
    return os.path.join(BUILD, name)


def make_esp(folder, loader="BOOTX64.EFI", inject=None, **files):
    """An ESP in `folder`: the loader, behind the shim if something is injected, and \\quire\\NAME.

    `files` are bytes, or None for a file that is absent, of kernel, initrd and cmdline.
    """
    names = {"kernel": "kernel.elf", "initrd": "initrd.cpio", "cmdline": "cmdline.txt"}
    boot = os.path.join(folder, "EFI", "BOOT")
    quire = os.path.join(folder, "quire")
    os.makedirs(boot)
    os.makedirs(quire)
    first = os.path.join(boot, "BOOTX64.EFI")
    if inject is None:
        shutil.copy(built(loader), first)
    else:
        second = os.path.join(folder, "EFI", "QUIRE")
        os.makedirs(second)
        shutil.copy(built("test/SHIM.EFI"), first)
        shutil.copy(built(loader), os.path.join(second, "BOOTX64.EFI"))
        with open(os.path.join(quire, "inject.txt"), "w", encoding="ascii") as file:
            file.write(inject)
    for key, data in files.items():
        if data is not None:
            with open(os.path.join(quire, names[key]), "wb") as file:
                file.write(data)
    return folder


def plain_firmware(_folder):
    return ["-machine", "q35", "-bios", OVMF]


def pc_firmware(_folder):
    return ["-machine", "pc", "-bios", OVMF]


def _flash(code, variables):
    drive = "if=pflash,format=raw"
    return [
        "-drive", f"{drive},unit=0,readonly=on,file={code}",
        "-drive", f"{drive},unit=1,snapshot=on,file={variables}",
    ]


def flash_firmware(folder):
    """OVMF in flash. The variables are a fresh copy: old ones remember other machines' disks."""
    return ["-machine", "q35"] + _flash(OVMF_CODE, shutil.copy(OVMF_VARS, folder))


def secure_firmware(folder):
    """OVMF with Secure Boot on and Debian's snakeoil keys enrolled."""
    return [
        "-machine", "q35,smm=on",
        "-global", "ICH9-LPC.disable_s3=1",
        "-global", "driver=cfi.pflash01,property=secure,value=on",
    ] + _flash(SECURE_CODE, shutil.copy(SECURE_VARS, folder))


class Machine:
    """QEMU with OVMF and an ESP; its serial line is read as it comes, never slept for."""

    def __init__(self, esp, firmware, memory=256, cpu="max", serial=True, extra=()):
        self.text = ""
        self._seen = 0
        self._raw = b""
        self._deadline = time.monotonic() + DEADLINE_S
        command = ["qemu-system-x86_64", "-cpu", cpu, "-m", str(memory), "-nodefaults"]
        command += ["-display", "none", "-no-reboot", "-monitor", "none"]
        command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        command += ["-serial", "stdio" if serial else "none"]
        command += ["-drive", f"if=none,id=esp,format=raw,readonly=on,file=fat:{esp}"]
        command += ["-device", "virtio-blk-pci,drive=esp,bootindex=0"]
        command += list(firmware) + list(extra)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def _readable(self, until):
        left = until - time.monotonic()
        return left > 0 and bool(select.select([self._process.stdout], [], [], left)[0])

    def _read_more(self):
        """Take what has arrived; False at the end of the output."""
        stream = self._process.stdout
        if not self._readable(self._deadline):
            raise AssertionError(f"no end within {DEADLINE_S} s; serial said:\n{self.text}")
        data = os.read(stream.fileno(), 65536)
        self._raw += data
        text = CONTROL_SEQUENCE.sub(b"", self._raw).replace(b"\r", b"")
        self.text = text.decode("utf-8", "replace")
        return bool(data)

    def _match(self, pattern):
        match = re.compile(pattern).search(self.text, self._seen)
        if match:
            self._seen = match.end()
        return match

    def expect(self, pattern):
        """Read until `pattern` matches something new on serial; the match."""
        while not (match := self._match(pattern)):
            if not self._read_more():
                raise AssertionError(f"never saw {pattern!r}; serial said:\n{self.text}")
        return match

    def press_key(self, pattern):
        """Press a key until `pattern` matches something new on serial; the match."""
        pressed = float("-inf")
        while not (match := self._match(pattern)):
            if time.monotonic() - pressed >= KEY_PATIENCE_S:
                self._process.stdin.write(b"x")
                self._process.stdin.flush()
                pressed = time.monotonic()
            if self._readable(pressed + KEY_PATIENCE_S) and not self._read_more():
                raise AssertionError(f"never saw {pattern!r}; serial said:\n{self.text}")
            if time.monotonic() > self._deadline:
                raise AssertionError(f"keys change nothing; serial said:\n{self.text}")
        return match

    def finish(self):
        """Read to the end; QEMU's exit status."""
        while self._read_more():
            pass
        return self._process.wait(timeout=DEADLINE_S)


def probe_values(text):
    """The NAME=VALUE pairs of the probe kernel's lines, numbers as integers."""
    values = {}
    for line in re.findall(r"^probe:(.*)$", text, re.M):
        bracket = re.match(r" (\w+)=\[(.*)\]$", line)
        if bracket:
            values[bracket[1]] = bracket[2]
            continue
        for name, value in re.findall(r" (\w+)=(\w+)", line):
            values[name] = int(value, 0)
    return values
