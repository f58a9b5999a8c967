"""IP packets and Ethernet frames: exact octets out, the same packet or None back."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.model.exchange import NextHop
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.packet import (
    IcmpEcho,
    IcmpError,
    OtherPayload,
    Packet,
    Payload,
    TcpSegment,
    UdpDatagram,
)
from edgediag.wire.headers import decode, encode, frame
from edgediag.wire.link_type import LinkType

EDGE = IPv4Address("192.0.2.10")
CLOUD = IPv4Address("198.51.100.21")
EDGE6 = IPv6Address("2001:db8::10")
CLOUD6 = IPv6Address("2001:db8:1::21")

SYN = TcpSegment(flags="S", sequence=0x89ABCDEF, acknowledgement=0, window=64240, payload=b"")
RESET = TcpSegment(flags="R", sequence=0x89ABCDF0, acknowledgement=0, window=0, payload=b"")
SEGMENT = TcpSegment(flags="PA", sequence=1, acknowledgement=2, window=3, payload=b"hello")
DATAGRAM = UdpDatagram(payload=b"\xff")
ECHO = IcmpEcho(is_reply=False, identifier=40000, sequence=7, payload=b"abcdefgh")
ECHO_REPLY = replace(ECHO, is_reply=True)

TO_GATEWAY = NextHop(
    interface="eth0", source_mac="02:00:00:00:00:01", destination_mac="02:00:00:00:00:02"
)


def packet(payload: Payload, *, source: Address = EDGE, destination: Address = CLOUD) -> Packet:
    """A packet of flow 40000 to 443, with hop limit 7; in IPv4 with id 0x1234."""
    protocols: dict[type[Payload], Protocol] = {
        TcpSegment: Protocol.TCP,
        UdpDatagram: Protocol.UDP,
    }
    is_echo = isinstance(payload, IcmpEcho)
    return Packet(
        flow=Flow(
            protocol=protocols.get(type(payload), Protocol.ICMP),
            source=source,
            source_port=40000,
            destination=destination,
            destination_port=40000 if is_echo else 443,
        ),
        hop_limit=7,
        ip_id=0x1234 if isinstance(source, IPv4Address) else None,
        payload=payload,
    )


def packet6(payload: Payload) -> Packet:
    """The same in IPv6."""
    return packet(payload, source=EDGE6, destination=CLOUD6)


# RFC 791 §3.1: 45 is version 4 with 5 words; 4000 is "do not fragment".
# RFC 9293 §3.1: 80 is 8 words; 020405b4 MSS 1460; 0101 0402 SACK permitted; 01 030307 shift 7.
SYN_OCTETS = bytes.fromhex(
    "45000034123440000706753dc000020ac6336415"
    "9c4001bb89abcdef000000008002faf092360000"
    "020405b40101040201030307"
)


@pytest.mark.parametrize(
    ("sent", "octets"),
    [
        pytest.param(packet(SYN), SYN_OCTETS, id="a SYN has the options of a Linux SYN"),
        pytest.param(
            packet(RESET),
            "450000281234400007067549c000020ac6336415 9c4001bb89abcdf00000000050040000cdf50000",
            id="a reset has none",
        ),
        pytest.param(
            packet(DATAGRAM),
            "4500001d1234400007117549c000020ac6336415 9c4001bb0009768cff",
            id="a UDP datagram",
        ),
        pytest.param(
            packet(ECHO),
            "450000241234400007017552c000020ac6336415 0800ca22 9c400007 6162636465666768",
            id="an ICMP echo request",
        ),
        pytest.param(
            packet(ECHO_REPLY),
            "450000241234400007017552c000020ac6336415 0000d222 9c400007 6162636465666768",
            id="an ICMP echo reply",
        ),
        pytest.param(
            packet6(DATAGRAM),
            "6000000000091107 20010db8000000000000000000000010 20010db8000100000000000000000021"
            "9c4001bb0009073cff",
            id="a UDP datagram in IPv6",
        ),
        pytest.param(
            packet6(ECHO),
            "6000000000103a07 20010db8000000000000000000000010 20010db8000100000000000000000021"
            "8000f633 9c400007 6162636465666768",
            id="an ICMPv6 echo request",
        ),
    ],
)
def test_encodes_to_exact_octets(sent: Packet, octets: bytes | str) -> None:
    expected = octets if isinstance(octets, bytes) else bytes.fromhex(octets)
    assert encode(sent).hex(" ", 2) == expected.hex(" ", 2)


def ones_complement_sum(octets: bytes) -> int:
    """RFC 1071 §1; 0xffff over octets that contain their own right checksum."""
    padded = octets + b"\0" * (len(octets) % 2)
    total = sum(int.from_bytes(padded[at : at + 2], "big") for at in range(0, len(padded), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@pytest.mark.parametrize("payload", [SYN, RESET, SEGMENT, DATAGRAM, ECHO])
def test_every_checksum_is_right(payload: Payload) -> None:
    octets = encode(packet(payload))
    header, body = octets[:20], octets[20:]
    # RFC 9293 §3.1: addresses, protocol and length go into the sum, but not for ICMP (RFC 792).
    pseudo = header[12:20] + bytes([0, header[9]]) + len(body).to_bytes(2, "big")
    covered = body if isinstance(payload, IcmpEcho) else pseudo + body
    assert (ones_complement_sum(header), ones_complement_sum(covered)) == (0xFFFF, 0xFFFF)


@pytest.mark.parametrize(
    "payload", [IcmpError(type_=3, code=3, quote=None), OtherPayload(number=47)], ids=repr
)
def test_refuses_to_encode_what_is_never_sent(payload: Payload) -> None:
    with pytest.raises(ValueError, match="cannot encode"):
        encode(packet(payload))


def test_a_frame_is_addressed_to_the_next_hop() -> None:
    header = bytes.fromhex("020000000002 020000000001 0800")
    assert frame(packet(SYN), TO_GATEWAY) == header + SYN_OCTETS


def test_a_frame_says_when_it_carries_ipv6() -> None:
    assert frame(packet6(SYN), TO_GATEWAY)[12:14] == bytes.fromhex("86dd")


payloads = st.one_of(
    st.builds(
        TcpSegment,
        flags=st.sampled_from(["S", "SA", "R", "RA", "FPA", "FSRPAUEC", ""]),
        sequence=st.integers(0, 2**32 - 1),
        acknowledgement=st.integers(0, 2**32 - 1),
        window=st.integers(0, 2**16 - 1),
        payload=st.binary(max_size=64),
    ),
    st.builds(UdpDatagram, payload=st.binary(max_size=64)),
    st.builds(
        IcmpEcho,
        is_reply=st.booleans(),
        identifier=st.just(40000),
        sequence=st.integers(0, 2**16 - 1),
        payload=st.binary(max_size=64),
    ),
)


@given(payload=payloads)
def test_what_is_encoded_is_decoded_to_the_same_packet(payload: Payload) -> None:
    assert decode(encode(packet(payload)), LinkType.RAW) == packet(payload)


@given(payload=payloads)
def test_the_same_in_ipv6(payload: Payload) -> None:
    assert decode(encode(packet6(payload)), LinkType.RAW) == packet6(payload)


MACS = bytes.fromhex("020000000002 020000000001")


@pytest.mark.parametrize(
    ("octets", "link_type"),
    [
        pytest.param(SYN_OCTETS, LinkType.RAW, id="no link layer"),
        pytest.param(MACS + b"\x08\x00" + SYN_OCTETS, LinkType.ETHERNET, id="Ethernet"),
        pytest.param(
            MACS + bytes.fromhex("8100 0064 0800") + SYN_OCTETS,
            LinkType.ETHERNET,
            id="behind a VLAN tag",
        ),
        pytest.param(
            MACS + bytes.fromhex("88a8 0064 8100 0065 0800") + SYN_OCTETS,
            LinkType.ETHERNET,
            id="behind a service tag and a customer tag",
        ),
        pytest.param(
            MACS + b"\x08\x00" + SYN_OCTETS + bytes(6), LinkType.ETHERNET, id="padded by the link"
        ),
        pytest.param(
            bytes.fromhex("48000040123440000706") + SYN_OCTETS[10:20] + bytes(12) + SYN_OCTETS[20:],
            LinkType.RAW,
            id="behind 12 octets of IP options",
        ),
    ],
)
def test_finds_the_packet_in_a_frame(octets: bytes, link_type: LinkType) -> None:
    assert decode(octets, link_type) == packet(SYN)


@pytest.mark.parametrize(
    ("octets", "link_type"),
    [
        pytest.param(b"", LinkType.RAW, id="nothing"),
        pytest.param(b"", LinkType.ETHERNET, id="no frame"),
        pytest.param(SYN_OCTETS[:19], LinkType.RAW, id="half an IPv4 header"),
        pytest.param(encode(packet6(SYN))[:39], LinkType.RAW, id="half an IPv6 header"),
        pytest.param(b"\x44" + SYN_OCTETS[1:], LinkType.RAW, id="a header shorter than a header"),
        pytest.param(
            SYN_OCTETS[:2] + b"\x00\x13" + SYN_OCTETS[4:], LinkType.RAW, id="a total under 20"
        ),
        pytest.param(b"\x55" + SYN_OCTETS[1:], LinkType.RAW, id="IP version 5"),
        pytest.param(MACS + b"\x08\x06" + bytes(28), LinkType.ETHERNET, id="ARP"),
        pytest.param(
            MACS + bytes.fromhex("8100 0001" * 3 + "0800") + SYN_OCTETS,
            LinkType.ETHERNET,
            id="three VLAN tags",
        ),
    ],
)
def test_finds_no_packet(octets: bytes, link_type: LinkType) -> None:
    assert decode(octets, link_type) is None


def ipv4(number: int, body: bytes, *, fragment: int = 0) -> bytes:
    """An IPv4 packet with this protocol number and fragment field, its checksum left out."""
    length = (20 + len(body)).to_bytes(2, "big")
    field = fragment.to_bytes(2, "big")
    head = b"\x45\x00" + length + b"\x12\x34" + field + bytes([7, number]) + b"\0\0"
    return head + EDGE.packed + CLOUD.packed + body


def other(number: int, protocol: Protocol) -> Packet:
    """A packet of which only addresses and protocol are known."""
    flow = Flow(
        protocol=protocol,
        source=EDGE,
        source_port=0,
        destination=CLOUD,
        destination_port=0,
    )
    return Packet(flow=flow, hop_limit=7, ip_id=0x1234, payload=OtherPayload(number=number))


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(ipv4(6, SYN_OCTETS[20:39]), other(6, Protocol.TCP), id="a TCP header cut off"),
        pytest.param(
            ipv4(6, SYN_OCTETS[20:32] + b"\x40" + SYN_OCTETS[33:]),
            other(6, Protocol.TCP),
            id="a TCP header of 4 words",
        ),
        pytest.param(ipv4(6, SYN_OCTETS[20:50]), other(6, Protocol.TCP), id="TCP options cut off"),
        pytest.param(ipv4(17, bytes(7)), other(17, Protocol.UDP), id="a UDP header cut off"),
        pytest.param(ipv4(17, bytes(8)), other(17, Protocol.UDP), id="a UDP length of 0"),
        pytest.param(ipv4(1, bytes(7)), other(1, Protocol.ICMP), id="an ICMP header cut off"),
        pytest.param(
            ipv4(1, b"\x0d" + bytes(19)), other(1, Protocol.ICMP), id="an ICMP time stamp request"
        ),
        pytest.param(
            ipv4(6, SYN_OCTETS[20:], fragment=0x2001),
            other(6, Protocol.TCP),
            id="a fragment that is not the first",
        ),
        pytest.param(ipv4(50, bytes(64)), other(50, Protocol.ICMP), id="ESP"),
    ],
)
def test_a_payload_that_cannot_be_read_is_other(octets: bytes, expected: Packet) -> None:
    assert decode(octets, LinkType.RAW) == expected


def test_a_first_fragment_is_read() -> None:
    assert decode(ipv4(6, SYN_OCTETS[20:], fragment=0x2000), LinkType.RAW) == packet(SYN)


def test_ipv6_behind_an_extension_header_is_other() -> None:
    octets = encode(packet6(SYN))
    decoded = decode(octets[:6] + b"\x3c" + octets[7:], LinkType.RAW)
    assert decoded is not None
    assert decoded.payload == OtherPayload(number=60)


@given(octets=st.binary(max_size=200), link_type=st.sampled_from(LinkType))
def test_any_octets_are_a_packet_or_none_never_an_exception(
    octets: bytes, link_type: LinkType
) -> None:
    assert isinstance(decode(octets, link_type), Packet | None)


@given(
    sent=st.sampled_from([packet(SYN), packet(DATAGRAM), packet(ECHO), packet6(SYN)]),
    at=st.integers(0, 60),
    patch=st.binary(max_size=4),
    end=st.integers(0, 80),
)
def test_a_damaged_packet_is_a_packet_or_none_never_an_exception(
    sent: Packet, at: int, patch: bytes, end: int
) -> None:
    octets = encode(sent)
    damaged = (octets[:at] + patch + octets[at + len(patch) :])[:end]
    assert isinstance(decode(damaged, LinkType.RAW), Packet | None)
