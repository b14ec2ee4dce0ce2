"""faultpage.py: the page of `quire run --faults`: faults.html with the data of a run in it.

What a program is called, its arguments and its paths come from the guest. They reach the page as
JSON in a script element that is never run, with each '<', '>' and '&' written as an escape, so
that nothing in them can end the element; and the page's code sets them as text, never as markup.
"""

import json
import os

from .faultstory import signal_name, tell

TEMPLATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "faults.html")
PLACE = "__DATA__"


def encode(data):
    """JSON that may stand in an element of HTML."""
    # Names of files may be no UTF-8: surrogates become escapes by ensure_ascii.
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def describe_ending(ending):
    if ending is None:
        return "had not ended"
    if ending.signal is not None:
        return f"was killed by {signal_name(ending.signal)}"
    return f"exited with status {ending.value}"


def write_page(file, recording, argv, ending, trouble):
    """ending: channel.Ending or None, with the reason in trouble."""
    with open(TEMPLATE, encoding="utf-8") as template:
        before, after = template.read().split(PLACE)
    file.write(before)
    file.write(encode(tell(recording, argv, describe_ending(ending), trouble)))
    file.write(after)
