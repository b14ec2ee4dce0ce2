"""options.py: the words of the command line.

Options come before the program, long ones as "--name value" or "--name=value", short ones as
"-m 64" or "-m64". From the first word that is no option on, everything belongs to the program.
"""

import re
from dataclasses import dataclass
from typing import Callable

from .errors import UsageError

CMDLINE_MAX = 2048 - 64  # OPTIONS_MAX of the kernel, less what quire itself passes


@dataclass(frozen=True)
class Option:
    """One option. `parse` turns the word into the value, or raises ValueError with what is wanted.
    Without it the option is a switch. With `count` of 2, two words follow, and both are kept."""

    names: tuple
    help: str
    word: str = None
    parse: Callable = None
    default: object = None
    many: bool = False
    count: int = 1

    @property
    def key(self):
        return self.names[-1].lstrip("-").replace("-", "_")


def parse(options, words, anywhere=False):
    """({key: value}, the words that are left). UsageError in one sentence. `anywhere`: options
    may also follow other words, up to a "--"."""
    by_name = {name: option for option in options for name in option.names}
    values = {option.key: [] if option.many else option.default for option in options}
    words, passed = list(words), []
    while words:
        if not words[0].startswith("-") or words[0] == "-":
            if not anywhere:
                break
            passed.append(words.pop(0))
            continue
        word = words.pop(0)
        if word == "--":
            break
        name, value = _split(word)
        option = by_name.get(name)
        if option is None:
            raise UsageError(f"unknown option {name}")
        if option.parse is None:
            if value is not None:
                raise UsageError(f"{name} takes no value")
            values[option.key] = True
            continue
        parsed = _values(option, name, value, words)
        if option.many:
            values[option.key].append(parsed)
        else:
            values[option.key] = parsed
    return values, passed + words


def _values(option, name, value, words):
    """What the option has: `value`, if it stood behind "=", and from the start of `words`."""
    raw = [] if value is None else [value]
    while len(raw) < option.count:
        if not words:
            wanted = "a value" if option.count == 1 else f"{option.count} values"
            raise UsageError(f"{name} needs {wanted}: {option.word}")
        raw.append(words.pop(0))
    try:
        parsed = [option.parse(word) for word in raw]
    except ValueError as error:
        raise UsageError(f"{name} {' '.join(raw)}: {error}") from error
    return parsed[0] if option.count == 1 else parsed


def _split(word):
    if word.startswith("--"):
        name, separator, value = word.partition("=")
        return name, value if separator else None
    return word[:2], word[2:] or None


def text(word):
    return word


def file_name(word):
    if not word:
        raise ValueError("the name of a file is wanted")
    return word


def memory(word):
    match = re.fullmatch(r"(\d{1,6})([MG]?)", word)
    if not match or int(match[1]) == 0:
        raise ValueError("memory is a number of MiB, like 64 or 64M, or of GiB, like 3G")
    return match[1] + (match[2] or "M")


def bytes_of_memory(word):
    """Of what memory() returns."""
    return int(word[:-1]) << (30 if word[-1] == "G" else 20)


def cpus(word):
    if not word.isascii() or not word.isdigit() or not 1 <= int(word) <= 255:
        raise ValueError("the number of CPUs is from 1 to 255")
    return int(word)


def rounds(word):
    if not re.fullmatch(r"[1-9]\d{0,5}", word):
        raise ValueError("a number from 1 on is wanted")
    return int(word)


def seconds(word):
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", word):
        raise ValueError("a number of seconds is wanted; 0 for no limit")
    return float(word) or None


def one_of(*choices):
    def parse_choice(word):
        if word not in choices:
            raise ValueError("choose " + " or ".join(choices))
        return word
    return parse_choice


def icount(word):
    if word != "auto" and word not in map(str, range(11)):
        raise ValueError("a shift from 0 to 10, or auto")
    return word


def added_file(word):
    """HOST[:GUEST]"""
    host, separator, guest = word.partition(":")
    if not host or (separator and not guest.startswith("/")):
        raise ValueError("HOST or HOST:GUEST is wanted, GUEST an absolute path")
    return host, guest or None


def variable(word):
    if not word or word.startswith("="):
        raise ValueError("NAME=value is wanted, or NAME to pass the caller's")
    return word


def kernel_options(word):
    if re.search(r"[\x00-\x1f\x7f]", word):
        raise ValueError("kernel options are words on one line")
    if len(word.encode(errors="surrogateescape")) > CMDLINE_MAX:
        raise ValueError(f"kernel options have at most {CMDLINE_MAX} bytes")
    return word


YES = Option(("-y", "--yes"), "install missing packages without asking")
HELP = Option(("-h", "--help"), "show this help")

APPEND = Option(("--append",), "more options for the kernel", "OPTIONS", kernel_options, many=True)
ADD = Option(("--add",), "a file or folder of the host, here or at GUEST", "HOST[:GUEST]",
             added_file, many=True)
ENV = Option(("--env",), "a variable for the program; NAME alone passes yours", "NAME=VALUE",
             variable, many=True)
NO_PACKAGES = Option(("--no-packages",), "leave out what the program's Debian packages bring")

MACHINE = (
    Option(("-m", "--memory"), "memory, in MiB or with G (default 256)", "SIZE", memory, "256M"),
    Option(("-s", "--cpus"), "CPUs (default 1)", "N", cpus, 1),
    Option(("--boot",), "through firmware (default), or straight into the kernel",
           "uefi|pvh", one_of("uefi", "pvh"), "uefi"),
    Option(("--machine",), "chipset (default q35)", "q35|pc", one_of("q35", "pc"), "q35"),
    Option(("--cpu",), "a CPU model of QEMU (default max)", "MODEL", text, "max"),
    Option(("--firmware",), "OVMF in one file (default), its 2 MiB or 4 MiB flash build, or a file",
           "ovmf|2m|4m|FILE", text, "ovmf"),
    Option(("--usb",), "boot the image of ./quire image, as a USB stick"),
    Option(("--accel",), "emulation (default), KVM, or KVM where it really works",
           "tcg|kvm|auto", one_of("tcg", "kvm", "auto"), "tcg"),
    Option(("--icount",), "time counts instructions, not the host's", "SHIFT|auto", icount),
    APPEND,
)

RUN = MACHINE + (
    ADD,
    ENV,
    Option(("--faults",), "write a page for a browser with every page fault", "FILE",
           file_name),
    NO_PACKAGES,
    Option(("--timeout",), "end after this time with status 124 (default 60; 0: never)",
           "SECONDS", seconds, 60.0),
    Option(("--log",), "write the kernel's log to a file", "FILE", text),
    Option(("-v", "--verbose"), "show the kernel's log on standard error"),
)

TEST = (
    Option(("-s", "--cpus"), "CPUs, where a test does not say how many (default 1)", "N", cpus, 1),
    Option(("--rounds",), "so often, or until something fails (default 1)", "N", rounds, 1),
    Option(("--stress",), "test_stress.py goes on for so long (default: one boot)", "SECONDS",
           seconds),
)

BENCH = (
    Option(("--linux",), "run on this Linux kernel too, and show the ratio", "VMLINUZ", text),
    Option(("--wall",), "show wall time too"),
    APPEND,
    Option(("--check",), "status 1 if a row costs over 5 % more than recorded"),
    Option(("--record",), "write the figures to test/bench/recorded.txt"),
)

IMAGE = (
    ADD,
    APPEND,
    ENV,
    NO_PACKAGES,
    Option(("--folder",), "write a folder of the files, not an image"),
    Option(("--force",), "overwrite what is no image of Quire; write into a folder with files"),
    Option(("--sign",), "for Secure Boot: an RSA key and its certificate, PEM",
           "KEY CERT", text, count=2),
)


def describe(options):
    """The lines of --help about `options`."""
    lines = []
    for option in options:
        names = ", ".join(option.names) + (f" {option.word}" if option.word else "")
        separator = "  " if len(names) <= 26 else "\n" + " " * 30
        lines.append(f"  {names:<26}{separator}{option.help}")
    return "\n".join(lines)
