"""bochs.py: a machine of Bochs's: what QEMU's own translation lacks.

    with BochsGuest([job(HELLO)], model="corei7_haswell_4770", cpus=2) as guest:
        assert guest.results()[0].status == 0

Bochs interprets, at some 35 million instructions a second, in a time of its own that goes by
instructions: so a run repeats, and an idle machine's time passes at once. It has the processors of
20 years by name (`bochs --help cpu`), with PCID, x2APIC, TSC-deadline timers, and checks of
reserved bits. It knows neither UEFI nor PVH: test/bochs/boot.c stands between.

What it does as no processor does: each load of CR3 flushes all translations, whatever bit 63 says;
and SYSCALL with TF set raises #DB in ring 0, though the system's mask clears TF, so a program would
kill a kernel that has no stack of its own for #DB (prog_hostile tries).

It ends with a "panic" of its own whatever happens, also where the machine switches itself off; a
kernel's panic ends nothing, so the machine is ended then.
"""

import os
import pty
import socket
import struct
from dataclasses import dataclass

from quirelib import paths
from quirelib.errors import MachineError
from quirelib.machine import Machine
from quirelib.qemu import DISK_FILE

from .guest import Guest

BOCHS = "/usr/bin/bochs"
BOOT = os.path.join(paths.ROOT, "build", "test", "bios_boot.bin")
SHARE = "/usr/share/bochs"
CONNECT_SECONDS = 20  # Bochs opens its serial ports when it starts
LIMIT = 300  # seconds for a boot; where several share the host's CPUs, one may take a minute

# test/bochs/boot.h and struct cargo of boot.c.
SECTOR = 512
BOOT_SECTORS = 16
CARGO = struct.Struct("<5I492s")
CYLINDER = 16 * 63 * SECTOR  # a disk has whole ones

# Nothing asks a person. Panics are the ends described above.
SETTINGS = """\
config_interface: textconfig
display_library: term
cpu: model={model}, count={cpus}:1:1, ips={ips}, reset_on_triple_fault=0, {cpu_options}
memory: guest={memory}, host={memory}
romimage: file={share}/BIOS-bochs-latest
vgaromimage: file={share}/VGABIOS-lgpl-latest
boot: disk
ata0-master: type=disk, mode=flat, path={disk}
com1: enabled=1, mode=socket-client, dev=127.0.0.1:{com1}
com2: enabled=1, mode=socket-client, dev=127.0.0.1:{com2}
clock: sync=none
log: bochs.log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
"""
LAST_MESSAGE = "Bochs is exiting with the following message:"
SWITCHED_OFF = "ACPI control: soft power off"


@dataclass
class BochsConfig:
    """A machine of Bochs's."""

    model: str = "corei7_skylake_x"  # of `bochs --help cpu`
    cpus: int = 1
    memory: int = 256  # MiB
    x2apic: bool = False  # the firmware leaves the APICs in this mode
    # Instructions in a second of the machine, and ticks of its TSC.
    ips: int = 50000000
    cpu_options: str = "cpuid_limit_winnt=0"  # more for the cpu line
    boot: str = "bios"
    medium: str = "disk"


def write_disk(folder, config, cmdline):
    """The disk that boot.c describes: this program, what it loads, and where that is."""
    with open(BOOT, "rb") as file:
        boot = file.read()
    assert len(boot) <= BOOT_SECTORS * SECTOR and len(cmdline) < 492
    with open(os.path.join(folder, DISK_FILE), "wb") as out:
        places = []
        out.seek((BOOT_SECTORS + 1) * SECTOR)
        for name in ("kernel.elf", "initrd.cpio"):
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            places += [out.tell() // SECTOR, len(data)]
            out.write(data + bytes(-len(data) % SECTOR))
        out.truncate(out.tell() + -out.tell() % CYLINDER)
        out.seek(0)
        out.write(boot)
        out.seek(BOOT_SECTORS * SECTOR)
        out.write(CARGO.pack(*places, config.x2apic, cmdline.encode()))


class BochsMachine(Machine):
    """Its serial ports are TCP connections to this process; its screen goes nowhere."""

    NAME = "Bochs"

    def _start(self, folder, config, cmdline):
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self._screen, terminal = pty.openpty()
        try:
            process = self._popen_on(terminal, folder, config,
                                     [each.getsockname()[1] for each in listeners])
            os.set_blocking(self._screen, False)
            self.watch(self._screen, self._drop_screen)
            return process, self._accept(listeners)
        finally:
            os.close(terminal)
            for each in listeners:
                each.close()

    def _popen_on(self, terminal, folder, config, ports):
        settings = SETTINGS.format(model=config.model, cpus=config.cpus, ips=config.ips,
                                   memory=config.memory, cpu_options=config.cpu_options,
                                   share=SHARE, disk=DISK_FILE, com1=ports[0], com2=ports[1])
        with open(os.path.join(folder, "bochsrc"), "w", encoding="ascii") as file:
            file.write(settings)
        with open(os.path.join(folder, "commands"), "w", encoding="ascii") as file:
            file.write("c\n")  # Debian's Bochs has its debugger built in, and that starts
        return self._popen([BOCHS, "-q", "-f", "bochsrc", "-rc", "commands"], folder,
                           stdin=terminal, stdout=terminal,
                           env={**os.environ, "TERM": "vt100"})

    @staticmethod
    def _accept(listeners):
        ends = []
        for listener in listeners:
            listener.settimeout(CONNECT_SECONDS)
            ends.append(listener.accept()[0])
        return ends

    def _drop_screen(self):
        try:
            while os.read(self._screen, 1 << 16):
                pass
        except BlockingIOError:
            pass
        except OSError:
            self.unwatch(self._screen)  # Bochs has ended

    def __exit__(self, *exception):
        super().__exit__(*exception)
        os.close(self._screen)

    @property
    def errors(self):
        """Why Bochs has ended, in its words."""
        lines = super().errors.splitlines()
        if LAST_MESSAGE in lines:
            return lines[lines.index(LAST_MESSAGE) + 1]
        return ""

    def _ended(self):
        super()._ended()
        # Once it has said so, Bochs exits with 1, or crashes while it tidies up.
        if SWITCHED_OFF in self.errors:
            self.status = 0


class BochsGuest(Guest):
    """A Guest with BochsConfig's keywords in place of QEMU's."""

    EMULATOR = BochsMachine
    CONFIG = BochsConfig

    def __init__(self, jobs=(), limit=LIMIT, **options):
        super().__init__(jobs, limit=limit, **options)

    def _make_medium(self, folder, cmdline):
        if self.image or self.inject:
            raise MachineError("Bochs boots what boot.c loads and nothing else")
        write_disk(folder, self.config, cmdline)
