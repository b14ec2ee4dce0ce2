"""settings.py: files that a program reads because a variable of its environment says so: its
locale, its time zone, its terminal. They come to the same paths in the guest; what is not here is
left out, and the program does without it as it would here.
"""

import os
import re

LOCALES = "/usr/lib/locale"
LOCALE_ARCHIVE = f"{LOCALES}/locale-archive"
LOCALE_VARIABLES = ("LC_ALL", "LC_CTYPE", "LC_COLLATE", "LC_MESSAGES", "LC_NUMERIC", "LC_TIME",
                    "LC_MONETARY", "LANG")
BUILT_IN_LOCALES = ("", "C", "POSIX")
LOCAL_TIME = "/etc/localtime"
ZONES = "/usr/share/zoneinfo"
TERMINALS = ("/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo")


def locale_paths(name):
    """Those that are here. The C library looks into the archive first, and writes a codeset as
    "utf8" there and in the names of folders."""
    if name in BUILT_IN_LOCALES or "/" in name or name.startswith("."):
        return []
    language, dot, codeset = name.partition(".")
    folder = language + dot + re.sub(r"[^a-z0-9]", "", codeset.lower())
    return [path for path in (LOCALE_ARCHIVE, os.path.join(LOCALES, folder))
            if os.path.exists(path)]


def zone_paths(zone):
    """`zone`: TZ, or None if it is not set. Text as "CET-1CEST" names no file that is here."""
    if zone is None:
        return [LOCAL_TIME]
    return [os.path.join(ZONES, zone.lstrip(":"))] if zone.lstrip(":") else []


def bring_settings(files, environment):
    """Add to the FileSet `files` what `environment` ({name: value}) names."""
    paths = zone_paths(environment.get("TZ"))
    terminal = environment.get("TERM", "")
    if terminal and "/" not in terminal:
        paths += [os.path.join(folder, terminal[0], terminal) for folder in TERMINALS]
    found = [path for path in paths if os.path.isfile(path)]
    for variable in LOCALE_VARIABLES:
        found += locale_paths(environment.get(variable, ""))
    for path in found:
        if path not in files:
            files.add_reached(path)
