"""test_syscall_names.py: the names of system calls, out of a C header."""

import os
import subprocess

TOOL = os.path.join(os.path.dirname(__file__), "..", "..", "tools", "syscall_names.py")
HEADER = """\
#ifndef _ASM_UNISTD_64_H
#define _ASM_UNISTD_64_H
#define __NR_read 0
#define __NR_pread64 17
#define __NR_write 1
#define __NR_odd (1 + 2)
#endif
"""


def run(folder, text):
    header, output = folder / "unistd.h", folder / "names.c"
    header.write_text(text)
    result = subprocess.run([TOOL, header, output], capture_output=True, text=True, check=False)
    return result, output.read_text() if output.exists() else None


def test_names_by_number(tmp_path):
    result, text = run(tmp_path, HEADER)
    assert result.returncode == 0
    lines = [line.strip() for line in text.splitlines() if line.startswith("\t[")]
    assert lines == ['[0] = "read",', '[1] = "write",', '[17] = "pread64",']


def test_a_header_without_calls(tmp_path):
    result, text = run(tmp_path, "#define OTHER 1\n")
    assert result.returncode != 0 and "no system call" in result.stderr
    assert text is None
