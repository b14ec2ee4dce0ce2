"""test_bochs.py: processors that QEMU's own translation has not: see test/harness/bochs.py."""

import os
import subprocess

import pytest
from harness import assert_no_frames_lost, job, parse_ktap
from harness.bochs import BochsGuest
from quirelib import paths

HELLO = "build/programs/hello.musl"

# From the first that can run the kernel on: what the log must say of each.
PROCESSORS = {
    "p4_prescott_celeron_336": ["CPU: Intel(R) Celeron(R) CPU 2.80GHz; on: NX WP PGE MCE; lacks:"],
    "athlon64_clawhammer": ["CPU: AMD Athlon(tm) 64 Processor 2800+; on:", "512 bytes of vector"],
    "core2_penryn_t9600": ["(its rate may change); timer: APIC countdown", "CPUs: 2 of 2 run"],
    "corei7_haswell_4770": ["timer: TSC deadline", "CPUs: 2 of 2 run"],
    "ryzen": ["CPU: AMD Ryzen 7 1700 Eight-Core Processor; on: NX WP SMEP SMAP", "APIC countdown"],
    "tigerlake": ["MHz by CPUID; timer: TSC deadline", "lacks: nothing; 2688 bytes of vector"],
}


@pytest.mark.parametrize("model", PROCESSORS)
def test_a_processor(model):
    with BochsGuest([job(HELLO)], model=model, cpus=1 if "celeron" in model else 2) as guest:
        result = guest.results()[0]
        log = "\n".join(guest.lines)
    assert (result.stdout, result.status) == (b"hello, world\n", 0)
    for words in PROCESSORS[model]:
        assert words in log
    assert "warning" not in log


@pytest.mark.parametrize("model", ["p4_willamette", "atom_n270"])
def test_a_processor_that_is_too_old(model):
    with BochsGuest(model=model, expect_panic=True) as guest:
        guest.expect("^PANIC: this processor has no 64-bit mode with no-execute pages")


def test_in_kernel_tests_by_x2apic_and_tsc_deadline():
    with BochsGuest(kernel=paths.KERNEL_TEST, append="ktest=*", cpus=2, x2apic=True) as guest:
        status = guest.wait()
        problems = parse_ktap(guest.lines).problems()
        log = "\n".join(guest.lines)
    assert not problems, "\n".join(problems)
    assert status == 0
    assert "APIC: id 0, x2APIC" in log
    assert "timer: TSC deadline" in log


# What changes its pages all the time, in processes and in threads.
HAMMERS = [("prog_tlb_hammer.musl", "40", b"200 of 200\n"),
           ("prog_thread_tlb.musl", "2", b"2 rounds, 0 writes lost\n")]


@pytest.mark.parametrize("model, on, option", [
    ("corei7_sandy_bridge_2600k", ["PCID"], ""),  # translations of all PCIDs go by CR4.PGE
    ("corei7_haswell_4770", ["PCID", "INVPCID"], ""),
    ("corei7_haswell_4770", ["INVPCID"], "pcid=off")])
def test_pcids(model, on, option):
    """Bochs checks what is written to CR3 and CR4 and handed to INVPCID; that translations bear
    tags it does not show, as each load of CR3 flushes all of them. The host tests do (tlb_*)."""
    jobs = [job(f"build/programs/{name}", rounds) for name, rounds, _ in HAMMERS]
    with BochsGuest(jobs, model=model, cpus=2, append=option) as guest:
        results = guest.results()
        log = "\n".join(guest.lines)
    assert [result.stdout for result in results] == [said for _, _, said in HAMMERS]
    features = log.partition("; on:")[2].partition(";")[0].split()
    assert [name for name in features if "PCID" in name] == on
    assert ("PCID is not used, as the option pcid=off says so" in log) == bool(option)


# Of test/programs, those about memory that take seconds; and what kills kernels: only here does a
# single step come on the first instruction of a system call's entry.
PROGRAMS = ["prog_brk", "prog_file_map", "prog_hostile", "prog_mmap", "prog_nx", "prog_stack",
            "prog_vm_calls", "prog_vm_cow", "prog_vm_exec", "prog_vm_huge", "prog_vm_pointers",
            "prog_vm_protect", "prog_vm_stack"]


@pytest.mark.parametrize("model, names", [("corei7_haswell_4770", PROGRAMS),
                                          ("ryzen", ["prog_mmap", "prog_stack", "prog_vm_cow"])])
def test_programs_do_as_on_linux(model, names):
    binaries = [os.path.join(paths.BUILD, "programs", f"{name}.musl") for name in names]
    with BochsGuest([job(path) for path in binaries], model=model, cpus=2) as guest:
        results = guest.results()
        assert_no_frames_lost(guest.lines, len(names))
    for path, result in zip(binaries, results):
        linux = subprocess.run([path], capture_output=True, cwd="/", check=False, timeout=60,
                               env={}, stdin=subprocess.DEVNULL)
        status = 128 - linux.returncode if linux.returncode < 0 else linux.returncode
        assert (path, result.stdout, result.status) == (path, linux.stdout, status)
