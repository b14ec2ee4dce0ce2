"""test_channel.py: frames in pieces of any size, and what is no frame."""

import random

import pytest
from quirelib.channel import (EXITED, GREETING, KILLED, PAYLOAD_MAX, ChannelError, Ending,
                              FrameDecoder, decode_exit, decode_request, encode_input)

NOISE = b"\x1b[2JBdsDxe: loading Boot0001 \"UEFI Misc Device\"\r\nH\x14\0Quire host chan"


def frame(kind, payload):
    return kind + len(payload).to_bytes(2, "little") + payload


def test_any_division_gives_the_same_frames():
    source = random.Random(1)
    frames = [(source.choice([b"O", b"E", b"R", b"X", b"F"]), source.randbytes(source.choice(
        [0, 1, 2, 255, 256, PAYLOAD_MAX]))) for _ in range(200)]
    wire = NOISE + GREETING + b"".join(frame(*each) for each in frames)
    for longest in (1, 2, 3, 7, 4099, len(wire)):
        decoder, found, at = FrameDecoder(), [], 0
        while at < len(wire):
            step = source.randint(1, longest)
            found += decoder.feed(wire[at:at + step])
            at += step
        assert found == frames
        assert not decoder.incomplete


def test_what_came_before_nonsense_counts():
    found = []
    with pytest.raises(ChannelError, match="0x51"):
        for each in FrameDecoder().feed(GREETING + frame(b"O", b"good") + b"QQQ"):
            found.append(each)
    assert found == [(b"O", b"good")]


@pytest.mark.parametrize("wire", [b"I\0\0", b"o\0\0", b"\0\0\0", b"O\x01\x10", b"X\xff\xff",
                                  GREETING])
def test_what_is_no_frame(wire):
    with pytest.raises(ChannelError):
        list(FrameDecoder().feed(GREETING + wire))


def test_nothing_counts_before_the_greeting():
    decoder = FrameDecoder()
    for _ in range(1000):
        assert not list(decoder.feed(NOISE + frame(b"O", b"early")))
    assert not decoder.incomplete
    assert list(decoder.feed(GREETING + frame(b"O", b"now"))) == [(b"O", b"now")]


def test_random_bytes_never_do_worse():
    source = random.Random(2)
    for _ in range(2000):
        try:
            for kind, payload in FrameDecoder().feed(GREETING + source.randbytes(60)):
                assert kind in b"OERXF" and len(payload) <= PAYLOAD_MAX
        except ChannelError:
            pass


def test_requests():
    assert decode_request(b"\x00\x10") == PAYLOAD_MAX
    for payload in (b"", b"\1", b"\1\0\0", b"\0\0", b"\x01\x10"):
        with pytest.raises(ChannelError):
            decode_request(payload)


def test_endings():
    assert decode_exit(b"\0\xff") == Ending(EXITED, 255)
    assert decode_exit(b"\1\x0b") == Ending(KILLED, 11)
    assert (Ending(EXITED, 255).status, Ending(EXITED, 255).signal) == (255, None)
    assert (Ending(KILLED, 11).status, Ending(KILLED, 11).signal) == (139, 11)
    for payload in (b"", b"\0", b"\0\0\0", b"\2\0", b"\1\0", b"\1\x41"):
        with pytest.raises(ChannelError):
            decode_exit(payload)


def test_answers():
    assert encode_input(b"") == b"I\0\0"
    assert encode_input(b"ab") == b"I\2\0ab"
    with pytest.raises(ValueError):
        encode_input(bytes(PAYLOAD_MAX + 1))
