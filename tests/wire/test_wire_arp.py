"""ARP: the exact octets of a question, and what is read of an answer."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.wire.arp import decode_reply, encode_request

ADDRESS = IPv4Address("192.0.2.1")
OWN = bytes.fromhex("020000000010")
ANSWER = bytes.fromhex("02aabbccddee")
REPLY = bytes.fromhex(
    "02aabbccddee 020000000001 0806 0001 0800 06 04 0002"
    "020000000001 c0000201 02aabbccddee 00000000"
)


def test_a_request_is_an_arp_probe_whose_answers_go_elsewhere() -> None:
    assert encode_request(OWN, ANSWER, ADDRESS) == bytes.fromhex(
        "ffffffffffff 020000000010 0806 0001 0800 06 04 0001"
        "02aabbccddee 00000000 000000000000 c0000201"
    )


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param(REPLY, (ADDRESS, "02:00:00:00:00:01"), id="an answer says who has it"),
        pytest.param(REPLY + bytes(18), (ADDRESS, "02:00:00:00:00:01"), id="padded to 60 octets"),
        pytest.param(REPLY[:-1], None, id="cut short"),
        pytest.param(REPLY.replace(b"\x08\x06", b"\x08\x00"), None, id="not ARP"),
        pytest.param(encode_request(OWN, ANSWER, ADDRESS), None, id="a question"),
    ],
)
def test_what_an_answer_says(frame: bytes, expected: tuple[IPv4Address, str] | None) -> None:
    assert decode_reply(frame) == expected


@given(at=st.integers(0, 42), patch=st.binary(max_size=6), end=st.integers(0, 60))
def test_any_octets_are_an_answer_or_none_never_an_exception(
    at: int, patch: bytes, end: int
) -> None:
    damaged = (REPLY[:at] + patch + REPLY[at + len(patch) :])[:end]
    assert isinstance(decode_reply(damaged), tuple | None)
