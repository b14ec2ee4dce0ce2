#!/usr/bin/python3
"""syscall_names.py HEADER OUTPUT.c: the names of system calls by number, from asm/unistd_64.h."""

import re
import sys

DEFINITION = re.compile(r"#define\s+__NR_(\w+)\s+(\d+)\s*$")


def read_names(lines):
    """(number, name) of each call."""
    for line in lines:
        match = DEFINITION.match(line)
        if match:
            yield int(match[2]), match[1]


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    header, output = arguments
    with open(header, encoding="ascii") as lines:
        names = sorted(read_names(lines))
    if not names:
        sys.exit(f"{header}: no system call is defined there")
    with open(output, "w", encoding="ascii") as out:
        out.write('/* Made by tools/syscall_names.py. */\n#include "sys/syscall.h"\n\n')
        out.write("const char *const syscall_names[] = {\n")
        out.writelines(f'\t[{number}] = "{name}",\n' for number, name in names)
        out.write("};\n\nconst unsigned syscall_names_size = ARRAY_SIZE(syscall_names);\n")


if __name__ == "__main__":
    main(sys.argv[1:])
