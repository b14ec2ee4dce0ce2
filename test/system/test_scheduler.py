"""test_scheduler.py: what can't be compared with the build host: who runs when."""

import pytest
from harness import job, run_jobs

TRIES = 3  # the host may stop one of the machine's processors for long, and then it looks unfair
# Linux's weights of some nice values (kernel/sched/core.c, sched_prio_to_weight): each step 1.25.
WEIGHTS = {-10: 9548, -5: 3121, 0: 1024, 1: 820, 5: 335, 10: 110, 19: 15}


def measure(words, milliseconds=2000, **machine):
    """Microseconds of processor time that each of the competing processes has had."""
    result, = run_jobs([job("build/test/shares", str(milliseconds), *words)], boot="pvh", **machine)
    assert result.status == 0, result.stderr
    had = [int(line) for line in result.stdout.split()]
    assert len(had) == len(words)
    return had


def spread(had):
    return (max(had) - min(had)) * len(had) / sum(had)


@pytest.mark.parametrize("busy", [2, 3, 7])
def test_equals_share_one_cpu(busy):
    """The machine's clock counts instructions: what the host does changes nothing."""
    had = measure(["busy"] * busy, icount="1")
    assert spread(had) < 0.05, had
    assert sum(had) > 1.95e6, had


@pytest.mark.parametrize("cpus, busy", [(2, 2), (2, 3), (2, 4), (4, 4), (4, 5), (4, 8)])
def test_equals_share_several_cpus(cpus, busy):
    tries = []
    while len(tries) < TRIES and (not tries or spread(tries[-1]) >= 0.05):
        tries.append(measure(["busy"] * busy, cpus=cpus))
    assert spread(tries[-1]) < 0.05, tries


@pytest.mark.parametrize("nice", [-10, -5, 1, 5, 10, 19])
def test_nice_values_weigh_as_on_linux(nice):
    had = measure(["busy", f"busy:{nice}"], icount="1")
    expected = WEIGHTS[nice] / (WEIGHTS[0] + WEIGHTS[nice])
    # Either may be in the middle of a slice when it ends.
    assert had[1] / sum(had) == pytest.approx(expected, abs=0.015), had


def test_a_nice_value_counts_at_once():
    had = measure(["busy", "later:10"], icount="1")
    expected = (0.5 + WEIGHTS[10] / (WEIGHTS[0] + WEIGHTS[10])) / 2
    assert had[1] / sum(had) == pytest.approx(expected, abs=0.015), had


def lock_time(nice):
    """Milliseconds until one with that nice value has a lock whose owner has the worst one."""
    result, = run_jobs([job("build/test/inherit", str(nice))], boot="pvh", icount="1")
    assert result.status == 0, result.stderr
    return int(result.stdout)


def test_who_holds_a_lock_inherits_from_who_waits():
    """The owner needs 100 ms of its own, beside a thread of nice value 0 that is always busy."""
    assert lock_time(-20) < 200
    # As an equal it has half of the time; by itself, with 15 of 1039, it would take seconds.
    assert 150 < lock_time(0) < 400


def test_many_short_sleepers_starve_nobody():
    had = measure(["busy", "busy"] + ["sleep"] * 30, icount="1")
    # The sleepers want more than there is, too: all 32 are equals.
    assert min(had) * len(had) > 0.85 * sum(had), had


def test_processes_keep_to_their_cpus():
    for _ in range(TRIES):
        had = measure(["busy:0:1", "busy:0:1", "busy:0:2"], cpus=2)
        if 0.95 < 2 * had[0] / had[2] < 1.05 and 0.95 < 2 * had[1] / had[2] < 1.05:
            return
    pytest.fail(f"{had}")


def test_virtual_time_of_one_cpu_is_not_waited_for_on_another():
    """Processes with a low weight that have a CPU to themselves age fast; who wakes on another CPU
    must not be taken for as old: it would run when the busy one is that old, too."""
    words = ["busy:19:2", "busy:19:2", "busy:0:1", "sleep:0:1"]
    assert any(measure(words, cpus=2)[3] > 40000 for _ in range(TRIES))


def test_moving_all_the_time_is_no_standstill():
    had = measure(["switch:1:2", "switch:1:2", "busy"], cpus=2)
    assert had[0] > 100000 and had[1] > 100000, had


def test_wake_up_overtakes_a_busy_process():
    result, = run_jobs([job("build/test/wakeup")])
    assert result.status == 0
    in_time, of, rounds = result.stdout.split()
    # Not all: the host may stop the emulator for longer than the time that is allowed.
    assert of == b"of" and int(in_time) * 2 > int(rounds), result.stdout
