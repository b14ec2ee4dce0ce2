"""test_check_includes.py: each kind of wrong edge is found, and right ones are not."""

import subprocess
import sys

import check_includes
import pytest

TREE = {
    "kernel/lib/types.h": "#include <stdint.h>\n",
    "kernel/lib/errno.h": "#include <asm-generic/errno.h>\n",
    "kernel/debug/log.h": '#include "lib/types.h"\n',
    "kernel/debug/log.c": '#include "debug/log.h"\n#include "dev/console.h"\n',
    "kernel/dev/console.h": '#include "lib/types.h"\n',
    "kernel/dev/acpi.h": '#include "lib/types.h"\n',
    "kernel/mm/frame.h": '#include <arch/mmu.h>\n#include "lib/types.h"\n',
    "kernel/vm/space.h": '#include "mm/frame.h"\n',
    "kernel/proc/process.h": '#include "vm/space.h"\n',
    "kernel/sys/table.c": '#include <linux/mman.h>\n#include "proc/process.h"\n',
    "arch/include/arch/mmu.h": '#include "lib/types.h"\n#include <arch_mmu.h>\n',
    "arch/x86_64/include/arch_mmu.h": '#include "lib/types.h"\n',
    "arch/x86_64/paging.c": "#include <arch/mmu.h>\n#include <arch_mmu.h>\n",
    "arch/host/include/arch_mmu.h": "#include <stdlib.h>\n",
    "boot/boot_info.h": "#include <stdint.h>\n",
    "boot/main.c": '#include <efi.h>\n#include "boot_info.h"\n',
    "userland/init.c": "#include <stdio.h>\n",
}

PLANTED = [
    ("kernel/vm/fault.c", '#include "proc/process.h"', "vm may not include proc"),
    ("kernel/lib/list.c", '#include "debug/log.h"', "lib may not include debug"),
    ("kernel/mm/frame.c", '#include "vm/space.h"', "mm may not include vm"),
    ("kernel/debug/panic.c", '#include "dev/acpi.h"', "debug may not include dev"),
    ("kernel/debug/panic.c", '#include "mm/frame.h"', "debug may not include mm"),
    ("kernel/fs/tmpfs.c", '#include "proc/process.h"', "fs may not include proc"),
    ("kernel/dev/uart.c", '#include "proc/process.h"', "dev may not include proc"),
    ("kernel/mm/kmap.c", "#include <arch_mmu.h>", "the processor's own"),
    ("kernel/main.c", '#include "../arch/x86_64/include/arch_mmu.h"', "the processor's own"),
    ("kernel/lib/list.c", "#include <stdlib.h>", "neither in the tree nor a system header"),
    ("kernel/lib/list.c", '#include "lib/missing.h"', "neither in the tree"),
    ("kernel/proc/exec.c", '#include "boot_info.h"', "proc may not include boot"),
    ("boot/files.c", '#include "lib/types.h"', "boot may not include lib"),
    ("boot/files.c", "#include <stdio.h>", "neither in the tree"),
    ("arch/x86_64/trap.c", '#include "proc/process.h"', "x86_64 may not include proc"),
    ("kernel/mm/slab.c", '#include "lib/types.h"\n#include "lib/types.h"', "included twice"),
]


def messages(texts):
    return [str(finding) for finding in check_includes.check_texts(texts)]


def test_silent_on_a_good_tree():
    assert messages(TREE) == []


@pytest.mark.parametrize("path, text, words", PLANTED)
def test_finds_what_is_planted(path, text, words):
    found = messages({**TREE, path: text + "\n"})
    assert len(found) == 1 and found[0].startswith(path + ":") and words in found[0], found


def test_finds_a_cycle_of_headers():
    cycle = {"kernel/mm/a.h": '#include "mm/b.h"\n', "kernel/mm/b.h": '\n#include "mm/a.h"\n'}
    texts = {**TREE, **cycle}
    trail = "kernel/mm/a.h -> kernel/mm/b.h -> kernel/mm/a.h"
    assert messages(texts) == [f"kernel/mm/b.h:2: headers include each other: {trail}"]


def test_an_include_in_a_comment_is_none():
    assert messages({**TREE, "kernel/vm/map.c": '/*\n#include "proc/process.h"\n*/\n'}) == []


def test_modules_follow_one_order():
    """The table itself has no cycle but the one between debug and sync, and none through vm."""
    def reach(module, seen):
        for other in check_includes.ALLOWED.get(module, set()) & set(check_includes.MODULES):
            if other not in seen:
                reach(other, seen | {other})
                seen.add(other)
        return seen
    for module in check_includes.ALLOWED:
        if module not in ("debug", "sync"):
            assert module not in reach(module, set()), module
    assert "proc" not in reach("vm", set()) and "proc" not in reach("fs", set())


def test_command_reports_and_fails(tmp_path):
    for path, text in {**TREE, "kernel/vm/fault.c": '#include "proc/process.h"\n'}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    command = [sys.executable, check_includes.__file__, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stdout.startswith("kernel/vm/fault.c:1: vm may not include proc")
