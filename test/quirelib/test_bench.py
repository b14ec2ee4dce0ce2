"""Reading, judging and recording the figures of `quire bench`."""

import pytest
from quirelib import bench
from quirelib.errors import QuireError

OUTPUT = "row a 100\r\nrow b 7\nticks 2000 ns 1000\n"


def test_the_programs_words_are_understood():
    assert bench.parse(OUTPUT) == ({"a": 100, "b": 7}, 0.5)


@pytest.mark.parametrize("output", ["", "row a 100\n", "row a 1\nfailed fork: no memory\n"])
def test_a_program_that_did_not_end_is_an_error(output):
    with pytest.raises(QuireError) as error:
        bench.parse(output)
    assert "did not end" in error.value.sentence


@pytest.mark.parametrize("cost, finds", [(100, []), (105, []), (106, ["5 %"]), (90, [])])
def test_growth_over_the_record_is_found(cost, finds):
    said = bench.findings({"a": cost}, {"a": (100, None)})
    assert len(said) == len(finds)
    assert all(word in sentence for word, sentence in zip(finds, said))


def test_more_than_half_of_linux_is_found_but_not_for_bytes():
    assert bench.findings({"a": 60}, {"a": (60, 119)})
    assert not bench.findings({"a": 60}, {"a": (60, 120)})
    assert not bench.findings({"process-bytes": 60}, {"process-bytes": (60, 50)})


def test_a_row_that_is_missing_is_found():
    assert bench.findings({}, {"a": (1, 2)}) == ["a: not measured"]


def test_the_record_is_read_as_it_was_written(tmp_path):
    path = str(tmp_path / "recorded.txt")
    bench.write_record({"a": 1, "b": 2}, {"a": 10}, path)
    assert bench.read_record(path) == {"a": (1, 10), "b": (2, None)}
    bench.write_record({"a": 3, "b": 4}, None, path)  # Linux's figures stay
    assert bench.read_record(path) == {"a": (3, 10), "b": (4, None)}


def test_the_table_shows_the_ratio_where_there_are_two():
    lines = bench.table(["a", "b"], {"Quire": {"a": 50, "b": 1}, "Linux": {"a": 100}})
    assert lines[1].split() == ["a", "50", "100", "0.50"]
    assert lines[2].split() == ["b", "1", "-"]
