"""test_scheduler.py: what can't be compared with the build host: who runs when."""

from harness import job, run_jobs


def test_wake_up_overtakes_a_busy_process():
    result, = run_jobs([job("build/test/wakeup")])
    assert result.status == 0
    in_time, of, rounds = result.stdout.split()
    # Not all: the host may stop the emulator for longer than the time that is allowed.
    assert of == b"of" and int(in_time) * 2 > int(rounds), result.stdout
