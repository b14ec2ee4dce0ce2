"""test_spin.py: the protocols of the memory system as small models, every state explored with spin,
and the mistakes that the models must not allow.
"""

import os
import re
import subprocess

import pytest
from quirelib import paths

FOLDER = os.path.join(paths.ROOT, "test", "spin")
ENTRY = re.compile(r"^== (.*?)\nin (.*?)\n--- stands\n(.*?)\n--- mistake\n(.*?)\n(?=\n==|\Z)",
                   re.MULTILINE | re.DOTALL)
EXPLORE_SECONDS = 240
DEPTH = 1000000

# The sizes that are explored; with a mistake, until one of them shows it.
SIZES = {
    "ownership": [{"SPACES": 2, "PAGES": 1, "OPS": 2, "SWAPS": 1},
                  {"SPACES": 2, "PAGES": 2, "OPS": 2, "SWAPS": 1},
                  {"SPACES": 2, "PAGES": 1, "OPS": 3, "SWAPS": 1},
                  {"SPACES": 3, "PAGES": 1, "OPS": 2, "SWAPS": 0}],
    "shootdown": [{"CPUS": 2, "OPS": 3},
                  {"CPUS": 2, "OPS": 3, "FORKED": 1},
                  {"CPUS": 3, "OPS": 1, "FORKED": 1},
                  {"CPUS": 2, "OPS": 4},
                  {"CPUS": 2, "OPS": 3, "TAGS": 1},
                  {"CPUS": 2, "OPS": 3, "FORKED": 1, "TAGS": 1}],
    "wakeup": [{"WAKERS": 1, "OPS": 2, "THEFTS": 1, "SIGNALS": 0, "MOVES": 2},
               {"WAKERS": 1, "OPS": 2, "THEFTS": 1, "SIGNALS": 1, "MOVES": 1},
               {"WAKERS": 2, "OPS": 2, "THEFTS": 1, "SIGNALS": 1, "MOVES": 1}],
}


def read_mutations():
    """(name, file, what stands there, the mistake) of each."""
    with open(os.path.join(FOLDER, "mutations.txt"), encoding="utf-8") as file:
        text = file.read()
    mutations = ENTRY.findall(text)
    assert len(mutations) == sum(line.startswith("== ") for line in text.splitlines())
    return mutations


def run(command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True,
                          timeout=EXPLORE_SECONDS, check=False)


def build_explorer(text, sizes, folder):
    """The program that visits every state of the model `text`."""
    with open(os.path.join(folder, "model.pml"), "w", encoding="utf-8") as file:
        file.write(text)
    defines = [f"-D{name}={value}" for name, value in sizes.items()]
    made = run(["spin", *defines, "-a", "model.pml"], folder)
    assert made.returncode == 0, made.stdout + made.stderr
    # Without partial order reduction's need for it, cycles are not looked for: SAFETY.
    made = run(["gcc", "-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=4000", "-o", "pan",
                "pan.c"], folder)
    assert made.returncode == 0, made.stdout + made.stderr


def explore(text, sizes, folder):
    """(errors, states, what went wrong and the output)"""
    build_explorer(text, sizes, folder)
    done = run(["./pan", f"-m{DEPTH}", "-n"], folder)
    output = done.stdout + done.stderr
    errors = re.search(r"errors: (\d+)", output)
    states = re.search(r"(\d+) states, stored", output)
    assert errors and states, output
    # Every state, or as far as the first error.
    assert int(errors[1]) or "Search not completed" not in output, output
    assert "max search depth too small" not in output, output
    return int(errors[1]), int(states[1]), output


def read_model(name):
    with open(os.path.join(FOLDER, f"{name}.pml"), encoding="utf-8") as file:
        return file.read()


def words(sizes):
    return " ".join(f"{name}={value}" for name, value in sizes.items())


@pytest.mark.parametrize("name, sizes", [
    pytest.param(name, sizes, id=f"{name} {words(sizes)}")
    for name, several in SIZES.items() for sizes in several])
def test_every_state(name, sizes, tmp_path):
    errors, states, output = explore(read_model(name), sizes, tmp_path)
    print(f"{name} {words(sizes)}: {states} states")
    assert errors == 0, output
    # It proves something only about what it has reached: every statement, but the shared text of
    # calls in which a caller has no use for some branch.
    assert states > 1000


@pytest.mark.parametrize("mutation", read_mutations(), ids=lambda mutation: mutation[0])
def test_a_mistake_is_found(mutation, tmp_path):
    title, path, old, new = mutation
    name = os.path.splitext(os.path.basename(path))[0]
    text = read_model(name)
    assert text.count(old) == 1, "does not apply"
    # A mistake about tags shows only where there are any.
    fits = [sizes for sizes in SIZES[name] if "TAGS" in sizes or not title.startswith("tags: ")]
    assert any(explore(text.replace(old, new), sizes, tmp_path)[0] for sizes in fits)
