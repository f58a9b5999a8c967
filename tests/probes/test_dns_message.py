"""Names and records of DNS messages, also those written to trap a reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.probes.dns_message import (
    Name,
    Record,
    decode_name,
    decode_record,
    encode_name,
)


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        pytest.param("kube.example.com", b"\x04kube\x07example\x03com\x00", id="a host name"),
        pytest.param("example.com.", b"\x07example\x03com\x00", id="a final dot"),
        pytest.param("a" * 63, b"\x3f" + b"a" * 63 + b"\x00", id="the longest label"),
    ],
)
def test_encodes_a_name(name: str, octets: bytes) -> None:
    assert encode_name(name) == octets


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="no name"),
        pytest.param("a..b", id="an empty label"),
        pytest.param("a" * 64, id="a label of 64 octets"),
        pytest.param(".".join(["a" * 60] * 5), id="a name of more than 255 octets"),
        pytest.param("bücher.example", id="a name that is not in A-labels"),
    ],
)
def test_refuses_a_name_that_dns_cannot_carry(name: str) -> None:
    with pytest.raises(ValueError):
        encode_name(name)


@pytest.mark.parametrize(
    ("message", "at", "expected"),
    [
        pytest.param(b"\x03WWW\x00", 0, ((b"www",), 5), id="a name, in lower case"),
        pytest.param(b"\x00", 0, ((), 1), id="the root"),
        pytest.param(b"\x03com\x00\x01a\xc0\x00", 5, ((b"a", b"com"), 9), id="a pointer"),
        pytest.param(
            b"\x03com\x00\x01a\xc0\x00\xc0\x05",
            9,
            ((b"a", b"com"), 11),
            id="a pointer to a pointer",
        ),
        pytest.param(b"\xc0\x00", 0, None, id="a pointer to itself"),
        pytest.param(b"\x01a\xc0\x00", 0, None, id="a pointer to the start of its own name"),
        pytest.param(b"\xc0\x02\xc0\x00", 0, None, id="two pointers to each other"),
        pytest.param(b"\xc0\x03\x00\x00", 0, None, id="a pointer forward"),
        pytest.param(b"\x00\xc0", 1, None, id="half a pointer"),
        pytest.param(b"\x03co", 0, None, id="a label cut off"),
        pytest.param(b"\x03com", 0, None, id="no root at the end"),
        pytest.param(b"\x40" + b"a" * 64 + b"\x00", 0, None, id="a label of a reserved type"),
        pytest.param(b"\x01a" * 256 + b"\x00", 0, None, id="a name without measure"),
        pytest.param(b"", 0, None, id="nothing"),
    ],
)
def test_decodes_a_name(message: bytes, at: int, expected: tuple[Name, int] | None) -> None:
    assert decode_name(message, at) == expected


RECORD = b"\x01a\x00" + bytes.fromhex("0001 0001 0000003c 0004 c0000201")


def test_decodes_a_record() -> None:
    record = Record(owner=(b"a",), type_=1, class_=1, data_at=13, data_octets=4)
    assert decode_record(RECORD, 0) == (record, 17)


@pytest.mark.parametrize("length", range(len(RECORD)))
def test_a_record_cut_off_is_none(length: int) -> None:
    assert decode_record(RECORD[:length], 0) is None


@given(message=st.binary(max_size=80), at=st.integers(0, 80))
def test_any_octets_are_a_record_or_none_never_an_exception(message: bytes, at: int) -> None:
    found = decode_record(message, at)
    assert found is None or at < found[1] <= len(message)


def test_a_long_chain_of_pointers_costs_little() -> None:
    # Each points at the one before; a reader without a bound follows 8,000 of them for each name.
    chain = b"\x00\x00" + b"".join((0xC000 | 2 * i).to_bytes(2, "big") for i in range(8000))
    assert decode_name(chain, len(chain) - 2) is None
