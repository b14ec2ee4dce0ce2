"""test_memview.py: memview as a person sees it, in a terminal that tmux emulates; and --once."""

import os
import re

import pytest
from harness import job, run_jobs
from harness.tmux import Screen
from quirelib import paths

QUIRE = os.path.join(paths.ROOT, "quire")
FORKER = os.path.join(paths.BUILD, "test", "forker")
MEMVIEW = os.path.join(paths.BUILD, "userland", "memview")
BUSYBOX = os.path.realpath("/bin/busybox")
COLUMNS, ROWS = 120, 42

# A process that forks, a child whose pages are half copied, and a shell that forks for ever.
SCRIPT = f"""
busybox mkfifo /tmp/keys
{FORKER} </tmp/keys >/dev/null &
exec 3>/tmp/keys
echo >&3
while :; do (busybox true); busybox usleep 50000; done &
trap : INT
BEFORE
memview -c COLOURS; echo "memview's status was $?"
busybox stty -a | busybox grep -o ' .*icanon'
read end
"""


def numbers(lines, kind):
    """(all, the selected process's) of a case of faults."""
    for line in lines:
        found = re.search(rf"\b{kind} +(\d+) (?:\+\d+)? +(\d+)", line)
        if found:
            return int(found[1]), int(found[2])
    return None


def selected(lines):
    return next((line.split()[1:3] for line in lines if line.startswith(">")), None)


def is_drawn(lines):
    return any("up down process" in line for line in lines) and bool(selected(lines))


@pytest.fixture(name="start")
def start_fixture(tmp_path):
    """A function that starts memview in a shell of a new machine, with so many colours."""
    screens = []

    def start(colours, before=""):
        script = tmp_path / "script.sh"
        script.write_text(SCRIPT.replace("COLOURS", str(colours)).replace("BEFORE", before))
        screen = Screen(tmp_path, f"{QUIRE} run --boot=pvh --timeout=0 --add {FORKER} "
                                  f"--add {script} /bin/busybox sh {script}", COLUMNS, ROWS)
        screens.append(screen)
        screen.until(is_drawn)
        return screen
    yield start
    for screen in screens:
        screen.close()


def choose(screen, name):
    """Arrow down to the first process of that name."""
    while (now := selected(screen.until(selected)))[1] != name:
        screen.type("", "Down")
        screen.until(lambda lines, now=now: selected(lines) != now)


def open_and_close_help(screen):
    """The screen after that, above the help's last line: rows are drawn from the top down."""
    def last(lines):
        return [row for row, line in enumerate(lines) if "docs/seeing-memory.md" in line]
    screen.type("h")
    (row,) = last(screen.until(last))
    screen.type("h")
    return screen.until(lambda lines: not last(lines))[:row]


def test_a_person_watches_a_process(start):
    screen = start(24)
    # The machine's counters rise by themselves.
    before = numbers(screen.lines(), "own-page")
    screen.until(lambda lines: numbers(lines, "own-page")[0] > before[0] + 20)
    # The forker has shared pages, and its child has copied 32 of them.
    choose(screen, "forker")
    lines = screen.until(lambda lines: any("6 regions" in line for line in lines))
    assert any(re.search(r"rw-p \[stack\]", line) for line in lines)
    child = selected(lines)
    screen.type("", "Down")
    screen.until(lambda lines: selected(lines) != child)
    choose(screen, "forker")
    lines = screen.until(lambda lines: numbers(lines, "own-page")[1] >= 32)
    # Paused, nothing moves; a step moves once.
    screen.type(" ")
    screen.until(lambda lines: "PAUSED" in lines[0])
    lines = open_and_close_help(screen)
    assert open_and_close_help(screen) == lines
    screen.type("", "Right")
    screen.until(lambda now: numbers(now, "file-map")[0] > numbers(lines, "file-map")[0])
    screen.type(" ")
    screen.until(lambda lines: "PAUSED" not in lines[0])
    # Zoom.
    scale = int(re.search(r"a cell is (\d+) KiB", screen.lines()[0])[1])
    screen.type("+")
    screen.until(lambda lines: "zoomed in" in lines[0] and
                 int(re.search(r"a cell is (\d+) KiB", lines[0])[1]) < scale)
    screen.type("-")
    screen.until(lambda lines: "zoomed in" not in lines[0])
    screen.type("o")
    screen.until(lambda lines: "by owner" in lines[0] and any("several" in line for line in lines))
    # Quit: what was there before is there again.
    screen.type("q")
    lines = screen.until(lambda lines: any("status was 0" in line for line in lines))
    assert not any("process" in line for line in lines)
    screen.until(lambda lines: any(" icanon" in line and "-icanon" not in line for line in lines))


@pytest.mark.parametrize("colours, pattern", [
    (24, r"\x1b\[[\d;]*48;2;67;196;122m"), (256, r"\x1b\[[\d;]*48;5;\d+m"),
    (16, r"\x1b\[[\d;]*4[1-7]m"), (0, None)], ids=["24-bit", "256", "16", "none"])
def test_colours(start, colours, pattern):
    screen = start(colours)
    text = "\n".join(screen.styled())
    if pattern:
        assert re.search(pattern, text)
    else:
        assert not re.search(r"\x1b\[[\d;]*[34][0-8]", text)
    # Where colours are few or none, letters tell.
    map_lines = screen.lines()[1:15]
    assert any(re.search(r"w{8}|\.{20}", line) for line in map_lines) == (colours <= 16)


def test_once():
    """A page of text for a log: no escape in it, and its numbers are those of /proc."""
    script = "memview --once; busybox head -c 1 /proc/framemap >/dev/null; " \
             "busybox cat /proc/framemap"
    (result,) = run_jobs([job(BUSYBOX, "-c", script, argv0="sh", guest="/bin/busybox",
                              environment=["PATH=/bin"])])
    assert (result.status, result.stderr) == (0, b"")
    text = result.stdout.decode("ascii")
    assert "\x1b" not in text
    assert re.match(r" memview +\d+ MiB of RAM, \d+ MiB used; a cell is \d+ KiB\n", text)
    spans = [line.partition(" ")[2] for line in text.splitlines()
             if re.match(r"[0-9a-f]+ [.a-zA-Z]\d", line)]
    frames = sum(int(count) for span in spans for count in re.findall(r"[.a-zA-Z](\d+)", span))
    assert int(re.search(r"(\d+) MiB of RAM", text)[1]) == frames >> 8
    assert re.search(r"^> +1 (sh|busybox)", text, re.M)
    assert re.search(r"zero-fill +[1-9]", text)


def test_framemap_agrees_with_the_counts():
    """Of what a shell's commands do not change."""
    (result,) = run_jobs([job(BUSYBOX, "-c", "busybox cat /proc/framemap /proc/frames",
                              argv0="sh", guest="/bin/busybox", environment=["PATH=/bin"])])
    text = result.stdout.decode()
    letters = {}
    for line in text.splitlines():
        for letter, count in re.findall(r" ([.a-zA-Z])(\d+)(?= |$)", line):
            letters[letter.lower()] = letters.get(letter.lower(), 0) + int(count)
    counts = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", text, re.M)}
    for letter, name in {"w": "wired", "s": "stack", "z": "zero", "t": "table"}.items():
        assert letters[letter] == counts[name]
    assert sum(letters.values()) == sum(counts.values())
    for letter, name in {".": "free", "p": "anon", "f": "cache", "k": "slab"}.items():
        assert abs(letters[letter] - counts[name]) <= 32


def test_wrong_uses():
    lines = [("--no",), ("-d",), ("-d", "x"), ("-c", "-1")]
    results = run_jobs([job(MEMVIEW, *words) for words in lines])
    assert [result.status for result in results] == [2] * len(lines)
    assert all(result.stderr.startswith((b"usage: memview", b"memview: -")) for result in results)
    (result,) = run_jobs([job(MEMVIEW)])
    assert result.status == 1 and result.stderr == \
        b"memview: a terminal is wanted, or --once: Not a tty\n"


def test_the_size_of_the_window_and_its_interruption(start):
    """It is drawn anew when the window changes; Ctrl-C leaves the terminal as it was."""
    screen = start(24, "(busybox sleep 1; busybox stty cols 100 rows 30 </dev/tty) &")
    screen.until(lambda lines: lines[29].startswith(" up down process") and not lines[41])
    screen.type("", "C-c")
    lines = screen.until(lambda lines: any("status was 130" in line for line in lines))
    assert not any("process" in line for line in lines)
    screen.until(lambda lines: any(" icanon" in line and "-icanon" not in line for line in lines))
