"""test_proc.py: the files of /proc that Linux has not, and programs of Debian that read /proc."""

import os
import re

from harness import Guest, assert_no_frames_lost, job, run_jobs
from harness.frames import STATES

BUSYBOX = os.path.realpath("/bin/busybox")


def shell(script):
    """A job: busybox runs the script, and is each command in it."""
    return job(BUSYBOX, "-c", script, argv0="sh", guest="/bin/busybox",
               environment=["PATH=/bin"])


def output_of(script):
    (result,) = run_jobs([shell(script)])
    assert (result.status, result.stderr) == (0, b"")
    return result.stdout.decode()


def test_frames():
    """The counts are those of the log, and the free blocks make up the free frames."""
    lines = output_of("busybox cat /proc/frames").splitlines()
    counts = {line.split()[0]: int(line.split()[1]) for line in lines[:-1]}
    assert tuple(counts) == STATES
    blocks = [int(number) for number in lines[-1].removeprefix("free blocks by order:").split()]
    assert sum(number << order for order, number in enumerate(blocks)) == counts["free"]


def test_the_page_table_of_the_reader():
    text = output_of("busybox cat /proc/self/pagetable")
    assert re.search(r"^\d+ regions, \d+ KiB, heap 0x\w+ to 0x\w+, stack limit 8192 KiB$", text,
                     re.M)
    assert re.search(r"^root table at pa 0x\w+$", text, re.M)
    for level in (4, 3, 2):
        assert re.search(rf"^ *L{level} \[ *\d+\] +0x\w+ 0x\w+ 0x\w+ rwxua--  table",
                         text, re.M)
    assert re.search(r"L1 \[ *\d+.* r-xua--  \d+ pages? of 4 KiB, cache x\d+", text)
    assert re.search(r"L1 \[ *\d+.* rw-uad-  \d+ pages? of 4 KiB, anon", text)
    assert re.search(r"grows down \[stack\]$", text, re.M)


def test_faults():
    text = output_of("busybox cat /proc/self/faults")
    counts = {line.split()[0]: int(line.split()[1]) for line in text.splitlines()}
    assert list(counts)[:3] == ["zero-read", "zero-fill", "file-map"]
    assert counts["file-map"] > 0 and counts["zero-fill"] > 0
    assert counts["bad-address"] == 0
    assert counts["spurious"] == 0
    both = output_of("busybox cat /proc/faults").splitlines()  # one CPU: one column
    assert [line.split()[0] for line in both] == list(counts)[:-1]
    assert all(len(line.split()) == 2 for line in both)


def test_trace_is_switched_by_writing_to_it():
    text = output_of("busybox cat /proc/trace; echo on > /proc/trace; busybox true;"
                     "echo off > /proc/trace; busybox cat /proc/trace")
    assert text
    for line in text.splitlines():
        assert re.match(r"\[ *\d+\.\d+\] pid \d+ va 0x\w+ \S+", line)
    assert " file-map " in text and " zero-fill " in text
    (result,) = run_jobs([shell("echo maybe > /proc/trace")])
    assert result.status == 1 and b"Invalid argument" in result.stderr


def test_busybox_reads_proc():
    """ps, free and pidof go through /proc."""
    text = output_of("busybox ps; busybox free; busybox pidof busybox sh; busybox ls /proc")
    assert re.search(r"^ +1 .* sh -c", text, re.M)
    assert re.search(r"^Mem: +\d+ +\d+ +\d+", text, re.M)
    assert {"self", "meminfo", "frames", "trace", "1"} <= set(text.split())


def test_a_reader_that_is_killed_loses_nothing():
    """A file of /proc that was read in part keeps its text until it is closed."""
    jobs = [shell("exec 3< /proc/self/smaps; read line <&3; kill -9 $$")] * 3
    with Guest(jobs, boot="pvh") as guest:
        assert [result.signal for result in guest.results()] == [9, 9, 9]
        assert_no_frames_lost(guest.lines, 3)
