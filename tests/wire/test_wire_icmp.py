"""ICMP messages: who is quoted, as the router saw it."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import IcmpEcho, IcmpError, MplsLabel, OtherPayload, Packet, Quote
from edgediag.wire.headers import decode
from edgediag.wire.icmp import decode_icmp, read_quote
from edgediag.wire.link_type import LinkType

EDGE = IPv4Address("192.0.2.10")
CLOUD = IPv4Address("198.51.100.21")
ROUTER = IPv4Address("203.0.113.6")
EDGE6 = IPv6Address("2001:db8::10")
CLOUD6 = IPv6Address("2001:db8:1::21")

# The first 8 octets behind the quoted header: ports 40000 and 443, then a sequence number; ports,
# length and checksum; type, code, checksum, identifier 40000 and sequence 7.
TCP_8 = bytes.fromhex("9c40 01bb 89abcdef")
UDP_8 = bytes.fromhex("9c40 1194 0180 7cc1")
ECHO_8 = bytes.fromhex("08 00 ca22 9c40 0007")
ECHO6_8 = bytes.fromhex("80 00 f633 9c40 0007")


def ipv4_header(number: int, *, length: int, words: int = 5, fragment: int = 0x4000) -> bytes:
    """A header from EDGE to CLOUD that has hop limit 1 left and id 0x1234."""
    fixed = bytes([0x40 | words, 0]) + length.to_bytes(2, "big") + b"\x12\x34"
    fixed += fragment.to_bytes(2, "big") + bytes([1, number]) + b"\0\0" + EDGE.packed + CLOUD.packed
    return fixed + bytes(4 * words - 20)


def ipv6_header(number: int) -> bytes:
    """The same in IPv6 (RFC 8200 §3)."""
    return b"\x60\0\0\0\x00\x14" + bytes([number, 1]) + EDGE6.packed + CLOUD6.packed


def flow(protocol: Protocol, source_port: int, destination_port: int) -> Flow:
    """What EDGE sent to CLOUD."""
    return Flow(
        protocol=protocol,
        source=EDGE,
        source_port=source_port,
        destination=CLOUD,
        destination_port=destination_port,
    )


OUR_SYN = Quote(flow=flow(Protocol.TCP, 40000, 443), hop_limit=1, ip_id=0x1234, sequence=0x89ABCDEF)
OUR_DATAGRAM = Quote(flow=flow(Protocol.UDP, 40000, 4500), hop_limit=1, ip_id=0x1234, sequence=None)
SYN_6 = replace(
    OUR_SYN, flow=replace(OUR_SYN.flow, source=EDGE6, destination=CLOUD6), ip_id=None
)
DATAGRAM_6 = replace(
    OUR_DATAGRAM, flow=replace(OUR_DATAGRAM.flow, source=EDGE6, destination=CLOUD6), ip_id=None
)
OUR_ECHO = Quote(flow=flow(Protocol.ICMP, 40000, 40000), hop_limit=1, ip_id=0x1234, sequence=7)


@pytest.mark.parametrize(
    ("quoted", "expected"),
    [
        pytest.param(ipv4_header(6, length=52) + TCP_8, OUR_SYN, id="a SYN, 8 octets of it"),
        pytest.param(ipv4_header(6, length=52) + TCP_8 + bytes(24), OUR_SYN, id="a SYN, all of it"),
        pytest.param(ipv4_header(17, length=404) + UDP_8, OUR_DATAGRAM, id="a UDP datagram"),
        pytest.param(ipv4_header(1, length=84) + ECHO_8, OUR_ECHO, id="an echo request"),
        pytest.param(
            ipv4_header(6, length=64, words=8) + TCP_8, OUR_SYN, id="a SYN behind IP options"
        ),
        pytest.param(
            ipv4_header(6, length=0x3400) + TCP_8, OUR_SYN, id="a total length in host byte order"
        ),
        pytest.param(ipv4_header(6, length=0) + TCP_8, OUR_SYN, id="a total length of zero"),
        pytest.param(ipv6_header(6) + TCP_8, SYN_6, id="a SYN in IPv6"),
        pytest.param(
            ipv6_header(58) + ECHO6_8,
            replace(
                OUR_ECHO, flow=replace(OUR_ECHO.flow, source=EDGE6, destination=CLOUD6), ip_id=None
            ),
            id="an echo request in IPv6",
        ),
        pytest.param(
            ipv6_header(17) + UDP_8 + b"all of it",
            replace(DATAGRAM_6, payload=b"all of it"),
            id="a UDP datagram in IPv6, with what it says",
        ),
        pytest.param(
            ipv6_header(6) + TCP_8 + bytes(4) + b"\x60\x18" + bytes(10) + b"all of it",
            replace(SYN_6, payload=b"all of it"),
            id="a segment in IPv6, with what it says behind its options",
        ),
        pytest.param(
            ipv6_header(6) + TCP_8 + bytes(4) + b"\x50\x18" + bytes(6 + 68) + b"beyond",
            replace(SYN_6, payload=bytes(68)),
            id="a long one in IPv6, up to where extensions begin",
        ),
        pytest.param(
            ipv6_header(6) + TCP_8 + bytes(4) + b"\xf0",
            SYN_6,
            id="a segment in IPv6 that is cut off in its header",
        ),
        pytest.param(
            ipv6_header(17) + UDP_8[:4] + b"\0\x0b" + UDP_8[6:] + b"abc" + bytes(77),
            replace(DATAGRAM_6, payload=b"abc"),
            id="a short one in IPv6, padded for extensions",
        ),
        pytest.param(
            ipv6_header(17) + UDP_8 + bytes(80) + bytes.fromhex("2000 0000"),
            replace(DATAGRAM_6, payload=bytes(80)),
            id="a long one in IPv6, up to where extensions begin",
        ),
    ],
)
def test_reads_the_quoted_packet(quoted: bytes, expected: Quote) -> None:
    assert read_quote(quoted) == expected


@pytest.mark.parametrize(
    "quoted",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(ipv4_header(6, length=52)[:19], id="half a header"),
        pytest.param(ipv4_header(6, length=52), id="the header alone"),
        pytest.param(ipv4_header(6, length=52) + TCP_8[:7], id="one octet short"),
        pytest.param(ipv4_header(6, length=64, words=8)[:28], id="options cut off"),
        pytest.param(ipv4_header(6, length=52, fragment=1) + TCP_8, id="a later fragment"),
        pytest.param(ipv4_header(50, length=84) + bytes(8), id="ESP"),
        pytest.param(ipv4_header(1, length=56) + b"\x0b" + bytes(7), id="an ICMP error"),
        pytest.param(ipv4_header(1, length=56) + ECHO6_8, id="an ICMPv6 type in IPv4"),
    ],
)
def test_a_quote_of_nothing_of_ours_is_none(quoted: bytes) -> None:
    assert read_quote(quoted) is None


QUOTED_SYN = ipv4_header(6, length=52) + TCP_8

# RFC 4884 §4: the quote is padded to 128 octets, its length (32 words) stands in octet 5, and an
# extension structure follows (§7): here one MPLS label of RFC 4950.
EXTENSION = bytes.fromhex("2000 0000 0008 0101 00010301")
LABEL_16 = MplsLabel(label=16, traffic_class=1, is_bottom=True, ttl=1)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(
            bytes.fromhex("0b00 0000 00000000") + QUOTED_SYN,
            IcmpError(type_=11, code=0, quote=OUR_SYN),
            id="time exceeded",
        ),
        pytest.param(
            bytes.fromhex("030d 0000 00000000") + QUOTED_SYN,
            IcmpError(type_=3, code=13, quote=OUR_SYN),
            id="administratively prohibited",
        ),
        pytest.param(
            bytes.fromhex("0304 0000 00000578") + QUOTED_SYN,
            IcmpError(type_=3, code=4, quote=OUR_SYN),
            id="fragmentation needed, next MTU 1400",
        ),
        pytest.param(
            bytes.fromhex("0b00 0000 00200000") + QUOTED_SYN.ljust(128, b"\0") + EXTENSION,
            IcmpError(type_=11, code=0, quote=OUR_SYN, labels=(LABEL_16,)),
            id="time exceeded with an RFC 4884 extension",
        ),
        pytest.param(
            bytes.fromhex("0501 0000 cb007106") + QUOTED_SYN,
            IcmpError(type_=5, code=1, quote=OUR_SYN),
            id="redirect: a gateway stands where others have a length",
        ),
        pytest.param(
            bytes.fromhex("0303 0000 00000000"),
            IcmpError(type_=3, code=3, quote=None),
            id="port unreachable that quotes nothing",
        ),
        pytest.param(bytes.fromhex("0b00 0000 000000"), None, id="one octet short"),
        pytest.param(b"", None, id="empty"),
        pytest.param(bytes.fromhex("0a00 0000 00000000"), None, id="router solicitation"),
        pytest.param(bytes.fromhex("8000 0000 00000000"), None, id="an ICMPv6 type"),
    ],
)
def test_decodes_a_message(message: bytes, expected: IcmpEcho | IcmpError | None) -> None:
    assert decode_icmp(message, 1) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(
            bytes.fromhex("0300 0000 00000000"),
            IcmpError(type_=3, code=0, quote=None),
            id="time exceeded",
        ),
        pytest.param(
            bytes.fromhex("8100 0000 9c40 0007") + b"x",
            IcmpEcho(is_reply=True, identifier=40000, sequence=7, payload=b"x"),
            id="echo reply",
        ),
        pytest.param(bytes.fromhex("8700 0000 00000000"), None, id="neighbour solicitation"),
        pytest.param(bytes.fromhex("0b00 0000 00000000"), None, id="an ICMPv4 type"),
    ],
)
def test_decodes_a_message_of_ipv6(message: bytes, expected: IcmpEcho | IcmpError | None) -> None:
    assert decode_icmp(message, 58) == expected


def test_an_error_has_the_flow_of_its_sender_without_ports() -> None:
    message = bytes.fromhex("0b00 0000 00000000") + QUOTED_SYN
    header = bytes.fromhex("45c0 0038 0000 0000 fb01 0000") + ROUTER.packed + EDGE.packed
    assert decode(header + message, LinkType.RAW) == Packet(
        flow=Flow(
            protocol=Protocol.ICMP,
            source=ROUTER,
            source_port=0,
            destination=EDGE,
            destination_port=0,
        ),
        hop_limit=251,
        ip_id=0,
        payload=IcmpError(type_=11, code=0, quote=OUR_SYN),
    )


def test_a_message_of_no_interest_is_other() -> None:
    header = bytes.fromhex("4500 001c 0000 0000 4001 0000") + ROUTER.packed + EDGE.packed
    decoded = decode(header + bytes.fromhex("0a00 0000 00000000"), LinkType.RAW)
    assert decoded is not None
    assert decoded.payload == OtherPayload(number=1)


@given(message=st.binary(max_size=160), number=st.sampled_from([1, 58]))
def test_any_octets_are_a_message_or_none_never_an_exception(message: bytes, number: int) -> None:
    assert isinstance(decode_icmp(message, number), IcmpEcho | IcmpError | None)


@given(
    kept=st.sampled_from([QUOTED_SYN, ipv6_header(6) + TCP_8]),
    at=st.integers(0, 48),
    patch=st.binary(max_size=4),
    end=st.integers(0, 52),
)
def test_a_damaged_quote_is_a_quote_or_none_never_an_exception(
    kept: bytes, at: int, patch: bytes, end: int
) -> None:
    damaged = (kept[:at] + patch + kept[at + len(patch) :])[:end]
    assert isinstance(read_quote(damaged), Quote | None)
