"""test_job.py: what the kernel is told about a job."""

import pytest
from quirelib.job import Job, encode_jobs, passed_environment


def test_records():
    job = Job("/bin/p", ["p", "", "two words", "new\nline", "\u00e4"], ["A=1", "B="], "/tmp",
              (0, 2), (80, 24))
    assert job.encode() == ("P/bin/p\0Ap\0A\0Atwo words\0Anew\nline\0A\u00e4\0EA=1\0EB=\0C/tmp\0"
                            "T0\0T2\0W80,24\0").encode()


def test_bytes_that_are_no_text_pass():
    assert Job("/p", [b"\xff\xfe".decode("utf-8", "surrogateescape")]).encode() \
        == b"P/p\0A\xff\xfe\0C/\0"


def test_several():
    assert encode_jobs([Job("/a", ["a"]), Job("/b", ["b"])]) == b"P/a\0Aa\0C/\0J\0P/b\0Ab\0C/\0"


def test_a_nul_cannot_hide():
    with pytest.raises(ValueError, match="NUL"):
        Job("/p", ["a\0b"]).encode()


def test_environment():
    host = {"PATH": "/bin", "SECRET": "x", "TERM": "vt100", "HOME": "/h"}
    assert passed_environment(host, []) == ["PATH=/bin", "HOME=/h", "TERM=vt100"]
    assert passed_environment(host, ["SECRET", "N=a=b", "PATH=/x", "ABSENT", "EMPTY="]) \
        == ["PATH=/x", "HOME=/h", "TERM=vt100", "SECRET=x", "N=a=b", "EMPTY="]
