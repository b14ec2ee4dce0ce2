"""test_dynamic.py: a program's interpreter and libraries are found where the dynamic linker finds
them. The linker itself is the oracle: it lists what it would load.
"""

import os
import re
import shutil
import subprocess

import pytest
from quirelib.dynamic import bring_needs, check_interpreter, read_script
from quirelib.elf import read_needs
from quirelib.errors import QuireError
from quirelib.job import FileSet
from quirelib.library_cache import read_library_cache

LINKER = "/lib64/ld-linux-x86-64.so.2"
PROGRAMS = ["bash", "cat", "find", "gcc", "git", "ls", "perl", "python3", "sort", "tar"]


def listed(program, environment=None):
    """The paths of the libraries that the dynamic linker would load."""
    done = subprocess.run([LINKER, "--list", program], capture_output=True, text=True, check=False,
                          env=environment or {})
    return set(re.findall(r"=> (/\S+)", done.stdout)) | {LINKER}


def brought(program, environment=None):
    files = FileSet()
    files.add_reached(program)
    bring_needs(files, environment or {})
    return files


def follow(files, path):
    """What the guest has at `path`, through the links that it has: a host path, or None."""
    for _ in range(40):
        step = "/"
        for name in path.strip("/").split("/"):
            step = os.path.join(step, name)
            if step not in files:
                return None
            kind, what, _ = files._entries[step]
            if kind == "symlink":
                rest = path[len(step):]
                path = os.path.normpath(os.path.join(os.path.dirname(step), what)) + rest
                break
        else:
            return what if kind == "copy" else None
    return None


def assert_all_there(files, paths):
    for path in paths:
        assert follow(files, path) and os.path.samefile(follow(files, path), path), path


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_of_debian(name):
    program = shutil.which(name, path="/usr/bin:/bin")
    assert_all_there(brought(program), listed(program) | {program, "/etc/ld.so.cache"})


@pytest.fixture
def build(tmp_path):
    """A function that builds main.c's program or a library in tmp_path: build(name, *words)."""
    (tmp_path / "main.c").write_text("int f(void); int main(void) { return f(); }\n")
    (tmp_path / "lib.c").write_text("int f(void) { return 0; }\n")
    (tmp_path / "outer.c").write_text("int f(void); int g(void) { return f(); }\n")

    def make(name, *words):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        subprocess.run(["gcc", "-w", "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined", "-o",
                        name, *words], cwd=tmp_path, check=True)
        return str(tmp_path / name)

    return make


def test_runpath_and_origin(build, tmp_path):
    build("lib/libquiref.so", "-shared", "lib.c")
    program = build("program", "main.c", "-Llib", "-lquiref", "-Wl,--enable-new-dtags",
                    "-Wl,-rpath,/nonexistent:$ORIGIN/lib")
    assert read_needs(program).runpath == ("/nonexistent", "$ORIGIN/lib")
    library = str(tmp_path / "lib" / "libquiref.so")
    assert library in listed(program)
    assert_all_there(brought(program), listed(program))
    # $ORIGIN is where the program itself is, not the link to it.
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link").symlink_to("../program")
    assert_all_there(brought(str(tmp_path / "elsewhere" / "link")), {library})


@pytest.mark.parametrize("tag, inherited", [("--disable-new-dtags", True),
                                            ("--enable-new-dtags", False)])
def test_rpath_is_for_libraries_of_libraries_too(build, tmp_path, tag, inherited):
    build("lib/libquiref.so", "-shared", "lib.c")
    build("lib/libquireg.so", "-shared", "outer.c", "-Llib", "-lquiref")
    program = build("program", "main.c", "-Df=g", "-Llib", "-lquireg", f"-Wl,{tag}",
                    "-Wl,-rpath,$ORIGIN/lib")
    inner = str(tmp_path / "lib" / "libquiref.so")
    assert (inner in listed(program)) == inherited
    files = brought(program)
    assert_all_there(files, listed(program))
    assert (inner in files) == inherited


def test_library_path_of_the_guest(build, tmp_path):
    build("lib/libquiref.so", "-shared", "lib.c")
    program = build("program", "main.c", "-Llib", "-lquiref")
    library = str(tmp_path / "lib" / "libquiref.so")
    assert library not in brought(program)
    environment = {"LD_LIBRARY_PATH": f"/nonexistent:{tmp_path}/lib"}
    assert_all_there(brought(program, environment), listed(program, environment) | {library})


def test_needed_by_path(build, tmp_path):
    library = build("libquiref.so", "-shared", "lib.c")
    program = build("program", "main.c", library)
    assert library in read_needs(program).needed
    assert_all_there(brought(program), {library})


def test_scripts(tmp_path):
    script = tmp_path / "script"
    for line, programs in (("#!/usr/bin/env -S python3 -u", ["/usr/bin/env", "/usr/bin/python3"]),
                           ("#! /bin/bash -e", ["/bin/bash"]), ("#!/usr/bin/perl", [])):
        script.write_text(line + "\n")
        script.chmod(0o755)
        files = brought(str(script), {"PATH": "/nonexistent:/usr/bin:/bin"})
        for program in programs:
            assert_all_there(files, listed(program) | {program})
    assert read_script(str(script)) == ["/usr/bin/perl"]
    script.write_bytes(b"#!  /a/b   one  two \nthree")
    assert read_script(str(script)) == ["/a/b", "one  two"]
    for text in (b"#!", b"#! \n/bin/sh", b"", b"# !/bin/sh"):
        script.write_bytes(text)
        assert read_script(str(script)) is None


def test_a_missing_interpreter_has_a_sentence(tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/no/such/shell\n")
    with pytest.raises(QuireError, match="wants the interpreter /no/such/shell, which is not here"):
        check_interpreter(str(script))
    check_interpreter("/bin/ls")


def test_a_damaged_file_needs_nothing(tmp_path):
    damaged = tmp_path / "damaged"
    with open("/bin/ls", "rb") as file:
        whole = file.read()
    for length in range(0, 1000, 13):
        damaged.write_bytes(whole[:length])
        needs = read_needs(str(damaged))
        assert needs is None or LINKER.startswith(needs.interpreter or "")
    damaged.write_bytes(whole[:64] + b"\xff" * 3000)
    brought(str(damaged))
    damaged.write_text("no ELF file\n")
    assert read_needs(str(damaged)) is None


def test_the_cache(tmp_path):
    cache = read_library_cache()
    assert [path for path in cache["libc.so.6"] if os.path.exists(path)]
    assert read_library_cache(str(tmp_path / "absent")) == {}
    with open("/etc/ld.so.cache", "rb") as file:
        data = file.read()
    for length in (0, 20, 47, 48, 100, len(data) // 2):
        (tmp_path / "cut").write_bytes(data[:length])
        assert isinstance(read_library_cache(str(tmp_path / "cut")), dict)


def test_the_links_of_debian():
    """Programs are known by either path: /bin is a link to usr/bin."""
    files = brought("/usr/bin/bash")
    assert_all_there(files, {"/bin/bash"} if os.path.islink("/bin") else {"/usr/bin/bash"})
