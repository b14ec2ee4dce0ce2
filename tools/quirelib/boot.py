"""boot.py: `quire boot` and `quire debug`: the machine on this terminal."""

import contextlib
import os
import signal
import subprocess
import sys
import termios

from . import paths, qemu
from .build import prepare
from .errors import MachineError, UsageError
from .run import machine_config
from .workspace import workspace, write_boot_files, write_initrd, write_medium

# QEMU's own keys live behind Ctrl-A on such a console; Ctrl-C goes to the guest.
TERMINAL = "stdio,mux=on,signal=off"
GDB = "/usr/bin/gdb"


@contextlib.contextmanager
def terminal_kept():
    """QEMU makes the terminal raw, and leaves it so if it is killed."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


@contextlib.contextmanager
def interrupts_left_to_child():
    """Ctrl-C reaches parent and child; the child deals with it. (Ignored here, it would be ignored
    there too.)"""
    old = signal.signal(signal.SIGINT, lambda signum, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)


def window_option():
    """The kernel option that tells how large this terminal is."""
    try:
        size = os.get_terminal_size(1)
    except OSError:
        return []
    return [f"window={size.columns},{size.lines}"] if size.columns and size.lines else []


def _machine_words(values, folder):
    """A workspace filled for a boot without jobs, and the command that boots it."""
    cmdline = " ".join([*window_option(), *values["append"]])
    write_initrd(folder)
    write_boot_files(folder, cmdline)
    config = machine_config(values)
    write_medium(folder, config)
    words = qemu.command(config, cmdline, TERMINAL)
    return words + ["-mon", "chardev=serial0"]


def _verdict(status):
    if status in (0, qemu.STATUS_DONE):
        return 0
    if status == qemu.STATUS_PANIC:
        raise MachineError("kernel panic; its report stands above")
    raise MachineError(f"QEMU ended with status {status}")


def _run(command, folder):
    with subprocess.Popen(command, cwd=folder) as process:
        try:
            return process.wait()
        finally:
            process.kill()


def boot(values, words):
    """Quire's console on this terminal, until the machine ends or the person leaves it."""
    if words:
        raise UsageError(f"boot takes no arguments, and there is {words[0]!r}; "
                         "to run a program: ./quire run PROGRAM")
    prepare(yes=values["yes"])
    print("quire: booting; to leave: Ctrl-A, then x", file=sys.stderr)
    with workspace() as folder, terminal_kept():
        command = _machine_words(values, folder)
        while (status := _run(command, folder)) == qemu.STATUS_RESTART:
            pass
        return _verdict(status)


def debug(values, words):
    """The machine, stopped before its first instruction, and gdb with the kernel's symbols on it.
    The console's output goes to build/debug.log."""
    if words:
        raise UsageError(f"debug takes no arguments, and there is {words[0]!r}")
    prepare(("build", "debug"), yes=values["yes"])
    log = os.path.join(paths.BUILD, "debug.log")
    with workspace() as folder, terminal_kept():
        write_initrd(folder)
        cmdline = " ".join(values["append"])
        write_boot_files(folder, cmdline)
        config = machine_config(values)
        write_medium(folder, config)
        os.symlink(log, os.path.join(folder, "console.log"))
        command = qemu.command(config, cmdline, "file,path=console.log")
        # A socket in our own folder: no port to collide with, nobody else to connect.
        command += ["-S", "-chardev", "socket,id=gdb,path=gdb.sock,server=on,wait=off",
                    "-gdb", "chardev:gdb"]
        with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL,
                              process_group=0) as process:
            try:
                return _run_gdb(folder, log, process)
            finally:
                process.kill()


def _run_gdb(folder, log, machine):
    print(f"quire: the console's output goes to {os.path.relpath(log)}", file=sys.stderr)
    # Breakpoints are hardware ones: the kernel is not in memory yet, so there is nothing to patch.
    commands = [f"target remote {os.path.relpath(os.path.join(folder, 'gdb.sock'))}",
                "hbreak kernel_main", "continue"]
    words = [GDB, "-q", paths.KERNEL]
    for command in commands:
        words += ["-ex", command]
    with interrupts_left_to_child():
        return subprocess.run(words).returncode
