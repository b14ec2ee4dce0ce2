"""source_tree.py: which files the checks look at, and how they report what they find."""

import os
import subprocess
import sys
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".pytest_cache"}


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


def list_files(root=ROOT):
    """Paths relative to root: what git tracks or would track; every file outside a repository."""
    if os.path.exists(os.path.join(root, ".git")):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        output = subprocess.run(command, cwd=root, check=True, capture_output=True).stdout
        names = output.decode().split("\0")
        return sorted({name for name in names if os.path.isfile(os.path.join(root, name))})
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in files]
    return sorted(found)


def read_text(path, root=ROOT):
    """The file's text, or None if it is not UTF-8 text."""
    try:
        with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
            return file.read()
    except UnicodeDecodeError:
        return None


def report(findings, what):
    """Print the findings; the exit status for main()."""
    for finding in sorted(findings):
        print(finding)
    if findings:
        print(f"{what}: {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0
