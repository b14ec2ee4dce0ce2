"""test_faults.py: ./quire run --faults: every fault is on the page, and a browser shows it."""

import json
import os
import re
import subprocess

import pytest
from harness.browser import Browser, png_colours
from quirelib import paths
from quirelib.faultpage import write_page
from quirelib.faultstream import REGION, SAME_REGION, SAME_WHO, Recording

KNOWN = os.path.join(paths.BUILD, "test", "known_faults")
BOTH_WAYS = pytest.mark.parametrize("way", ["uefi", "pvh"])


def data_of(page):
    """What the page shows, as it was put there."""
    text = page.read_text(encoding="utf-8")
    (data,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)
    return json.loads(data)


def printed_counts(text):
    """[{kind: count}] of what known_faults printed: the child's, then the parent's."""
    blocks = re.findall(rb"zero-read.*?fork-entries +\d+\n", text, re.S)
    return [{name: int(count) for name, count in
             (line.split() for line in block.decode().splitlines()[:-1])} for block in blocks]


@pytest.fixture(name="page", scope="session")
def page_fixture(tmp_path_factory):
    """A page of known_faults, and what it printed."""
    folder = tmp_path_factory.mktemp("faults")
    page = folder / "report.html"
    done = subprocess.run([os.path.join(paths.ROOT, "quire"), "run", "--boot=pvh", "--faults",
                           str(page), KNOWN], capture_output=True, timeout=90, check=True,
                          stdin=subprocess.DEVNULL)
    return page, done.stdout


def test_nothing_is_lost_with_several_cpus(quire, tmp_path):
    page = tmp_path / "report.html"
    done = quire("run", "--boot=pvh", "-s", "2", "--faults", str(page), "/bin/busybox", "sh", "-c",
                 "for i in 1 2 3; do (for j in 1 2 3 4; do busybox true; (:); done) & done; wait")
    assert (done.returncode, done.stderr) == (0, b"")
    data = data_of(page)
    assert data["lost"] == 0
    assert all(space["counted"] == space["recorded"] for space in data["spaces"])
    assert len(data["processes"]) == 1 + 3 + 3 * 8
    assert all(process["status"] == "status 0" for process in data["processes"])


def test_a_page_of_many_faults_opens_quickly(tmp_path):
    """150,000 of them, as a program makes that fills 600 MiB."""
    recording = Recording()
    recording.feed(bytes([REGION, 1, 1, 0x80, 0x20, 0x80, 0x80, 0x20, 3, 8, 0, 0]))
    first = bytes([1, 1, 1, 1, 1]) + b"\xd0\x0f\x80\x40\0\0\0"  # kind zero-fill, to page 0x1000
    recording.feed(first + bytes([1 | SAME_WHO | SAME_REGION, 0xd0, 0x0f, 2, 0, 0, 2]) * 149_999)
    page = tmp_path / "page.html"
    with open(page, "w", encoding="utf-8") as file:
        write_page(file, recording, ["many"], None, None)
    assert page.stat().st_size < 6 << 20
    with Browser(tmp_path) as browser:
        browser.open(str(page))
        assert browser.evaluate("document.documentElement.dataset.ready") == "true"
        assert browser.evaluate("total") == 150_000
        # From the navigation's start; a few hundred where nothing else runs.
        assert browser.evaluate("performance.now()") < 10_000
        milliseconds = browser.evaluate("(() => { const start = performance.now(); "
                                        "drawChart(); return performance.now() - start; })()")
        assert milliseconds < 1000
        colours = png_colours(browser.screenshot("#chart"))
        assert colours[browser.evaluate("colour(1)")] > 1000
        assert not browser.trouble


@BOTH_WAYS
def test_the_page_has_what_the_kernel_counted(quire, tmp_path, way):
    page = tmp_path / "report.html"
    done = quire("run", f"--boot={way}", "--faults", str(page), KNOWN)
    assert (done.returncode, done.stderr) == (0, b"")
    child, parent = printed_counts(done.stdout)
    data = data_of(page)
    assert data["lost"] == 0 and data["trouble"] is None
    counted = [dict(zip(data["kinds"], space["recorded"])) for space in data["spaces"]]
    assert counted == [parent, child]
    assert [space["how"] for space in data["spaces"]] == ["exec", "fork"]
    # What the program did on purpose.
    assert parent["zero-read"] >= 4 and parent["zero-fill"] >= 16 + 40
    assert parent["stack-grow"] >= 4 and child["stack-grow"] == 0
    assert child["own-page"] >= 8 and parent["reuse"] >= 4
    first, second = data["processes"]
    assert (first["pid"], first["parent"], first["status"]) == (1, -1, "status 0")
    assert (second["parent"], second["status"]) == (0, "status 3")


def test_faults_of_the_area_page_by_page(page):
    """The child copies its eight pages once each, in order, and its parent then finds itself alone
    with them; four more are the parent's to copy or take."""
    data = data_of(page[0])
    faults = data["faults"]
    pages, at = [], 0
    for step in faults["page"]:
        at += step
        pages.append(at)
    processes = [value for value, count in zip(faults["process"][::2], faults["process"][1::2])
                 for _ in range(count)]
    own_page, reuse = (chr(ord("a") + data["kinds"].index(kind)) for kind in ("own-page", "reuse"))
    area = range(0x10000, 0x10014)
    copied = [page for page, kind, process in zip(pages, faults["kind"], processes)
              if kind == own_page and process == 1 and page in area]
    assert copied == list(range(0x10000, 0x10008))
    taken = [page for page, kind, process in zip(pages, faults["kind"], processes)
             if kind == reuse and process == 0 and page in area]
    assert taken == list(range(0x10000, 0x1000c))


def test_memory_before_and_after(page):
    data = data_of(page[0])
    parent, child = data["spaces"]
    names = [region[3] for region in parent["maps"]["before"]]
    assert names[-1] == "[stack]" and any(name.endswith("known_faults") for name in names)

    def area(space, when):
        (found,) = [region for region in space["maps"][when] if region[0] == 0x10000000]
        letters = ""
        for run in found[4].split():
            letters += run[0] * int(re.match(r"\d+", run[1:])[0])
        return letters
    assert area(child, "before").lower() == "c" * 16 + "z" * 4
    assert area(child, "after") == "p" * 8 + "c" * 8 + "z" * 4
    assert area(parent, "after") == "p" * 16 + "z" * 4
    assert not any(region[0] == 0x10000000 for region in parent["maps"]["before"])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_browser_shows_it(page, tmp_path, dark):
    data = data_of(page[0])
    with Browser(tmp_path, dark=dark, height=1800) as browser:
        browser.open(str(page[0]))
        assert browser.evaluate("document.documentElement.dataset.ready") == "true"
        assert browser.evaluate("document.title") == f"Page faults of {KNOWN}"
        assert "These are all" in browser.evaluate("document.body.innerText")
        colours = png_colours(browser.screenshot("#chart"))
        for kind, name in enumerate(data["kinds"]):
            count = data["faults"]["kind"].count(chr(ord("a") + kind))
            pixels = colours.get(browser.evaluate(f"colour({kind})"), 0)
            assert pixels >= 9 if count else pixels == 0, name
        # By key: from fault to fault, told in words.
        browser.evaluate("document.getElementById('chart').focus()")
        browser.press("ArrowRight")
        browser.press("ArrowRight")
        assert browser.evaluate("view.chosen") == 1
        assert re.match(r"\S+ at 0x[0-9a-f]{12}; \+.*; pid 1 known_faults; in ",
                        browser.evaluate("document.getElementById('detail').textContent"))
        browser.press("+", "+")
        assert browser.evaluate("view.to - view.from < acrossEnd() * .6")
        # One process alone; a case hidden.
        browser.evaluate("document.querySelectorAll('#names button')[1].click()")
        assert browser.evaluate("[...faults.process.keys()].filter(visible)"
                                ".every(i => faults.process[i] === 1)")
        browser.evaluate("document.querySelector('#kinds button').click()")
        browser.settle()
        # The pointer over a fault shows it.
        x, y = browser.evaluate("""(() => { zoom(0, acrossEnd()); drawChart();
            canvas.scrollIntoView(); const box = canvas.getBoundingClientRect();
            const i = [...faults.kind.keys()].filter(visible).pop();
            return [box.left + xOf(i), box.top + layout.y[i]]; })()""")
        browser.point(x, y)
        assert not browser.evaluate("document.getElementById('tip').hidden")
        assert "pid 2 known_faults" in browser.evaluate("document.getElementById('tip').innerText")
        assert not browser.trouble


def test_how_it_ended_stands_at_the_end(quire, tmp_path):
    """Of a program that lives to the end of the time line, and dies of a signal."""
    page = tmp_path / "report.html"
    done = quire("run", "--boot=pvh", "--faults", str(page), "/bin/busybox", "sh", "-c",
                 "kill -SEGV $$")
    assert done.returncode == 128 + 11
    with Browser(tmp_path) as browser:
        browser.open(str(page))
        assert "It was killed by SIGSEGV" in browser.evaluate("document.body.innerText")
        label, end = browser.evaluate("""(() => {
            const label = [...document.querySelectorAll("#lives text")].find(
                text => text.textContent === "SIGSEGV").getBoundingClientRect();
            return [label, document.querySelector("#lives circle").getBoundingClientRect()].map(
                box => [box.left, box.right]); })()""")
        assert 0 < end[0] - label[1] < 20 or 0 < label[0] - end[1] < 20


def test_a_hostile_name_is_only_text(quire, tmp_path):
    """Of the program, its arguments and its children: none of them becomes a part of the page."""
    evil = "</script><script>document.title='had'</script><img src=x onerror=alert(1)>&amp;\u2028"
    page = tmp_path / "report.html"
    done = quire("run", "--boot=pvh", "--faults", str(page), "/bin/busybox", "sh", "-c",
                 'busybox ln -s /bin/busybox "/tmp/$0"; true', evil.replace("/", "|"))
    assert done.returncode == 0
    text = page.read_text(encoding="utf-8")
    assert "<img src=x" not in text
    assert text.count("</script>") == 2
    assert data_of(page)["title"].endswith(evil.replace("/", "|"))
    with Browser(tmp_path) as browser:
        browser.open(str(page))
        assert browser.evaluate("document.title").startswith("Page faults of /bin/busybox sh")
        assert browser.evaluate("document.querySelectorAll('img').length") == 0
        assert not browser.trouble


def test_a_run_that_is_cut_off_still_has_its_page(quire, tmp_path):
    page = tmp_path / "report.html"
    done = quire("run", "--boot=pvh", "--timeout=8", "--faults", str(page), "/bin/busybox", "sh",
                 "-c", "i=0; while [ $i -lt 500 ]; do busybox true; i=$((i + 1)); done; sleep 1000")
    assert done.returncode == 124
    data = data_of(page)
    assert data["lost"] is None and "had not ended" in data["trouble"]
    assert len(data["faults"]["kind"]) > 100


@pytest.mark.parametrize("make, sentence", [
    (lambda folder: folder, "Is a directory"),
    (lambda folder: folder / "none" / "report.html", "No such file or directory"),
    (lambda folder: "/dev/null", "a file is wanted, and this is none"),
    (lambda folder: "/proc/version/report.html", "Not a directory"),
    (lambda folder: "", "the name of a file is wanted"),
], ids=["folder", "no-folder", "device", "no-file", "empty"])
def test_a_page_that_cannot_be_written_is_told_before_booting(quire, tmp_path, make, sentence):
    done = quire("run", "--faults", str(make(tmp_path)), "/bin/busybox", "echo", "ran")
    assert done.returncode in (2, 125)
    assert done.stdout == b"" and re.search(sentence, done.stderr.decode())
    assert done.stderr.startswith(b"quire: --faults")
    done = quire("run", "--faults")
    assert done.returncode == 2 and b"--faults needs a value: FILE" in done.stderr


def test_a_page_that_fails_at_the_end_is_told(quire):
    """A file that opens and takes nothing. The program has run; its output is all there."""
    done = quire("run", "--boot=pvh", "--faults", "/proc/version", "/bin/busybox", "echo", "ran")
    assert done.returncode == 125 and done.stdout == b"ran\n"
    assert done.stderr == b"quire: --faults /proc/version: Input/output error\n"
