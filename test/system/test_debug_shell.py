"""test_debug_shell.py: a person at the serial port asks the kernel what memory looks like."""

import re

import pytest
from harness import Guest, job
from quirelib import qemu

SUBJECT = "build/test/forked"
AREA = 0x10000000
FAR = 0x100000000000
KEY = "\x1d"


class Shell:
    """The debug shell of a guest, entered already."""

    def __init__(self, guest):
        self.guest = guest

    def ask(self, command):
        """The lines that `command` prints."""
        self.guest.type(f"{command}\nend-of-{command.split()[0]}\n")
        self.guest.expect(re.escape(f"debug> {command}"))
        first = len(self.guest.lines_expected())
        self.guest.expect(f"there is no command \"end-of-{command.split()[0]}\"")
        lines = self.guest.lines_expected()[first:]
        return lines[:-2]  # without the echo of the end mark, and what it says

    def leave(self):
        self.guest.type("continue\n")
        self.guest.expect("debug> continue")


@pytest.fixture(name="forked", scope="module")
def forked_fixture():
    """A parent and a child that stand still, and the shell: (shell, parent, child)."""
    with Guest([job(SUBJECT)], boot="pvh", append="trace=faults") as guest:
        pids = guest.expect(r"forked: parent (\d+) child (\d+)")
        guest.type(KEY)
        guest.expect(r"debug shell \(Ctrl-\]\)")
        shell = Shell(guest)
        yield shell, int(pids[1]), int(pids[2])
        shell.leave()
        guest.type("go on\n")
        (result,) = guest.results()
        assert result.status == 0


def test_help_lists_every_command(forked):
    lines = forked[0].ask("help")
    words = {line.split()[0] for line in lines}
    assert words == {"help", "ps", "regions", "pagetable", "faults", "frames", "trace", "meminfo",
                     "va", "continue", "panic", "poweroff"}


def test_ps(forked):
    shell, parent, child = forked
    rows = {int(line.split()[0]): line.split() for line in shell.ask("ps")[1:]}
    assert rows[parent][1] == "0" and rows[child][1] == str(parent)
    for pid in (parent, child):  # on the way to sleep, or asleep
        assert rows[pid][2] in ("running", "runnable", "sleeping") and rows[pid][4] == "forked"


def test_regions(forked):
    shell, _, child = forked
    lines = shell.ask(f"regions {child}")
    assert any(line.startswith(f"{AREA:012x}-{AREA + 0x10000:012x} rw-p       64 KiB  zeros")
               for line in lines)
    assert any(line.endswith("grows down [stack]") for line in lines)


def leaf_lines(lines, va, pages):
    """The flags and what follows of the level-1 lines that touch [va, va + pages)."""
    found = []
    for line in lines:
        match = re.search(r"L1 \[ *(\d+)(?:- *\d+)?\] +0x(\w+) 0x\w+ 0x\w+ (.*)", line)
        if match and va <= int(match[2], 16) < va + pages * 4096:
            found.append((int(match[1]), match[3]))
    return found


def test_pagetable_shows_what_fork_shares(forked):
    """The child wrote one page: it is its own; the other three have two names, and the parent
    reaches them through entries that are not writable."""
    shell, parent, child = forked
    for pid in (parent, child):
        found = leaf_lines(shell.ask(f"pagetable {pid}"), AREA, 16)
        assert [index for index, _ in found] == [0, 1, 2], found
        assert re.fullmatch(r"r--uad-  1 page of 4 KiB, anon x2", found[0][1])
        assert re.fullmatch(r"r--uad-  2 pages of 4 KiB, anon x2(, scattered)?", found[2][1])
    own = dict(leaf_lines(shell.ask(f"pagetable {child}"), AREA, 16))[1]
    assert own == "rw-uad-  1 page of 4 KiB, anon"


def test_pagetable_shows_shared_tables_and_folds_runs(forked):
    """Neither has written there since fork: one table for both, and a line for 512 pages."""
    shell, parent, child = forked
    shown = []
    for pid in (parent, child):
        lines = shell.ask(f"pagetable {pid}")
        start = next(index for index, line in enumerate(lines) if f" {FAR:#014x} " in line)
        part = lines[start:start + 6]
        shown.append(part[1:])  # but for the A bit, which the processor sets in each one's own root
        assert re.fullmatch(r"L4 \[ 32\] .* r-xua--  table x2, shared with all below it", part[0])
        assert part[1].startswith("  L3 [  0]") and part[1].endswith("rwxua--  table")
        for table, leaves in (part[2:4], part[4:6]):
            assert re.match(r"    L2 \[  [01]\] .* rwxua--  table$", table)
            assert re.match(r"      L1 \[  0-511\] .* rw-uad-  512 pages of 4 KiB, anon(, scatt|$)",
                            leaves)
    assert shown[0] == shown[1]


def test_faults(forked):
    shell, _, child = forked
    counts = {line.split()[0]: int(line.split()[1]) for line in shell.ask(f"faults {child}")}
    assert counts["own-page"] >= 1 and counts["own-table"] >= 3
    assert counts["bad-address"] == counts["bad-access"] == 0


def test_trace_tells_the_cases_in_order(forked):
    shell, parent, child = forked
    pattern = re.compile(r"^\[ *\d+\.\d+\] pid (\d+) va 0x(\w+) (\S+)(?: +frame 0x(\w+))?$")
    events = [pattern.match(line) for line in shell.ask("trace dump")]
    assert all(events) and len(shell.ask("trace dump 3")) == 3
    seen = [(int(event[1]), event[3]) for event in events
            if int(event[2], 16) == AREA + 0x1000]
    assert seen[0] == (parent, "zero-fill")
    of_child = [case for pid, case in seen if pid == child]
    assert of_child[-1] == "own-page" and set(of_child[:-1]) <= {"own-table"}


def test_one_address_in_words(forked):
    shell, parent, child = forked
    lines = shell.ask(f"va {child} {AREA + 0x1000:#x}")
    assert lines[0] == f"address {AREA + 0x1000:#x}: in region {AREA:#x}-{AREA + 0x10000:#x} " \
                       "rw-p, zeros"
    assert [line.split(",")[0] for line in lines[1:5]] == [f"  level {n}" for n in (4, 3, 2, 1)]
    assert lines[-2] == "write:   the tables allow it: no fault"
    assert "own-page: the page is copied" in shell.ask(f"va {child} {AREA:#x}")[-2]
    assert "zero-fill" in shell.ask(f"va {parent} {AREA + 0x5000}")[-2]
    assert "SIGSEGV" in shell.ask(f"va {parent} 0")[-2]
    assert "not the program's half" in shell.ask(f"va {parent} 0xffff800000000000")[0]


def test_frames_and_meminfo(forked):
    shell = forked[0]
    frames = {line.split()[0]: line.split()[1] for line in shell.ask("frames")[:-1]}
    memory = {line.split()[0]: int(line.split()[1]) for line in shell.ask("meminfo")}
    assert memory["MemFree:"] == int(frames["free"]) * 4
    assert memory["PageTables:"] == int(frames["table"]) * 4 > 0
    assert memory["AnonPages:"] == int(frames["anon"]) * 4 > 0


@pytest.mark.parametrize("typed, answer", [
    ("nonsense", 'there is no command "nonsense"'),
    ("regions", "usage: regions PID"),
    ("regions 1 2", "usage: regions PID"),
    ("regions x", '"x" is no number'),
    ("regions -1", '"-1" is no number'),
    ("pagetable 30000", "there is no process 30000"),
    ("faults 18446744073709551615", "there is no process 18446744073709551615"),
    ("va 1 0x", '"0x" is no number'),
    ("trace dump x", '"x" is no number'),
    ("trace maybe", '"maybe": on, off and dump'),
    ("a b c d e f g", "too many words"),
])
def test_bad_input_gets_an_answer(forked, typed, answer):
    assert forked[0].ask(typed)[0].startswith(answer)


def test_line_editing(forked):
    guest = forked[0].guest
    guest.type("nonsenx\x7fse\n")
    guest.expect('there is no command "nonsense"')
    guest.type("rubbish\x15fram\x03frames\n")
    guest.expect(r"^free +\d+$")


def test_a_locked_address_space_is_said_to_be_so():
    """The key comes at a random moment; in most of them the space is locked."""
    with Guest([job("build/test/busy")], boot="pvh") as guest:
        pid = guest.expect(r"busy: pid (\d+)")[1]
        answers = set()
        for _ in range(200):
            guest.type(KEY)
            guest.expect("debug shell")
            answers.add(Shell(guest).ask(f"regions {pid}")[0].split(":")[0])
            if "not now" in answers and len(answers) > 1:
                break
            Shell(guest).leave()
        assert "not now" in answers and len(answers) > 1  # and once it was not
        guest.type("poweroff\n")
        assert guest.wait() == qemu.STATUS_DONE


def test_before_the_first_program_and_poweroff():
    with Guest(boot="pvh", append="debugshell") as guest:
        guest.expect(r"debug shell \(debugshell\)")
        guest.type("ps\npoweroff\n")
        guest.expect("PID  PPID STATE")
        assert guest.wait() == qemu.STATUS_DONE
        assert not any("job:" in line for line in guest.lines)


def test_trace_is_off_until_switched_on():
    with Guest([job("build/programs/hello.musl")] * 2, boot="pvh", append="debugshell") as guest:
        guest.expect("debug shell")
        guest.type("trace dump\ntrace on\ncontinue\n")
        guest.expect("debug> trace dump")
        guest.expect("debug> trace on")  # nothing between the two
        assert "debug> trace on" == guest.lines[guest.lines.index("debug> trace dump") + 1]
        assert [result.status for result in guest.results()] == [0, 0]


def test_a_panic_prints_the_last_faults_and_offers_the_shell():
    with Guest([job(SUBJECT)], boot="pvh", append="trace=faults panic=shell",
               expect_panic=True) as guest:
        guest.expect("forked: parent")
        guest.type(KEY)
        guest.expect("debug shell")
        guest.type("panic\n")
        guest.expect("PANIC: asked for in the debug shell")
        guest.expect("backtrace:")
        guest.expect("last page faults:")
        first = len(guest.lines_expected())
        guest.expect(r"debug shell \(after a panic\)")
        shown = [line for line in guest.lines_expected()[first:] if " pid " in line]
        assert len(shown) == 16
        guest.type("ps\ncontinue\n")
        guest.expect(r"^ *\d+ +0 \w+ +\d+  forked$")
        assert guest.wait() == qemu.STATUS_PANIC


def test_without_a_serial_port_there_is_no_shell():
    """It would wait for a key for ever; the machine runs its jobs, or ends, instead."""
    with Guest(boot="pvh", append="debugshell panic=shell crash=panic", serial=False,
               expect_panic=True) as guest:
        assert guest.wait() == qemu.STATUS_PANIC


def test_after_a_panic_with_a_lock_the_shell_does_not_hang():
    with Guest(boot="pvh", append="crash=locked panic=shell", expect_panic=True) as guest:
        guest.expect(r"debug shell \(after a panic\)")
        guest.type("ps\nhelp\npoweroff\n")
        guest.expect(r"not now: what was interrupted holds spinlocks \(ranks 0x1\), and ps would")
        guest.expect("this list")
        assert guest.wait() == qemu.STATUS_PANIC
