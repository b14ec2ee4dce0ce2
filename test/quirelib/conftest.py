import os
import sys

import pytest
from quirelib import qemu
from quirelib.session import Session

FAKE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake_guest.py")


@pytest.fixture
def fake_session(monkeypatch, tmp_path):
    """A function that makes a Session with a guest of fake_guest.py in the place of QEMU."""

    def make(scenario, streams, jobs=1, limit=20, observe=None):
        def words(config, cmdline, com1, com2):
            descriptors = [chardev.rpartition("=")[2] for chardev in (com1, com2)]
            return [sys.executable, FAKE, scenario, *descriptors]

        monkeypatch.setattr(qemu, "command", words)
        return Session(str(tmp_path), qemu.Config(), "", streams, jobs, limit, observe)

    return make
