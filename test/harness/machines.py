"""machines.py: the machines that tests boot. docs/machines.md shows them in tables that table_of()
makes, and test_machines.py compares.

PCS are typed at, through the emulator's monitor, and what they show is read from their screens.
BOOTED run a program and end; DIRECT are those of them that start the kernel without firmware, too.
"""

from dataclasses import dataclass, field

XHCI = ("-device", "qemu-xhci,id=usb")
# Slow: the description of a monitor (EDID) has no room for the pixel clock of a fast 4K screen.
VGA = "VGA,vgamem_mb=64,xres={},yres={},refresh_rate=30000"
NO_PS2 = "q35,i8042=off"


@dataclass
class Pc:
    """A machine with a screen of `size` and a keyboard. keyboard: "PS/2", or what is said of its
    place on USB. words: for the table, of what else is special about it."""

    size: tuple
    keyboard: str
    words: str
    config: dict
    letters: int = 1
    extra: tuple = ()
    replug: dict = field(default_factory=dict)  # pull the keyboard "keys" out, and put this in


PCS = {
    "stick on xHCI": Pc((800, 600), "USB", "OVMF 4M; the stick beside the keyboard", {
        "medium": "xhci", "firmware": "4m", "machine": NO_PS2, "video": VGA.format(800, 600)},
        extra=("-device", "usb-kbd,bus=xhci.0")),
    "stick on EHCI": Pc((1280, 800), "PS/2", "pc; OVMF 2M; virtio-vga; 4 CPUs", {
        "medium": "ehci", "firmware": "2m", "machine": "pc", "cpus": 4,
        "video": "virtio-vga"}),
    "two hubs": Pc((1366, 768), "USB, behind two hubs", "bochs-display; no HPET; 3 GiB; "
                   "Nehalem; a mouse, a tablet and a stick on USB", {
        "machine": NO_PS2 + ",hpet=off", "memory": "3G", "cpu": "Nehalem",
        "video": "bochs-display,xres=1366,yres=768"},
        extra=(*XHCI, "-device", "usb-mouse", "-device", "usb-tablet",
               "-drive", "if=none,id=stick,driver=null-co,size=64M",
               "-device", "usb-storage,drive=stick", "-device", "usb-hub,bus=usb.0,port=4",
               "-device", "usb-hub,bus=usb.0,port=4.2", "-device", "usb-kbd,bus=usb.0,port=4.2.1")),
    "4K": Pc((3840, 2160), "PS/2", "NVMe; 6 GiB; 2 CPUs; Haswell", {
        "medium": "nvme", "memory": "6G", "cpus": 2, "cpu": "Haswell",
        "video": VGA.format(3840, 2160)}, letters=2),
    "Full HD": Pc((1920, 1080), "USB, pulled out and put in again", "5 GiB, 1 of them below 4; "
                  "EPYC", {
        "machine": NO_PS2 + ",max-ram-below-4g=1G", "memory": "5G", "cpu": "EPYC",
        "video": VGA.format(1920, 1080)},
        extra=(*XHCI, "-device", "usb-kbd,bus=usb.0,port=1,id=keys"),
        replug={"driver": "usb-kbd", "id": "again", "bus": "usb.0", "port": "3"}),
    "behind a bridge": Pc((800, 600), "USB, NEC's xHCI on a bridge", "pc; ramfb; 64 MiB; qemu64", {
        "machine": "pc,i8042=off", "memory": "64M", "cpu": "qemu64", "video": "ramfb"},
        extra=("-device", "pci-bridge,id=bridge,chassis_nr=1",
               "-device", "nec-usb-xhci,id=usb,bus=bridge,addr=2", "-device", "usb-kbd,bus=usb.0")),
    "32 CPUs": Pc((1280, 800), "PS/2", "SATA; qxl; 1 GiB on 2 nodes", {
        "medium": "sata", "cpus": 32, "memory": "1G", "video": "qxl-vga"},
        extra=tuple(word for node in (0, 1) for word in (
            "-object", f"memory-backend-ram,size=512M,id=ram{node}",
            "-numa", f"node,nodeid={node},memdev=ram{node}"))),
    "old graphics": Pc((800, 600), "PS/2", "Cirrus; virtio disk; no SMAP, SMEP, UMIP, XSAVE, "
                       "x2APIC, 1 GiB pages", {
        "medium": "virtio", "video": "cirrus-vga",
        "cpu": "max,-smap,-smep,-umip,-xsave,-x2apic,-pdpe1gb"}),
    "odd tables": Pc((1280, 800), "PS/2", "vmware-svga; junk as ACPI's APIC, SPCR, HPET and SSDT", {
        "video": "vmware-svga"}, extra=tuple(
            word for name in ("APIC", "SPCR", "HPET", "SSDT")
            for word in ("-acpitable", f"sig={name},rev=2,data={{junk}}"))),
}


def table_of(pcs):
    """The lines of a table, as docs/machines.md has it."""
    return ["| machine | screen | keyboard | what else |", "|---|---|---|---|"] + [
        f"| {name} | {pc.size[0]} x {pc.size[1]} | {pc.keyboard} | {pc.words} |"
        for name, pc in pcs.items()]


def names_of(machines):
    """In one line, as docs/machines.md has them."""
    return "; ".join(machines)


BOOTED = {
    "64 MiB": {"memory": "64M"},
    "128 MiB": {"memory": "128M"},
    "256 MiB": {},
    "3 GiB": {"memory": "3G"},  # up to the hole below 4 GiB
    "6 GiB": {"memory": "6G"},  # and beyond it
    "pc": {"machine": "pc"},
    "pc, 64 MiB": {"machine": "pc", "memory": "64M"},
    "4 CPUs": {"cpus": 4},
    "qemu64": {"cpu": "qemu64"},
    "Nehalem": {"cpu": "Nehalem"},
    "Haswell": {"cpu": "Haswell"},
    "Skylake-Client": {"cpu": "Skylake-Client"},
    "EPYC": {"cpu": "EPYC"},
    "no smap, smep, umip": {"cpu": "max,-smap,-smep,-umip"},
    "no 1 GiB pages": {"cpu": "max,-pdpe1gb"},
    "no xsave": {"cpu": "max,-xsave"},
    "no la57": {"cpu": "max,-la57"},
    "2 MiB flash": {"firmware": "2m"},
    "4 MiB flash": {"firmware": "4m"},
    "virtio-gpu": {"video": "virtio-gpu-pci"},  # graphics without a framebuffer
}

DIRECT = {name: BOOTED[name] for name in (
    "64 MiB", "6 GiB", "pc", "4 CPUs", "qemu64", "Nehalem", "Haswell", "EPYC",
    "no smap, smep, umip", "no 1 GiB pages", "no xsave")}
