#!/usr/bin/python3
"""mkinitrd.py: the initial RAM disk from its manifest.

    mkinitrd.py MANIFEST OUTPUT [NAME=FILE...]

A line of the manifest is one of

    dir  PATH MODE
    file PATH MODE SOURCE       a file of the repository, or @NAME for one that the build made
    link PATH TARGET
    applets PATH BUSYBOX        the host's BUSYBOX at PATH, and for each applet a link to it in usr/

and '#' starts a comment. Equal inputs make equal archives.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from quirelib.cpio import CpioWriter, pad_archive  # noqa: E402


class ManifestError(Exception):
    """A line that can't be understood; the text says which and why."""


def read_manifest(lines, built):
    """Yields (kind, path, ...) for each line."""
    for number, line in enumerate(lines, 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        try:
            kind, path, *rest = words
            if kind == "dir" and len(rest) == 1:
                yield kind, path, int(rest[0], 8)
            elif kind == "file" and len(rest) == 2:
                source = built[rest[1][1:]] if rest[1].startswith("@") else rest[1]
                yield kind, path, int(rest[0], 8), source
            elif kind == "link" and len(rest) == 1:
                yield kind, path, rest[0]
            elif kind == "applets" and len(rest) == 1:
                yield "file", path, 0o755, rest[0]
                yield from applet_links(path, rest[0])
            else:
                raise ValueError("not a dir, file or link line with all its words")
        except (ValueError, KeyError) as error:
            raise ManifestError(f"line {number}: {line.strip()!r}: {error}") from error


def applet_links(path, busybox):
    """The links that BUSYBOX itself would install, in the layout with one /usr."""
    listing = subprocess.run([busybox, "--list-full"], check=True, capture_output=True, text=True)
    for applet in listing.stdout.split():
        place = "usr/" + applet.removeprefix("usr/")
        if os.path.dirname(place) in ("usr/bin", "usr/sbin") and place != path:
            yield "link", place, "/" + path


def write_archive(entries, out):
    archive = CpioWriter(out)
    for kind, path, *rest in entries:
        if kind == "dir":
            archive.directory(path, rest[0])
        elif kind == "file":
            archive.copy(path, rest[1], rest[0])
        else:
            archive.symlink(path, rest[0])
    archive.close()
    pad_archive(out)


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    manifest, output, *built = arguments
    try:
        with open(manifest, encoding="utf-8") as lines, open(output, "wb") as out:
            write_archive(read_manifest(lines, dict(pair.split("=", 1) for pair in built)), out)
    except (ManifestError, OSError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"mkinitrd.py: {manifest}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
