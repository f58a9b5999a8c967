"""What does not print is spelled out, and nothing else is touched."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.cluster import Fact
from edgediag.model.culprit import ToolObject
from edgediag.model.flow import Protocol
from edgediag.model.report import Report
from edgediag.report.escape import escape_strings, escaped
from edgediag.report.values import to_json


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("udp dport 4500 drop", "udp dport 4500 drop", id="plain text stays"),
        pytest.param("边缘节点 é", "边缘节点 é", id="letters of any script stay"),
        pytest.param("\x1b[31m", r"\x1b[31m", id="C0: an escape sequence"),
        pytest.param("a\r\nb\tc\x00", r"a\x0d\x0ab\x09c\x00", id="C0: line ends, tab, nul"),
        pytest.param("\x7f\x9b31m", r"\x7f\x9b31m", id="delete, and C1: a sequence of one octet"),
        pytest.param("\u202egnp.exe", r"\u202egnp.exe", id="a bidirectional override"),
        pytest.param("a\u200bb\ufeff", r"a\u200bb\ufeff", id="zero width"),
        pytest.param("a\u2028b", r"a\u2028b", id="a line separator"),
        pytest.param("\udcff", r"\udcff", id="an octet that was no UTF-8"),
        pytest.param("\U000e0041", r"\U000e0041", id="a tag character"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_escaped(text: str, expected: str) -> None:
    assert escaped(text) == expected


@given(st.text())
def test_what_is_escaped_prints_and_stays_as_it_is(text: str) -> None:
    assert escaped(text).isprintable()
    assert escaped(escaped(text)) == escaped(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            Fact(name="a\n", value="b", source="c\x1b"),
            Fact(name=r"a\x0a", value="b", source=r"c\x1b"),
            id="the fields of a dataclass",
        ),
        pytest.param(ToolObject(names=("\n",)), ToolObject(names=(r"\x0a",)), id="inside a tuple"),
        pytest.param(Protocol.TCP, Protocol.TCP, id="our own words stay"),
        pytest.param(None, None, id="no value stays"),
    ],
)
def test_escape_strings(value: object, expected: object) -> None:
    assert escape_strings(value) == expected


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_no_string_of_a_report_is_forgotten(
    values_of: Callable[[object], "st.SearchStrategy[Any]"], data: st.DataObject
) -> None:
    report = escape_strings(data.draw(values_of(Report)))
    assert all(text.isprintable() for text in _strings(to_json(report)))


def _strings(data: Any) -> list[str]:
    if isinstance(data, str):
        return [data]
    items = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return [text for item in items for text in _strings(item)]
