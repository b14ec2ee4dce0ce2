"""faultstory.py: from a recording of page faults to what the page about it shows.

The result is plain data for JSON: lists, dictionaries, numbers and strings.
"""

import re
import signal
from dataclasses import dataclass, field
from itertools import groupby

from .faultstream import KINDS, PAGE_SHIFT, parse_counts

MAP_LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) ([rwxps-]{4}) [0-9a-f]+ \S+ (\d+) *(.*)")
REGION_SHARED = 0x1
BANDS_MAX = 24


@dataclass
class Process:
    pid: int
    name: str = ""
    parent: int = -1  # index
    start: int = None
    end: int = None
    status: int = None
    spaces: list = field(default_factory=list)  # serials, in order
    shares: bool = False  # vfork: it began in its parent's space


class Story:
    """The processes of a recording, and whose each fault is."""

    def __init__(self, recording):
        self.recording = recording
        self.processes = []
        self.owner = {}  # serial: index of the process
        self.origin = {}  # serial: (kind, time, path, arguments)
        self.whose = []  # of each fault, an index
        self._alive = {}  # pid: index
        self._replay()

    def _process(self, pid):
        if pid not in self._alive:
            self._alive[pid] = len(self.processes)
            self.processes.append(Process(pid))
        return self._alive[pid]

    def _replay(self):
        faults, done = self.recording.faults, 0
        for event in self.recording.events:
            self._attribute(done, event.at)
            done = event.at
            getattr(self, f"_{event.kind}")(event)
        self._attribute(done, len(faults))

    def _attribute(self, first, end):
        """The faults [first, end): to the process that touched the page, if it is at home in the
        space; else to the one whose space it is, as when the kernel fills it for a new program."""
        faults = self.recording.faults
        for i in range(first, end):
            serial = faults.serial[i]
            index = self._alive.get(faults.pid[i])
            if index is None or serial not in self.processes[index].spaces[-1:]:
                index = self.owner.get(serial)
            if index is None:
                index = self._process(faults.owner[i])
            self.whose.append(index)

    def _fork(self, event):
        index = self._alive.get(event.pid)
        if index is None or self.processes[index].start is not None:
            self._alive.pop(event.pid, None)
            index = self._process(event.pid)
        child = self.processes[index]
        child.start = event.time
        child.name = child.name or event.name
        child.parent = self._alive.get(event.other, -1)
        if not child.spaces:
            child.spaces.append(event.serial)
            child.shares = event.serial in self.owner
        if event.serial not in self.owner:
            self.owner[event.serial] = index
            self.origin[event.serial] = ("fork", event.time, "", ())

    def _exec(self, event):
        index = self._process(event.pid)
        process = self.processes[index]
        process.name = _program_name(event)
        process.spaces.append(event.serial)
        self.owner[event.serial] = index
        self.origin[event.serial] = ("exec", event.time, event.path, event.arguments)

    def _exit(self, event):
        process = self.processes[self._process(event.pid)]
        process.end, process.status = event.time, event.status
        del self._alive[event.pid]


def _program_name(event):
    first = event.arguments[0] if event.arguments else ""
    return first.rpartition("/")[2] or event.name


def describe_status(status):
    """What wait4 gave, in words."""
    if status is None:
        return "had not ended"
    number = status & 0x7f
    return signal_name(number) if number else f"status {status >> 8 & 0xff}"


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# ---- regions, and where on the page they stand ----

def parse_maps(text):
    """/proc/<pid>/pages: [[start, end, protection, inode, name, runs]]"""
    regions = []
    for line in text.splitlines():
        match = MAP_LINE.match(line)
        if match:
            regions.append([int(match[1], 16), int(match[2], 16), match[3], int(match[4]),
                            match[5], ""])
        elif regions and line.startswith(" "):
            regions[-1][5] = line.strip()
    return regions


def _paths(recording):
    """Paths by inode, from all maps."""
    paths = {}
    for space in recording.spaces.values():
        for text in space.texts.values():
            for _, _, _, inode, name, _ in parse_maps(text):
                if inode and name:
                    paths[inode] = name
    return paths


def region_list(recording):
    """[[start, end, protection, name]] of the regions in which faults happened."""
    paths = _paths(recording)
    out = []
    for region in recording.regions:
        name = region.name
        if region.inode:
            name = paths.get(region.inode, f"file with inode {region.inode}")
        elif not name:
            name = "shared memory" if region.flags & REGION_SHARED else "anonymous"
        prot = "".join(letter if region.prot & bit else "-"
                       for letter, bit in (("r", 1), ("w", 2), ("x", 4)))
        out.append([region.start, region.end,
                    prot + ("s" if region.flags & REGION_SHARED else "p"), name])
    return out


def _touched(faults, regions):
    """[first page, last page, {label}] of each region in which there were faults; faults in no
    region stand alone."""
    spans = {}
    for va, region in zip(faults.va, faults.region):
        page = va >> PAGE_SHIFT
        if region < 0:
            spans.setdefault(("nowhere", page), [page, page])
            continue
        start, end, _, name = regions[region]
        span = spans.setdefault((start, end, name), [page, page])
        span[0], span[1] = min(span[0], page), max(span[1], page)
    return sorted([first, last, {key[-1].rpartition("/")[2] if key[0] != "nowhere"
                                 else "nothing mapped"}]
                  for key, (first, last) in spans.items())


def _merge(spans, gap):
    """Join spans that overlap, and those of one name that are at most `gap` pages apart."""
    merged = []
    for first, last, names in spans:
        if merged:
            before = merged[-1]
            distance = first - before[1] - 1
            if distance < 0 or (distance <= gap and (names == before[2] or gap > 16)):
                before[1] = max(before[1], last)
                before[2] = before[2] | names
                continue
        merged.append([first, last, set(names)])
    return merged


def bands(faults, regions):
    """Where the page draws addresses: [[first page, last page, label]], ascending, at most
    BANDS_MAX of them."""
    spans = _touched(faults, regions)
    gap = 16
    merged = _merge(spans, gap)
    while len(merged) > BANDS_MAX:
        gap *= 8
        merged = _merge(merged, gap)
    return [[first, last, _label(names)] for first, last, names in merged]


def _label(names):
    names = sorted(names)
    return " · ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


# ---- all of it ----

def _deltas(column):
    return [now - before for before, now in zip([0, *column[:-1]], column)]


def _runs(column):
    """[value, how often, value, how often, ...]"""
    return [number for value, group in groupby(column) for number in (value, len(list(group)))]


def _columns(story):
    faults = story.recording.faults
    begin = faults.time[0] if len(faults) else 0
    order = sorted(range(len(faults)), key=lambda i: faults.time[i])  # of several CPUs

    def column(values):
        return [values[i] for i in order]
    spaces = {serial: index for index, serial in enumerate(sorted(story.recording.spaces))}
    return {
        "begin": begin,
        "time": _deltas([time - begin for time in column(faults.time)]),
        "page": _deltas([va >> PAGE_SHIFT for va in column(faults.va)]),
        "offset": [va & (1 << PAGE_SHIFT) - 1 for va in column(faults.va)],
        "pc": _deltas(column(faults.pc)),
        "frame": _deltas(column(faults.frame)),
        "kind": "".join(chr(ord("a") + kind) for kind in column(faults.kind)),
        "process": _runs(column(story.whose)),
        "space": _runs([spaces[serial] for serial in column(faults.serial)]),
        "region": _runs(column(faults.region)),
        "kernel": _runs(column(faults.by_kernel)),
    }


def _recorded(recording):
    """{serial: [how many of each kind]}"""
    counts = {}
    for serial, kind in zip(recording.faults.serial, recording.faults.kind):
        counts.setdefault(serial, [0] * len(KINDS))[kind] += 1
    return counts


def _spaces(story):
    recording, recorded = story.recording, _recorded(story.recording)
    out = []
    for serial in sorted(recording.spaces):
        texts = recording.spaces[serial].texts
        how, time, path, arguments = story.origin.get(serial, ("failed exec", None, "", ()))
        counts = parse_counts(texts.get("counts", ""))
        maps = {}
        for when in ("before", "after"):
            if when in texts:
                maps[when] = [[start, end, prot, name, runs] for start, end, prot, _, name, runs
                              in parse_maps(texts[when])]
        out.append({
            "process": story.owner.get(serial, -1), "how": how, "time": time, "path": path,
            "arguments": list(arguments), "maps": maps,
            "recorded": recorded.get(serial, [0] * len(KINDS)),
            "counted": [counts.get(kind, 0) for kind in KINDS] if counts else None,
        })
    return out


def lost_faults(spaces):
    """How many faults the kernel has counted and not told; None: it did not say what it has
    counted of every space."""
    if any(space["counted"] is None and space["how"] != "failed exec" for space in spaces):
        return None
    return sum(max(0, counted - recorded) for space in spaces if space["counted"]
               for counted, recorded in zip(space["counted"], space["recorded"]))


def tell(recording, argv, outcome, trouble):
    """All that the page shows."""
    story = Story(recording)
    regions = region_list(recording)
    spaces = _spaces(story)
    return {
        "title": " ".join(argv),
        "outcome": outcome,
        "trouble": trouble,
        "lost": lost_faults(spaces),
        "kinds": list(KINDS),
        "regions": regions,
        "bands": bands(recording.faults, regions),
        "processes": [{
            "pid": process.pid, "name": process.name or f"process {process.pid}",
            "parent": process.parent, "start": process.start, "end": process.end,
            "status": describe_status(process.status), "ended": process.status is not None,
            "shares": process.shares,
        } for process in story.processes],
        "spaces": spaces,
        "faults": _columns(story),
    }
