"""test_system_files.py: what busybox's commands find in /proc, /dev and the table of mounts."""

import os
import re

from harness import Guest, assert_no_frames_lost, job

BUSYBOX = os.path.realpath("/bin/busybox")
VARIABLES = ["PATH=/usr/bin:/bin", "HOME=/", "TZ=UTC"]


def run(script):
    """The output of a script of busybox's shell, which must say nothing else and lose nothing."""
    with Guest([job(BUSYBOX, "-c", script, argv0="sh", environment=VARIABLES)], boot="pvh",
               limit=120) as guest:
        (result,) = guest.results()
        assert_no_frames_lost(guest.lines, 1)
    assert (result.stderr, result.status) == (b"", 0)
    return result.stdout.decode()


def test_a_file_system_is_mounted_and_goes_again():
    lines = run("""
        mkdir /tmp/m; echo below >/tmp/m/below; mount -t tmpfs none /tmp/m; ls /tmp/m
        mount | grep ' /tmp/m '; grep -c ' /tmp/m ' /proc/self/mountinfo; echo in >/tmp/m/in
        umount /tmp/m 2>/dev/null || echo busy; rm /tmp/m/in; umount /tmp/m; cat /tmp/m/below
        mount -t proc none /tmp/m; cat /tmp/m/sys/kernel/ostype; umount /tmp/m
        grep -c /tmp/m /proc/mounts
        rm -r /tmp/m""").splitlines()
    assert lines == ["tmpfs on /tmp/m type tmpfs (rw,relatime)", "1", "busy", "below", "Linux", "0"]


def test_mounts_where_something_is_mounted_or_gone():
    lines = run("""
        mkdir /tmp/m; mount -t tmpfs a /tmp/m; echo >/tmp/m/one; mount -t tmpfs b /tmp/m
        ls /tmp/m; grep -c ' /tmp/m ' /proc/mounts; echo >/tmp/m/two; ls /tmp/m; rm /tmp/m/two
        umount /tmp/m; ls /tmp/m; rm /tmp/m/one; umount /tmp/m; umount /tmp/m 2>/dev/null || echo no
        mkdir /tmp/m/gone; cd /tmp/m/gone; rmdir /tmp/m/gone
        mount -t tmpfs none . 2>&1 | grep -c 'No such file'; cd /; rmdir /tmp/m
        mount -t tmpfs none /proc/self/fd 2>/dev/null || echo refused
        mount -t tmpfs none /sys/kernel 2>/dev/null || echo refused""").splitlines()
    assert lines == ["2", "two", "one", "no", "1", "refused", "refused"]


def test_the_log_can_be_read_and_written():
    output = run("dmesg | head -2; echo '<6>a line of a program' >/dev/kmsg; dmesg | tail -1; "
                 "head -c 400 /dev/kmsg | head -1; dmesg -c >/dev/null; dmesg | wc -l")
    lines = output.splitlines()
    assert "Quire" in lines[0]
    assert re.fullmatch(r"\[ *\d+\.\d{6}\] a line of a program", lines[-3])
    assert re.fullmatch(r"6,\d+,\d+,-;Quire .*", lines[-2])
    assert lines[-1] == "0"


def test_commands_that_read_proc():
    output = run("""
        ps -o pid | grep -c '^ *1$'; free | grep -c Mem; uptime | grep -c 'load average'
        df / | grep -c tmpfs; top -bn1 | grep -c '^CPU:'; pidof sh >/dev/null && echo pidof
        nproc; hostname; hostname other; hostname; uname -n; hostname quire
        echo here | cat /dev/stdin
        echo through >/dev/stdout; ls /proc/self/fd | wc -l""")
    assert output.split() == ["1", "1", "1", "1", "1", "pidof", "1", "quire", "other", "other",
                              "here", "through", "4"]


def test_the_clock_can_be_set():
    lines = run("""
        date -u -s '2031-05-06 07:08:09' >/dev/null; touch /tmp/new; date -u +%F
        stat -c %y /tmp/new | cut -d' ' -f1
        date -u -s '1970-01-01 00:00:00' 2>&1 >/dev/null; date -u +%F""").splitlines()
    assert lines == ["2031-05-06", "2031-05-06", "date: can't set date: Invalid argument",
                     "2031-05-06"]
