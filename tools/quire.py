#!/usr/bin/python3
"""quire.py: what ./quire runs, once there is a Python to run it."""

import sys

from quirelib.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
