"""test_pci.py: what the kernel finds on PCI, and how the machine ends and starts again."""

import random

import pytest
from harness import Guest
from harness.monitor import Monitor

BRIDGES = ("-device", "pcie-root-port,id=root,chassis=1",
           "-device", "pcie-pci-bridge,id=bridge,bus=root",
           "-chardev", "null,id=nobody",
           "-device", "pci-serial,chardev=nobody,bus=bridge,addr=3")


def pci_lines(guest):
    count = int(guest.expect(r"PCI: (\d+) functions")[1])
    return [guest.expect(r"PCI (\S+): (\S+), class (\w+)").groups() for _ in range(count)]


@pytest.mark.parametrize("machine,boot,bridge", [
    ("pc", "pvh", "8086:1237"), ("q35", "pvh", "8086:29c0"), ("q35", "uefi", "8086:29c0")])
def test_the_host_bridge_comes_first(machine, boot, bridge):
    with Guest(machine=machine, boot=boot, append="log=debug") as guest:
        assert pci_lines(guest)[0] == ("00:00.0", bridge, "060000")


def test_behind_two_bridges():
    """Only firmware gives bridges their buses."""
    with Guest(boot="uefi", append="log=debug", extra=BRIDGES) as guest:
        found = [(address, function) for address, function, _ in pci_lines(guest)]
        (serial,) = [address for address, function in found if function == "1b36:0002"]
        assert serial == "02:03.0", found


def test_by_memory_where_firmware_turned_it_on():
    with Guest(boot="uefi") as guest:
        guest.expect(r"PCI: \d+ functions, by memory")


def test_by_ports_on_a_chipset_without_it():
    with Guest(boot="pvh", machine="pc") as guest:
        guest.expect(r"PCI: \d+ functions, by ports")


@pytest.mark.parametrize("machine,boot", [("q35", "uefi"), ("pc", "pvh")])
def test_the_shell_on_a_serial_card(machine, boot):
    with Guest(boot=boot, machine=machine, console="pci-serial") as guest:
        guest.expect(r"console: PCI serial card 1b36:0002 at port")
        guest.until("# \x1b[6n")
        guest.type("ls -1 /etc | wc -l\n")
        guest.until("wc -l\r\n3\r\n")


@pytest.mark.parametrize("command,reason", [("reboot -f", "guest-reset"),
                                            ("poweroff -f", "guest-shutdown")])
def test_the_end_without_the_emulators_own_way_out(tmp_path, command, reason):
    """The emulator's way out is not used where the processor says that it is a real one."""
    monitor = Monitor(tmp_path)
    with Guest(boot="pvh", cpu="max,-hypervisor", extra=monitor.words) as guest:
        guest.until("# \x1b[6n")
        monitor.ask("query-status")  # listen before it happens
        guest.type(command + "\n")
        assert guest.wait() == 0
        assert monitor.await_event("SHUTDOWN")["reason"] == reason


@pytest.mark.parametrize("command,reason", [("reboot -f", "guest-reset"),
                                            ("poweroff -f", "guest-shutdown")])
def test_the_end_where_acpi_says_nothing(tmp_path, command, reason):
    """With this in its tables the firmware installs none; it still switches the machine off."""
    monitor = Monitor(tmp_path)
    junk = tmp_path / "junk"
    junk.write_bytes(random.Random(1).randbytes(300))
    with Guest(boot="uefi", cpu="max,-hypervisor", cpus=2, extra=(
            *monitor.words, "-acpitable", f"sig=FACP,rev=1,data={junk}")) as guest:
        guest.expect("power-off unknown")
        guest.until("# \x1b[6n")
        monitor.ask("query-status")
        guest.type(command + "\n")
        assert guest.wait() == 0
        assert monitor.await_event("SHUTDOWN")["reason"] == reason


def test_a_machine_of_reduced_hardware_switches_itself_off(tmp_path):
    """It has no PM1 registers: another one, in memory, does it."""
    monitor = Monitor(tmp_path)
    with Guest(boot="pvh", machine="microvm,acpi=on", cpu="max,-hypervisor",
               extra=monitor.words) as guest:
        guest.expect("power-off known")
        guest.until("# \x1b[6n")
        monitor.ask("query-status")
        guest.type("poweroff -f\n")
        assert guest.wait() == 0
        assert monitor.await_event("SHUTDOWN")["reason"] == "guest-shutdown"


def test_a_machine_that_is_switched_off_by_hand():
    """Neither ACPI nor UEFI."""
    with Guest(boot="pvh", machine="pc,acpi=off", cpu="max,-hypervisor") as guest:
        guest.until("# \x1b[6n")
        guest.type("poweroff -f\n")
        guest.until("This machine does not switch itself off: do it by hand.")
