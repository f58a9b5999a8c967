"""The resolver's answers, octet by octet."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.lab.services import dns
from edgediag.lab.services.catalog import Mode

ZONE = {"host.example": "192.0.2.7"}
ZONE_6 = {"host.example": "2001:db8::7"}
NAME = b"\x04host\x07example\x00"
ASKED_A = NAME + b"\x00\x01\x00\x01"
ASKED_AAAA = NAME + b"\x00\x1c\x00\x01"
PRIVATE = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x4d\x00\x0a"
ASKED_MX = NAME + b"\x00\x0f\x00\x01"
WILDCARD = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x02"
RECORD = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07"
RECORD_6 = b"\xc0\x0c\x00\x1c\x00\x01\x00\x00\x00\x3c\x00\x10" + IPv6Address("2001:db8::7").packed


def query(question: bytes, *, flags: bytes = b"\x01\x00", questions: int = 1) -> bytes:
    return b"\x12\x34" + flags + bytes((0, questions)) + bytes(6) + question


def response(flags: bytes, records: int, question: bytes, record: bytes) -> bytes:
    return b"\x12\x34" + flags + b"\x00\x01\x00" + bytes((records,)) + bytes(4) + question + record


@pytest.mark.parametrize(
    ("asked", "mode", "expected"),
    [
        pytest.param(
            query(ASKED_A),
            Mode.NORMAL,
            response(b"\x85\x80", 1, ASKED_A, RECORD),
            id="a known name has one address",
        ),
        pytest.param(
            query(ASKED_A.replace(b"host", b"HoSt")),
            Mode.NORMAL,
            response(b"\x85\x80", 1, ASKED_A.replace(b"host", b"HoSt"), RECORD),
            id="the case of a name does not matter and is repeated",
        ),
        pytest.param(
            query(ASKED_AAAA),
            Mode.NORMAL,
            response(b"\x85\x80", 1, ASKED_AAAA, RECORD_6),
            id="a known name has its address of IPv6",
        ),
        pytest.param(
            query(ASKED_MX),
            Mode.NORMAL,
            response(b"\x85\x80", 0, ASKED_MX, b""),
            id="a known name without that type is no error",
        ),
        pytest.param(
            query(b"\x04gone\x00\x00\x01\x00\x01"),
            Mode.NORMAL,
            response(b"\x85\x83", 0, b"\x04gone\x00\x00\x01\x00\x01", b""),
            id="an unknown name does not exist",
        ),
        pytest.param(
            query(ASKED_A),
            Mode.SERVFAIL,
            response(b"\x85\x82", 0, ASKED_A, b""),
            id="a broken resolver says so",
        ),
        pytest.param(
            query(ASKED_A),
            Mode.REFUSED,
            response(b"\x85\x85", 0, ASKED_A, b""),
            id="a resolver that is not ours refuses",
        ),
        pytest.param(
            query(ASKED_A),
            Mode.EMPTY,
            response(b"\x85\x80", 0, ASKED_A, b""),
            id="an empty answer is no error",
        ),
        pytest.param(
            query(ASKED_A),
            Mode.NXDOMAIN,
            response(b"\x85\x83", 0, ASKED_A, b""),
            id="a resolver may deny all names",
        ),
        pytest.param(
            query(b"\x04gone\x00\x00\x01\x00\x01"),
            Mode.WILDCARD,
            response(b"\x85\x80", 1, b"\x04gone\x00\x00\x01\x00\x01", WILDCARD),
            id="a wildcard gives every name the same address",
        ),
        pytest.param(
            query(ASKED_A),
            Mode.TRUNCATED,
            response(b"\x87\x80", 0, ASKED_A, b""),
            id="a datagram may have no room for the record",
        ),
        pytest.param(
            query(ASKED_A),
            Mode.PRIVATE,
            response(b"\x85\x80", 1, ASKED_A, PRIVATE),
            id="a private address in the stead of the zone's",
        ),
        pytest.param(
            query(b"\x04gone\x00\x00\x01\x00\x01"),
            Mode.PRIVATE,
            response(b"\x85\x83", 0, b"\x04gone\x00\x00\x01\x00\x01", b""),
            id="and for names of the zone alone",
        ),
        pytest.param(
            query(ASKED_A, flags=b"\x00\x00"),
            Mode.NORMAL,
            response(b"\x84\x80", 1, ASKED_A, RECORD),
            id="recursion desired is repeated",
        ),
        pytest.param(query(ASKED_A), Mode.SILENT, None, id="a silent resolver says nothing"),
        pytest.param(
            query(ASKED_A, flags=b"\x81\x80"), Mode.NORMAL, None, id="a response is not answered"
        ),
        pytest.param(
            query(ASKED_A, questions=2), Mode.NORMAL, None, id="two questions are not answered"
        ),
        pytest.param(query(ASKED_A)[:-1], Mode.NORMAL, None, id="one octet short"),
        pytest.param(b"", Mode.NORMAL, None, id="empty"),
    ],
)
def test_a_query_is_answered(asked: bytes, mode: Mode, expected: bytes | None) -> None:
    assert dns.answer(asked, mode, ZONE, ZONE_6) == expected


def test_there_is_room_for_everything_over_tcp() -> None:
    whole = dns.answer(query(ASKED_A), Mode.NORMAL, ZONE, ZONE_6)
    assert dns.answer_over_tcp(query(ASKED_A), Mode.TRUNCATED, ZONE, ZONE_6) == whole
    denied = dns.answer(query(ASKED_A), Mode.NXDOMAIN, ZONE, ZONE_6)
    assert dns.answer_over_tcp(query(ASKED_A), Mode.NXDOMAIN, ZONE, ZONE_6) == denied


@given(st.binary(max_size=80))
def test_any_octets_draw_an_answer_or_nothing(octets: bytes) -> None:
    answered = dns.answer(octets, Mode.NORMAL, ZONE, ZONE_6)
    assert answered is None or answered[:2] == octets[:2]
