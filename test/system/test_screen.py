"""test_screen.py: a person in front of the machine's screen: the boot, a shell, an editor, a panic,
at the sizes that screens have. Where there is a serial port, both show the same.
"""

import pytest
from harness import Guest
from harness.monitor import Monitor
from harness.screen import Picture, Screen

PROMPT = "~ # "
LIMIT = 180
# Slow: the description of a monitor (EDID) has no room for the pixel clock of a fast 4K screen.
VGA = "VGA,vgamem_mb=64,xres={},yres={},refresh_rate=30000"
BOCHS = "bochs-display,xres={},yres={}"  # "VGA" rounds to multiples of 8


@pytest.fixture(name="monitor")
def monitor_fixture(tmp_path):
    return Monitor(tmp_path)


def machine(monitor, width, height, device=VGA, **config):
    return Guest(boot="uefi", video=device.format(width, height), extra=monitor.words, limit=LIMIT,
                 **config)


def last_row(rows):
    return next((row for row in reversed(rows) if row), "")


def at_prompt(rows):
    return last_row(rows).endswith(PROMPT.rstrip())


def run(screen, command):
    """The rows that a command shows."""
    screen.type(command + "\n")
    rows = screen.until(lambda rows: at_prompt(rows) and any(command in row for row in rows))
    rows = [row for row in rows if row]
    start = max(index for index, row in enumerate(rows) if row.endswith(PROMPT + command))
    return rows[start + 1:-1]


def test_a_shell_without_a_serial_port(monitor, tmp_path):
    """At 800 x 600, the keyboard and the screen are all there is."""
    with machine(monitor, 800, 600, serial=False) as guest:
        screen = Screen(guest, monitor, tmp_path)
        rows = screen.until(at_prompt)
        assert any("started by its UEFI loader" in row for row in rows)  # the log, from its start
        assert run(screen, "ls /etc | wc -l") == ["3"]
        assert run(screen, "tty; stty size; echo $TERM") == ["/dev/tty1", "37 100", "linux"]
        screen.type("vi /tmp/x\n")
        rows = screen.until("- /tmp/x")
        assert rows[1:3] == ["~", "~"] and rows[36].startswith("- /tmp/x")
        screen.type("iA line\nand another")
        monitor.press("esc")
        screen.until(lambda rows: rows[:3] == ["A line", "and another", "~"]
                     and "[Modified]" in rows[36])
        screen.type(":wq\n")
        screen.until(at_prompt)
        assert run(screen, "cat /tmp/x") == ["A line", "and another"]


def test_the_screen_and_a_serial_port(monitor, tmp_path):
    """Both show the same, and either can be typed at. The pitch is no multiple of anything."""
    with machine(monitor, 1366, 768, BOCHS) as guest:
        screen = Screen(guest, monitor, tmp_path)
        guest.until("\x1b[6n\x1b8")  # init asks the terminal, which is the smaller one
        guest.type("\x1b[24;80R")
        guest.until(PROMPT)
        guest.type("stty size; echo $((6 * 7)); tty\n")
        rows = screen.until("/dev/ttyS0")
        assert "24 80" in rows and "42" in rows
        assert len(rows) == 48 and max(map(len, rows[24:])) == 0  # no larger than the window
        screen.type("echo typed | tr a-z A-Z\n")
        guest.until("TYPED\r\n")
        screen.until(lambda rows: "TYPED" in rows)
        guest.type("stty rows 48 cols 170; seq 1 100\n")
        screen.until(lambda rows: rows[46:48] == ["100", PROMPT.rstrip()])


def test_a_width_that_the_card_rounds(monitor, tmp_path):
    """The firmware says 1366, and its own text is slanted."""
    with machine(monitor, 1366, 768, serial=False) as guest:
        screen = Screen(guest, monitor, tmp_path)
        screen.until(at_prompt)
        assert screen.picture().width == 1360
        assert run(screen, "stty size") == ["48 170"]


def test_nobody_at_the_serial_port(monitor, tmp_path):
    """Then the screen's size counts."""
    with machine(monitor, 1280, 800) as guest:
        screen = Screen(guest, monitor, tmp_path)
        guest.until(PROMPT)
        guest.type("stty size\n")
        screen.until("50 160")


def test_a_large_screen(monitor, tmp_path):
    """It has large letters; and it scrolls a thousand lines without anybody waiting."""
    rows = 67
    with machine(monitor, 3840, 2160, serial=False) as guest:
        screen = Screen(guest, monitor, tmp_path, 2)
        screen.until(at_prompt)
        screen.type("stty size; seq 1 5000\n")
        shown = screen.until(lambda rows: "5000" in rows and at_prompt(rows))
        assert shown[rows - 3:rows] == ["4999", "5000", PROMPT.rstrip()]


def test_letters_by_what_a_display_says(monitor, tmp_path):
    """That it is small, so that they are large."""
    with machine(monitor, 1920, 1080, inject="edid", append="window=120,33") as guest:
        guest.expect(r"framebuffer: 1920x1080 .*, 294 x 165 mm, 120 columns, 33 rows")
        Screen(guest, monitor, tmp_path, 2).until(at_prompt)


def test_a_chosen_size_of_letters(monitor, tmp_path):
    with machine(monitor, 1280, 800, serial=False, append="screen=2x") as guest:
        screen = Screen(guest, monitor, tmp_path, 2)
        screen.until(at_prompt)
        assert run(screen, "stty size") == ["25 80"]


def test_screen_off(monitor, tmp_path):
    with machine(monitor, 1280, 800, append="screen=off window=80,24") as guest:
        guest.expect("framebuffer: off")
        guest.until(PROMPT)
        assert not any("Quire" in row for row in Screen(guest, monitor, tmp_path).rows())


@pytest.mark.parametrize("width, height, size, row_count", [(800, 600, 1, 37), (1920, 1080, 2, 33)])
def test_the_photo_of_a_panic(monitor, tmp_path, width, height, size, row_count):
    """The reason first, in red; registers; a backtrace with names. It stays."""
    with machine(monitor, width, height, serial=False, debug_exit=False,
                 append="crash=null") as guest:
        screen = Screen(guest, monitor, tmp_path, size)
        rows = screen.until("backtrace:")
        rows = screen.until(lambda rows: any("kernel_main" in row for row in rows))
        assert len(rows) == row_count
        assert rows[0].startswith("PANIC: page fault")
        assert any("rip ffffffff" in row for row in rows[:row_count // 2])
        assert any(" crash_null+0x" in row for row in rows)
        red, white = (screen.picture().colors(size, row, 0) for row in (0, 1))
        assert (0xff, 0x55, 0x55) in red and (0xff, 0x55, 0x55) not in white


def test_a_panic_before_there_is_memory(monitor, tmp_path):
    with machine(monitor, 800, 600, serial=False, debug_exit=False, append="crash=early") as guest:
        rows = Screen(guest, monitor, tmp_path).until("_start+0x")
        assert rows[0] == "PANIC: provoked by the boot option crash=early"


def test_a_panic_that_is_too_long(monitor, tmp_path):
    """What comes first stays: the end of the backtrace is left out."""
    with machine(monitor, 800, 600, serial=False, debug_exit=False,
                 append="crash=stack-overflow") as guest:
        screen = Screen(guest, monitor, tmp_path)
        rows = screen.until(lambda rows: rows[-1])
        assert rows[0].startswith("PANIC: ") and "stack" in rows[0]
        numbers = [int(row.split()[0][1:]) for row in rows if "consume_stack" in row]
        assert numbers == list(range(len(numbers))) and len(numbers) > 20


def test_the_debug_shell_on_the_screen(monitor, tmp_path):
    """In the middle of an editor; and a panic there takes the whole screen, and then goes on with
    the shell that panic=shell asks for."""
    with machine(monitor, 1024, 768, serial=False, append="panic=shell", debug_exit=False) as guest:
        screen = Screen(guest, monitor, tmp_path)
        screen.until(at_prompt)
        screen.type("vi /tmp/x\n")
        screen.until("- /tmp/x")
        monitor.press("ctrl", "bracket_right")
        screen.until(lambda rows: "debug>" in rows)
        screen.type("panic\n")
        rows = screen.until(lambda rows: last_row(rows) == "debug>" and rows[0].startswith("PANIC"))
        assert rows[0] == "PANIC: asked for in the debug shell"
        assert not any("~" in row for row in rows)
        for _ in range(3):
            screen.type("help\n")
        screen.until(lambda rows: not rows[0].startswith("PANIC"))  # it scrolls now


def test_programs_that_fill_the_screen(monitor, tmp_path):
    """less, top, and the log's silence while they run: it goes on at the serial port alone."""
    with machine(monitor, 800, 600, append="window=80,24") as guest:
        screen = Screen(guest, monitor, tmp_path)
        guest.until(PROMPT)
        guest.type("seq 1 100 | less\n")
        rows = screen.until(lambda rows: rows[22] == "23")
        guest.type(" ")
        screen.until(lambda rows: rows[22] == "46")
        guest.type("gq")
        guest.until(PROMPT)
        guest.type("top -d 60\n")
        rows = screen.until(lambda rows: any("/init" in row for row in rows[:24]))
        assert rows[0].startswith("Mem: ")
        guest.type("q")
        guest.until(PROMPT)
        guest.type("clear; touch x; insmod x\n")
        guest.expect(r"system call \d+ \(\w+\) is not implemented")
        rows = screen.until(at_prompt)
        assert not any("system call" in row for row in rows)


def test_the_hardware_report(monitor, tmp_path):
    """One screen of 80 by 25, before anything can go wrong with programs; and later as a file."""
    with machine(monitor, 640, 400, append="report", serial=False,
                 machine="q35,hpet=off") as guest:
        screen = Screen(guest, monitor, tmp_path)
        rows = screen.until("This is what to photograph")
        assert rows[0].startswith("Quire ")
        text = " ".join(" ".join(rows).split())
        for word in ("firmware: EDK II", "CPU: QEMU TCG", "memory: ", "acpi: ", "PM timer 0x608",
                     "framebuffer: 640x400", "VGA 1234:1111", "SATA 8086:2922",
                     "keyboard controller: a keyboard", "serial port: none"):
            assert word in text, "\n".join(rows)
        monitor.press("spc")
        screen.until(at_prompt)
        screen.type("clear; quire-report\n")
        assert screen.until(at_prompt)[0] == rows[0]


def test_the_report_without_a_keyboard_that_works_yet(monitor, tmp_path):
    with machine(monitor, 640, 400, append="report", serial=False, machine="q35,i8042=off"
                 ) as guest:
        Screen(guest, monitor, tmp_path).until(
            "This is what to photograph. It goes on in a minute; USB keyboards work then.")


def test_the_report_as_a_file():
    with Guest(boot="pvh", append="window=80,24 report", cpus=2) as guest:
        guest.until("This is what to photograph")
        guest.type(" ")
        guest.until(PROMPT)
        guest.type("quire-report >x; wc -l <x; grep -c CPUs: x; awk 'length > 79' x\n")
        lines, cpus = guest.until("~ #").replace("\r", "").splitlines()[1:3]
        assert int(lines) <= 24 and cpus == "1"


class Memory(Screen):
    """A framebuffer in memory: what nobody sees, as a picture. Nothing is beside it."""

    def of(self, start, width, height, pitch):
        self._shape, self._start = (width, height, pitch), start
        return self

    def picture(self):
        width, height, pitch = self._shape
        self._monitor.ask("pmemsave", val=self._start, size=pitch * height, filename=self._file)
        with open(self._file, "rb") as memory:
            data = memory.read()
        hidden = [data[line * pitch + 4 * width:(line + 1) * pitch] for line in range(height)]
        assert pitch > 4 * width and not any(map(any, hidden))
        return Picture.of_memory(data, width, height, pitch)


def test_a_framebuffer_above_4_gib(monitor, tmp_path):
    """With lines that are longer than what shows, and red first."""
    with machine(monitor, 800, 600, memory="6G", inject="gop-high",
                 append="window=100,37") as guest:
        seen = guest.expect(r"framebuffer: 800x600 at (0x1[0-9a-f]{8}), pitch (\d+), 32 bits")
        screen = Memory(guest, monitor, tmp_path).of(int(seen[1], 16), 800, 600, int(seen[2]))
        guest.until(PROMPT)
        guest.type("echo $((6 * 7)) | rev\n")
        guest.until("24\r\n")
        shown = ["~ # echo $((6 * 7)) | rev", "24", "~ #"]
        screen.until(lambda rows: [row for row in rows if row][-3:] == shown)
