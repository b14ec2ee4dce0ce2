"""test_stress.py: everything at once, at random, on four processors.

Processes of fuzz_calls make random system calls, threads of prog_thread_stress change what they
share, map, fork and die; frames are poisoned when they are freed. No report, no lost frame. One
boot is short; `./quire test --stress SECONDS stress` begins new ones until the time is over.
"""

import os
import random
import re
import time

import pytest
from harness import Guest, assert_no_frames_lost, job

SECONDS = float(os.environ.get("QUIRE_TEST_STRESS", "0"))
BOOT_SECONDS = 400  # at most
CALLED = re.compile(rb"seed \d+: (\d+) calls")


def jobs_of(seed, pairs, calls, steps):
    """A file each: a program that takes the right to execute from its own does not stop others."""
    jobs = []
    for number in range(pairs):
        compiler = "glibc" if number % 2 else "musl"
        jobs += [job("build/test/fuzz_calls", "--seed", str(seed + number), "--calls", str(calls),
                     "--processes", "6", guest=f"/fuzz.{number}"),
                 job(f"build/programs/prog_thread_stress.{compiler}", str(seed + number),
                     str(steps), "8", guest=f"/stress.{number}")]
    return jobs


def one_boot(seed, pairs, calls, steps):
    """The system calls that were made."""
    jobs = jobs_of(seed, pairs, calls, steps)
    with Guest(jobs, boot="pvh", memory="128M", cpus=4, limit=BOOT_SECONDS,
               append="poison") as guest:
        results = guest.results()
        assert_no_frames_lost(guest.lines, len(jobs))
    made = 0
    for number, result in enumerate(results):
        assert result.status == 0, (number, seed, result.stdout[-2000:])
        if number % 2:
            assert result.stdout == b"done\n"
        else:
            made += int(CALLED.search(result.stdout)[1])
    return made


@pytest.mark.timeout(SECONDS + 2 * BOOT_SECONDS)
def test_stress():
    end = time.monotonic() + SECONDS
    seed = random.randrange(10, 1 << 31)
    if not SECONDS:
        print("seeds from", seed)
        assert one_boot(seed, pairs=2, calls=2000, steps=1000) > 10000
        return
    boots = made = 0
    while time.monotonic() < end:
        print(f"\nboot {boots + 1}: seeds from {seed}", flush=True)
        made += one_boot(seed, pairs=6, calls=6000, steps=2500)
        seed += 6
        boots += 1
    print(f"{boots} boots, {made} system calls, {boots * 6} runs of threads", flush=True)
