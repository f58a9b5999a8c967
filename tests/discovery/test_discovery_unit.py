"""systemd units: continuation, resets, variables, quotes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.unit import MAX_EXPANSION, Unit, environment_of, split_words


def words(*texts: str, extra: dict[str, str] | None = None) -> tuple[str, ...]:
    unit = Unit()
    for text in texts:
        unit.read(text)
    return unit.words(extra or {})


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(["ExecStart=/bin/a -b"], ("/bin/a", "-b"), id="a command"),
        pytest.param(["ExecStart=/bin/a \\\n  -b"], ("/bin/a", "-b"), id="a continued line"),
        pytest.param(["ExecStart=/bin/a", "ExecStart=\nExecStart=/bin/c"], ("/bin/c",), id="reset"),
        pytest.param(["ExecStart=/bin/a", "ExecStart="], (), id="taken back"),
        pytest.param(["#ExecStart=/bin/a\n;ExecStart=/bin/b"], (), id="comments"),
        pytest.param(["ExecStart=-@!/bin/a"], ("/bin/a",), id="prefixes of the path"),
        pytest.param(
            ['Environment="A=-x -y"\nExecStart=/bin/a $A ${A} pre${A}'],
            ("/bin/a", "-x", "-y", "-x -y", "pre-x -y"),
            id="a word of its own is split, braces are not",
        ),
        pytest.param(["ExecStart=/bin/a $NO ${NO}"], ("/bin/a", ""), id="an unset variable"),
        pytest.param(
            ["Environment=A=1\nEnvironment=\nExecStart=/bin/a $A"], ("/bin/a",), id="unset again"
        ),
        pytest.param(["ExecStart=/bin/a 'b c' \"d e\""], ("/bin/a", "b c", "d e"), id="quotes"),
        pytest.param(["ExecStart=/bin/a \"open"], ("/bin/a", "open"), id="an open quote"),
    ],
)
def test_the_command_line_of_a_unit(texts: list[str], expected: tuple[str, ...]) -> None:
    assert words(*texts) == expected


def test_an_environment_file_wins() -> None:
    text = "Environment=A=1\nEnvironmentFile=-/etc/default/a\nExecStart=/bin/a $A"
    assert words(text, extra={"A": "2"}) == ("/bin/a", "2")


def test_an_environment_file_without_quotes() -> None:
    assert environment_of('A="x y"\n# no\nB=z\n') == {"A": "x y", "B": "z"}


@pytest.mark.parametrize("separator", [" ", ""], ids=["many words", "one word"])
def test_expansion_is_bounded(separator: str) -> None:
    many = separator.join(["${A}"] * 100_000)
    text = f"Environment=A={'x' * 10_000}\nExecStart=/bin/a {many}"
    assert sum(map(len, words(text))) <= MAX_EXPANSION


@pytest.mark.parametrize("end", ["", "\\"], ids=["open", "open and escaped"])
def test_a_text_of_quotes_is_scanned_once(end: str) -> None:
    assert split_words('"' + '\\"' * 1_000_000 + end)[0].startswith('\\"')


@given(st.text(alphabet="ab =\"'\\$\n{}A#;ExecStart", max_size=200))
def test_any_text_is_words_or_nothing_never_an_exception(text: str) -> None:
    assert isinstance(words(f"ExecStart={text}", text), tuple)
    assert isinstance(split_words(text), tuple)
