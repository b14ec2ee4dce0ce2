"""The recorded costs hold. Instruction counts repeat exactly, so a path that grew longer shows."""


def test_no_row_has_grown(quire):
    done = quire("bench", "--check", timeout=300)
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()


def test_fork_costs_the_same_whatever_the_size(quire):
    rows = ["fork-1M", "fork-64M", "fork-1G"]
    done = quire("bench", *rows, timeout=300)
    costs = {line.split()[0]: int(line.split()[1].replace(",", ""))
             for line in done.stdout.decode().splitlines() if line.startswith("fork-")}
    assert sorted(costs) == sorted(rows), done.stderr.decode()
    # A batch of frames may be fetched in one of them and not in another.
    assert max(costs.values()) < min(costs.values()) * 1.05, costs


def test_words_that_make_no_sense(quire):
    for words, sentence in ((("null",), b"no row 'null'"),
                            (("--linux", "/nowhere"), b"no such file"),
                            (("--check", "fork-1M"), b"want all rows")):
        done = quire("bench", *words, timeout=120)
        assert done.returncode == 2 and sentence in done.stderr, done.stderr
        assert done.stdout == b""
