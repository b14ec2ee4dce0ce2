#!/usr/bin/python3
"""take.py: take the pictures of this folder anew, each of the real thing. Needs a built tree.

    docs/pictures/take.py [faults.png] [memview.png]
"""

import html
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "test"), os.path.join(ROOT, "tools")]

from harness.browser import Browser  # noqa: E402
from harness.tmux import Screen  # noqa: E402

QUIRE = os.path.join(ROOT, "quire")
COLUMNS, ROWS = 120, 42
INK, PAPER = "#d8dee9", "#14171b"
SGR = re.compile(r"\x1b\[([\d;]*)m|\x1b\]8;[^\x1b]*\x1b\\|\x0f|\x0e")

# A shell with a pipeline, and a program that reads, writes, grows its stack and copies on write.
FAULTS = ["/bin/busybox", "sh", "-c", "build/test/known_faults | sort -r | head -n 3; ls / | wc -l"]

MEMVIEW = """exec 2>/dev/null
(echo; echo; busybox sleep 1000) | ./build/test/forker &
busybox sort /bin/busybox >/tmp/sorted &
while :; do (busybox true); busybox sleep 0.1; done &
busybox sleep 2
exec memview -c 24
"""


def style_of(codes, style):
    """`style` after an SGR sequence: of its codes those that memview uses."""
    numbers = [int(code or 0) for code in codes.split(";")]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            style = {}
        elif code == 1:
            style = {**style, "font-weight": "bold"}
        elif code in (38, 48) and numbers[:1] == [2]:
            name = "color" if code == 38 else "background"
            style = {**style, name: "#" + bytes(numbers[1:4]).hex()}
            del numbers[:4]
        elif code in (39, 49):
            style = {key: value for key, value in style.items()
                     if key != ("color" if code == 39 else "background")}
    return style


def to_html(lines):
    """A terminal's screen, with its colours."""
    out, style = [], {}
    for line in lines:
        at = 0
        for match in [*SGR.finditer(line), None]:
            text = line[at:match.start() if match else None]
            if text:
                css = ";".join(f"{key}:{value}" for key, value in style.items())
                out.append(f'<span style="{css}">{html.escape(text)}</span>')
            if match:
                at = match.end()
                style = style_of(match[1], style) if match[1] is not None else style
        out.append("\n")
    return ("<!DOCTYPE html><meta charset=utf-8><style>body{margin:0;display:inline-block}"
            f"pre{{margin:0;padding:12px;background:{PAPER};color:{INK};display:inline-block;"
            "font:14px/17px 'DejaVu Sans Mono',monospace}</style><pre>" + "".join(out) + "</pre>")


def take(folder, page, name, selector, script="", **options):
    """A picture of an element of a page, after a script has run in it."""
    with Browser(folder, **options) as browser:
        browser.open(page)
        browser.evaluate(script)
        browser.settle()
        png = browser.screenshot(selector)
        assert not browser.trouble, browser.trouble
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(png)
    print(f"{name}: {len(png)} bytes")


def take_faults(folder):
    """Of the page, from the top to the end of the chart."""
    page = os.path.join(folder, "report.html")
    subprocess.run([QUIRE, "run", "--boot=pvh", "--faults", page, "--add",
                    "build/test/known_faults", *FAULTS], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    take(folder, page, "faults.png", "body", width=1200, height=900,
         script="view.axis = document.getElementById('axis').value = 'order'; zoom(0, acrossEnd());"
                "document.querySelectorAll('main > section:nth-child(n+4)')"
                ".forEach(section => section.remove())")


def take_memview(folder):
    script = os.path.join(folder, "memview.sh")
    with open(script, "w", encoding="ascii") as file:
        file.write(MEMVIEW)
    words = f"cd {ROOT} && {QUIRE} run --boot=pvh --timeout 0 -m 64 --add build/test/forker " \
            f"--add {script} /bin/busybox sh {script}"
    screen = Screen(pathlib.Path(folder), f"sh -c '{words}'", COLUMNS, ROWS)
    try:
        screen.until(lambda lines: any("up down process" in line for line in lines))
        screen.until(lambda lines: any("forker" in line for line in lines))
        while "forker" not in (now := selected(screen.lines())):
            screen.type("", "Down")
            screen.until(lambda lines, now=now: selected(lines) != now)
        time.sleep(2)  # a moment of a moving picture: any will do
        lines = screen.styled()
    finally:
        screen.close()
    page = os.path.join(folder, "memview.html")
    with open(page, "w", encoding="utf-8") as file:
        file.write(to_html(lines))
    take(folder, page, "memview.png", "pre", width=1300, height=900)


def selected(lines):
    """memview's line of the selected process, without its changing numbers."""
    return next((line.split()[:3] for line in lines if line.startswith(">")), [])


def main(names):
    for name, function in (("faults.png", take_faults), ("memview.png", take_memview)):
        if not names or name in names:
            with tempfile.TemporaryDirectory() as folder:
                function(folder)


main(sys.argv[1:])
