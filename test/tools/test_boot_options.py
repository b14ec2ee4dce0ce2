"""test_boot_options.py: docs/boot-options.md has a row for each option that the kernel knows."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def test_the_table_has_all_options_and_no_others():
    rules = dict(re.findall(r'^\t{"(\w+)", (NULL|"[^"]*")},$', read("kernel/lib/options.c"),
                            re.MULTILINE))
    rows = {name: re.findall(r"`([^`]+)`", values) for name, values in re.findall(
        r"^\| `(\w+)=?` \| ([^|]*(?:\\\|[^|]*)*) \|", read("docs/boot-options.md"), re.MULTILINE)}
    assert len(rules) > 10
    assert set(rules) == set(rows)
    for name, values in rules.items():
        if values != "NULL":
            assert sorted(filter(None, values.strip('"').split("|"))) == sorted(rows[name]), name
