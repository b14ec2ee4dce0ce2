#!/usr/bin/python3
"""check_format.py [FILE...]: is C code, all of it by default, as clang-format makes it?"""

import os
import subprocess
import sys

from source_tree import ROOT, list_files


def main():
    files = sys.argv[1:] or [path for path in list_files() if path.endswith((".c", ".h"))]
    if not files:
        return 0
    style = "--style=file:" + os.path.join(ROOT, ".clang-format")
    command = ["clang-format", style, "--dry-run", "-Werror", *files]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    # One line a place is enough; clang-format adds the source and a caret.
    places = [line for line in result.stderr.splitlines() if "error:" in line or "Can't" in line]
    print("\n".join(places))
    if result.returncode:
        names = sorted({line.split(":")[0] for line in places})
        print("to repair: clang-format -i " + " ".join(names), file=sys.stderr)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
