"""test_memview_screen.py: memview on the machine's own screen, by its text and its colours."""

from harness import Guest
from harness.browser import png_colours
from harness.monitor import Monitor
from harness.screen import Screen

STATES = {"free": "#262b33", "file": "#43c47a", "private": "#4d8bff", "wired": "#5a616d"}
NAMES = ("free", "private", "shared (COW)", "file, shared", "table, shared", "kernel", "stack",
         "wired", "zeros", "# the selected's", "t page table", "T shared one", "+ shared frames")
CELL_PIXELS = 8 * 16


def test_memview_on_the_screen(tmp_path):
    monitor = Monitor(tmp_path)
    with Guest(boot="uefi", video="VGA,vgamem_mb=64,xres=800,yres=600", extra=monitor.words,
               limit=180, serial=False) as guest:
        screen = Screen(guest, monitor, tmp_path)
        screen.until("~ #")
        screen.type("memview\n")
        rows = screen.until("up down process")
        assert "MiB of RAM" in rows[0] and rows[-1].lstrip().startswith("up down process")
        # Of 100 columns: the whole legend has room, and so have all keys.
        legend = " ".join(rows[12:16])
        assert all(name in legend for name in NAMES), legend
        assert all(key in rows[-1] for key in ("q quit", "h help", "+ - zoom")), rows[-1]
        assert any(row.startswith(">   1 init") for row in rows)
        path = tmp_path / "screen.png"
        monitor.ask("screendump", filename=str(path), format="png")
        colours = png_colours(path.read_bytes())
        # Each in the legend, and in the map where a cell is full of it.
        for state, colour in STATES.items():
            assert colours.get(colour, 0) >= 2 * CELL_PIXELS, state
        screen.type("q")
        rows = screen.until(lambda rows: not any("up down process" in row for row in rows))
        screen.until("~ # memview")
