#!/usr/bin/python3
"""mutate.py: one-line mistakes in the memory system, each of which the host tests must catch.

    test/model/mutate.py [--shrink] [--without-races] [NAME]

Copies the sources, applies one mutation of mutations.txt at a time, builds the unit tests and the
model, and runs them until one fails; two copies, at the same time. Prints a table; exit status 1 if
a mutation survives, does not apply or does not compile. With --shrink it also prints the fewest
operations of the model that show each mistake, in words.
"""

import concurrent.futures
import os
import queue
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

COPIES = 2
BUILD_SECONDS = 600
RUN_SECONDS = 60  # a mistake that makes a test hang is caught, too
# Short runs with many checks find most; each is tried until one fails.
MODEL_RUNS = [["--seed", "1", "--ops", "20000", "--check", "20"],
              ["--seed", "2", "--ops", "150000"],
              ["--seed", "3", "--ops", "150000", "--oom", "0"],
              ["--seed", "4", "--ops", "300000"]]
UNIT_FILTERS = ("vm_*", "entry_*", "frame_*", "page_tree_*", "object_*", "truncate_*",
                "protect_*", "tlb_*")


def read_mutations():
    """(name, file, what stands there, the mistake) of each."""
    with open(LIST, encoding="utf-8") as file:
        text = file.read()
    mutations = ENTRY.findall(text)
    if len(mutations) != sum(line.startswith("== ") for line in text.splitlines()):
        sys.exit(f"{LIST}: an entry is not understood")
    return mutations


def copy_tree(target):
    for name in ("kernel", "arch", "boot", "test", "tools", "userland", "initrd", "build.ninja"):
        source = os.path.join(ROOT, name)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(target, name))
        elif os.path.exists(source):
            shutil.copy2(source, target)


def run(command, tree, seconds=RUN_SECONDS):
    """(exit status, output); a run without end has status None."""
    try:
        done = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout.decode(errors="replace")


# Mistakes that show only between processors, by their names: build/test/race finds them.
RACE = "race: "
RACE_SEEDS = range(1, 13)
# Where other tests keep the processors busy a mistake may need more luck: so often it is tried.
RACE_PASSES = 5


def build(tree, targets=("unit", "model", "race")):
    return run(["ninja", "-j2", *(f"build/test/{target}" for target in targets)], tree,
               BUILD_SECONDS)


def failing_race(tree):
    runs = [["--exchange", "1"]] + [["--seed", str(seed)] for seed in RACE_SEEDS]
    for arguments in runs:
        status, output = run(["build/test/race", *arguments], tree)
        if status is None:
            return f"race {' '.join(arguments)}: a hang"
        if status:
            how = ": ThreadSanitizer" if "WARNING" in output else ""
            return f"race {' '.join(arguments)}{how}"
    return None


def failing_model_run(tree):
    for arguments in MODEL_RUNS:
        status, _ = run(["build/test/model", *arguments], tree)
        if status != 0:
            return arguments, "a hang" if status is None else "difference"
    return None, None


def failing_unit_test(tree):
    for filter_ in UNIT_FILTERS:
        status, output = run(["build/test/unit", filter_], tree)
        if status != 0:
            failed = [line for line in output.splitlines() if line.startswith("not ok")]
            return f"unit {failed[0].split()[-1]}" if failed else "unit (crash)"
    return None


def verdict(tree, shrink=False, race=False):
    """What caught the mistake, or None; and the shrunk run, if that was asked for."""
    if race:
        passes = (failing_race(tree) for _ in range(RACE_PASSES))
        return next(filter(None, passes), None), ""
    arguments, how = failing_model_run(tree)
    if arguments:
        output = run(["build/test/model", *arguments, "--shrink"], tree)[1] if shrink else ""
        return f"model, seed {arguments[1]}" + (f": {how}" if how == "a hang" else ""), output
    return failing_unit_test(tree), ""


def apply(tree, path, old, new):
    full = os.path.join(tree, path)
    with open(full, encoding="utf-8") as file:
        text = file.read()
    if text.count(old) != 1:
        return None
    with open(full, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    return text


def try_one(trees, mutation, shrink):
    """(caught, verdict, output)"""
    name, path, old, new = mutation
    race = name.startswith(RACE)
    tree = trees.get()
    try:
        original = apply(tree, path, old, new)
        if original is None:
            return False, "DOES NOT APPLY", ""
        status, output = build(tree, ("race",) if race else ("unit", "model"))
        if status != 0:
            caught, text = None, "DOES NOT COMPILE"
        else:
            caught, output = verdict(tree, shrink, race)
            text = caught or "SURVIVED"
        with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
            file.write(original)
        return caught is not None, text, output
    finally:
        trees.put(tree)


def main(arguments):
    shrink = "--shrink" in arguments
    without_races = "--without-races" in arguments
    names = [argument for argument in arguments if not argument.startswith("--")]
    chosen = [m for m in read_mutations() if (not names or names[0] in m[0])
              and not (without_races and m[0].startswith(RACE))]
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="quire-mutate-") as folder:
        first = os.path.join(folder, "0")
        os.mkdir(first)
        copy_tree(first)
        status, output = build(first)
        caught = "the compiler" if status != 0 else verdict(first)[0]
        if not caught and any(m[0].startswith(RACE) for m in chosen):
            caught = failing_race(first)
        if caught:
            sys.exit(f"without any mutation the tests fail already: {caught}\n{output}")
        trees = queue.Queue()
        trees.put(first)
        for i in range(1, COPIES):
            trees.put(shutil.copytree(first, os.path.join(folder, str(i))))
        with concurrent.futures.ThreadPoolExecutor(COPIES) as pool:
            results = pool.map(lambda mutation: try_one(trees, mutation, shrink), chosen)
            for (name, path, _, _), (caught, text, output) in zip(chosen, results):
                survivors += not caught
                print(f"{name:44} {path:24} {text}", flush=True)
                if shrink and output:
                    print(output)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutations caught")
    return 1 if survivors or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
