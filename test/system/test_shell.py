"""test_shell.py: a person at the serial console: init's shell, its line editing, job control, an
editor; and the end of the machine.

What is typed before a program has set its terminal up goes to the shell. So each step waits for
what the one before it shows.
"""

import re

import pytest
from harness import Guest
from quirelib import qemu

PROMPT = "# \x1b[6n"  # the shell asks where the cursor is
WINDOW = "window=80,24"
SERIAL_KEY = "\x1d"
TRIES = 100  # for what happens soon; each takes a while
CTRL_C, CTRL_Z, CTRL_D, CTRL_BACKSLASH = "\x03", "\x1a", "\x04", "\x1c"


class Shell:
    """The console's shell, at its prompt."""

    def __init__(self, guest):
        self.guest = guest
        guest.until(PROMPT)

    def start(self, line):
        """Type a command, and wait for it to be shown."""
        self.guest.type(line + "\n")
        self.guest.until(line.rsplit("\n", 1)[-1] + "\r\n")

    def prompt(self):
        """What is shown until the next prompt, without the prompt's own line."""
        return self.guest.until(PROMPT).rpartition("\n")[0].replace("\r", "")

    def run(self, line):
        """The lines that a command prints."""
        self.start(line)
        return self.prompt().splitlines()


@pytest.fixture(name="shell")
def shell_fixture():
    with Guest(boot="pvh", append=WINDOW) as guest:
        yield Shell(guest)


def test_the_shell_is_on_a_terminal(shell):
    assert shell.run("tty; ps -o pid,ppid,args | head -3") == [
        "/dev/ttyS0", "PID   PPID  COMMAND", "    1     0 /init", "    2     1 -sh"]
    assert "rows 24; columns 80" in shell.run("stty -a")[0]
    assert shell.run("pwd; id; ls -d ~") == ["/root", "uid=0(root) gid=0(root)", "/root"]


def test_pipes_redirections_globs_and_documents(shell):
    assert shell.run("ls -1 /etc | wc -l") == ["3"]
    assert shell.run("cd /tmp; echo one >a; echo two >>a; cat <a; ls nothing 2>&1; echo $?") == [
        "one", "two", "ls: nothing: No such file or directory", "1"]
    assert shell.run("touch x1 x2 x3; echo x?; echo [ab]*") == ["x1 x2 x3", "a"]
    shell.start("tr a-z A-Z <<END")
    shell.guest.type("a line\nEND\n")
    assert shell.prompt().splitlines()[-1] == "A LINE"
    assert shell.run("for i in 1 2 3; do echo $((i * i)); done | sort -rn | xargs") == ["9 4 1"]
    assert shell.run("find /etc -name 'p*' | xargs wc -l") == ["1 /etc/passwd"]


def test_editing_a_line(shell):
    """The shell's own editor, in raw mode, and the kernel's, in canonical mode."""
    shell.guest.type("ech wrong\x7f\x7f\x7f\x7f\x7fright\x01\x1b[C\x1b[C\x1b[Co\n")
    assert shell.prompt().splitlines()[-1] == "right"
    shell.guest.type("\x1b[A\n")  # the line before
    assert shell.prompt().splitlines()[-1] == "right"
    shell.start("echo ready; cat >/tmp/typed")
    shell.guest.until("ready\r\n")
    shell.guest.type("one tow\x7f\x7fwo three\x17four\nwrong\x15right\n" + CTRL_D)
    shell.prompt()
    assert shell.run("cat /tmp/typed") == ["one two four", "right"]


def test_interrupting_a_loop(shell):
    shell.start("while true; do echo turn; done")
    shell.guest.until("turn\r\nturn\r\n")
    shell.guest.type(CTRL_C)
    shell.prompt()
    assert shell.run("echo status $?") == ["status 130"]
    shell.start("tail -f /etc/motd")  # it prints, and then sleeps
    shell.guest.until("pages.\r\n")
    shell.guest.type(CTRL_BACKSLASH)
    shell.prompt()
    assert shell.run("echo status $?") == ["status 131"]


def test_stopping_and_resuming_a_job(shell):
    """Stopped by its key, seen by ps, continued in the background and in the foreground."""
    shell.start("sh -c 'echo ready; exec head -n 1'")
    shell.guest.until("ready\r\n")
    shell.guest.type(CTRL_Z)
    assert "Stopped" in shell.prompt()
    assert any(re.match(r"T .*head -n 1", line) for line in shell.run("ps -o stat,args"))
    assert "Stopped" in shell.run("jobs")[0]
    shell.start("bg")  # it reads, which the background may not
    shell.prompt()
    tries = (shell.run("jobs")[0] for _ in range(TRIES))
    assert any("Stopped (tty input)" in line for line in tries)
    shell.start("fg")
    shell.guest.until("sh -c")
    shell.guest.type("a line\n")
    assert shell.prompt().splitlines()[-1] == "a line"


def test_background_jobs(shell):
    shell.start("sleep 1000 &")
    shell.prompt()
    assert "Running" in shell.run("jobs")[0]
    shell.start("kill %1; wait %1")
    assert "Terminated" in shell.prompt()
    assert shell.run("(sleep 0.1; echo later) & wait; echo end")[:2] == ["later", "end"]


def test_orphans_are_adopted_and_reaped(shell):
    shell.run("(sh -c 'sleep 1000 & echo $! >/tmp/orphan'); sleep 0.1")
    (line,) = shell.run("ps -o pid,ppid,args | grep \"^ *$(cat /tmp/orphan) \"")
    assert line.split()[1:] == ["1", "sleep", "1000"]
    shell.run("kill $(cat /tmp/orphan)")
    assert shell.run("sleep 0.2; ps -o pid,args | grep -c '[s]leep 1000'") == ["0"]


def test_an_editor(shell):
    """Full screen, raw mode, and a file that is saved."""
    guest = shell.guest
    shell.start("vi /tmp/letter")
    guest.until("\x1b[24;1H\x1b[K- /tmp/letter")
    guest.type("ifirst line\nsecond lime\x1b")
    guest.until("- /tmp/letter [Modified]")
    guest.type("hrn")
    guest.type(":wq\n")
    shell.prompt()
    assert shell.run("cat /tmp/letter") == ["first line", "second line"]
    assert " icanon " in " ".join(shell.run("stty -a"))


def test_a_pager(shell):
    guest = shell.guest
    shell.start("seq 1 100 | less")
    guest.until("23\r\n")
    guest.type(" ")
    guest.until("46\r\n")
    guest.type("q")
    shell.prompt()
    assert shell.run("echo back") == ["back"]


def test_the_window_changes(shell):
    shell.run("trap 'echo changed' WINCH")
    assert shell.run("stty rows 30 cols 100; stty size")[-1] == "30 100"
    shell.run("trap - WINCH; stty rows 24 cols 80")


def test_init_is_not_to_be_killed(shell):
    assert shell.run("kill -9 1; kill -INT 1; sleep 0.1; ps -o args | grep -c '^/init'") == ["1"]


def test_the_debug_shell_in_the_middle_of_a_command(shell):
    guest = shell.guest
    shell.start("sh -c 'echo ready; read line; echo got $line'")
    guest.until("ready\r\n")
    guest.type("before" + SERIAL_KEY)
    guest.until("debug> ")
    guest.type("ps\ncontinue\n")
    guest.until("debug> continue")
    guest.type(" after\n")
    guest.until("got before after")
    shell.prompt()


def test_a_shell_that_ends_is_started_again(shell):
    shell.start("exit")
    shell.prompt()
    assert shell.run("echo again; tty") == ["again", "/dev/ttyS0"]


def booted(**options):
    return Guest(boot="pvh", append=WINDOW, **options)


@pytest.mark.parametrize("command, status", [
    ("poweroff", qemu.STATUS_DONE), ("reboot", qemu.STATUS_RESTART),
    ("poweroff -f", qemu.STATUS_DONE), ("reboot -f", qemu.STATUS_RESTART)])
def test_the_end_of_the_machine(command, status):
    with booted() as guest:
        Shell(guest).start(f"sleep 1000 & {command}")
        assert guest.wait() == status


def test_halt():
    with booted() as guest:
        Shell(guest).start("halt")
        guest.expect("system halted")


@pytest.mark.parametrize("answer, size", [("\x1b[50;132R", "50 132"), (None, "24 80")])
def test_a_terminal_is_asked_for_its_size(answer, size):
    with Guest(boot="pvh") as guest:
        guest.until("\x1b[6n\x1b8")
        if answer:
            guest.type(answer)
        shell = Shell(guest)
        assert shell.run("stty size") == [size]
