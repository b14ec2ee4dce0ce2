"""test_check_style.py: each rule finds a planted mistake, and is silent without it."""

import subprocess
import sys

import check_style
import pytest

HEADER = "/* name.c: what it is. */\n"
GUARDED = "/* frame.h: frames. */\n#ifndef MM_FRAME_H\n#define MM_FRAME_H\n\n#endif\n"
BOOT_INFO = "/* boot_info.h: x. */\n#ifndef QUIRE_BOOT_INFO_H\n#define QUIRE_BOOT_INFO_H\n#endif\n"


def messages(path, text):
    return [str(finding) for finding in check_style.check_text(path, text)]


def c_function(lines):
    """A function whose braces and body are `lines` lines."""
    return "void f(void)\n{\n" + "\tg();\n" * (lines - 2) + "}\n"


GOOD = {
    "kernel/mm/name.c": HEADER + "static int count; /* frame_lock */\n\n" + c_function(70),
    "kernel/mm/frame.h": GUARDED,
    "boot/boot_info.h": BOOT_INFO,
    "kernel/vm/user_copy.c": "/* user_copy.c: x. */\n\tn = arch_clear_user(0, 1);\n",
    "tools/name.py": '"""name.py: x."""\n\n\ndef f():\n    return 1\n',
    "docs/name.md": "# Name\n\n| " + "wide " * 40 + "|\n",
    "arch/x86_64/kernel.ld": "/* kernel.ld: x. */\nSECTIONS { }\n",
}

# What is planted: path, text, line, words of the finding.
PLANTED = [
    ("kernel/mm/name.c", HEADER + c_function(71), 3, "71 lines, more than 70"),
    ("tools/name.py", '"""x"""\ndef f():\n' + "    g()\n" * 70, 2, "f has 71 lines"),
    ("kernel/mm/name.c", HEADER + "\n" * 500 + "int x;\n", 502, "502 lines, more than 500"),
    ("kernel/mm/name.S", "/* name.S: x. */\n" + "\tnop\n" * 500, 501, "501 lines"),
    ("arch/x86_64/kernel.ld", "/* kernel.ld: x. */\n" + "a\n" * 500, 501, "501 lines"),
    ("kernel/mm/name.c", HEADER + "int x; \n", 2, "white space at the end"),
    ("docs/name.md", "Text\t\n", 1, "white space at the end"),
    ("docs/name.md", "Text\r\n", 1, "carriage return"),
    ("docs/name.md", "Text", 1, "no newline at the end"),
    ("docs/name.md", "Text\n\n", 2, "empty line at the end"),
    ("kernel/mm/name.c", HEADER + "int " + "x" * 100 + ";\n", 2, "105 columns, more than 100"),
    ("kernel/mm/name.c", HEADER + "\t" * 12 + "int x;\n", 2, "102 columns"),
    ("tools/name.py", '"""x"""\nx = "' + "x" * 100 + '"\n', 2, "106 columns"),
    ("docs/name.md", "x" * 121 + "\n", 1, "121 columns, more than 120"),
    ("build.ninja", "x" * 121 + "\n", 1, "121 columns, more than 120"),
    ("kernel/mm/name.c", HEADER + "{\n        return 1;\n}\n", 3, "indented with tabs"),
    ("tools/name.py", '"""x"""\nif x:\n\ty = 1\n', 3, "indented with spaces"),
    ("kernel/mm/frame.h", "/* frame.h: x. */\nint x;\n", 1, "no include guard"),
    ("kernel/mm/frame.h", "/* frame.h: x. */\n#pragma once\nint x;\n", 1, "no include guard"),
    ("kernel/mm/frame.h", GUARDED + "int outside;\n", 1, "no include guard"),
    ("kernel/mm/frame.h", GUARDED.replace("MM_FRAME", "FRAME"), 1, "not named after the path"),
    ("arch/x86_64/include/frame.h", GUARDED, 1, "not named after the path, like FRAME_H"),
    ("kernel/mm/name.c", "int x;\n", 1, "does not start with a comment"),
    ("kernel/mm/name.c", "/* other.c: what it is. */\n", 1, 'comment "/* name.c:'),
    ("kernel/mm/name.c", "// name.c: what it is.\n", 1, "does not start with a comment"),
    ("quire", "#!/usr/bin/python3\nx = 1\n", 1, "does not start with a docstring"),
    ("tools/name.py", "x = 1\n", 1, "does not start with a docstring"),
    ("tools/name.py", '"""x"""\nx = = 1\n', 2, "does not parse"),
    ("kernel/mm/name.c", HEADER + "/* " + "TO" + "DO: later */\n", 2, "finish it"),
    ("docs/name.md", "See " + "/home" + "/me/quire.\n", 1, "a path of one machine"),
    ("docs/name.md", "Fixes issue " + "#12.\n", 1, "not its number"),
    ("kernel/mm/name.c", HEADER + "\nstatic int count;\n", 3, "global state without a comment"),
    ("kernel/mm/name.c", HEADER + "\nstatic const char *name;\n", 3, "global state without"),
    ("kernel/mm/name.c", HEADER + "\nstatic int s[] = {\n\t1,\n};\n", 3, "global state without"),
    ("kernel/mm/name.c", HEADER + "\nstatic void (*hook)(int);\n", 3, "global state without"),
    ("kernel/mm/name.c", HEADER + "\nstatic struct {\n\tint x;\n} s;\n", 3, "global state without"),
    ("kernel/mm/name.c", HEADER + "\nstatic char s[64] ALIGNED(16);\n", 3, "global state without"),
    ("kernel/sys/name.c", HEADER + "\tn = arch_copy_from_user(a, b, 1);\n", 2, "outside kernel/vm"),
]

# What looks like a mutable global and is none, or is explained.
QUIET_GLOBALS = [
    "static const int table[] = { 1 };",
    "static const char *const names[] = { 0 };",
    "static int f(int x);",
    "static inline int f(int x)\n{\n\treturn x;\n}",
    "static int long_name(int x,\n\t\t     int y)\n{\n\treturn x;\n}",
    "NODISCARD static int f(void)\n{\n\treturn 0;\n}",
    "/* frame_lock */\nstatic int one;\nstatic int two;",
    "static int one GUARDED_BY(frame_lock);",
    "static struct spinlock frame_lock = SPINLOCK_INIT(RANK_FRAME);",
    "static void walk(int *table, int level,\n\t\t void (*each)(int *entry));",
    "static struct {\n\tint count; /* (f) */\n} state;",
    "static struct s s = {\n\t.x = 1, /* not here */\n}; /* nor here */"
    .replace("= {", "= { /* set at boot */"),
]


@pytest.mark.parametrize("path", GOOD)
def test_silent_on_good_files(path):
    assert messages(path, GOOD[path]) == []


@pytest.mark.parametrize("path, text, line, words", PLANTED)
def test_finds_what_is_planted(path, text, line, words):
    found = messages(path, text)
    assert any(one.startswith(f"{path}:{line}: ") and words in one for one in found), found


@pytest.mark.parametrize("text", QUIET_GLOBALS)
def test_no_false_alarm_about_globals(text):
    assert messages("kernel/mm/name.c", HEADER + "\n" + text + "\n") == []


def test_comments_and_strings_hide_code():
    text = HEADER + '/*\n * arch_copy_to_user(\n */\nconst char *s = "arch_copy_to_user(";\n'
    assert messages("kernel/sys/name.c", text) == []


def test_two_headers_with_one_guard():
    texts = {"kernel/mm/frame.h": GUARDED, "kernel/mm/other.h": GUARDED}
    found = [str(finding) for finding in check_style.check_same_guards(texts)]
    words = "the include guard MM_FRAME_H is also that of kernel/mm/frame.h"
    assert found == ["kernel/mm/other.h:1: " + words]


@pytest.mark.parametrize("drawn, right", [
    ("RANK_A\n  RANK_B\n", True), ("RANK_B\n  RANK_A\n", False), ("RANK_A\n", False), ("", False)])
def test_lock_order_is_drawn_as_it_is(drawn, right):
    header = "enum lock_rank {\n\tRANK_A, /* RANK_X */\n\tRANK_B,\n\tRANK_COUNT\n};\n"
    texts = {"kernel/sync/spinlock.h": header, "docs/locking.md": f"Text\n\n```order\n{drawn}```\n"}
    assert (list(check_style.check_lock_order(texts)) == []) == right


def test_command_reports_and_fails(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "name.md").write_text("Text \n")
    command = [sys.executable, check_style.__file__, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stdout == "docs/name.md:1: white space at the end of the line\n"
    (tmp_path / "docs" / "name.md").write_text("Text\n")
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_every_rule_is_planted():
    """A rule that is added without a planted mistake fails here."""
    caught = {rule.__name__ for rule in check_style.RULES for path, text, _, _ in PLANTED
              if list(rule(path, text))}
    assert caught == {rule.__name__ for rule in check_style.RULES}
