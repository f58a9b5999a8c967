"""Netlink attributes, read and written."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import (
    attribute,
    attribute_list,
    attributes,
    big,
    big32,
    native,
    native32,
    nest,
    nested,
    string,
    text,
)

pytestmark = pytest.mark.skipif(
    sys.byteorder != "little", reason="the octets are written as a little-endian machine has them"
)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(b"", (), id="none"),
        pytest.param(b"\5\0\1\0a\0\0\0", ((1, b"a"),), id="one, padded to four"),
        pytest.param(b"\5\0\1\0a", ((1, b"a"),), id="the last may lack its padding"),
        pytest.param(b"\4\0\1\0\6\0\2\0ab\0\0", ((1, b""), (2, b"ab")), id="two in order"),
        pytest.param(b"\4\0\1\x80", ((1, b""),), id="the nested flag is no part of the type"),
        pytest.param(b"\4\0\1\0\3\0\2\0", ((1, b""),), id="a length below the header ends it"),
        pytest.param(b"\4\0\1\0\xff\0\2\0", ((1, b""),), id="a length beyond the end ends it"),
        pytest.param(b"\4\0\1", (), id="half a header"),
    ],
)
def test_reading(octets: bytes, expected: tuple[tuple[int, bytes], ...]) -> None:
    assert attribute_list(octets) == expected


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(attribute(1, b"a"), b"\5\0\1\0a\0\0\0", id="octets"),
        pytest.param(string(1, "lo"), b"\7\0\1\0lo\0\0", id="a text ends in NUL"),
        pytest.param(big32(1, 2), b"\x08\0\1\0\0\0\0\2", id="network byte order"),
        pytest.param(big32(1, -350), b"\x08\0\1\0\xff\xff\xfe\xa2", id="a negative number wraps"),
        pytest.param(native32(1, 2), b"\x08\0\1\0\2\0\0\0", id="this machine's order"),
        pytest.param(nest(1, attribute(2, b"")), b"\x08\0\1\x80\4\0\2\0", id="nested"),
    ],
)
def test_writing(octets: bytes, expected: bytes) -> None:
    assert octets == expected


def test_what_is_absent_is_nothing() -> None:
    assert (big(None), native(None), text(None), nested({}, 1)) == (0, 0, "", {})


def test_of_two_of_a_type_the_last_counts() -> None:
    assert attributes(attribute(1, b"a") + attribute(1, b"b")) == {1: b"b"}


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        pytest.param(b"eth0\0", "eth0", id="up to its NUL"),
        pytest.param(b"eth0", "eth0", id="or its end"),
        pytest.param(b"a\xffb\0", "a\\xffb", id="what is no UTF-8 stays visible"),
    ],
)
def test_texts(octets: bytes, words: str) -> None:
    assert text(octets) == words


@given(st.lists(st.tuples(st.integers(1, 0x3FFF), st.binary(max_size=40)), max_size=8))
def test_what_is_written_is_read_again(pairs: list[tuple[int, bytes]]) -> None:
    octets = b"".join(attribute(type_, value) for type_, value in pairs)
    assert attribute_list(octets) == tuple(pairs)


@given(st.binary())
def test_any_octets_are_attributes_or_none_never_an_exception(octets: bytes) -> None:
    assert isinstance(attributes(octets), dict)
    assert isinstance(text(octets), str)
