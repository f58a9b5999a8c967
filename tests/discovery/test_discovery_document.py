"""JSON and YAML: bounded, never constructed into anything but text, lists and maps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.document import (
    MAX_ITEMS,
    MAX_YAML,
    at,
    items_at,
    number_at,
    parse_documents,
    text_at,
    texts_at,
)
from edgediag.model.answer import NotChecked

NEITHER = NotChecked(reason="neither JSON nor YAML")
TOO_DEEP = NotChecked(reason="nested too deeply")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"a": [1, "b"]}', ({"a": [1, "b"]},), id="JSON"),
        pytest.param("a: 1\nb: yes\n", ({"a": "1", "b": "yes"},), id="YAML scalars stay text"),
        pytest.param("a: 1\n---\nb: 2\n", ({"a": "1"}, {"b": "2"}), id="several documents"),
        pytest.param("when: 2026-13-45", ({"when": "2026-13-45"},), id="a date that is none"),
        pytest.param("", (), id="nothing"),
        pytest.param("{a", NotChecked(reason="not JSON"), id="torn JSON"),
        pytest.param("a: b: c", NEITHER, id="torn YAML"),
        pytest.param("!!python/object:os.system x", ("x",), id="a tag constructs nothing"),
        pytest.param("a: \x00\x01", NEITHER, id="binary"),
        pytest.param("[" * 100_000, TOO_DEEP, id="deep JSON"),
        pytest.param("- " * 5000, TOO_DEEP, id="deep YAML"),
        pytest.param(
            '{"a": ' + "9" * 5000 + "}", NotChecked(reason="not JSON"), id="5000 digits"
        ),
        pytest.param(
            "a" * (MAX_YAML + 1),
            NotChecked(reason=f"larger than {MAX_YAML} characters of YAML"),
            id="a large text",
        ),
    ],
)
def test_a_text_is_documents_or_a_reason(text: str, expected: object) -> None:
    assert parse_documents(text) == expected


def test_aliases_that_would_fill_the_memory_do_not() -> None:
    rows = ["a0: &a0 [x, x]"]
    rows += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    documents = parse_documents("\n".join(rows))
    assert not isinstance(documents, NotChecked)
    assert texts_at(documents[0], "a59") == ()


def test_a_reason_does_not_quote_what_may_be_secret() -> None:
    parsed = parse_documents("token: s3cret: [")
    assert isinstance(parsed, NotChecked)
    assert "s3cret" not in parsed.reason


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        pytest.param("10250", "10250", 10250, id="text, as YAML has it"),
        pytest.param(10250, "10250", 10250, id="number, as JSON has it"),
        pytest.param(True, "", None, id="a truth value is neither"),
        pytest.param(-1, "-1", None, id="less than nothing is no port or count"),
        pytest.param("٣", "٣", None, id="another script's digit"),
        pytest.param(10**5000, "", None, id="more digits than Python prints"),
        pytest.param("x" * 2000, "", None, id="a long text"),
        pytest.param(None, "", None, id="null"),
        pytest.param(["a"], "", None, id="a list"),
    ],
)
def test_a_value_as_text_and_as_number(value: object, text: str, number: int | None) -> None:
    document = {"key": value}
    assert (text_at(document, "key"), number_at(document, "key")) == (text, number)


def test_lists_are_cut() -> None:
    assert len(items_at({"a": [0] * (MAX_ITEMS + 1)}, "a")) == MAX_ITEMS


def test_a_way_through_what_is_not_there_ends_in_nothing() -> None:
    document = {"a": {"b": 1}, "l": [1]}
    assert [at(document, *path) for path in (("a", "b", "c"), ("x",), ("l", "0"))] == [None] * 3


@given(st.text(max_size=400) | st.binary(max_size=400).map(lambda b: b.decode("latin-1")))
def test_any_text_is_documents_or_a_reason_never_an_exception(text: str) -> None:
    assert isinstance(parse_documents(text), tuple | NotChecked)
