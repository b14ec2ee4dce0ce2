#!/usr/bin/python3
"""check_includes.py [ROOT]: dependencies run one way. Prints file:line: what is wrong.

The tables below are the layering: a file may include its own module's headers and what its row
lists, nothing else. A row names modules, or single headers as an #include writes them.
"""

import os
import posixpath
import re
import sys

from source_tree import ROOT, Finding, list_files, read_text, report

# Module -> folder of its files, the longest folder that matches counts.
MODULES = {
    "lib": "kernel/lib",
    "debug": "kernel/debug",
    "sync": "kernel/sync",
    "mm": "kernel/mm",
    "vm": "kernel/vm",
    "dev": "kernel/dev",
    "fs": "kernel/fs",
    "proc": "kernel/proc",
    "sys": "kernel/sys",
    "main": "kernel",
    "arch": "arch/include",  # the contract, in portable headers
    "x86_64": "arch/x86_64",
    "host": "arch/host",
    "boot": "boot",
    "userland": "userland",
    "test": "test",
}

# The contract's headers embed the implementation's structures, and no other file sees those.
ALLOWED = {
    "lib": set(),
    "arch": {"lib", "arch-implementation"},
    # A panic prints through the consoles, and tells code from data by the constants of the layout.
    "debug": {"lib", "arch", "sync", "dev/console.h", "mm/layout.h"},
    "sync": {"lib", "arch", "debug"},
    "mm": {"lib", "arch", "debug", "sync", "boot_info.h"},
    "vm": {"lib", "arch", "debug", "sync", "mm"},
    "dev": {"lib", "arch", "debug", "sync", "mm", "boot_info.h"},
    "fs": {"lib", "arch", "debug", "sync", "mm", "vm", "dev"},
    "proc": {"lib", "arch", "debug", "sync", "mm", "vm", "dev", "fs"},
    "sys": {"lib", "arch", "debug", "sync", "mm", "vm", "dev", "fs", "proc"},
    "main": {"lib", "arch", "debug", "sync", "mm", "vm", "dev", "fs", "proc", "sys", "boot_info.h"},
    "x86_64": {"lib", "arch", "arch-implementation", "debug", "sync", "mm", "boot_info.h",
               "dev/acpi.h", "dev/console.h", "dev/uart.h"},
    # The host machine serves the faults of its software MMU, so it calls vm.
    "host": {"lib", "arch", "arch-implementation", "debug", "sync", "mm", "vm"},
    "boot": {"boot_info.h"},
}

# Headers from outside the tree, as regular expressions.
FREESTANDING = r"(stdint|stddef|stdbool|stdarg)\.h"
LINUX_ABI = r"(linux|asm|asm-generic)/.*\.h"
UEFI = r"efi\w*\.h"
KERNEL_SYSTEM = f"{FREESTANDING}|{LINUX_ABI}"
CPUID = r"cpuid\.h"  # the compiler's, one instruction
SYSTEM = {
    "boot": f"{KERNEL_SYSTEM}|{UEFI}|{CPUID}",
    "x86_64": f"{KERNEL_SYSTEM}|{CPUID}",
    "host": r".*",
}

# Programs and tests of the host are ordinary C: their system headers and their edges are free.
UNCHECKED = {"userland", "test"}

# Where an #include of each module's files looks, in order; the file's own folder comes first.
ROOTS = ("kernel", "arch/include", "boot")
IMPLEMENTATIONS = {"host": "arch/host/include"}
DEFAULT_IMPLEMENTATION = "arch/x86_64/include"

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.M)


def module_of(path):
    fits = [name for name, folder in MODULES.items() if path.startswith(folder + "/")]
    return max(fits, key=lambda name: len(MODULES[name]), default=None)


def includes_of(text):
    """(line, name) of each #include outside comments."""
    comment = re.compile(r"/\*.*?\*/", re.S)
    code = comment.sub(lambda match: "\n" * match.group().count("\n"), text)
    for match in INCLUDE.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, match[1]


def resolve(path, name, files):
    """The file of the tree that `path` means by `name`, or None for one from outside."""
    module = module_of(path)
    roots = ROOTS + (IMPLEMENTATIONS.get(module, DEFAULT_IMPLEMENTATION),)
    for folder in (posixpath.dirname(path),) + roots:
        candidate = posixpath.normpath(posixpath.join(folder, name))
        if candidate in files:
            return candidate
    return None


def is_implementation(path):
    return bool(re.match(r"arch/\w+/include/", path)) and not path.startswith("arch/include/")


def edge_error(path, name, target):
    """Why `path` may not include the tree's file `target`, or None."""
    module = module_of(path)
    if is_implementation(target):
        if "arch-implementation" not in ALLOWED[module]:
            return f"<{name}> is the processor's own; include <arch/...>"
        return None
    other = module_of(target)
    if other == module or other in ALLOWED[module] or name in ALLOWED[module]:
        return None
    allowed = " ".join(sorted(ALLOWED[module])) or "nothing"
    return f"{module} may not include {other} ({name}); it may include {allowed}"


def check_edges(texts):
    for path, text in texts.items():
        module = module_of(path)
        if module is None or module in UNCHECKED:
            continue
        for line, name in includes_of(text):
            target = resolve(path, name, texts)
            if target:
                error = edge_error(path, name, target)
            elif re.fullmatch(SYSTEM.get(module, KERNEL_SYSTEM), name):
                error = None
            else:
                error = f"{name} is neither in the tree nor a system header that {module} may use"
            if error:
                yield Finding(path, line, error)


def check_repeats(texts):
    for path, text in texts.items():
        seen = set()
        for line, name in includes_of(text):
            if name in seen:
                yield Finding(path, line, f"{name} is included twice")
            seen.add(name)


def check_cycles(texts):
    """Headers that include each other, directly or not."""
    graph = {}
    for path, text in sorted(texts.items()):
        if path.endswith(".h"):
            targets = [(line, resolve(path, name, texts)) for line, name in includes_of(text)]
            graph[path] = [(line, target) for line, target in targets if target]
    done, reported = set(), set()

    def visit(path, trail):
        for line, target in graph.get(path, ()):
            if target in trail:
                cycle = trail[trail.index(target):] + [target]
                if frozenset(cycle) not in reported:
                    reported.add(frozenset(cycle))
                    yield Finding(path, line, "headers include each other: " + " -> ".join(cycle))
            elif target not in done:
                yield from visit(target, trail + [target])
        done.add(path)

    for path in graph:
        if path not in done:
            yield from visit(path, [path])


def check_texts(texts):
    """All findings in a tree: path -> text."""
    return [*check_edges(texts), *check_repeats(texts), *check_cycles(texts)]


def check_tree(root=ROOT):
    paths = [path for path in list_files(root) if path.endswith((".c", ".h", ".S"))]
    texts = {path.replace(os.sep, "/"): read_text(path, root) or "" for path in paths}
    return check_texts(texts)


if __name__ == "__main__":
    sys.exit(report(check_tree(sys.argv[1] if len(sys.argv) > 1 else ROOT), "check_includes"))
