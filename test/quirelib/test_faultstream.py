"""test_faultstream.py: records of page faults, hostile ones too, and the story made of them."""

import json
import random

import pytest
from quirelib.channel import Ending
from quirelib.faultpage import describe_ending, encode, write_page
from quirelib.faultstory import BANDS_MAX, Story, bands, describe_status, parse_maps, tell
from quirelib.faultstream import (BY_KERNEL, EXEC, EXIT, FORK, KINDS, NO_REGION, REGION,
                                  SAME_REGION, SAME_WHO, TEXT, Recording, StreamError,
                                  parse_counts)


def number(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def change(value):
    return number(value << 1 if value >= 0 else -value * 2 - 1)


def string(value):
    return number(len(value)) + value


def fault(kind, who=None, slot=None, flags=0, **steps):
    """A record; `steps`: time, page, pc, frame from the last one's, and offset."""
    first = KINDS.index(kind) | (0 if who else SAME_WHO) | (SAME_REGION if slot is None else 0)
    return (bytes([first | flags]) + b"".join(number(each) for each in who or ()) +
            (b"" if slot is None else number(slot)) + change(steps.get("time", 0)) +
            change(steps.get("page", 0)) + number(steps.get("offset", 0)) +
            change(steps.get("pc", 0)) + change(steps.get("frame", 0)))


def region(slot, serial, start, end, inode=0, name=b"", prot=3, flags=8):
    return (bytes([REGION]) + number(slot) + number(serial) + number(start) + number(end) +
            number(prot) + number(flags) + number(inode) + string(name))


def fork(time, parent, child, serial, name=b"prog"):
    return bytes([FORK]) + b"".join(map(number, (time, parent, child, serial))) + string(name)


def execute(time, pid, serial, path=b"/bin/prog", arguments=b"prog\0one\0"):
    return (bytes([EXEC]) + b"".join(map(number, (time, pid, serial))) +
            string(path.rpartition(b"/")[2]) + string(path) + string(arguments))


def end(time, pid, status=0):
    return bytes([EXIT]) + b"".join(map(number, (time, pid, status)))


def text(serial, what, piece):
    return bytes([TEXT]) + number(serial) + number(what) + string(piece)


def recording(*records):
    made = Recording()
    made.feed(b"".join(records))
    made.finish()
    return made


def test_a_fault_is_told_by_what_changed():
    made = recording(
        region(3, 7, 0x400, 0x500, inode=9),
        fault("file-map", (7, 1, 1), 3, time=1000, page=0x401, offset=0x123, pc=0x401123, frame=77),
        fault("zero-fill", time=5, page=-1, pc=-3, frame=-7, flags=BY_KERNEL),
        fault("bad-address", (8, 2, 1), NO_REGION, time=-2, page=(1 << 35)))
    faults = made.faults
    assert list(faults.time) == [1000, 1005, 1003]
    assert list(faults.va) == [0x401123, 0x400000, (0x400 << 12) + (1 << 47)]
    assert list(faults.pc) == [0x401123, 0x401120, 0x401120]
    assert list(faults.frame) == [77, 70, 70]
    assert list(faults.region) == [0, 0, -1]
    assert list(faults.serial) == [7, 7, 8] and list(faults.owner) == [1, 1, 2]
    assert list(faults.by_kernel) == [0, 1, 0]
    assert [KINDS[kind] for kind in faults.kind] == ["file-map", "zero-fill", "bad-address"]
    assert made.regions[0].inode == 9


@pytest.mark.parametrize("payload", [
    bytes([0x0f]), bytes([0x85]), bytes([0xff]), b"\x00\x80", b"\x10" + b"\xff" * 12,
    bytes([TEXT]) + number(1) + number(3) + string(b""), bytes([TEXT]) + number(1) + number(0) +
    number(1 << 40), bytes([FORK]) + number(1)])
def test_what_is_no_record(payload):
    with pytest.raises(StreamError):
        Recording().feed(payload)


def test_random_bytes_never_do_worse():
    source = random.Random(3)
    for _ in range(3000):
        made = Recording()
        try:
            made.feed(source.randbytes(80))
        except StreamError:
            pass
        made.finish()
        json.loads(encode(tell(made, ["x"], "ended", None)))


def test_texts_come_in_pieces_of_several_spaces():
    made = recording(text(1, 0, b"caf\xc3"), text(2, 0, b"other"), text(1, 0, b"\xa9"),
                     text(1, 2, b"zero-fill 4\nfork-entries 9\n"))
    assert made.space(1).texts == {"before": "café", "counts": "zero-fill 4\nfork-entries 9\n"}
    assert parse_counts(made.space(1).texts["counts"]) == {"zero-fill": 4}


def test_whose_a_fault_is():
    """Of a new program before it runs, of a child by vfork in its parent's space, of a number
    that was given out twice."""
    made = recording(
        fault("zero-fill", (1, 1, 0), NO_REGION), execute(10, 1, 1), fork(11, 0, 1, 1),
        fault("zero-fill", (1, 1, 1)),
        fork(20, 1, 2, 1), fault("reuse", (1, 1, 2)),  # vfork
        fault("zero-fill", (2, 2, 2)), execute(30, 2, 2), fault("zero-fill", (2, 2, 2)),
        end(40, 2, 3 << 8),
        fork(50, 1, 2, 3), fault("own-page", (3, 2, 2)), end(60, 2, 11), end(70, 1))
    story = Story(made)
    assert [process.pid for process in story.processes] == [1, 2, 2]
    assert [process.parent for process in story.processes] == [-1, 0, 0]
    assert story.whose == [0, 0, 1, 1, 1, 2]
    assert [describe_status(process.status) for process in story.processes] == [
        "status 0", "status 3", "SIGSEGV"]
    assert story.processes[1].shares and not story.processes[2].shares


def test_lost_faults_are_counted():
    records = [execute(1, 1, 1), fork(1, 0, 1, 1), fault("zero-fill", (1, 1, 1), NO_REGION)]
    told = tell(recording(*records, text(1, 2, b"zero-fill 4\nreuse 1\n")), ["x"], "ended", None)
    assert told["lost"] == 4
    assert tell(recording(*records), ["x"], "ended", None)["lost"] is None
    told = tell(recording(*records, text(1, 2, b"zero-fill 1\n")), ["x"], "ended", None)
    assert told["lost"] == 0


def test_bands_are_few_and_cover_all():
    source = random.Random(5)
    records = [region(1, 1, 0, 1 << 35)]
    pages, at = [], 0
    for page in sorted(source.randrange(1 << 35) for _ in range(3000)):
        records.append(fault("bad-address", (1, 1, 1), NO_REGION, page=page - at))
        pages.append(page)
        at = page
    made = recording(*records)
    found = bands(made.faults, [])
    assert len(found) <= BANDS_MAX
    assert all(first <= last for first, last, _ in found)
    assert all(a[1] < b[0] for a, b in zip(found, found[1:]))
    assert all(any(first <= page <= last for first, last, _ in found) for page in pages)


def test_maps_with_strange_names():
    (region_,) = parse_maps("00400000-00402000 r-xp 00000000 00:01 295      /a b (deleted)\n"
                            " f1@1f a1\nnonsense\n")
    assert region_ == [0x400000, 0x402000, "r-xp", 295, "/a b (deleted)", "f1@1f a1"]


def test_nothing_of_a_name_is_markup():
    evil = "</script><!--&\u2028\udcff"
    assert json.loads(encode([evil])) == [evil]
    assert not set("<>&") & set(encode([evil]))
    assert encode([evil]).isascii()


def test_the_page_of_an_empty_run(tmp_path):
    path = tmp_path / "page.html"
    with open(path, "w", encoding="utf-8") as file:
        write_page(file, recording(), ["</title>"], None, "it was stopped")
    text_ = path.read_text(encoding="utf-8")
    assert text_.startswith("<!DOCTYPE html>") and "__DATA__" not in text_
    assert "</title>" not in text_.replace("<title>Page faults</title>", "")
    assert describe_ending(Ending(1, 9)) == "was killed by SIGKILL"
    assert describe_ending(Ending(0, 9)) == "exited with status 9"
