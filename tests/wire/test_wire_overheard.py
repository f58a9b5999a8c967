"""UDP datagrams of which the beginning was captured."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import Packet, Payload, TcpSegment, UdpDatagram
from edgediag.wire.headers import encode
from edgediag.wire.link_type import LinkType
from edgediag.wire.overheard import Overheard, overhear

ESP = b"\x81spi" + bytes(range(96))


def packet(payload: Payload, *, is_ipv6: bool = False) -> bytes:
    """From the edge node's port 4500 to the gateway's."""
    edge, cloud = ("2001:db8::10", "2001:db8:1::21") if is_ipv6 else ("192.0.2.10", "198.51.100.21")
    flow = Flow(
        protocol=Protocol.UDP if isinstance(payload, UdpDatagram) else Protocol.TCP,
        source=ip_address(edge),
        source_port=4500,
        destination=ip_address(cloud),
        destination_port=4500,
    )
    return encode(
        Packet(flow=flow, hop_limit=64, ip_id=None if is_ipv6 else 1, payload=payload)
    )


def framed(octets: bytes, ethertype: str = "0800") -> bytes:
    """The packet behind an Ethernet header."""
    return bytes(12) + bytes.fromhex(ethertype) + octets


WHOLE = Overheard(
    source=ip_address("192.0.2.10"),
    source_port=4500,
    destination=ip_address("198.51.100.21"),
    destination_port=4500,
    is_fragment=False,
    payload=ESP,
    octets=100,
)
OCTETS = packet(UdpDatagram(payload=ESP))
FIRST_FRAGMENT = OCTETS[:6] + b"\x20\x00" + OCTETS[8:]
LATER_FRAGMENT = OCTETS[:6] + b"\x20\x10" + OCTETS[8:]
SYN = TcpSegment(flags="S", sequence=1, acknowledgement=0, window=64240, payload=b"")


@pytest.mark.parametrize(
    ("octets", "link_type", "expected"),
    [
        pytest.param(framed(OCTETS), LinkType.ETHERNET, WHOLE, id="a frame"),
        pytest.param(OCTETS, LinkType.RAW, WHOLE, id="a packet"),
        pytest.param(framed(OCTETS) + bytes(18), LinkType.ETHERNET, WHOLE, id="padded"),
        pytest.param(
            framed(OCTETS)[:60],
            LinkType.ETHERNET,
            replace(WHOLE, payload=ESP[:18]),
            id="cut off: its length is still known",
        ),
        pytest.param(
            FIRST_FRAGMENT, LinkType.RAW, replace(WHOLE, is_fragment=True), id="the first of some"
        ),
        pytest.param(LATER_FRAGMENT, LinkType.RAW, None, id="a later one has no ports"),
        pytest.param(packet(SYN), LinkType.RAW, None, id="TCP"),
        pytest.param(OCTETS[:27], LinkType.RAW, None, id="cut off before the end of its ports"),
        pytest.param(framed(OCTETS, "0806"), LinkType.ETHERNET, None, id="ARP"),
        pytest.param(
            packet(UdpDatagram(payload=ESP), is_ipv6=True),
            LinkType.RAW,
            replace(
                WHOLE,
                source=ip_address("2001:db8::10"),
                destination=ip_address("2001:db8:1::21"),
            ),
            id="IPv6",
        ),
    ],
)
def test_what_is_read_of_a_frame(
    octets: bytes, link_type: LinkType, expected: Overheard | None
) -> None:
    assert overhear(octets, link_type) == expected


@given(
    octets=st.binary(max_size=100)
    | st.integers(0, len(OCTETS)).map(lambda length: OCTETS[:length])
    | st.tuples(st.integers(0, 27), st.integers(0, 255)).map(
        lambda change: OCTETS[: change[0]] + bytes([change[1]]) + OCTETS[change[0] + 1 :]
    ),
    link_type=st.sampled_from(LinkType),
)
def test_whatever_comes_is_a_datagram_or_none(octets: bytes, link_type: LinkType) -> None:
    heard = overhear(octets, link_type)
    assert heard is None or len(heard.payload) <= heard.octets
