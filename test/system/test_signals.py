"""test_signals.py: what can't be compared with the build host: signals to all processes."""

from harness import job, run_jobs

EXPECTED = b"""children that did not end by it: 0
the caller ended by it: 0
this one got it as it should: 1
"""


def test_kill_all_processes():
    # The first job is process 1, which is spared; the second is not.
    for result in run_jobs([job("build/test/kill_all"), job("build/test/kill_all")]):
        assert (result.status, result.stdout) == (0, EXPECTED)
