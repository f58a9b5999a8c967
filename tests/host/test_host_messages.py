"""Netlink messages and acknowledgements."""

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import string
from edgediag.host.messages import (
    NLM_F_ACK_TLVS,
    NLM_F_CAPPED,
    NLMSG_DONE,
    NLMSG_ERROR,
    Acknowledgement,
    Message,
    acknowledgement,
    errno_name,
    join_message,
    split_messages,
)

REQUEST_HEADER = struct.pack("=IHHII", 20, 26, 1, 7, 0)


def message(type_: int, payload: bytes, flags: int = 0) -> Message:
    return Message(type_=type_, flags=flags, sequence=7, payload=payload)


def error(number: int) -> bytes:
    return struct.pack("=i", -number)


def test_the_end_of_a_dump_may_ride_behind_its_last_message() -> None:
    data, done = message(24, b"route"), message(NLMSG_DONE, error(0))
    assert split_messages(join_message(data) + join_message(done)) == (data, done)


@pytest.mark.parametrize(
    ("datagram", "count"),
    [
        pytest.param(b"", 0, id="nothing"),
        pytest.param(join_message(message(24, b""))[:-1], 0, id="half a header"),
        pytest.param(struct.pack("=IHHII", 99, 24, 0, 7, 0), 0, id="a length beyond the end"),
        pytest.param(struct.pack("=IHHII", 3, 24, 0, 7, 0), 0, id="a length below the header"),
        pytest.param(join_message(message(24, b"")) + b"\1", 1, id="octets left over"),
    ],
)
def test_a_datagram_that_is_broken_gives_less(datagram: bytes, count: int) -> None:
    assert len(split_messages(datagram)) == count


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        pytest.param(
            message(NLMSG_ERROR, error(0) + REQUEST_HEADER),
            Acknowledgement(errno_=0, text=""),
            id="yes",
        ),
        pytest.param(
            message(NLMSG_ERROR, error(errno.EPERM) + REQUEST_HEADER),
            Acknowledgement(errno_=errno.EPERM, text=""),
            id="no",
        ),
        pytest.param(
            message(
                NLMSG_ERROR,
                error(errno.EINVAL) + REQUEST_HEADER + string(1, "no such table"),
                NLM_F_ACK_TLVS | NLM_F_CAPPED,
            ),
            Acknowledgement(errno_=errno.EINVAL, text="no such table"),
            id="no, and why",
        ),
        pytest.param(
            message(
                NLMSG_ERROR,
                error(errno.EINVAL) + REQUEST_HEADER + bytes(4) + string(1, "why"),
                NLM_F_ACK_TLVS,
            ),
            Acknowledgement(errno_=errno.EINVAL, text="why"),
            id="behind the whole request, as older kernels quote it",
        ),
        pytest.param(
            message(NLMSG_DONE, error(errno.ENOENT) + string(1, "gone"), NLM_F_ACK_TLVS),
            Acknowledgement(errno_=errno.ENOENT, text="gone"),
            id="the end of a dump says it too",
        ),
        pytest.param(message(NLMSG_DONE, b"\0"), None, id="too short to say anything"),
        pytest.param(message(24, error(0)), None, id="not an acknowledgement"),
    ],
)
def test_an_acknowledgement(given_: Message, expected: Acknowledgement | None) -> None:
    assert acknowledgement(given_) == expected


def test_an_errno_has_its_symbol() -> None:
    assert (errno_name(errno.EPERM), errno_name(9999)) == ("EPERM", "errno 9999")


@given(st.integers(0, 0xFFFF), st.binary(max_size=60))
def test_what_is_joined_is_split_again(type_: int, payload: bytes) -> None:
    sent = message(type_, payload)
    assert split_messages(join_message(sent)) == (sent,)


@given(st.binary(), st.integers(0, 0xFFFF))
def test_any_octets_are_messages_or_none_never_an_exception(octets: bytes, flags: int) -> None:
    assert isinstance(split_messages(octets), tuple)
    assert acknowledgement(message(NLMSG_ERROR, octets, flags)) is None or len(octets) >= 4
