"""What the checksum of a datagram on the wire is worth."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import Packet, UdpChecksum, UdpDatagram
from edgediag.wire.headers import decode, encode
from edgediag.wire.link_type import LinkType

FLOW = Flow(
    protocol=Protocol.UDP,
    source=IPv4Address("192.0.2.10"),
    source_port=40000,
    destination=IPv4Address("198.51.100.21"),
    destination_port=8472,
)
FLOW6 = replace(
    FLOW, source=IPv6Address("2001:db8::10"), destination=IPv6Address("2001:db8:1::21")
)
UDP_AT = 20

# 0x0011 + length 13, and the halves of both addresses: what a device is to finish.
PSEUDO = 0xC000 + 0x020A + 0xC633 + 0x6415 + 17 + 13
PARTIAL = (PSEUDO & 0xFFFF) + (PSEUDO >> 16)


def packet(payload: bytes, flow: Flow = FLOW) -> Packet:
    ip_id = 1 if flow is FLOW else None
    return Packet(flow=flow, hop_limit=64, ip_id=ip_id, payload=UdpDatagram(payload=payload))


def with_checksum(octets: bytes, checksum: int) -> bytes:
    at = UDP_AT + 6
    return octets[:at] + checksum.to_bytes(2, "big") + octets[at + 2 :]


def found(octets: bytes) -> UdpChecksum:
    decoded = decode(octets, LinkType.RAW)
    assert decoded is not None
    assert isinstance(decoded.payload, UdpDatagram)
    return decoded.payload.checksum


SENT = encode(packet(b"frame"))


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(SENT, UdpChecksum.RIGHT, id="as it was sent"),
        pytest.param(with_checksum(SENT, 0), UdpChecksum.NONE, id="none"),
        pytest.param(with_checksum(SENT, PARTIAL), UdpChecksum.PARTIAL, id="left to a device"),
        pytest.param(with_checksum(SENT, 0x1234), UdpChecksum.WRONG, id="of something else"),
        pytest.param(SENT[:-1] + b"x", UdpChecksum.WRONG, id="an octet changed on the way"),
        pytest.param(SENT[:-1], UdpChecksum.UNKNOWN, id="cut off"),
    ],
)
def test_says_what_a_checksum_is_worth(octets: bytes, expected: UdpChecksum) -> None:
    assert found(octets) is expected


def test_a_datagram_is_sent_without_one_where_it_shall_have_none() -> None:
    datagram = UdpDatagram(payload=b"frame", checksum=UdpChecksum.NONE)
    assert encode(replace(packet(b""), payload=datagram)) == with_checksum(SENT, 0)


@given(payload=st.binary(max_size=80), flow=st.sampled_from([FLOW, FLOW6]))
def test_what_scapy_computes_is_right(payload: bytes, flow: Flow) -> None:
    assert found(encode(packet(payload, flow))) is UdpChecksum.RIGHT
