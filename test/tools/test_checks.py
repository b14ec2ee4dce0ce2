"""test_checks.py: the repository itself passes each check."""

import os
import subprocess

import pytest
from source_tree import ROOT

CHECKS = ["check_style.py", "check_includes.py", "check_format.py", "check_tidy.py"]


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("check", CHECKS)
def test_repository(check):
    result = subprocess.run([os.path.join(ROOT, "tools", check)], cwd=ROOT, capture_output=True,
                            text=True, check=False, timeout=1500)
    assert result.returncode == 0, "\n" + result.stdout + result.stderr
