"""test_workspace.py: folders that nobody uses any more are removed, others are not."""

import os
import signal
import subprocess
import sys

from quirelib import paths
from quirelib.workspace import workspace, write_boot_files

HOLDER = """\
import sys
sys.path.insert(0, sys.argv[1])
from quirelib.workspace import workspace
with workspace(sys.argv[2]) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_it_goes_away_at_the_end(tmp_path):
    with workspace(str(tmp_path)) as folder:
        os.mkdir(os.path.join(folder, "inner"))
        assert os.listdir(tmp_path) == [os.path.basename(folder)]
    assert os.listdir(tmp_path) == []


def test_it_goes_away_with_an_exception(tmp_path):
    try:
        with workspace(str(tmp_path)):
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert os.listdir(tmp_path) == []


def test_of_a_killed_owner_nothing_stays(tmp_path):
    tools = os.path.join(paths.ROOT, "tools")
    with subprocess.Popen([sys.executable, "-c", HOLDER, tools, str(tmp_path)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        theirs = owner.stdout.readline().strip()
        with workspace(str(tmp_path)):
            assert os.path.isdir(theirs)  # in use
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    with workspace(str(tmp_path)) as ours:
        assert os.listdir(tmp_path) == [os.path.basename(ours)]


def test_boot_files(tmp_path):
    (tmp_path / "initrd.cpio").write_bytes(b"archive")
    write_boot_files(str(tmp_path), "a=b \u00e4", kernel=__file__, loader=__file__)
    assert (tmp_path / "esp/quire/cmdline.txt").read_bytes() == "a=b \u00e4\n".encode()
    assert (tmp_path / "esp/quire/initrd.cpio").read_bytes() == b"archive"
    assert os.path.samefile(tmp_path / "esp/EFI/BOOT/BOOTX64.EFI", __file__)
