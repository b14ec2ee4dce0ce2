"""test_debian.py: programs of Debian that nobody here has made, dynamic ones most of them, do the
same in Quire as on this machine's Linux: test/debian/README.md.
"""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field

import pytest
from harness import Guest, assert_no_frames_lost, host_files, job

SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "debian")
# tmpfs on Linux, too.
SCRATCH = f"/dev/shm/quire-debian-{os.getpid()}"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/", "TZ": "UTC"}
VARIABLES = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
SECONDS = 120


@dataclass
class Script:
    name: str
    text: str
    shell: str = "bash"
    memory: str = "256M"
    needs: list = field(default_factory=list)
    add: list = field(default_factory=list)
    packages: list = field(default_factory=list)

    @property
    def command(self):
        return f"cd {SCRATCH} || exit 99\n{self.text}\ncd /; rm -r {SCRATCH}"


def read_script(name):
    with open(os.path.join(SCRIPTS, name), encoding="utf-8") as file:
        text = file.read()
    script = Script(name[:-len(".sh")], text)
    for key, value in re.findall(r"^# (shell|needs|add|packages|memory): (.*)$", text, re.M):
        words = value.split()
        setattr(script, key, words[0] if key in ("shell", "memory") else
                getattr(script, key) + words)
    return script


ALL = [read_script(name) for name in sorted(os.listdir(SCRIPTS)) if name.endswith(".sh")]


def on_linux(script, shell):
    shutil.rmtree(SCRATCH, ignore_errors=True)
    os.mkdir(SCRATCH)
    done = subprocess.run([script.shell, "-c", script.command], executable=shell, cwd="/",
                          stdin=subprocess.DEVNULL, capture_output=True, env=ENVIRONMENT,
                          timeout=SECONDS, check=False)
    return done


def on_quire(script, shell):
    files = host_files([shell, "sh", "rm", *script.needs], script.add, ENVIRONMENT,
                       script.packages)
    files.add_directory(SCRATCH)
    one = job(shell, "-c", script.command, argv0=script.shell, environment=VARIABLES)
    with Guest([one], boot="pvh", files=files, memory=script.memory, limit=SECONDS) as guest:
        (result,) = guest.results()
        assert_no_frames_lost(guest.lines, 1)
    return result


@pytest.mark.parametrize("script", ALL, ids=[script.name for script in ALL])
def test_does_the_same_as_on_linux(script):
    shell = shutil.which(script.shell)
    linux = on_linux(script, shell)
    quire = on_quire(script, shell)
    status = 128 - linux.returncode if linux.returncode < 0 else linux.returncode
    assert quire.stdout.decode(errors="backslashreplace").splitlines() \
        == linux.stdout.decode(errors="backslashreplace").splitlines()
    assert (quire.stdout, quire.stderr, quire.status) == (linux.stdout, linux.stderr, status)


def test_sort_of_a_file_larger_than_half_of_memory():
    """It is there from the beginning; what sort keeps aside meanwhile it packs."""
    lines = [b"%07d %s\n" % (i * 7919 % 500009, b"some words to make it long " * 5)
             for i in range(500009)]
    files = host_files(["sort", "gzip", "md5sum", "bash"])
    files.add_bytes("/big", b"".join(lines))
    files.add_directory("/tmp")
    command = "set -o pipefail; sort -S 8M --compress-program=gzip /big | md5sum"
    assert sum(map(len, lines)) > 64 << 20
    with Guest([job(shutil.which("bash"), "-c", command, environment=VARIABLES)], boot="pvh",
               files=files, memory="128M", limit=SECONDS) as guest:
        (result,) = guest.results()
        assert_no_frames_lost(guest.lines, 1)
    lines.sort()
    digest = hashlib.md5(b"".join(lines)).hexdigest()
    assert (result.stdout, result.stderr, result.status) == (f"{digest}  -\n".encode(), b"", 0)
