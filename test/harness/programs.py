"""programs.py: the test programs, and the build host's Linux as their oracle."""

import os
import shlex
import subprocess
from dataclasses import dataclass

from quirelib import paths

LIST = os.path.join(paths.ROOT, "test", "programs", "programs.txt")
COMPILERS = ("musl", "glibc", "pie")
ENVIRONMENT = ("PATH=/usr/bin:/bin", "HOME=/", "TERM=linux", "QUIRE_TEST=a value")


@dataclass(frozen=True)
class ProgramRun:
    """One line of programs.txt with one compiler."""

    name: str
    arguments: tuple
    stdin: bytes
    compiler: str

    @property
    def path(self):
        """Relative to the repository."""
        return f"build/programs/{self.name}.{self.compiler}"

    def __str__(self):
        words = "_".join("".join(filter(str.isalnum, word)) or "empty" for word in self.arguments)
        return "-".join(filter(None, (self.name, words, self.compiler,
                                      f"{len(self.stdin)}in" if self.stdin else "")))


def read_programs(path=LIST):
    """All ProgramRuns. ValueError for a line that is not understood."""
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    return [run for line in lines if line.strip() and not line.startswith("#")
            for run in _runs_of_line(line)]


def _runs_of_line(line):
    fields = [field.strip() for field in line.split("|")]
    if len(fields) != 4:
        raise ValueError(f"not name | arguments | input | compilers: {line}")
    name, arguments, stdin, compilers = fields
    chosen = COMPILERS if compilers == "all" else tuple(compilers.split())
    if not set(chosen) <= set(COMPILERS):
        raise ValueError(f"unknown compiler: {line}")
    return [ProgramRun(name, tuple(shlex.split(arguments)), _stdin(stdin), compiler)
            for compiler in chosen]


def _stdin(field):
    kind, _, value = field.partition(":")
    if kind == "-":
        return b""
    if kind == "text":
        return value.encode().replace(b"\\n", b"\n")
    if kind == "bytes":
        return bytes(index * 167 + (index >> 8) & 0xFF for index in range(int(value)))
    raise ValueError(f"unknown input: {field}")


def run_on_host(words, stdin=b"", environment=ENVIRONMENT, cwd="/"):
    """(stdout, stderr, status as a shell has it) of the same program on this machine."""
    variables = dict(setting.split("=", 1) for setting in environment)
    done = subprocess.run(words, input=stdin, capture_output=True, cwd=cwd, env=variables,
                          timeout=60)
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return done.stdout, done.stderr, status
