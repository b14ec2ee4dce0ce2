"""test_serial.py: which serial port is the console, and tables that lie about it."""

import random
import struct

import pytest
from harness import Guest, job
from quirelib import qemu
from quirelib.job import FileSet, JOB_FILE, encode_jobs

PROMPT = "# \x1b[6n"  # the shell asks where the cursor is
COM3 = "isa-serial,index=2,iobase=0x3e8,irq=4"
NOBODY_AT_COM1 = ("-chardev", "null,id=nobody",
                  "-device", "isa-serial,chardev=nobody,index=0,iobase=0x3f8,irq=4")
IO, MEMORY = 1, 0


def address(space, place, bits=8, access=1):
    return struct.pack("<BBBBQ", space, bits, 0, access, place)


def spcr(place, kind=0, baud=7):
    return bytes((kind, 0, 0, 0)) + place + bytes(6) + bytes((baud,)) + bytes(21)


def dbg2(place, subtype=0):
    device = struct.pack("<BHBHHHHHHHHH", 0, 22 + len(place) + 6, 1, 2, 22 + len(place) + 4, 0, 0,
                         0x8000, subtype, 0, 22, 22 + len(place))
    return struct.pack("<II", 44, 1) + device + place + struct.pack("<I", 8) + b".\0"


def tables(folder, *given):
    """The emulator's words for tables of these names and contents; it makes right headers."""
    words = []
    for number, (name, contents) in enumerate(given):
        path = folder / f"table{number}"
        path.write_bytes(contents)
        words += ["-acpitable", f"sig={name},rev=2,data={path}"]
    return tuple(words)


def use_the_shell(guest):
    guest.until(PROMPT)
    guest.type("ls -1 /etc | wc -l\n")
    guest.until("wc -l\r\n3\r\n")


@pytest.mark.parametrize("name,contents", [
    ("SPCR", spcr(address(IO, 0x3E8))),
    ("SPCR", spcr(address(IO, 0x3E8), kind=0x12, baud=0)),
    ("DBG2", dbg2(address(IO, 0x3E8))),
], ids=["SPCR", "SPCR, the rate as it is", "DBG2"])
@pytest.mark.parametrize("boot,before", [("pvh", NOBODY_AT_COM1), ("uefi", ())],
                         ids=["and COM1 is there", "no COM1"])
def test_the_port_that_a_table_names(tmp_path, boot, before, name, contents):
    with Guest(boot=boot, console=COM3,
               extra=before + tables(tmp_path, (name, contents))) as guest:
        guest.expect(r"Quire .* for x86-64")  # from the first line on
        guest.expect(r"console: serial port at port 0x3e8, by ACPI's tables")
        use_the_shell(guest)


def test_spcr_is_before_dbg2(tmp_path):
    with Guest(boot="pvh", console=COM3, extra=NOBODY_AT_COM1 + tables(
            tmp_path, ("DBG2", dbg2(address(IO, 0x3F8))),
            ("SPCR", spcr(address(IO, 0x3E8))))) as guest:
        use_the_shell(guest)


def test_a_port_that_is_not_there(tmp_path):
    """Then the next one: DBG2's, or the first of a PC."""
    with Guest(boot="pvh", extra=tables(tmp_path, ("SPCR", spcr(address(IO, 0x3E8))))) as guest:
        guest.expect(r"ACPI's tables name a serial port at 0x3e8, and none is there")
        use_the_shell(guest)


@pytest.mark.parametrize("option", ["com3", "io:0x3e8"])
def test_the_option_is_before_all(tmp_path, option):
    with Guest(boot="pvh", append=f"serial={option}", console=COM3, extra=NOBODY_AT_COM1 + tables(
            tmp_path, ("SPCR", spcr(address(IO, 0x3F8))))) as guest:
        guest.expect(r"console: serial port at port 0x3e8, by the option")
        use_the_shell(guest)


@pytest.mark.parametrize("console,why", [
    (COM3, "no interrupt"),
    ("isa-serial,index=0,iobase=0x3f8,irq=10", "no interrupt comes")], ids=["none", "elsewhere"])
def test_where_no_interrupt_comes(console, why):
    """Keys that send signals are heard, too, while nobody reads."""
    with Guest(boot="pvh", console=console,
               append="serial=com3" if console == COM3 else "") as guest:
        guest.expect(f"serial port at 0x3.8: {why}; looked at by a timer")
        use_the_shell(guest)
        guest.type("echo r''uns; while :; do :; done\n")
        guest.until("runs\r\n")
        guest.type("\x03")
        guest.until("# ")
        guest.type("echo sto''pped\n")
        guest.until("stopped\r\n")


def test_no_port_wanted():
    """Nothing is said at the one that is there; that the machine ends well is the verdict."""
    files, hello = FileSet(), job("build/programs/hello.musl")
    files.add(hello.host, hello.job.path)
    files.add_bytes(JOB_FILE, encode_jobs([hello.job]))
    with Guest(files=files, append=f"serial=off job={JOB_FILE}", boot="pvh") as guest:
        assert guest.wait() == qemu.STATUS_DONE
        assert not guest.lines


LIES = {
    "an address in memory": [("SPCR", spcr(address(MEMORY, 0x200000)))],
    "the interrupt controller": [("SPCR", spcr(address(MEMORY, 0xFEC00000, 32, 3)))],
    "beyond what can be addressed": [("SPCR", spcr(address(MEMORY, (1 << 52) - 4096)))],
    "ports of PCI": [("SPCR", spcr(address(IO, 0xCF8)))],
    "other space": [("SPCR", spcr(address(7, 0x3E8)))],
    "short": [("SPCR", b""), ("DBG2", b""), ("MCFG", b"\1")],
    "lengths": [("DBG2", struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF) + bytes(40)),
                ("DBG2", struct.pack("<IIBH", 44, 0xFFFFFFFF, 0, 0) + bytes(40))],
}


def mcfg(place):
    return bytes(8) + struct.pack("<QHBBI", place, 0, 0, 255, 0)


def hpet(place):
    return bytes(4) + address(MEMORY, place, 64, 0) + bytes(4)


# Of a machine that has none of its own.
OTHER_LIES = {
    "PCI in memory": [("MCFG", mcfg(0x200000))],
    "PCI nowhere": [("MCFG", mcfg(1 << 51))],
    "PCI at the interrupt controller": [("MCFG", mcfg(0xFEC00000))],
    "HPET in memory": [("HPET", hpet(0x200000))],
    "HPET nowhere": [("HPET", hpet(1 << 51))],
    "HPET at nothing": [("HPET", hpet(0xD0000000))],
}


@pytest.mark.parametrize("lies", OTHER_LIES.values(), ids=OTHER_LIES.keys())
def test_other_tables_that_lie(tmp_path, lies):
    with Guest(boot="pvh", machine="pc,hpet=off", extra=tables(tmp_path, *lies)) as guest:
        use_the_shell(guest)


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES.keys())
def test_tables_that_lie(tmp_path, lies):
    with Guest(boot="pvh", extra=tables(tmp_path, *lies)) as guest:
        use_the_shell(guest)


@pytest.mark.parametrize("seed", range(3))
def test_tables_of_anything(tmp_path, seed):
    """All that the kernel reads but those of the emulator, which come first."""
    chance = random.Random(seed)
    given = [(name, chance.randbytes(chance.randrange(200)))
             for name in ("SPCR", "DBG2", "SSDT", "APIC", "HPET", "MCFG", "FACP", "SSDT")]
    with Guest(boot="pvh", extra=tables(tmp_path, *given)) as guest:
        use_the_shell(guest)
