"""test_smp.py: as many processors as there are come up, and do what the first one asks."""

import pytest
from harness import Guest, job, parse_ktap
from quirelib import paths, qemu

HELLO = "build/programs/hello.musl"


def log_of(**machine):
    with Guest([job(HELLO)], **machine) as guest:
        assert guest.results()[0].status == 0
        return "\n".join(guest.lines)


@pytest.mark.parametrize("boot, cpus", [("pvh", 2), ("pvh", 4), ("pvh", 16), ("pvh", 64),
                                        ("uefi", 2), ("uefi", 5)])
def test_all_processors_run(boot, cpus):
    assert f"CPUs: {cpus} of {cpus} run" in log_of(boot=boot, cpus=cpus)


@pytest.mark.parametrize("option, count", [("cpus=1", None), ("cpus=3", 3), ("cpus=9", 4)])
def test_as_many_as_are_wanted(option, count):
    log = log_of(boot="pvh", cpus=4, append=option)
    assert (f"CPUs: {count} of 4 run" in log) if count else ("CPUs:" not in log)


@pytest.mark.parametrize("option", ["cpus=0", "cpus=65", "cpus=many", "cpus"])
def test_a_number_that_is_none(option):
    log = log_of(boot="pvh", cpus=2, append=option)
    assert "is not a number from 1 to 64" in log
    assert "CPUs: 2 of 2 run" in log


def test_calls_between_sixteen():
    with Guest(kernel=paths.KERNEL_TEST, append="ktest=smp_*", boot="pvh", cpus=16) as guest:
        status = guest.wait()
        assert not parse_ktap(guest.lines).problems()
        assert status == qemu.STATUS_DONE


def test_time_never_runs_back_from_cpu_to_cpu():
    with Guest([job("build/programs/prog_clock_token.musl")], boot="pvh", cpus=4) as guest:
        result = guest.results()[0]
    assert (result.stdout, result.status) == (b"0 steps back\n", 0)


PROMPT = "# \x1b[6n"  # the shell asks where the cursor is
BUSY = "for i in 1 2 3 4 5 6; do seq 9999 >/dev/null & done; wait"
IDLE_SECONDS = 5


@pytest.mark.parametrize("devices", [(), ("-device", "qemu-xhci", "-device", "usb-kbd")],
                         ids=["serial", "keyboard"])
def test_an_idle_machine_costs_the_host_next_to_nothing(devices):
    """Four CPUs, once all have been busy: less than 2 % of a CPU of the host's. While the shell
    waits for a command to end, and while it waits for a key, which it does in poll."""
    with Guest(boot="pvh", append="window=80,24", cpus=4, extra=devices) as guest:
        guest.until(PROMPT)
        guest.type(BUSY + "\n")
        guest.until(BUSY[-30:])
        guest.until(PROMPT)
        for line, end in ((f"sleep {IDLE_SECONDS}", PROMPT),
                          (f"(sleep {IDLE_SECONDS}; echo o''ver) &", "over\r\n")):
            guest.type(line + "\n")
            guest.until(line + "\r\n")
            before = guest.cpu_seconds()
            guest.until(end)
            spent = guest.cpu_seconds() - before
            assert spent < 0.02 * IDLE_SECONDS, f"{line}: {spent} s of {IDLE_SECONDS} s"


@pytest.mark.parametrize("share", ["root", "leaf", "none"])
def test_no_translation_is_left_over(share):
    hammer = job("build/programs/prog_tlb_hammer.musl", "1000")
    with Guest([hammer], boot="pvh", cpus=4, append=f"fork_share={share}", limit=180) as guest:
        result = guest.results()[0]
    assert (result.stdout, result.status) == (b"5000 of 5000\n", 0), result.stderr


def test_a_panic_speaks_once():
    """The others are stopped, so that the report is the last thing on the line."""
    with Guest(append="crash=panic", boot="pvh", cpus=8, expect_panic=True) as guest:
        guest.expect("^PANIC: ")
        assert guest.wait() == qemu.STATUS_PANIC
        assert sum("PANIC" in line for line in guest.lines) == 1


def test_signals_come_while_processes_are_made():
    """On several processors a child can be signalled before its parent has let it run."""
    with Guest([job("build/programs/prog_fork_signals.musl")], boot="pvh", cpus=4) as guest:
        result = guest.results()[0]
    assert (result.stdout, result.status) == (b"2000 children\n", 0)


@pytest.mark.parametrize("name, rounds, cpus, output", [
    # Who opens a FIFO sees who was there.
    ("fifo", "40000", 4, b"all bytes came, status 0\n"),
    # A pipe does not end while splice(2) holds bytes that may come back.
    ("splice", "100", 2, b"of 100 rounds 0 ended early, 0 lost bytes\n"),
    # A master sees that its terminal is open.
    ("pty", "60000", 4, b"not opened: 0, hung up: 0\n"),
    # A sealed file is not mapped writable.
    ("seal", "300", 2, b"of 300 rounds 0 left a sealed file writable\n")])
def test_a_race(name, rounds, cpus, output):
    race = job(f"build/programs/prog_{name}_race.musl", rounds)
    with Guest([race], boot="pvh", cpus=cpus, limit=120) as guest:
        result = guest.results()[0]
    assert (result.stdout, result.status) == (output, 0), result.stderr


def test_programs_are_told_of_all_processors():
    script = "nproc; grep -c ^processor /proc/cpuinfo; grep -c '^cpu[0-9]' /proc/stat"
    with Guest([job("/bin/busybox", "sh", "-c", script)], boot="pvh", cpus=3) as guest:
        assert guest.results()[0].stdout == b"3\n3\n3\n"


def test_a_processor_that_is_left_alone_counts_nowhere():
    """The second of four lacks a feature. The others' numbers have no gap, and programs run on all
    of them, and are not told of it."""
    script = ("nproc; grep ^processor /proc/cpuinfo; grep -o '^cpu[0-9]' /proc/stat; "
              "cat /sys/devices/system/cpu/online; taskset -p $$; "
              "taskset 2 true && taskset 4 true && echo moved; taskset 8 true 2>&1 || echo refused")
    cpus = [f"max-x86_64-cpu,socket-id={i},core-id=0,thread-id=0{',smap=off' * (i == 1)}"
            for i in range(1, 4)]
    with Guest([job("/bin/busybox", "sh", "-c", script)], boot="pvh",
               cpus="1,sockets=4,maxcpus=4",
               extra=[word for cpu in cpus for word in ("-device", cpu)]) as guest:
        output = guest.results()[0].stdout.decode()
        log = "\n".join(guest.lines)
    assert "CPU with APIC id 1 has not the features of the first one; it is left alone" in log
    assert "CPUs: 3 of 4 run" in log
    lines = output.splitlines()
    assert lines[:8] == ["3", "processor\t: 0", "processor\t: 1", "processor\t: 2", "cpu0", "cpu1",
                         "cpu2", "0-2"]
    assert lines[8].endswith("current affinity mask: 7")
    assert "moved" in lines and lines[-1] == "refused"
