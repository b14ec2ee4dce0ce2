"""frames.py: physical memory by use, which the kernel logs before the first job and after each.

The line is "frames: free N table N anon N cache N zero N slab N stack N wired N", in frames of
4 KiB. What a job has used is free again after it, the files that it made and removed too, but for
the slab allocator's, which keeps an emptied page of each size for the next job.
"""

import re
from dataclasses import dataclass

LINE = re.compile(r"frames: ((?:[a-z]+ \d+ ?)+)")
STATES = ("free", "table", "anon", "cache", "zero", "slab", "stack", "wired")


@dataclass(frozen=True)
class FrameCounts:
    by_state: tuple  # (state, frames) pairs in the order of STATES

    def __getitem__(self, state):
        return dict(self.by_state)[state]

    @classmethod
    def of_line(cls, line):
        """The counts in a line of the log, or None. ValueError for a line with other states."""
        match = LINE.search(line)
        if not match:
            return None
        words = match[1].split()
        counts = dict(zip(words[::2], map(int, words[1::2])))
        if set(counts) != set(STATES):
            raise ValueError(f"not the states that are known: {line}")
        return cls(tuple((state, counts[state]) for state in STATES))

    @classmethod
    def in_log(cls, lines):
        return [counts for counts in map(cls.of_line, lines) if counts is not None]

    def in_use(self):
        """What must be equal before and after; a page that is kept for later counts as free."""
        counts = dict(self.by_state)
        counts["free"] += counts.pop("slab")
        return counts


def assert_no_frames_lost(lines, jobs, settled=None):
    """Each of `jobs` jobs gave back what it used, to the frame. After job number `settled` not even
    the slab allocator has more than before: only equal jobs can promise that."""
    counts = FrameCounts.in_log(lines)
    assert len(counts) == jobs + 1, f"{len(counts)} lines of frames for {jobs} jobs"
    for index in range(1, len(counts)):
        before, after = counts[index - 1].in_use(), counts[index].in_use()
        lost = {state: after[state] - before[state] for state in before
                if after[state] != before[state]}
        assert not lost, f"job {index} of {jobs} changed the frames in use: {lost}"
    if settled is not None:
        assert counts[settled]["slab"] == counts[jobs]["slab"], "the slab allocator keeps growing"
