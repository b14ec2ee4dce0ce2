"""test_harness.py: the parts of the harness that judge."""

import pytest
from harness import FrameCounts, assert_no_frames_lost, parse_ktap

BEFORE = "[    0.1] frames: free 900 table 10 anon 0 cache 5 zero 1 slab 20 stack 8 wired 56"
AFTER = "[    0.2] frames: free 900 table 10 anon 0 cache 5 zero 1 slab 20 stack 8 wired 56"
LEAK = "[    0.3] frames: free 899 table 11 anon 0 cache 5 zero 1 slab 20 stack 8 wired 56"
SLAB = "[    0.3] frames: free 898 table 10 anon 0 cache 5 zero 1 slab 22 stack 8 wired 56"
FILE = "[    0.3] frames: free 899 table 10 anon 0 cache 6 zero 1 slab 20 stack 8 wired 56"


def test_frames():
    assert FrameCounts.of_line(BEFORE)["table"] == 10
    assert FrameCounts.of_line("[ 0.1] frames: none of that") is None
    assert_no_frames_lost([BEFORE, "else", AFTER], jobs=1)
    with pytest.raises(AssertionError, match="job 2 of 2 .*'free': -1, 'table': 1"):
        assert_no_frames_lost([BEFORE, AFTER, LEAK], jobs=2)
    with pytest.raises(AssertionError, match="'free': -1, 'cache': 1"):
        assert_no_frames_lost([BEFORE, FILE], jobs=1)
    assert_no_frames_lost([BEFORE, AFTER, SLAB], jobs=2)
    assert_no_frames_lost([BEFORE, SLAB, SLAB], jobs=2, settled=1)
    with pytest.raises(AssertionError, match="keeps growing"):
        assert_no_frames_lost([BEFORE, AFTER, SLAB], jobs=2, settled=1)
    with pytest.raises(AssertionError, match="1 lines of frames for 1 jobs"):
        assert_no_frames_lost([BEFORE], jobs=1)
    with pytest.raises(ValueError, match="states"):
        FrameCounts.of_line("frames: free 1 table 2")


def test_ktap():
    report = parse_ktap(["KTAP version 1", "[    0.1] 1..4", "ok 1 first", "# a remark",
                         "[    0.2] not ok 2 - second", "ok 3 third # SKIP no such CPU", "ok 4"])
    assert [(case.name, case.passed, case.skipped) for case in report.cases] == [
        ("first", True, False), ("second", False, False), ("third", True, True), ("", True, False)]
    assert report.problems() == ["second failed:\n    # a remark"]


@pytest.mark.parametrize("lines, problem", [
    (["1..2", "ok 1 a"], "2 tests were planned, and 1 reported"),
    (["ok 1 a"], "there is no plan"),
    (["1..0"], "there is no test"),
])
def test_ktap_that_is_cut(lines, problem):
    assert any(problem in found for found in parse_ktap(lines).problems())
