#!/usr/bin/python3
"""mutate.py: one-line mistakes in the memory system, each of which the host tests must catch.

    test/model/mutate.py [NAME]

Copies the sources, applies one mutation of mutations.txt at a time, builds the unit tests and the
model, and runs them until one fails. Prints a table; exit status 1 if a mutation survives or does
not apply.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# name, file, what stands there, what the mistake makes of it
LIST = os.path.join(ROOT, "test", "model", "mutations.txt")
ENTRY = re.compile(r"^== (.*?)\nin (.*?)\n--- stands\n(.*?)\n--- mistake\n(.*?)\n(?=\n==|\Z)",
                   re.MULTILINE | re.DOTALL)


def read_mutations():
    """(name, file, what stands there, the mistake) of each."""
    with open(LIST, encoding="utf-8") as file:
        text = file.read()
    mutations = ENTRY.findall(text)
    if len(mutations) != sum(line.startswith("== ") for line in text.splitlines()):
        sys.exit(f"{LIST}: an entry is not understood")
    return mutations

MODEL_RUNS = [("1", "300000"), ("2", "300000"), ("3", "300000")]


def copy_tree(target):
    for name in ("kernel", "arch", "boot", "test", "tools", "userland", "initrd", "build.ninja"):
        source = os.path.join(ROOT, name)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(target, name))
        elif os.path.exists(source):
            shutil.copy2(source, target)


def run(command, tree):
    return subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=300, check=False)


def verdict(tree):
    """What caught the mistake, or None."""
    if run(["ninja", "build/test/unit", "build/test/model"], tree).returncode:
        return "the compiler"
    for seed, ops in MODEL_RUNS:
        if run(["build/test/model", "--seed", seed, "--ops", ops], tree).returncode:
            return f"model, seed {seed}"
    for filter_ in ("vm_*", "frame_*", "page_tree_*", "object_*", "truncate_*"):
        result = run(["build/test/unit", filter_], tree)
        if result.returncode:
            lines = result.stdout.decode().splitlines()
            failed = [line for line in lines if line.startswith("not ok")]
            return f"unit {failed[0].split()[-1]}" if failed else "unit (crash)"
    return None


def apply(tree, path, old, new):
    full = os.path.join(tree, path)
    with open(full, encoding="utf-8") as file:
        text = file.read()
    if text.count(old) != 1:
        return None
    with open(full, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    return text


def main(arguments):
    chosen = [m for m in read_mutations() if not arguments or arguments[0] in m[0]]
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="quire-mutate-") as tree:
        copy_tree(tree)
        caught = verdict(tree)
        if caught:
            sys.exit(f"without any mutation the tests fail already: {caught}")
        for name, path, old, new in chosen:
            original = apply(tree, path, old, new)
            if original is None:
                caught, text = False, "DOES NOT APPLY"
            else:
                caught = verdict(tree)
                text = caught or "SURVIVED"
                with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
                    file.write(original)
            survivors += not caught
            print(f"{name:36} {path:22} {text}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutations caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
