"""run.py: `quire run`: one program of the host, in one machine, as if it ran here."""

import os
import sys

from . import options, qemu
from .build import prepare
from .dynamic import check_interpreter
from .errors import QuireError, UsageError
from .job import Job, JOB_FILE, encode_jobs, host_terminals, passed_environment
from .program import check_program, find_program
from .run_files import RunFiles
from .session import Session
from .streams import HostStreams
from .workspace import workspace, write_boot_files, write_initrd, write_medium

# What makes the kernel run the job and speak to the host about it.
JOB_CMDLINE = f"job={JOB_FILE} stdio=host"


def machine_config(values):
    """A qemu.Config from parsed options."""
    firmware = values["firmware"]
    if firmware != "ovmf" and firmware not in qemu.PFLASH:
        firmware = os.path.abspath(firmware)
        if not os.path.isfile(firmware):
            raise UsageError(f"--firmware {values['firmware']}: no such file")
    if values["usb"] and values["boot"] == "pvh":
        raise UsageError("--usb boots through firmware, and --boot=pvh goes without")
    return qemu.Config(boot=values["boot"], memory=values["memory"], cpus=values["cpus"],
                       machine=values["machine"], cpu=values["cpu"],
                       accel=qemu.choose_accel(values["accel"]), icount=values["icount"],
                       firmware=firmware, medium="xhci" if values["usb"] else "folder")


def make_job(name, path, arguments, settings):
    terminals, window = host_terminals()
    return Job(path=path, argv=[name, *arguments],
               environment=passed_environment(os.environ, settings),
               directory=os.getcwd(), terminals=terminals, window=window)


class LogSink:
    """The kernel's log, to a file and to standard error, as they are wanted."""

    def __init__(self, path, verbose):
        self._verbose = verbose
        try:
            self._file = open(path, "w", encoding="utf-8") if path else None
        except OSError as error:
            raise QuireError(f"--log {path}: {error.strerror}") from error

    def line(self, line):
        if self._file:
            self._file.write(line + "\n")
            self._file.flush()
        if self._verbose:
            print(line, file=sys.stderr, flush=True)


def checked_program(name):
    """The absolute path of the program that a shell would run here by `name`."""
    found = find_program(name, os.environ.get("PATH", os.defpath))
    check_program(found)
    check_interpreter(found)
    return os.path.abspath(found)


def run(values, words):
    """The program's status."""
    if not words:
        raise UsageError("which program? ./quire run [OPTIONS] PROGRAM [ARGUMENTS...]")
    name, *arguments = words
    path = checked_program(name)
    config = machine_config(values)
    prepare(yes=values["yes"], quiet=True)
    job = make_job(name, path, arguments, values["env"])
    found = RunFiles(options.bytes_of_memory(config.memory))
    found.bring(path, values["add"], arguments, job.environment, not values["no_packages"])
    files = found.files
    files.add_bytes(JOB_FILE, encode_jobs([job]))
    cmdline = " ".join([*values["append"], JOB_CMDLINE])
    log = LogSink(values["log"], values["verbose"])
    with workspace() as folder:
        try:
            write_initrd(folder, files)
        except (OSError, ValueError) as error:
            raise QuireError(f"cannot make the initial RAM disk: {error}") from error
        write_boot_files(folder, cmdline)
        write_medium(folder, config)
        with Session(folder, config, cmdline, HostStreams(), jobs=1, limit=values["timeout"],
                     observe=log.line) as session:
            status = session.run()[0].status
    if status and found.left_out:
        print("quire: too large to come along unasked, unlike what is --added:",
              ", ".join(found.left_out), file=sys.stderr)
    return status
