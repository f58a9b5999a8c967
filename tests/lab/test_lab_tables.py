"""Reading tables into dataclasses."""

import re
from dataclasses import dataclass

import pytest

from edgediag.errors import UsageError
from edgediag.lab.tables import fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    name: str
    ports: tuple[str, ...]
    size: int = 1
    is_new: bool = False


def test_a_table_becomes_a_value() -> None:
    filled = fill(Thing, {"name": "a", "ports": ["x", "y"], "size": 2})
    assert filled == Thing(name="a", ports=("x", "y"), size=2)


def test_what_has_a_default_may_be_missing() -> None:
    assert fill(Thing, {"name": "a", "ports": []}) == Thing(name="a", ports=(), size=1)


def test_a_question_has_a_key_without_its_verb() -> None:
    filled = fill(Thing, {"name": "a", "ports": [], "new": True})
    assert filled == Thing(name="a", ports=(), is_new=True)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param({"name": "a"}, "missing key 'ports'", id="a key is missing"),
        pytest.param(
            {"name": "a", "ports": [], "colour": "red"},
            "unknown key 'colour'; known: name, ports, size, new",
            id="a key is unknown",
        ),
        pytest.param(
            {"name": 1, "ports": []}, "key 'name': a string is needed, not 1", id="no string"
        ),
        pytest.param(
            {"name": "a", "ports": "x"},
            "key 'ports': a list of strings is needed, not 'x'",
            id="a string is no list of strings",
        ),
        pytest.param(
            {"name": "a", "ports": [1]},
            "key 'ports': a list of strings is needed, not [1]",
            id="numbers are no strings",
        ),
        pytest.param(
            {"name": "a", "ports": [], "size": True},
            "key 'size': a whole number is needed, not True",
            id="a truth value is no number",
        ),
        pytest.param(
            {"name": "a", "ports": [], "new": 1},
            "key 'new': true or false is needed, not 1",
            id="a number is no truth value",
        ),
    ],
)
def test_an_unusable_table_is_named(table: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        fill(Thing, table)
