"""test_settings.py: the files that variables of the environment name."""

import os

import pytest
from quirelib.job import FileSet
from quirelib.settings import bring_settings

NEW_YORK = "/usr/share/zoneinfo/America/New_York"
UTF8 = "/usr/lib/locale/C.utf8/LC_CTYPE"


def brought(**environment):
    files = FileSet()
    bring_settings(files, environment)
    return {os.path.realpath(path) for path in files.copied_files()}


def test_a_variable_brings_its_file():
    assert brought(TZ="America/New_York") == {os.path.realpath(NEW_YORK)}
    assert brought(TZ=":America/New_York") == {os.path.realpath(NEW_YORK)}
    assert brought() == {os.path.realpath("/etc/localtime")}
    for name in ("LANG", "LC_ALL", "LC_TIME"):
        assert UTF8 in brought(TZ="", **{name: "C.UTF-8"})
    assert [os.path.basename(path) for path in brought(TZ="", TERM="xterm")] == ["xterm"]


@pytest.mark.parametrize("value", ["", ".", "..", "/", "../..", "C", "POSIX", "no-such", "\0"])
def test_what_names_nothing_brings_nothing(value):
    assert not brought(TZ=value, LANG=value, LC_ALL=value, TERM=value)
