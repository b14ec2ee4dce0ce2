"""bench.py: `quire bench`: what the kernel's paths cost, on Quire and on Linux side by side.

One static program (userland/bench.c) runs on both, in the same emulator with the same flags. Under
-icount the clock counts the guest's instructions, so the figures are exact and repeat; the same
again without it gives wall time, which is shown and never judged.
"""

import os
import re
import subprocess
import sys
import time

from . import paths, qemu
from .build import prepare
from .cpio import CpioWriter
from .errors import QuireError, TimeLimit, UsageError
from .job import FileSet, Job, JOB_FILE, encode_jobs
from .run import JOB_CMDLINE
from .session import Session
from .streams import MemoryStreams
from .workspace import workspace, write_boot_files, write_initrd

PROGRAM = os.path.join(paths.BUILD, "programs", "bench")
RECORD = os.path.join(paths.ROOT, "test", "bench", "recorded.txt")
GUEST_PATH = "/bench"

# A step of "rep stosb" counts as an instruction: without these two flags nobody fills memory by
# the byte.
CPU = "max,-erms,-fsrm"
MEMORY = "2G"
LIMIT = 300  # seconds for a boot with all rows
LINUX_CMDLINE = ("console=ttyS0 quiet panic=-1 rdinit=/init mitigations=off "
                 "transparent_hugepage=never")

# Rows that count bytes; all others count ticks.
BYTES = ("process-bytes", "page-overhead-centibytes")
GROWTH = 1.05  # a row may grow by so much over the recorded figure


def config(counted):
    return qemu.Config(boot="pvh", memory=MEMORY, cpu=CPU, icount="0" if counted else None)


def parse(output):
    """{row: cost}, and nanoseconds a tick. QuireError when the program did not come to its end."""
    rows = dict(re.findall(r"^row (\S+) (\d+)\r?$", output, re.MULTILINE))
    end = re.search(r"^ticks (\d+) ns (\d+)\r?$", output, re.MULTILINE)
    if not end:
        last = output.strip().splitlines()[-1:] or ["(nothing)"]
        raise QuireError(f"the bench program did not end; its last words: {last[0]}")
    return {name: int(cost) for name, cost in rows.items()}, int(end[2]) / int(end[1])


def run_quire(rows, counted, append=""):
    """What the program prints on Quire."""
    files = FileSet()
    files.add(PROGRAM, GUEST_PATH)
    job = Job(path=GUEST_PATH, argv=[GUEST_PATH, *rows], environment=[], directory="/")
    files.add_bytes(JOB_FILE, encode_jobs([job]))
    cmdline = " ".join(filter(None, [append, JOB_CMDLINE]))
    streams = MemoryStreams([b""])
    with workspace() as folder:
        write_initrd(folder, files)
        write_boot_files(folder, cmdline)
        with Session(folder, config(counted), cmdline, streams, jobs=1, limit=LIMIT) as session:
            session.run()
    return bytes(streams.written[0][1]).decode(errors="replace")


def run_linux(vmlinuz, rows, counted):
    """What the program prints as Linux's first process."""
    with workspace() as folder:
        with open(os.path.join(folder, "initrd.cpio"), "wb") as out:
            archive = CpioWriter(out)
            archive.copy("init", PROGRAM, 0o755)
            archive.file("bench-on-linux", b"")
            archive.close()
        cmdline = LINUX_CMDLINE + (" -- " + " ".join(rows) if rows else "")
        words = qemu.command(config(counted), cmdline, "stdio,signal=off")
        start = words.index("-bios")  # Linux's own way to boot wants the usual firmware
        del words[start:start + 2]
        words[words.index("kernel.elf")] = os.path.abspath(vmlinuz)
        try:
            done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, timeout=LIMIT,
                                  capture_output=True, check=False)
        except subprocess.TimeoutExpired as error:
            raise TimeLimit(f"Linux had not ended after {LIMIT} s") from error
    return done.stdout.decode(errors="replace")


def table(rows, columns):
    """Lines: a row's name, each column's figure, and the first over the second."""
    names = list(columns)
    lines = ["".join([f"{'':26}", *(f"{name:>14}" for name in names),
                      f"{'ratio':>8}" if len(names) > 1 else ""])]
    for row in rows:
        figures = [columns[name].get(row) for name in names]
        line = f"{row:26}" + "".join(f"{'-' if value is None else format(value, ',d'):>14}"
                                     for value in figures)
        if len(figures) > 1 and None not in figures and figures[1]:
            line += f"{figures[0] / figures[1]:8.2f}"
        lines.append(line)
    return lines


def read_record(path=RECORD):
    """{row: (Quire's figure, Linux's or None)}"""
    record = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.split("#")[0].split()
            if words:
                record[words[0]] = (int(words[1]), None if words[2] == "-" else int(words[2]))
    return record


def findings(measured, record):
    """A sentence for each row that costs more than it may: 5 % over its recorded figure, or half
    of Linux's."""
    said = []
    for row, (recorded, linux) in record.items():
        cost = measured.get(row)
        if cost is None:
            said.append(f"{row}: not measured")
        elif cost > recorded * GROWTH:
            said.append(f"{row}: {cost} is more than 5 % over the recorded {recorded}")
        elif linux is not None and row not in BYTES and cost * 2 > linux:
            said.append(f"{row}: {cost} is more than half of Linux's {linux}")
    return said


def write_record(measured, linux, path=RECORD):
    old = read_record(path) if os.path.exists(path) else {}
    with open(path, "w", encoding="ascii") as file:
        file.write("# recorded.txt: guest instructions of each row of `./quire bench` on Quire, "
                   "and on Linux 6.1\n# (mitigations off, no huge pages) in the same emulator. "
                   "./quire bench --record writes it; the\n# tests compare with it.\n")
        for row, cost in measured.items():
            other = linux.get(row) if linux else old.get(row, (0, None))[1]
            file.write(f"{row:26} {cost:9} {'-' if other is None else other:>9}\n")


def _measure(values, rows, counted):
    ticks = "instructions" if counted else "ns"
    columns = {}
    runs = [("Quire", lambda: run_quire(rows, counted, " ".join(values["append"])))]
    if values["linux"]:
        runs.append(("Linux", lambda: run_linux(values["linux"], rows, counted)))
    for name, run in runs:
        started = time.monotonic()
        measured, tick_ns = parse(run())
        if not counted:
            measured = {row: cost if row in BYTES else round(cost * tick_ns)
                        for row, cost in measured.items()}
        columns[name] = measured
        print(f"quire: {name}, {ticks}: {time.monotonic() - started:.1f} s", file=sys.stderr)
    return columns


def bench(values, words):
    """Status 1 if --check finds a row that costs too much."""
    if values["linux"] and not os.path.isfile(values["linux"]):
        raise UsageError(f"--linux {values['linux']}: no such file; a kernel is wanted, such as "
                         "boot/vmlinuz-* of Debian's linux-image package")
    if (values["record"] or values["check"]) and words:
        raise UsageError("--record and --check want all rows")
    known = read_record()
    unknown = [word for word in words if word not in known]
    if unknown:
        raise UsageError(f"no row {unknown[0]!r}; there are {', '.join(known)}")
    prepare(yes=values["yes"], quiet=True)
    columns = _measure(values, words, counted=True)
    rows = list(columns["Quire"])
    print("Guest instructions (-icount shift=0); bytes where the name says so")
    print("\n".join(table(rows, columns)))
    if values["wall"]:
        print("\nNanoseconds, emulated; they vary")
        print("\n".join(table(rows, _measure(values, words, counted=False))))
    if values["record"]:
        write_record(columns["Quire"], columns.get("Linux"))
    said = findings(columns["Quire"], read_record()) if values["check"] else []
    for sentence in said:
        print(f"quire: {sentence}", file=sys.stderr)
    return 1 if said else 0
