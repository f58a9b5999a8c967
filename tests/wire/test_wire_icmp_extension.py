"""The MPLS labels behind a quoted packet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.mpls import MPLS

from edgediag.model.packet import MplsLabel
from edgediag.wire.icmp_extension import MAX_LABELS, labels_of

OUTER = MplsLabel(label=24001, traffic_class=5, is_bottom=False, ttl=1)
INNER = MplsLabel(label=17, traffic_class=0, is_bottom=True, ttl=254)

# Label, traffic class, bottom of stack, TTL in 20, 3, 1 and 8 bits (RFC 3032 §2.1).
STACK = bytes.fromhex("05dc1a01 000111fe")
OBJECT = bytes.fromhex("000c 01 01") + STACK
# RFC 4884 §7: version 2, and a checksum of 0 for none.
PLAIN = bytes.fromhex("2000 0000") + OBJECT
OTHER = bytes.fromhex("0008 02 05 00000000")
QUOTE = bytes(128)
EXCEEDED = bytes.fromhex("0b00 0000 00200000")
WITHOUT_LENGTH = bytes.fromhex("0b00 0000 00000000")


def word_sum(octets: bytes) -> int:
    """The checksum that makes a structure right (RFC 1071 §1)."""
    total = sum(int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


RIGHT = PLAIN[:2] + word_sum(PLAIN).to_bytes(2, "big") + PLAIN[4:]


@pytest.mark.parametrize(
    ("message", "number"),
    [
        pytest.param(EXCEEDED + QUOTE + PLAIN, 1, id="without a checksum"),
        pytest.param(EXCEEDED + QUOTE + RIGHT, 1, id="with a checksum"),
        pytest.param(EXCEEDED + QUOTE + PLAIN[:4] + OTHER + OBJECT, 1, id="behind another object"),
        pytest.param(
            bytes.fromhex("0303 0000 00220000") + bytes(136) + PLAIN, 1, id="behind a longer quote"
        ),
        pytest.param(
            WITHOUT_LENGTH + QUOTE + RIGHT, 1, id="of a router older than RFC 4884"
        ),
        pytest.param(
            bytes.fromhex("0300 0000 10000000") + QUOTE + PLAIN, 58, id="in ICMPv6, in words of 8"
        ),
    ],
)
def test_the_labels_are_read(message: bytes, number: int) -> None:
    assert labels_of(message, number) == (OUTER, INNER)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(EXCEEDED + QUOTE, id="no extension"),
        pytest.param(WITHOUT_LENGTH + QUOTE + PLAIN, id="no length and no checksum: a long quote"),
        pytest.param(EXCEEDED + QUOTE + b"\x10" + PLAIN[1:], id="another version"),
        pytest.param(EXCEEDED + QUOTE + RIGHT[:-1] + b"\0", id="a wrong checksum"),
        pytest.param(EXCEEDED + QUOTE + PLAIN[:-1], id="one octet short"),
        pytest.param(EXCEEDED + QUOTE + PLAIN[:4] + OTHER, id="another object alone"),
        pytest.param(
            EXCEEDED + QUOTE + PLAIN[:4] + bytes.fromhex("0003 01 01"), id="an object without end"
        ),
        pytest.param(
            EXCEEDED + QUOTE + PLAIN[:4] + bytes.fromhex("0006 01 01 0001"), id="half an entry"
        ),
        pytest.param(
            EXCEEDED
            + QUOTE
            + PLAIN[:4]
            + (4 + 4 * (MAX_LABELS + 1)).to_bytes(2, "big")
            + b"\x01\x01"
            + bytes(4 * (MAX_LABELS + 1)),
            id="more labels than any packet has",
        ),
        pytest.param(
            bytes.fromhex("0501 0000 cb207106") + QUOTE + PLAIN, id="a redirect has no length"
        ),
    ],
)
def test_where_there_are_none_or_they_are_damaged_none_are_told(message: bytes) -> None:
    assert labels_of(message, 1) == ()


def entry(label: MplsLabel) -> bytes:
    """An entry of the stack, as scapy writes it."""
    fields = {"label": label.label, "cos": label.traffic_class, "ttl": label.ttl}
    return bytes(MPLS(s=int(label.is_bottom), **fields))


LABELS = st.builds(
    MplsLabel,
    label=st.integers(0, 2**20 - 1),
    traffic_class=st.integers(0, 7),
    is_bottom=st.booleans(),
    ttl=st.integers(0, 255),
)


@given(st.lists(LABELS, min_size=1, max_size=MAX_LABELS))
def test_what_others_write_is_read(stack: list[MplsLabel]) -> None:
    body = b"".join(map(entry, stack))
    octets = (4 + len(body)).to_bytes(2, "big") + b"\x01\x01" + body
    plain = PLAIN[:4] + octets
    checked = plain[:2] + word_sum(plain).to_bytes(2, "big") + plain[4:]
    assert labels_of(EXCEEDED + QUOTE + checked, 1) == tuple(stack)


@given(
    st.binary(max_size=300), st.sampled_from([EXCEEDED, EXCEEDED + QUOTE + PLAIN[:4], b""])
)
def test_any_octets_are_labels_or_none_never_an_exception(octets: bytes, head: bytes) -> None:
    for number in (1, 58):
        assert len(labels_of(head + octets, number)) <= MAX_LABELS
