"""A packet in pieces: exact octets, and nothing lost between them."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import Packet, UdpDatagram
from edgediag.wire.fragments import fragments
from edgediag.wire.headers import decode, encode
from edgediag.wire.link_type import LinkType

FLOW = Flow(
    protocol=Protocol.UDP,
    source=IPv4Address("192.0.2.10"),
    source_port=40000,
    destination=IPv4Address("198.51.100.21"),
    destination_port=4500,
)


FLOW_6 = replace(
    FLOW, source=IPv6Address("2001:db8::10"), destination=IPv6Address("2001:db8:1::21")
)


def packet(octets: int, flow: Flow = FLOW) -> bytes:
    datagram = UdpDatagram(payload=bytes(range(256)) * (octets // 256 + 1))
    whole = UdpDatagram(payload=datagram.payload[:octets])
    return encode(Packet(flow=flow, hop_limit=7, ip_id=0x1234, payload=whole))


def test_pieces_have_exact_headers() -> None:
    first, last = fragments(packet(32), 48)
    # RFC 791 §3.1: 44 octets, more fragments, offset 0; then 36 octets, the last, offset 3 eights.
    assert first[:20].hex() == "4500002c123420000711" + first[10:12].hex() + "c000020ac6336415"
    assert last[:20].hex() == "45000024123400030711" + last[10:12].hex() + "c000020ac6336415"


def test_pieces_of_ipv6_have_a_header_more() -> None:
    first, last = fragments(packet(32, FLOW_6), 72)
    ends = FLOW_6.source.packed + FLOW_6.destination.packed
    # RFC 8200 §3: 32 octets behind the header, then 24; §4.5: UDP, offset 0 and more, offset 24.
    assert first[:8].hex() + first[40:44].hex() == "6000000000202c07" + "11000001"
    assert last[:8].hex() + last[40:44].hex() == "6000000000182c07" + "11000018"
    assert first[8:40] == last[8:40] == ends
    assert first[44:48] == last[44:48]


def test_only_the_first_piece_of_ipv6_tells_the_flow() -> None:
    first, last = fragments(packet(1572, FLOW_6), 1300)
    decoded = [decode(piece, LinkType.RAW) for piece in (first, last)]
    assert [item and item.flow.destination_port for item in decoded] == [4500, 0]
    assert decoded[0] is not None and decoded[0].flow == FLOW_6


@given(octets=st.integers(0, 3000), most=st.integers(56, 1500))
def test_together_pieces_of_ipv6_are_the_packet(octets: int, most: int) -> None:
    whole, pieces = packet(octets, FLOW_6), fragments(packet(octets, FLOW_6), most)
    assert b"".join(piece[48:] for piece in pieces) == whole[40:]
    assert all(len(piece) <= most for piece in pieces)
    assert [piece[43] & 1 for piece in pieces] == [1] * (len(pieces) - 1) + [0]


def test_a_first_piece_tells_the_flow() -> None:
    first = decode(fragments(packet(1572), 1300)[0], LinkType.RAW)
    assert first is not None
    assert (first.flow, first.hop_limit, first.ip_id) == (FLOW, 7, 0x1234)


@given(octets=st.integers(0, 3000), most=st.integers(28, 1500))
def test_together_they_are_the_packet_and_none_is_too_long(octets: int, most: int) -> None:
    whole, pieces = packet(octets), fragments(packet(octets), most)
    assert b"".join(piece[20:] for piece in pieces) == whole[20:]
    assert all(len(piece) <= most for piece in pieces)
    assert all(_sums_up(piece[:20]) for piece in pieces)
    offsets = [int.from_bytes(piece[6:8], "big") & 0x1FFF for piece in pieces]
    assert offsets == [place * offsets[1] if place else 0 for place in range(len(pieces))]


def _sums_up(header: bytes) -> bool:
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, 20, 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF
