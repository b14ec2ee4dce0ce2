#!/usr/bin/python3
"""check_tidy.py [FILE...]: clang-tidy, by .clang-tidy, over every C file that the build compiles.

A file that was clean is not read again until it, a header it includes, the flags or the
configuration change: build/tidy/ keeps a digest of all these for each.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys

from source_tree import ROOT

CACHE = os.path.join(ROOT, "build", "tidy")


def compile_commands():
    """{file: a command that compiles it} by build.ninja; the kernel's if there are several."""
    rules = subprocess.run(["ninja", "-t", "rules"], cwd=ROOT, check=True, capture_output=True,
                           text=True).stdout
    names = re.findall(r"^(cc\w*)", rules, re.M)
    database = subprocess.run(["ninja", "-t", "compdb", *names], cwd=ROOT, check=True,
                              capture_output=True, text=True).stdout
    commands = {}
    for entry in sorted(json.loads(database), key=lambda entry: "/host/" in entry["output"]):
        if entry["file"].endswith(".c"):
            commands.setdefault(entry["file"], expand(entry["command"]))
    return commands


def expand(command):
    """The arguments of a shell command, with the one variable that build.ninja uses."""
    return [word.replace("$PWD", ROOT) for word in shlex.split(command)]


def flags_of(command):
    """What clang-tidy needs of a compile command: all but the compiler, outputs and the file."""
    flags, skip = [], 0
    for word in command[1:]:
        if skip:
            skip -= 1
        elif word in ("-o", "-MF", "-c"):
            skip = 1
        elif word not in ("-MMD", "-MD"):
            flags.append(word)
    return flags


def digest(path, command):
    """Of all that the answer depends on: the preprocessed file and what the preprocessor drops."""
    state = hashlib.sha256("\0".join(command).encode())
    listing = subprocess.run([command[0], *flags_of(command), "-M", path], cwd=ROOT,
                             capture_output=True, text=True, check=False).stdout
    inputs = listing.replace("\\\n", " ").split(":", 1)[-1].split()
    for name in [".clang-tidy", *inputs]:
        try:
            with open(os.path.join(ROOT, name), "rb") as file:
                state.update(file.read())
        except OSError:
            return None
    return state.hexdigest()


def tidy(path, command):
    """The findings in one file, as text; empty when it is clean."""
    stamp = os.path.join(CACHE, path.replace("/", "_"))
    now = digest(path, command)
    try:
        with open(stamp, encoding="ascii") as file:
            if now and file.read() == now:
                return ""
    except OSError:
        pass
    config = "--config-file=" + os.path.join(ROOT, ".clang-tidy")
    result = subprocess.run(["clang-tidy", config, "--quiet", path, "--", *flags_of(command)],
                            cwd=ROOT, capture_output=True, text=True, check=False)
    found = result.stdout.strip()
    if result.returncode and not found:
        found = f"{path}: clang-tidy failed: {result.stderr.strip()}"
    if not found and now:
        with open(stamp, "w", encoding="ascii") as file:
            file.write(now)
    return found.replace(ROOT + "/", "")


def main():
    commands = compile_commands()
    wanted = sys.argv[1:] or sorted(commands)
    unknown = [path for path in wanted if path not in commands]
    os.makedirs(CACHE, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(lambda path: tidy(path, commands[path]),
                           [path for path in wanted if path in commands])
        # A finding in a header comes once for each file that includes it.
        lines = list(dict.fromkeys(line for answer in answers for line in answer.splitlines()))
    for path in unknown:
        lines.append(f"{path}:1: the build does not compile this file")
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
