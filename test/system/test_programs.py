"""test_programs.py: the same binary does the same on Linux and on Quire.

Each line of test/programs/programs.txt is run with each of its compilers, on the build host and in
Quire, and standard output, standard error and exit status must agree. Linux is the oracle: no
expected output is in the tree. All runs of one program share one PVH boot.
"""

import ctypes
import difflib
import os
import resource
import shlex
import subprocess
from dataclasses import dataclass

import pytest
from harness import Guest, assert_no_frames_lost, host_files, job

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = os.path.join(ROOT, "test", "programs")
BINARIES = os.path.join(ROOT, "build", "programs")

COMPILERS = ("musl", "glibc", "pie")
DYNAMIC = ("dynamic", "fixed")  # need a linker and libraries in the guest
# That a program opens by itself, or its C library.
LIBRARIES = ("/lib/x86_64-linux-gnu/libm.so.6", "/lib/x86_64-linux-gnu/libgcc_s.so.1")

ENVIRONMENT = {"QUIRE_TEST": "two words", "QUIRE_EMPTY": ""}
STACK_BYTES = 8 << 20  # the default of Linux and of Quire
HOST_SECONDS = 30
QUIRE_SECONDS = 120  # for all runs of one program
DIFF_LINES = 30
ADDR_NO_RANDOMIZE = 0x0040000  # personality(2)


@dataclass(frozen=True)
class Run:
    name: str
    arguments: tuple
    stdin: bytes
    compiler: str

    @property
    def binary(self):
        return os.path.join(BINARIES, f"{self.name}.{self.compiler}")

    def __str__(self):
        return "-".join([self.name, self.compiler, *self.arguments]).replace(" ", "_")


@dataclass(frozen=True)
class Outcome:
    status: int  # 128+n when signal n killed it
    stdout: bytes
    stderr: bytes


def parse_stdin(text):
    if text == "-":
        return b""
    kind, _, value = text.partition(":")
    if kind == "text":
        return value.encode().decode("unicode_escape").encode()
    assert kind == "bytes", text
    return bytes((i * 7 + i // 256) % 256 for i in range(int(value)))


def read_list(path):
    """The runs that a list like programs.txt describes."""
    runs = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                continue
            name, arguments, stdin, compilers = (field.strip() for field in line.split("|"))
            names = list(COMPILERS) if compilers == "all" else compilers.split()
            runs += [Run(name, tuple(shlex.split(arguments)), parse_stdin(stdin), compiler)
                     for compiler in names]
    return runs


RUNS = read_list(os.path.join(SOURCES, "programs.txt"))


def linux_limits():
    resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def without_randomisation():
    """As setarch -R: addresses are Linux's first choice."""
    linux_limits()
    ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)


def run_on_linux(run):
    before = without_randomisation if run.compiler in DYNAMIC else linux_limits
    result = subprocess.run([run.binary, *run.arguments], input=run.stdin, env=ENVIRONMENT, cwd="/",
                            capture_output=True, timeout=HOST_SECONDS, preexec_fn=before,
                            check=False)
    status = 128 - result.returncode if result.returncode < 0 else result.returncode
    return Outcome(status, result.stdout, result.stderr)


def run_on_quire(runs):
    """The outcomes of all runs, one after the other in one boot, which must lose no frames."""
    environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
    jobs = [job(run.binary, *run.arguments, stdin=run.stdin, environment=environment)
            for run in runs]
    dynamic = [run.binary for run in runs if run.compiler in DYNAMIC]
    files = host_files(dynamic, LIBRARIES) if dynamic else None
    with Guest(jobs, boot="pvh", limit=QUIRE_SECONDS, files=files) as guest:
        results = guest.results()
        assert_no_frames_lost(guest.lines, len(jobs))
    return [Outcome(result.status, result.stdout, result.stderr) for result in results]


def differences(run, linux, quire):
    """In words and as a diff, or nothing."""
    if linux.status != quire.status:
        yield f"{run}: exits with {linux.status} on Linux, with {quire.status} on Quire"
    for stream in ("stdout", "stderr"):
        texts = [getattr(outcome, stream).decode(errors="backslashreplace").splitlines()
                 for outcome in (linux, quire)]
        if getattr(linux, stream) != getattr(quire, stream):
            names = [f"{run} {stream} on {system}" for system in ("Linux", "Quire")]
            diff = list(difflib.unified_diff(*texts, *names, n=1, lineterm=""))
            yield "\n".join(diff[:DIFF_LINES] or ["they differ in the ends of lines"])


@pytest.mark.parametrize("name", sorted({run.name for run in RUNS}))
def test_same_as_linux(name):
    runs = [run for run in RUNS if run.name == name]
    pairs = zip(runs, map(run_on_linux, runs), run_on_quire(runs))
    found = [line for run, linux, quire in pairs for line in differences(run, linux, quire)]
    assert not found, "\n" + "\n".join(found)


def test_every_program_is_run():
    sources = {name[:-2] for name in os.listdir(SOURCES) if name.endswith(".c")}
    assert sources == {run.name for run in RUNS}
