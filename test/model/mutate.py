#!/usr/bin/python3
"""mutate.py: one-line mistakes in the memory system, each of which the host tests must catch.

    test/model/mutate.py [NAME]

Copies the sources, applies one mutation at a time, builds the unit tests and the model, and runs them until one fails.
Prints a table; exit status 1 if a mutation survives or does not apply.
"""

import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# name, file, what stands there, what the mistake makes of it
MUTATIONS = [
    ("keep W in the old table", "kernel/vm/table.c", "entry_store(&from[i], entry);", ";"),
    ("keep W in the new table", "kernel/vm/table.c", "\t\tto[i] = entry;", "\t\tto[i] = entry_is_present(entry) ? entry_mkwrite(entry) : entry;"),
    ("forget a child's count", "kernel/vm/table.c", "frame_get(child_of(entry));", ";"),
    ("take over at count 2", "kernel/vm/table.c", "if (frame_count(child) == 1)", "if (frame_count(child) <= 2)"),
    ("never take over", "kernel/vm/table.c", "if (frame_count(child) == 1)", "if (false)"),
    ("forget to drop the old name", "kernel/vm/table.c", "\ttable_drop(&gone, level);", "\t(void)gone;"),
    ("leave the entries of a dead table", "kernel/vm/table.c", "if (!entry_is_none(table[i]))\n\t\t\t\ttable_drop", "if (false)\n\t\t\t\ttable_drop"),
    ("copy nothing of the page", "kernel/vm/table.c", "memcpy(frame_data(frame), frame_data(old), PAGE_SIZE);", ";"),
    ("prepare one edge only", "kernel/vm/table.c", " && prepare_edge(space, end - 1, start, end)", ""),
    ("map the zero page writable", "kernel/vm/fault.c", "leaf_for(region, frame_zero(), false)", "leaf_for(region, frame_zero(), true)"),
    ("zero page without a count", "kernel/vm/fault.c", "\t\tframe_get(frame_zero());\n", ""),
    ("lose the shared mark", "kernel/vm/fault.c", "entry_mkshared(leaf_for(region, page, region->prot & VM_WRITE))", "leaf_for(region, page, region->prot & VM_WRITE)"),
    ("write the file's own page", "kernel/vm/fault.c", "if (!write) {\n\t\tentry_store(entry, leaf_for(region, page, false));", "if (true) {\n\t\tentry_store(entry, leaf_for(region, page, true));"),
    ("keep the file's page on a copy", "kernel/vm/fault.c", "\tif (frame_put(page))\n\t\tframe_free(page);\n\treturn copy", "\treturn copy"),
    ("no flush after fork", "kernel/vm/fork.c", "vm_flush(parent, 0, USER_END);", ";"),
    ("no flush after unmap", "kernel/vm/unmap.c", "\ttable_drop_range(space, start, end);\n\tvm_flush(space, start, end);\n\tfor", "\ttable_drop_range(space, start, end);\n\tfor"),
    ("no flush after protect", "kernel/vm/protect.c", "\tvm_flush(space, start, end);\n\tregion_merge", "\tregion_merge"),
    ("protect keeps W", "kernel/vm/protect.c", "(prot & ~VM_WRITE) | VM_USER", "prot | VM_USER"),
    ("protect forgets the shared mark", "kernel/vm/protect.c", "return entry_shared(leaf) ? entry_mkshared(changed) : changed;", "return changed;"),
    ("merge regions that differ", "kernel/vm/region.c", "low->prot == high->prot && ", ""),
    ("a split keeps the offset", "kernel/vm/region.c", "\tupper->offset = region_offset(region, at);\n", ""),
    ("stack ignores its limit", "kernel/vm/fault.c", " || stack->end - page > space->stack_limit", ""),
    ("stack ignores the gap", "kernel/vm/fault.c", "below->end > page - VM_STACK_GAP", "below->end > page"),
    ("shrinking the heap frees nothing", "kernel/vm/brk.c", "if (new_end < old_end && vm_unmap_locked", "if (false && vm_unmap_locked"),
    ("freed block of the wrong order", "kernel/mm/frame.c", "while (order < FRAME_MAX_ORDER) {\n\t\tstruct frame *buddy", "while (order <= FRAME_MAX_ORDER) {\n\t\tstruct frame *buddy"),
    ("split gives the wrong half", "kernel/mm/frame.c", "push_free(block + (1ull << from), from);", "push_free(block, from);"),
]

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
    for filter_ in ("vm_*", "frame_*"):
        result = run(["build/test/unit", filter_], tree)
        if result.returncode:
            failed = [line for line in result.stdout.decode().splitlines() if line.startswith("not ok")]
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
    chosen = [m for m in MUTATIONS if not arguments or arguments[0] in m[0]]
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
