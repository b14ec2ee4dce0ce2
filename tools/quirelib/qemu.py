"""qemu.py: the command line of the emulator."""

import os
import subprocess
from dataclasses import dataclass, field

from .errors import QuireError

QEMU = "/usr/bin/qemu-system-x86_64"
OVMF = "/usr/share/ovmf/OVMF.fd"  # code and variables in one file: the fastest to start
QBOOT = "/usr/share/qemu/qboot.rom"  # starts a PVH kernel at once, where SeaBIOS takes its time
PFLASH = {
    "2m": ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    "4m": ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    "secboot": ("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
                "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"),
}

# How a disk is attached that the firmware boots from: the image DISK_FILE of the workspace.
DISK_FILE = "disk.img"
DISKS = {
    "xhci": ["-device", "qemu-xhci,id=xhci", "-device", "usb-storage,bus=xhci.0"],
    "ehci": ["-device", "usb-ehci,id=ehci", "-device", "usb-storage,bus=ehci.0"],
    "sata": ["-device", "ahci,id=sata", "-device", "ide-hd,bus=sata.0"],
    "nvme": ["-device", "nvme,serial=quire"],
    "virtio": ["-device", "virtio-blk-pci"],
}

COM1, COM2 = (0x3F8, 4), (0x2F8, 3)  # I/O port, interrupt
DEBUG_EXIT_PORT = 0xF4

# Exit statuses of QEMU, from what the kernel writes to the debug-exit device.
STATUS_DONE, STATUS_RESTART, STATUS_PANIC, STATUS_TESTS_FAILED = 33, 35, 99, 101


DEFAULT_CPUS = 1  # set once, at the start


@dataclass
class Config:
    """A machine. What has a default is what is fastest to start."""

    boot: str = "uefi"  # or "pvh"
    memory: str = "256M"
    cpus: int = field(default_factory=lambda: DEFAULT_CPUS)
    machine: str = "q35"
    cpu: str = "max"
    accel: str = "tcg"
    icount: str = None
    firmware: str = "ovmf"  # or a key of PFLASH, or a file; uefi only
    variables: str = None  # a file in place of the firmware's own; with a key of PFLASH only
    medium: str = "folder"  # what it boots from: the workspace's files as a volume, or of DISKS
    video: str = None  # a QEMU device, like "virtio-gpu-pci" or "VGA"
    debug_exit: bool = True  # False: like a PC: it stands still after a panic
    serial: bool = True  # False: neither COM1 nor COM2
    console: str = None  # the device that the console is, like "pci-serial"; neither COM1 nor COM2
    extra: tuple = ()  # more words for QEMU


def command(config, cmdline, com1=None, com2=None):
    """The words that start `config`. com1 and com2 name character devices by their options, like
    "socket,fd=5"; the current folder is a workspace (see workspace.py)."""
    words = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
             "-cpu", config.cpu, "-m", config.memory, "-smp", str(config.cpus),
             "-accel", config.accel, "-vga", "none"]
    words += ["-machine", config.machine + (",smm=on" if config.firmware == "secboot" else "")]
    if config.debug_exit:
        words += ["-device", f"isa-debug-exit,iobase=0x{DEBUG_EXIT_PORT:x},iosize=0x04"]
    if config.icount:
        words += ["-icount", f"shift={config.icount},sleep=off"]
    if config.video:
        words += ["-device", config.video]
    if config.console and com1:
        words += ["-chardev", f"{com1},id=serial0", "-device", f"{config.console},chardev=serial0"]
        com1 = com2 = None
    for index, (chardev, (port, irq)) in enumerate(((com1, COM1), (com2, COM2))):
        if chardev:
            words += ["-chardev", f"{chardev},id=serial{index}", "-device",
                      f"isa-serial,chardev=serial{index},index={index},iobase=0x{port:x},irq={irq}"]
    words += _boot_words(config, cmdline)
    return words + list(config.extra)


def _boot_words(config, cmdline):
    if config.boot == "pvh":
        firmware = ["-bios", QBOOT] if config.machine == "q35" else []
        return firmware + ["-kernel", "kernel.elf", "-initrd", "initrd.cpio", "-append", cmdline]
    words = _firmware_words(config.firmware, config.variables)
    if config.medium in DISKS:
        # A snapshot: the firmware may write its variables to the volume.
        *device, last = DISKS[config.medium]
        return words + ["-drive", f"if=none,id=disk,format=raw,snapshot=on,file={DISK_FILE}",
                        *device, f"{last},drive=disk,bootindex=0"]
    # Read only: firmware without a place for its variables would write them to this volume.
    return words + ["-drive", "if=none,id=esp,format=raw,readonly=on,file=fat:esp",
                    "-device", "virtio-blk-pci,drive=esp,bootindex=0"]


def _firmware_words(firmware, variables=None):
    if firmware not in PFLASH:
        return ["-bios", OVMF if firmware == "ovmf" else firmware]
    code, own_variables = PFLASH[firmware]
    variables = variables or own_variables
    words = []
    if firmware == "secboot":
        words += ["-global", "ICH9-LPC.disable_s3=1",
                  "-global", "driver=cfi.pflash01,property=secure,value=on"]
    # snapshot: variables kept from one run to the next would name the devices of the other run.
    return words + ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
                    "-drive", f"if=pflash,format=raw,unit=1,snapshot=on,file={variables}"]


def choose_accel(wanted):
    """"tcg" or "kvm" for what --accel says. QuireError if "kvm" is wanted and does not work."""
    if wanted == "tcg":
        return "tcg"
    reason = why_no_kvm()
    if reason and wanted == "kvm":
        raise QuireError(f"KVM does not work here: {reason}")
    return "tcg" if reason else "kvm"


def why_no_kvm():
    """None if KVM runs code. The device node alone proves nothing: containers show it where the
    processor's extension is absent or nested virtualization is off."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return f"/dev/kvm: {error.strerror}"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        flags = next((line.split() for line in file if line.startswith("flags")), [])
    if "vmx" not in flags and "svm" not in flags:
        return "the processor has neither vmx nor svm"
    return None if _kvm_runs_code() else "QEMU could not run code with it"


def _kvm_runs_code():
    """Run three instructions from the reset vector: mov $0x10,%al; out %al,$0xf4; hlt."""
    rom = bytes(0xFFF0) + b"\xb0\x10\xe6\xf4\xf4" + bytes(11)
    fd = os.memfd_create("reset-vector")
    try:
        os.write(fd, rom)
        words = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                 "-machine", "pc,accel=kvm", "-bios", f"/proc/self/fd/{fd}",
                 "-device", f"isa-debug-exit,iobase=0x{DEBUG_EXIT_PORT:x},iosize=0x04"]
        done = subprocess.run(words, pass_fds=(fd,), stdin=subprocess.DEVNULL, timeout=5,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return done.returncode == STATUS_DONE
    except (OSError, subprocess.TimeoutExpired):
        return False
    finally:
        os.close(fd)
