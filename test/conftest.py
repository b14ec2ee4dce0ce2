import os
import sys

TEST = os.path.dirname(os.path.abspath(__file__))

# The tests import the harness, and with it the parts of the command.
for folder in (TEST, os.path.join(os.path.dirname(TEST), "tools")):
    if folder not in sys.path:
        sys.path.insert(0, folder)

from quirelib import qemu  # noqa: E402 (it is found only now)

# ./quire test --cpus
qemu.DEFAULT_CPUS = int(os.environ.get("QUIRE_TEST_CPUS", "1"))
