"""test_programs.py: the same binary does the same on Linux and on Quire.

Each line of test/programs/programs.txt is run with each of its compilers, on the build host and in
Quire (a PVH boot), and standard output, standard error and exit status must agree. Linux is the
oracle: no expected output is in the tree.
"""

import concurrent.futures
import os
import resource
import shlex
import subprocess
from dataclasses import dataclass

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = os.path.join(ROOT, "test", "programs")
BINARIES = os.path.join(ROOT, "build", "programs")

COMPILERS = {
    "musl": ["musl-gcc", "-static"],
    "glibc": ["gcc", "-static"],
    "pie": ["gcc", "-static-pie"],
}
FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]

ENVIRONMENT = {"QUIRE_TEST": "two words", "QUIRE_EMPTY": ""}
STACK_BYTES = 8 << 20  # the default of Linux and of Quire
HOST_SECONDS = 30
QUIRE_SECONDS = 60


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


def compile_program(name, compiler):
    source = os.path.join(SOURCES, name + ".c")
    binary = os.path.join(BINARIES, f"{name}.{compiler}")
    if os.path.exists(binary) and os.path.getmtime(binary) > os.path.getmtime(source):
        return
    command = [*COMPILERS[compiler], *FLAGS, "-o", binary, source, "-lm"]
    subprocess.run(command, check=True)


@pytest.fixture(scope="module", autouse=True)
def binaries():
    os.makedirs(BINARIES, exist_ok=True)
    wanted = sorted({(run.name, run.compiler) for run in RUNS})
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda item: compile_program(*item), wanted))


def linux_limits():
    resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_on_linux(run):
    result = subprocess.run([run.binary, *run.arguments], input=run.stdin, env=ENVIRONMENT, cwd="/",
                            capture_output=True, timeout=HOST_SECONDS, preexec_fn=linux_limits,
                            check=False)
    status = 128 - result.returncode if result.returncode < 0 else result.returncode
    return Outcome(status, result.stdout, result.stderr)


def run_on_quire(run):
    options = ["--boot=pvh", f"--timeout={QUIRE_SECONDS}"]
    for name, value in ENVIRONMENT.items():
        options += ["--env", f"{name}={value}"]
    command = [os.path.join(ROOT, "quire"), "run", *options, run.binary, *run.arguments]
    result = subprocess.run(command, input=run.stdin, capture_output=True, check=False,
                            timeout=QUIRE_SECONDS + 30)
    return Outcome(result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_same_as_linux(run):
    assert run_on_quire(run) == run_on_linux(run)


def test_every_program_is_run():
    sources = {name[:-2] for name in os.listdir(SOURCES) if name.startswith("prog_")}
    assert sources == {run.name for run in RUNS}
