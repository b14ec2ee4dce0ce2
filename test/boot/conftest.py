"""conftest.py: these tests import their helpers from their own folder."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
