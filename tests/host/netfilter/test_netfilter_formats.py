"""Values in the words of nft(8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.netfilter.formats import (
    FORMATS,
    format_range,
    format_value,
    mask_length,
    prefix_length,
)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        pytest.param("number", b"\x11\x94", "4500", id="a port"),
        pytest.param("mark", b"\0\0\0\x40", "0x00000040", id="a mark"),
        pytest.param("raw", b"\0\x40", "0x40", id="octets"),
        pytest.param("class", b"\0\1\0\2", "1:2", id="a traffic class"),
        pytest.param("address", b"\xc0\0\2\1", "192.0.2.1", id="an IPv4 address"),
        pytest.param("address", b"\x20\1\x0d\xb8" + bytes(11) + b"\1", "2001:db8::1", id="IPv6"),
        pytest.param("address", b"\1\2", "0x102", id="no address"),
        pytest.param("mac", b"\2\0\0\0\0\1", "02:00:00:00:00:01", id="a MAC"),
        pytest.param("name", b"eth0\0\0\0\0", '"eth0"', id="a whole name"),
        pytest.param("name", b"eth", '"eth*"', id="the beginning of one"),
        pytest.param("protocol", b"\x11", "udp", id="a protocol"),
        pytest.param("protocol", b"\xfd", "253", id="a protocol without a name"),
        pytest.param("ct-state", b"\0\0\0\6", "established,related", id="states"),
        pytest.param("ct-state", b"\0\0\1\2", "established,0x100", id="a state without a name"),
        pytest.param("tcp-flags", b"\0", "0x0", id="no flag at all"),
        pytest.param("a kind that is not there", b"\1", "0x1", id="raw where nothing else fits"),
    ],
)
def test_a_value(kind: str, value: bytes, words: str) -> None:
    assert format_value(kind, value) == words


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        pytest.param(b"\xc0\0\2\1", b"\xc0\0\2\1", "192.0.2.1", id="one"),
        pytest.param(b"\xc0\0\2\0", b"\xc0\0\2\xff", "192.0.2.0/24", id="a network"),
        pytest.param(b"\xc0\0\2\1", b"\xc0\0\2\5", "192.0.2.1-192.0.2.5", id="neither"),
    ],
)
def test_a_range_of_addresses(first: bytes, last: bytes, words: str) -> None:
    assert format_range("address", first, last) == words


@pytest.mark.parametrize(
    ("mask", "length"),
    [
        pytest.param(b"\xff\xff\xf0\0", 20, id="ones in front"),
        pytest.param(b"\xff\xff\xff\xff", 32, id="all ones"),
        pytest.param(b"\0\0\0\0", 0, id="none"),
        pytest.param(b"\xff\0\xff\0", None, id="a hole"),
    ],
)
def test_a_mask_of_a_network(mask: bytes, length: int | None) -> None:
    assert mask_length(mask) == length


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_every_network_is_found_by_its_bounds(address: int, length: int) -> None:
    host = (1 << (32 - length)) - 1
    first, last = (address & ~host).to_bytes(4, "big"), (address | host).to_bytes(4, "big")
    assert prefix_length(first, last) == length


@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=20))
def test_any_value_has_words_never_an_exception(kind: str, value: bytes) -> None:
    assert isinstance(format_value(kind, value), str)
