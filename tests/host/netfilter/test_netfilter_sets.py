"""The elements of a set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, big32, nest
from edgediag.host.netfilter.register import SetElement
from edgediag.host.netfilter.sets import decode_elements

END, CATCH_ALL = 1, 2


def element(key: bytes, *more: bytes, flags: int = 0) -> bytes:
    return nest(1, nest(1, attribute(1, key)), *([big32(3, flags)] if flags else []), *more)


def dumped(*elements: bytes) -> bytes:
    return bytes(4) + nest(3, *elements)


def member(first: bytes, last: bytes | None = None, data: str = "") -> SetElement:
    return SetElement(first=first, last=first if last is None else last, data=data)


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        pytest.param((), (), id="an empty set"),
        pytest.param(
            (element(b"\0\x50"), element(b"\0\x16")),
            (member(b"\0\x16"), member(b"\0\x50")),
            id="single keys, ascending",
        ),
        pytest.param(
            (element(b"\0\x5b", flags=END), element(b"\0\x50"), element(b"\0\0", flags=END)),
            (member(b"\0\x50", b"\0\x5a"),),
            id="an interval is two elements, and its end is outside",
        ),
        pytest.param(
            (
                element(b"\0\x0a"),
                element(b"\0\x14", flags=END),
                element(b"\0\x14"),
                element(b"\0\x1e", flags=END),
            ),
            (member(b"\0\x0a", b"\0\x13"), member(b"\0\x14", b"\0\x1d")),
            id="where one ends the next may begin",
        ),
        pytest.param(
            (element(b"\0\x0a"), element(b"\0\x14"), element(b"\0\x1e", flags=END)),
            (member(b"\0\x0a", b"\0\x13"), member(b"\0\x14", b"\0\x1d")),
            id="in a map the next begins where one ends without a mark",
        ),
        pytest.param(
            (element(b"\0\0", flags=END), element(b"\xff\0")),
            (member(b"\xff\0", b"\xff\xff"),),
            id="an interval without an end goes to the last key",
        ),
        pytest.param(
            (element(b"\1", nest(10, attribute(1, b"\3"))),),
            (member(b"\1", b"\3"),),
            id="a concatenation carries its end with it",
        ),
        pytest.param(
            (element(b"\1", nest(2, nest(2, big32(1, 0)))),),
            (member(b"\1", data="drop"),),
            id="a map of verdicts",
        ),
        pytest.param(
            (element(b"\1", nest(2, attribute(1, b"\xc0\0\2\1"))),),
            (member(b"\1", data="0xc0000201"),),
            id="a map of values",
        ),
        pytest.param((nest(1, big32(3, CATCH_ALL)),), (member(b""),), id="a catch-all"),
    ],
)
def test_members(elements: tuple[bytes, ...], expected: tuple[SetElement, ...]) -> None:
    assert decode_elements([dumped(*elements)]) == expected


@given(st.lists(st.binary()))
def test_any_octets_are_members_or_none_never_an_exception(payloads: list[bytes]) -> None:
    assert isinstance(decode_elements(payloads), tuple)


@given(st.lists(st.tuples(st.binary(max_size=4), st.integers(0, 3))))
def test_any_elements_are_members_never_an_exception(keys: list[tuple[bytes, int]]) -> None:
    made = dumped(*(element(key, flags=flags) for key, flags in keys))
    assert len(decode_elements([made])) <= len(keys)
