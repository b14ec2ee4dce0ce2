"""test_files.py: the writable root file system, used by programs that were not made for Quire."""

import os
import re
import subprocess

import pytest
from harness import Guest, assert_no_frames_lost, job, run_jobs

BUSYBOX = os.path.realpath("/bin/busybox")
# tmpfs on Linux, too.
# On the host, too, where several such tests run at once.
SCRATCH = f"/dev/shm/quire-files-{os.getpid()}"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/", "TZ": "UTC"}
VARIABLES = [f"{name}={value}" for name, value in ENVIRONMENT.items()]

SCRIPTS = {
    "tree": """
        mkdir -p a/b/c d; echo one >a/1; echo two >a/b/2; cp -r a d/copy; mv d/copy e
        find . | sort; cat e/1 e/b/2; rmdir d; ls -1 a e""",
    "links": """
        echo text >f; ln f g; ln -s f h; ls -1; readlink h; cat g h; rm f; cat g
        cat h; echo status $?; ln -sf g h; cat h; stat -c '%h %s %F' g h""",
    "redirect": """
        seq 1 2000 >n; wc n; tail -3 n >>n; wc -l <n; sort -rn n | head -2; : >n; wc -c n
        (echo a; echo b >&2) >out 2>err; cat out err; echo x >>out; cat out""",
    "edit": """
        seq 1 9 >n; sed -i s/5/five/ n; cat n; cp n m; sed -i 3d m; diff n m | grep '^[-+]'; cmp n n
        grep -c . n; awk '{s+=$1} END {print s}' m""",
    "archive": """
        mkdir t; for i in 1 2 3 4 5; do seq 1 $((i*100)) >t/$i; done; ln -s 1 t/l
        tar cf t.tar t; tar tf t.tar | sort; mkdir u; tar xf t.tar -C u; cat u/t/* | md5sum
        gzip t.tar; gunzip t.tar.gz; tar xf t.tar -O t/5 | tail -1; chmod 600 u/t/1
        stat -c '%a %F %n' u/t/1 u/t/l""",
    "dd": """
        dd if=/dev/zero of=z bs=1000 count=300 2>/dev/null; dd if=z of=y bs=4096 seek=10 2>/dev/null
        stat -c %s z y; echo mark | dd of=y bs=1 seek=7 conv=notrunc 2>/dev/null; md5sum y
        truncate -s 10 y; md5sum y; truncate -s 5000 y; md5sum y; ls -1""",
    "times": """
        touch -d '2001-02-03 04:05:06' f; stat -c %Y f; touch g; test g -nt f && echo newer
        touch -r f g; stat -c %Y g; cp -p f h; stat -c %Y h""",
    "errors": """
        cat no; mkdir a; mkdir a; rmdir no; rm a; echo x >a; mv no b; ln -s loop loop; cat loop
        cd no; ls no; cp no b; rm no; rm -f no; echo $?""",
}


def in_scratch(script):
    return f"mkdir {SCRATCH} && cd {SCRATCH} || exit\n{script}\ncd /; rm -r {SCRATCH}"


@pytest.mark.parametrize("name", SCRIPTS)
def test_shell_scripts_do_the_same_as_on_linux(name):
    words = ["sh", "-c", in_scratch(SCRIPTS[name])]
    subprocess.run(["rm", "-rf", SCRATCH], check=True)
    done = subprocess.run(words, executable=BUSYBOX, capture_output=True, cwd="/", env=ENVIRONMENT,
                          timeout=60, check=False)
    with Guest([job(BUSYBOX, *words[1:], argv0="sh", environment=VARIABLES)], boot="pvh",
               limit=120) as guest:
        (result,) = guest.results()
        assert_no_frames_lost(guest.lines, 1)
    assert (result.stdout, result.stderr, result.status) \
        == (done.stdout, done.stderr, done.returncode)


def test_a_full_file_system_is_told_and_freed():
    """Twice, so that what the first took must be back for the second."""
    script = "dd if=/dev/zero of=/tmp/full bs=4k; rm /tmp/full; "
    with Guest([job(BUSYBOX, "-c", 2 * script + "echo ok", argv0="sh", environment=VARIABLES)],
               boot="pvh", limit=120) as guest:
        (result,) = guest.results()
        assert_no_frames_lost(guest.lines, 1)
    assert result.stdout == b"ok\n" and result.status == 0
    assert result.stderr.count(b"No space left on device") == 2
    written = re.findall(rb"(\d+)\+\d records out", result.stderr)
    assert len(written) == 2 and written[0] == written[1] and int(written[0]) > 10000


def test_files_stay_from_job_to_job():
    results = run_jobs([
        job(BUSYBOX, "-c", "echo kept >/tmp/file", argv0="sh", environment=VARIABLES),
        job(BUSYBOX, "/tmp/file", argv0="cat", environment=VARIABLES)])
    assert results[1].stdout == b"kept\n"


def test_the_initial_ram_disk_is_in_memory_once():
    """Its frames become those of files, or free: none stays wired beside them."""
    small, large = [], []
    for counts, added in ((small, None), (large, "build/kernel-test.elf")):
        jobs = [job("build/programs/hello.musl")]
        if added:
            jobs.append(job(added))  # it can't run, but it is there
        with Guest(jobs, boot="pvh", limit=60) as guest:
            guest.results()
            line = next(line for line in guest.lines if "frames:" in line)
        counts += [int(re.search(rf"{state} (\d+)", line)[1]) for state in ("cache", "wired")]
    pages = os.path.getsize("build/kernel-test.elf") // 4096
    assert pages <= large[0] - small[0] <= pages + 2
    assert large[1] - small[1] <= 2
