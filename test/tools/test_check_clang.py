"""test_check_clang.py: check_format and check_tidy find what is planted."""

import subprocess
import sys

import check_format
import check_tidy
import pytest

FORMATTED = "int f(int x)\n{\n\tif (x)\n\t\treturn 1;\n\treturn 0;\n}\n"
UNFORMATTED = [
    FORMATTED.replace("\t", "        "),
    FORMATTED.replace("if (x)", "if(x)"),
    FORMATTED.replace("\n{", " {"),
    FORMATTED.replace("(x)\n\t\treturn 1;", "(x) return 1;"),
]

BUGS = [
    ("int f(int *p)\n{\n\tif (!p)\n\t\treturn *p;\n\treturn 0;\n}\n", "NullDereference"),
    ("int f(void)\n{\n\tint x;\n\treturn x + 1;\n}\n", "UndefinedBinaryOperatorResult"),
    ("int f(int x)\n{\n\tif (x);\n\t\treturn 1;\n\treturn 0;\n}\n", "suspicious-semicolon"),
    ("int f(int x)\n{\n\tif (x)\n\t\treturn 1;\n\telse\n\t\treturn 2;\n}\n", "else-after-return"),
]


def run_format(path):
    command = [sys.executable, check_format.__file__, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("text", UNFORMATTED)
def test_format_finds(tmp_path, text):
    path = tmp_path / "name.c"
    path.write_text(text)
    result = run_format(path)
    assert result.returncode != 0 and f"{path}:" in result.stdout


def test_format_is_silent(tmp_path):
    path = tmp_path / "name.c"
    path.write_text(FORMATTED)
    assert run_format(path).returncode == 0


@pytest.fixture
def tidy(tmp_path, monkeypatch):
    monkeypatch.setattr(check_tidy, "CACHE", str(tmp_path))

    def run(text):
        path = tmp_path / "name.c"
        path.write_text(text)
        return check_tidy.tidy(str(path), ["clang", "-std=gnu11", "-c", str(path), "-o", "name.o"])
    return run


@pytest.mark.parametrize("text, name", BUGS)
def test_tidy_finds(tidy, text, name):
    assert name in tidy(text)


def test_tidy_is_silent_and_looks_again_after_a_change(tidy):
    assert tidy(FORMATTED) == ""
    assert tidy(FORMATTED) == ""
    assert "NullDereference" in tidy(BUGS[0][0])
