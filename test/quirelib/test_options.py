"""test_options.py: the command line: which words are whose, and one sentence for each mistake."""

import pytest
from quirelib import cli
from quirelib.errors import UsageError


def values_of(*words):
    _, values, rest = cli.parse(["run", *words])
    return values, rest


def test_defaults():
    values, rest = values_of("./p")
    assert rest == ["./p"]
    assert (values["memory"], values["cpus"], values["boot"], values["timeout"]) \
        == ("256M", 1, "uefi", 60.0)
    assert (values["add"], values["env"], values["append"], values["verbose"]) == ([], [], [], None)


def test_what_follows_the_program_is_its_own():
    _, rest = values_of("-m", "64", "./p", "-m", "1", "--", "--help", "-v", "")
    assert rest == ["./p", "-m", "1", "--", "--help", "-v", ""]


def test_two_dashes_end_the_options():
    assert values_of("-v", "--", "-odd-name", "x")[1] == ["-odd-name", "x"]


@pytest.mark.parametrize("words", [("-m", "3G"), ("-m3G",), ("--memory", "3G"), ("--memory=3G",)])
def test_ways_to_write_a_value(words):
    assert values_of(*words, "p")[0]["memory"] == "3G"


def test_options_that_add_up():
    values, _ = values_of("--add", "a", "--add=b:/c", "--env", "X=1=2", "--env", "HOME", "p")
    assert values["add"] == [("a", None), ("b", "/c")]
    assert values["env"] == ["X=1=2", "HOME"]


def test_the_time_limit_can_go():
    assert values_of("--timeout", "0", "p")[0]["timeout"] is None
    assert values_of("--timeout", "1.5", "p")[0]["timeout"] == 1.5


@pytest.mark.parametrize("words, sentence", [
    (["--frob", "p"], "unknown option --frob"),
    (["-x", "p"], "unknown option -x"),
    (["-m"], "-m needs a value: SIZE"),
    (["-m", "lots", "p"], "-m lots: memory is a number"),
    (["-m", "0", "p"], "memory is a number"),
    (["-m", "64K", "p"], "memory is a number"),
    (["-s", "0", "p"], "from 1 to 255"),
    (["-s", "\u0663", "p"], "from 1 to 255"),
    (["--boot=bios", "p"], "choose uefi or pvh"),
    (["--timeout", "-1", "p"], "a number of seconds"),
    (["--timeout", "inf", "p"], "a number of seconds"),
    (["--verbose=yes", "p"], "--verbose takes no value"),
    (["--add", ":/x", "p"], "HOST or HOST:GUEST"),
    (["--add", "a:b", "p"], "an absolute path"),
    (["--env", "=x", "p"], "NAME=value"),
    (["--append", "a\nb", "p"], "on one line"),
    (["--append", "a" * 2000, "p"], "at most"),
    (["--icount", "11", "p"], "a shift from 0 to 10"),
])
def test_mistakes(words, sentence):
    with pytest.raises(UsageError, match=sentence) as caught:
        values_of(*words)
    assert caught.value.status == 2


def test_commands():
    assert cli.parse([])[0] == "boot"
    assert cli.parse(["--yes", "test", "x"])[1]["yes"] is True
    assert cli.parse(["test", "-y", "x"])[1]["yes"] is True
    assert cli.parse(["--help"])[0] == "help"
    assert cli.parse(["run", "--help"])[1]["help"] is True
    with pytest.raises(UsageError, match="no command 'rum'; there are boot, run"):
        cli.parse(["rum", "./p"])


def test_help_names_every_option():
    for name, (_, options) in cli.COMMANDS.items():
        text = cli.help_text(name)
        assert all(word in text for option in options for word in option.names)
        assert max(map(len, text.splitlines())) <= 100


def test_options_of_image_stand_anywhere():
    _, values, rest = cli.parse(["image", "--force", "q.img", "--sign", "k", "c", "--append=a",
                                 "./p", "--", "-x", "--force"])
    assert rest == ["q.img", "./p", "-x", "--force"]
    assert (values["force"], values["sign"], values["append"]) == (True, ["k", "c"], ["a"])


@pytest.mark.parametrize("words", [("--sign",), ("--sign", "k"), ("--sign=k",)])
def test_an_option_with_two_values(words):
    with pytest.raises(UsageError, match="--sign needs 2 values: KEY CERT"):
        cli.parse(["image", "q.img", *words])
