"""cli.py: from the words of the command line to a command and its exit status."""

import os
import signal
import sys

from . import options
from .bench import bench
from .boot import boot, debug
from .build import prepare
from .errors import QuireError, Stopped, UsageError
from .image import image
from .run import run
from .tests import test

USAGE = """\
usage: ./quire [COMMAND]

Quire is a small x86-64 kernel about virtual memory. It runs Linux programs.

  boot                          boot in QEMU on this terminal (this is the default)
  run PROGRAM [ARGUMENTS...]    run a program of this machine in Quire, as if it ran here
  test [FILTER]                 run all tests, or those that FILTER names
  bench [ROW...]                measure what the kernel's paths cost, next to Linux if wanted
  build                         build only
  debug                         boot under gdb, stopped at the kernel's first line of C
  image FILE                    make an image for a bootable USB stick, or a folder of its files

./quire COMMAND --help tells more. -y or --yes installs missing Debian packages without asking.
"""

DETAILS = {
    "boot": "Boots Quire on this terminal. To leave: Ctrl-A, then x.",
    "run": """\
Runs a static x86-64 Linux program of this machine in Quire, at its own path and in its own working
directory, with this standard input. Standard output and error get exactly what the program writes,
and the exit status is the program's, or 128+n if signal n killed it. The program's environment is
PATH, HOME, TERM, LANG, LC_ALL and TZ as they are here, and what --env says.

Other exit statuses: 124 the time was over; 125 Quire failed, and says how; 126 not a program that
can run; 127 no such program; 2 wrong options.""",
    "test": """\
Runs all tests; FILTER is an expression for pytest's -k, a file, or FILE::TEST. On several CPUs, and
again and again: ./quire test --cpus 4 --rounds 20 "vm_ or mmap". At random, for ten minutes:
./quire test --stress 600 stress""",
    "bench": """\
Runs one program that measures the kernel's paths, in guest instructions, which repeat exactly.
With --linux the same program runs on Linux in the same emulator: boot/vmlinuz-* of Debian's
linux-image package is such a kernel. ROW: only these rows; docs/bench.md explains each.""",
    "build": "Builds what is not up to date, into build/.",
    "debug": "Boots with gdb connected, symbols loaded, stopped at kernel_main.",
    "image": """\
Writes the image of a bootable USB stick: a GUID partition table and a FAT32 EFI system partition
with loader, kernel, initial RAM disk and options. TARGET is a file; or a folder, if it ends with
"/" or is one, which gets the files alone. docs/usb-stick.md tells how to put either on a stick,
and what Secure Boot wants. Equal files give equal images, but for the time in a signature.

The image boots to a shell; or, if there is a PROGRAM, runs it on the console, at its own path and
in this working directory, and switches the machine off when it ends. Options may follow TARGET;
a program's own stand after "--": ./quire image quire.img -- ./program --fast""",
}

ARGUMENTS = {"run": " PROGRAM [ARGUMENTS...]", "test": " [FILTER]", "bench": " [ROW...]",
             "image": " TARGET [PROGRAM [ARGUMENTS...]]"}


def build(values, words):
    if words:
        raise UsageError(f"build takes no arguments, and there is {words[0]!r}")
    prepare(yes=values["yes"])
    return 0


COMMANDS = {
    "boot": (boot, options.MACHINE),
    "run": (run, options.RUN),
    "test": (test, options.TEST),
    "bench": (bench, options.BENCH),
    "build": (build, ()),
    "debug": (debug, options.MACHINE),
    "image": (image, options.IMAGE),
}
COMMON = (options.YES, options.HELP)
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def parse(words):
    """(name of the command, or "help"; its options' values; its words)"""
    first, rest = options.parse(COMMON, words)
    name = rest.pop(0) if rest else "boot"
    if first["help"] or name == "help":
        return "help", {}, []
    if name not in COMMANDS:
        raise UsageError(f"no command {name!r}; there are {', '.join(COMMANDS)}")
    values, rest = options.parse(COMMON + COMMANDS[name][1], rest, anywhere=name == "image")
    values["yes"] = values["yes"] or first["yes"]
    return name, values, rest


def help_text(name=None):
    if name is None:
        return USAGE
    _, own = COMMANDS[name]
    return (f"usage: ./quire {name} [OPTIONS]{ARGUMENTS.get(name, '')}\n\n{DETAILS[name]}\n\n"
            f"{options.describe(own + COMMON)}\n")


def _stop(signum, frame):
    for other in STOPPING:
        signal.signal(other, signal.SIG_IGN)  # what cleans up is not to be disturbed
    raise Stopped(signum)


def _keep_low_descriptors():
    """A caller may have closed 0, 1 or 2; no file of ours may take their place."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)


def main(words):
    _keep_low_descriptors()
    for signum in STOPPING:
        if signal.getsignal(signum) is not signal.SIG_IGN:  # nohup, or a shell's background job
            signal.signal(signum, _stop)
    try:
        name, values, words = parse(words)
        if name == "help" or values["help"]:
            print(help_text(None if name == "help" else name), end="")
            return 0
        return COMMANDS[name][0](values, words)
    except Stopped as stopped:
        return stopped.status
    except QuireError as error:
        return _report(error)


def _report(error):
    for line in error.log:
        print(line, file=sys.stderr)
    print(f"quire: {error.sentence}", file=sys.stderr)
    if isinstance(error, UsageError):
        print("quire: ./quire --help tells what there is", file=sys.stderr)
    return error.status
