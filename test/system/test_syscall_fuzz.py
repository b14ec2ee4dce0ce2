"""test_syscall_fuzz.py: random system calls with random arguments, from several processes at once.

The kernel lives, gives each process's frames back, changes no register that it must keep, and runs
a program afterwards. test/syscalls/fuzz.h says how the fuzzer works; a run follows from its seed.
"""

import random
import re

from harness import Guest, assert_no_frames_lost, job
from harness.frames import FrameCounts

FUZZER = "build/test/fuzz_calls"
AFTERWARDS = "build/programs/hello.musl"
SUMMARY = re.compile(r"seed (\d+): (\d+) calls, (\d+) succeeded")

FIXED_SEEDS = (1, 2, 3)
CALLS = 5000  # of each of four processes
FEWEST = 20000  # are counted: a call that ends a process is not
KEPT_PAGES = 8  # the slab allocator may keep so many more than before
SUCCEED = 0.2  # of all calls, or the arguments are too wild to get anywhere


def run_seeds(seeds, memory, cpus=1):
    # A file each: one that takes the right to execute from its own does not stop the next.
    jobs = [job(FUZZER, "--seed", str(seed), "--calls", str(CALLS), guest=f"/fuzz_calls.{number}")
            for number, seed in enumerate(seeds)]
    jobs.append(job(AFTERWARDS))
    print("seeds:", *seeds)
    with Guest(jobs, boot="pvh", memory=memory, cpus=cpus, limit=240) as guest:
        results = guest.results()
        assert_no_frames_lost(guest.lines, len(jobs))
        slab = [counts["slab"] for counts in FrameCounts.in_log(guest.lines)]
    assert max(slab) <= slab[0] + KEPT_PAGES, f"the slab allocator's pages before and after: {slab}"
    for seed, result in zip(seeds, results):
        text = result.stdout.decode(errors="backslashreplace")
        assert result.status == 0, f"seed {seed}:\n{text}"
        found = SUMMARY.search(text)
        assert found, text
        assert int(found[1]) == seed
        calls, succeeded = int(found[2]), int(found[3])
        assert calls >= FEWEST * 0.8, text
        assert succeeded >= calls * SUCCEED, text
    assert results[-1].status == 0 and results[-1].stdout


def test_fixed_seeds_and_a_new_one():
    run_seeds([*FIXED_SEEDS, random.randrange(10, 1 << 32)], memory="256M")


def test_short_of_memory():
    run_seeds([4, random.randrange(10, 1 << 32)], memory="24M")


def test_on_four_processors():
    run_seeds([5, 6, random.randrange(10, 1 << 32)], memory="256M", cpus=4)
