"""How deep fork shares is a policy: what it costs differs, what a program sees does not."""

import os
import subprocess

import pytest
from harness import Guest, assert_no_frames_lost, job
from quirelib import paths

SIZES = ("64", "16384", "262144", "1048576")  # KiB
PROGRAMS = (("prog_process.musl",), ("prog_fork_fpu.glibc",), ("prog_vm_cow.musl",),
            ("prog_vm_random.musl", "3", "1000"), ("prog_file_map.musl",))


def entries(share, sizes):
    with Guest([job("build/test/fork_entries", *sizes)], boot="pvh", memory="1536M",
               append=f"fork_share={share}", limit=120) as guest:
        (result,) = guest.results()
    assert result.status == 0, result.stdout
    return [int(line.split()[1]) for line in result.stdout.decode().splitlines()]


def test_fork_looks_at_as_many_entries_whatever_the_size():
    counts = entries("root", SIZES)
    assert len(set(counts)) == 1, counts
    assert 0 < counts[0] <= 32


def test_the_classic_fork_looks_at_every_page():
    counts = entries("none", SIZES[:2])
    assert counts[1] > 16384 // 4 > counts[0]


def test_sharing_leaf_tables_is_between_the_two():
    small, large = entries("leaf", SIZES[1:3])
    assert entries("root", SIZES[1:2])[0] < small
    assert large < 262144 // 4 / 8


@pytest.mark.parametrize("share", ["none", "leaf"])
def test_programs_can_not_tell(share):
    """The same output and status as on this host, and nothing lost."""
    jobs = [job(f"build/programs/{words[0]}", *words[1:]) for words in PROGRAMS]
    with Guest(jobs, boot="pvh", append=f"fork_share={share}", limit=120) as guest:
        results = guest.results()
        assert_no_frames_lost(guest.lines, len(jobs))
    for words, result in zip(PROGRAMS, results):
        host = os.path.join(paths.BUILD, "programs", words[0])
        wanted = subprocess.run([host, *words[1:]], capture_output=True, cwd="/", timeout=60,
                                stdin=subprocess.DEVNULL)
        assert (result.stdout, result.status) == (wanted.stdout, wanted.returncode), words


def test_a_depth_that_does_not_exist_is_named_in_the_log():
    with Guest([job("build/programs/hello.musl")], boot="pvh",
               append="fork_share=some") as guest:
        guest.expect(r"option fork_share=some: its value is one of root\|leaf\|none")
        assert [result.status for result in guest.results()] == [0]
