"""test_run.py: ./quire run, as a user sees it: output, error, input, status, and how it fails."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest
from quirelib import paths

QUIRE = os.path.join(paths.ROOT, "quire")
PVH = ("run", "--boot=pvh")
BOTH_WAYS = pytest.mark.parametrize("way", ["uefi", "pvh"])


def program(name, compiler="musl"):
    return os.path.join(paths.BUILD, "programs", f"{name}.{compiler}")


def host(*words, **options):
    options.setdefault("cwd", paths.ROOT)
    return subprocess.run(words, capture_output=True, **options)


def assert_same(guest, on_host):
    assert guest.stdout == on_host.stdout
    assert guest.stderr == on_host.stderr
    status = on_host.returncode
    assert guest.returncode == (status if status >= 0 else 128 - status)


@BOTH_WAYS
def test_every_byte_value_and_the_two_outputs_apart(quire, way):
    done = quire("run", f"--boot={way}", program("prog_bytes"), "all")
    assert done.stdout == bytes(range(256))
    assert done.stderr == bytes(reversed(range(256)))
    assert done.returncode == 0


@BOTH_WAYS
def test_large_output(quire, way):
    words = [program("prog_bytes", "glibc"), "pattern", str(1 << 20)]
    assert_same(quire("run", f"--boot={way}", *words), host(*words))


@BOTH_WAYS
@pytest.mark.parametrize("words", [
    ["/bin/ls", "-ld", "/lib64", "/usr"],
    ["/usr/bin/bash", "-c", "echo $BASH_VERSION; printf '%s\\n' b a; exit 3"],
    ["/usr/bin/sort", "--version"],
], ids=["ls", "bash", "sort"])
def test_dynamic_programs(quire, way, words):
    """Their linker and libraries come along by themselves."""
    done = quire("run", f"--boot={way}", *words)
    if words[0] == "/bin/ls":  # a folder is the guest's own
        assert re.fullmatch(rb"(?s)lrwx.* /lib64 -> usr/lib64\ndrwx.* /usr\n", done.stdout)
        assert (done.stderr, done.returncode) == (b"", 0)
    else:
        assert_same(done, host(*words))


@BOTH_WAYS
def test_python_with_its_library(quire, way):
    """Its modules come along, 24 MB, since its packages have them."""
    words = ["/usr/bin/python3", "-c", "import json, sys; print(json.dumps([*sys.version_info]))"]
    assert_same(quire("run", f"--boot={way}", *words), host(*words))


def test_packages_can_be_left_out(quire, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/usr/bin/perl\nuse Data::Dumper; print Dumper([1]);\n")
    script.chmod(0o755)
    assert_same(quire("run", "--boot=pvh", str(script)), host(str(script)))
    done = quire("run", "--boot=pvh", "--no-packages", str(script))
    assert b"Can't locate Data/Dumper.pm" in done.stderr and done.returncode == 2


def test_scripts_bring_their_interpreter(quire, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/usr/bin/env -S bash -e\necho $0 $#; cat; exit 5\n")
    script.chmod(0o755)
    words = ["run", "--boot=pvh", "--env", "PATH=/usr/bin:/bin", "--add", "/usr/bin/cat",
             str(script), "one", "two"]
    done = quire(*words, input=b"the input\n")
    on_host = host(str(script), "one", "two", input=b"the input\n",
                   env={"PATH": "/usr/bin:/bin"})
    assert_same(done, on_host)
    assert done.returncode == 5


def test_time_of_hello(quire):
    """The promise is for two processors that have nothing else to do; here there is company."""
    for way, seconds in (("pvh", 2.5), ("uefi", 20)):
        started = time.monotonic()
        assert quire("run", f"--boot={way}", program("hello")).stdout == b"hello, world\n"
        assert time.monotonic() - started < seconds


@pytest.mark.parametrize("data", [b"", b"one line\n", bytes(range(256)) * 4096, b"\n" * 5000],
                         ids=["nothing", "a line", "binary", "newlines"])
def test_input_byte_for_byte(quire, data):
    done = quire(*PVH, program("prog_stdin"), "echo", input=data)
    assert (done.stdout, done.stderr, done.returncode) == (data, b"", 0)


def test_input_through_firmware(quire):
    """Keys that firmware might take for itself: what is in a pipe belongs to the program."""
    data = b"\x1b[A\x1b\x00\x03q\r\n" * 100
    assert quire("run", program("prog_stdin"), "echo", input=data).stdout == data


def test_input_that_is_not_read_is_left(tmp_path):
    (tmp_path / "in").write_bytes(b"0123456789")
    with open(tmp_path / "in", "rb") as file:
        for expected in (b"01234", b"56789", b""):
            done = subprocess.run([QUIRE, *PVH, program("prog_read"), "5"], stdin=file,
                                  capture_output=True, timeout=60)
            assert (done.stdout, done.returncode) == (expected, 0)


def test_input_that_comes_late():
    with subprocess.Popen([QUIRE, *PVH, program("prog_read"), "100"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as run:
        with pytest.raises(subprocess.TimeoutExpired):
            run.wait(1.5)
        run.stdin.write(b"late")
        run.stdin.flush()  # and the pipe stays open
        assert run.wait(60) == 0
        assert run.stdout.read() == b"late"


@pytest.mark.parametrize("way, memory, least", [("uefi", "16M", "64M"), ("uefi", "32M", "64M"),
                                               ("pvh", "3M", "8M")])
def test_too_little_memory_to_start(quire, way, memory, least):
    done = quire("run", f"--boot={way}", "--memory", memory, "/bin/true")
    assert done.returncode == 125
    assert f": {memory} of memory is too little, {least} will do" in done.stderr.decode()


@pytest.mark.parametrize("status", [0, 1, 2, 99, 124, 125, 255])
def test_exit_status(quire, status):
    assert quire(*PVH, program("prog_exit"), "exit", str(status)).returncode == status


def test_exit_status_through_firmware(quire):
    assert quire("run", program("prog_exit", "glibc"), "exit", "42").returncode == 42


@pytest.mark.parametrize("how, number", [
    ("segv", signal.SIGSEGV), ("abort", signal.SIGABRT), ("divide", signal.SIGFPE),
    ("illegal", signal.SIGILL), ("9", signal.SIGKILL)])
def test_death_by_a_signal(quire, how, number):
    done = quire(*PVH, program("prog_signals_fatal"), how)
    assert done.returncode == 128 + number
    assert done.stdout == how.encode() + b"\n"


ODD_ARGUMENTS = ["", "two words", "it's", '"', "a\nb", "\u00e4\u2603", "-m", "--", "$HOME", "\\",
                 "*"]


def test_arguments_environment_and_place(quire, tmp_path):
    """The program can't tell from argv, getcwd or /proc/self/exe that it is not on the host."""
    folder = tmp_path / "with space"
    folder.mkdir()
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/h", "TERM": "dumb", "SECRET": "x"}
    words = [program("prog_where"), "HOME", *ODD_ARGUMENTS]
    assert_same(quire(*PVH, *words, cwd=folder, env=environment),
                host(*words, cwd=folder, env=environment))
    assert b"variable" not in quire(*PVH, program("prog_where"), "SECRET", env=environment).stdout
    given = quire(*PVH, "--env", "SECRET", "--env", "N=a=b", program("prog_where"), "SECRET",
                  env=environment)
    assert b"variable (1): x\n" in given.stdout


def test_the_locale_and_the_time_zone_of_the_environment(quire):
    """Both are files that the C library reads."""
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "America/New_York"}
    words = ["/bin/bash", "-c", 'x=\u00e9\u2603; printf "%d %(%F %T %Z)T\\n" ${#x} 0']
    assert_same(quire(*PVH, *words, env=environment), host(*words, env=environment))


def test_a_program_from_path_and_one_from_here(quire, tmp_path):
    environment = {"PATH": "/usr/bin:/bin"}
    done = quire(*PVH, "busybox", "echo", "from PATH", env=environment)
    assert (done.stdout, done.returncode) == (b"from PATH\n", 0)
    os.symlink(program("hello"), tmp_path / "greet")
    for name in ("./greet", "greet"):
        assert quire(*PVH, name, cwd=tmp_path, env=environment).stdout == b"hello, world\n"


def test_added_files(quire, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_bytes(bytes(range(256)))
    (tree / "link").symlink_to("file")
    done = quire(*PVH, "--add", f"{tree}:/given", "busybox", "cat", "/given/file", "/given/link")
    assert (done.stdout, done.stderr) == (bytes(range(256)) * 2, b"")
    assert quire(*PVH, "--add", str(tree), "busybox", "cat", f"{tree}/file").stdout \
        == bytes(range(256))


def test_files_that_arguments_name(quire, tmp_path):
    """What is read comes along; what is made finds its folder, and stays in the machine."""
    (tmp_path / "input").write_bytes(b"b\na\n")
    assert_same(quire(*PVH, "/usr/bin/sort", "input", cwd=tmp_path),
                host("/usr/bin/sort", "input", cwd=tmp_path))
    assert_same(quire(*PVH, "/usr/bin/stat", "-c", "%Y %s %a", "input", cwd=tmp_path),
                host("/usr/bin/stat", "-c", "%Y %s %a", "input", cwd=tmp_path))
    assert_same(quire(*PVH, "/usr/bin/sort", "-o", f"{tmp_path}/made", "input", cwd=tmp_path),
                host("/usr/bin/sort", "-o", f"{tmp_path}/made", "input", cwd=tmp_path))
    assert (tmp_path / "made").read_bytes() == b"a\nb\n"  # by the host's
    done = quire(*PVH, "-m", "64", "--no-packages", "/usr/bin/wc", "--", "large", "absent",
                 cwd=large(tmp_path))
    assert done.returncode == 1
    assert f"unlike what is --added: {tmp_path}/large\n".encode() in done.stderr


def test_programs_that_a_script_calls(quire, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/bin/bash\nset -o pipefail\nsort input | sed s/a/A/ | tac\n"
                      "seq 3 | paste -sd+\nls --version | head -n 1; timeout 9 cat <<<x\n")
    script.chmod(0o755)
    (tmp_path / "input").write_bytes(b"b\na\n")
    environment = {"PATH": "/usr/bin:/bin"}
    assert_same(quire(*PVH, "./script", cwd=tmp_path, env=environment),
                host("./script", cwd=tmp_path, env=environment))


def large(folder):
    with open(folder / "large", "wb") as file:
        file.truncate(64 << 20)
    return folder


@pytest.mark.parametrize("words, status, sentence", [
    (["./absent"], 127, "./absent: No such file or directory"),
    (["surely-absent"], 127, "surely-absent: no such program in PATH, nor here"),
    (["./README.md"], 126, "./README.md: is not executable"),
    (["./test"], 126, "./test: is a directory"),
    (["build/test/elf-corpus/zeros"], 126, "zeros: is no ELF program, and no script"),
    (["build/test/elf-corpus/interp-missing"], 127, "wants the interpreter /no/such/ld.so, which"),
    (["build/test/elf-corpus/script-missing"], 127, "wants the interpreter /no/such/shell, which"),
    (["--add", "/absent", "/bin/busybox"], 125, "/absent: No such file or directory"),
    (["--add", "/dev/null", "/bin/busybox"], 125, "/dev/null: is no file, directory"),
    (["--log", "/absent/log", "/bin/busybox"], 125, "--log /absent/log: No such file"),
    (["--firmware", "absent", "/bin/busybox"], 2, "--firmware absent: no such file"),
    (["--frob", "/bin/busybox"], 2, "unknown option --frob"),
    ([], 2, "which program?"),
])
def test_mistakes_have_a_sentence_and_a_status(quire, words, status, sentence):
    done = quire("run", *words)
    assert done.returncode == status
    assert done.stdout == b""
    assert sentence in done.stderr.decode()


@BOTH_WAYS
def test_a_panic_is_told(quire, way):
    done = quire("run", f"--boot={way}", "--append", "crash=panic", program("hello"))
    error = done.stderr.decode()
    assert done.returncode == 125
    assert done.stdout == b""
    assert "backtrace:" in error
    assert re.search(r"^quire: kernel panic: \S", error, re.M)


def test_a_time_limit(quire):
    reader, writer = os.pipe()
    started = time.monotonic()
    done = quire(*PVH, "--timeout", "2", program("prog_read"), stdin=reader)
    os.close(writer)
    os.close(reader)
    assert done.returncode == 124
    assert 2 <= time.monotonic() - started < 15
    assert "after 2 s the program had not ended" in done.stderr.decode()
    assert "Quire" in done.stderr.decode()  # the log's tail


def test_the_log_goes_where_it_is_asked_to(quire, tmp_path):
    done = quire(*PVH, "--log", str(tmp_path / "log"), "-v", program("hello"))
    assert done.stdout == b"hello, world\n"
    for log in (done.stderr.decode(), (tmp_path / "log").read_text()):
        assert re.search(r"^\[ *\d+\.\d{6}\] Quire \d", log, re.M)
    assert quire(*PVH, program("hello")).stderr == b""


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def wait_for_child(pid):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for child in children_of(pid):
            with contextlib.suppress(OSError):  # another child, which has just ended
                with open(f"/proc/{child}/comm", encoding="ascii") as file:
                    if file.read().startswith("qemu"):
                        return child
    raise AssertionError("QEMU was not started")


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)])
def test_nothing_is_left_behind(number, status):
    with subprocess.Popen([QUIRE, *PVH, program("prog_read")], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        qemu = wait_for_child(run.pid)
        gone = os.pidfd_open(qemu)
        folder = os.readlink(f"/proc/{qemu}/cwd")
        assert os.path.isdir(folder)
        run.send_signal(number)
        assert run.wait(30) == status
        assert run.stderr.read() == b""
    with os.fdopen(gone) as ended:
        assert select.select([ended], [], [], 10)[0], "QEMU lives on"
    if number == signal.SIGKILL:  # nobody was left to clean up: the next one does it
        subprocess.run([QUIRE, *PVH, program("hello")], check=True, capture_output=True)
    assert not os.path.exists(folder)


def test_a_reader_that_leaves():
    """`quire run p | head -c 5` ends as `p | head -c 5` does."""
    with subprocess.Popen([QUIRE, *PVH, program("prog_bytes"), "pattern", "100000000"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        run.stdout.read(5)
        run.stdout.close()
        assert run.wait(30) == 128 + signal.SIGPIPE
        assert run.stderr.read() == b""


def test_a_full_disk(quire):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([QUIRE, *PVH, program("hello")], stdout=full, stderr=subprocess.PIPE,
                              timeout=60)
    assert done.returncode == 125
    assert b"cannot write standard output: No space left on device" in done.stderr


def test_closed_standard_streams():
    done = subprocess.run(f"{QUIRE} run --boot=pvh {program('prog_exit')} exit 5 <&- >&- 2>&-",
                          shell=True, timeout=60)
    assert done.returncode == 5


def test_on_a_terminal():
    """The program knows that it is on one, and gets the line that is typed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(QUIRE, [QUIRE, *PVH, program("prog_where")])
    output = b""
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # EIO: the other end was closed
            break
        if not data:
            break
        output += data
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    for fd in range(3):
        assert f"{fd} is a terminal".encode() in output
