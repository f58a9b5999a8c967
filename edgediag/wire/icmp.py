"""ICMP and ICMPv6 messages, and the packet that an error quotes."""

from edgediag.model.flow import Flow
from edgediag.model.packet import IcmpEcho, IcmpError, Quote
from edgediag.wire.assigned_numbers import (
    ICMP_NUMBER,
    ICMPV6_NUMBER,
    TCP_NUMBER,
    UDP_NUMBER,
)
from edgediag.wire.icmp_extension import labels_of
from edgediag.wire.network import PROTOCOLS, NetworkHeader, read_network_header

_ICMP_HEADER_OCTETS = 8

# Is it a reply? RFC 792 "Echo or Echo Reply Message"; RFC 4443 §4.1 and §4.2.
_ECHOES = {
    (ICMP_NUMBER, 0): True,
    (ICMP_NUMBER, 8): False,
    (ICMPV6_NUMBER, 128): False,
    (ICMPV6_NUMBER, 129): True,
}

# RFC 1122 §3.2.2 lists those of IPv4; RFC 4443 §2.1 those of IPv6.
_ERRORS = frozenset(
    {(ICMP_NUMBER, type_) for type_ in (3, 4, 5, 11, 12)}
    | {(ICMPV6_NUMBER, type_) for type_ in (1, 2, 3, 4)}
)

# Of the quoted packet beyond its header: all that RFC 792 asks of a router.
_QUOTE_OCTETS = 8

_TCP_DATA_OFFSET = 12

# Where the quoted packet ends at the latest if extensions follow it (RFC 4884 §4).
_EXTENSIONS_AT = 128


def decode_icmp(message: bytes, number: int) -> IcmpEcho | IcmpError | None:
    """The message, or None if it is cut off or neither an echo nor an error.

    message  from the first octet of the ICMP header
    number   the IP protocol number that led here: 1, or 58 for ICMPv6
    source   RFC 792; RFC 4443 §2.1, which kept the layout of the echo
    """
    if len(message) < _ICMP_HEADER_OCTETS:
        return None
    kind = (number, message[0])
    if kind in _ERRORS:
        quote = read_quote(message[_ICMP_HEADER_OCTETS:])
        labels = labels_of(message, number)
        return IcmpError(type_=message[0], code=message[1], quote=quote, labels=labels)
    if kind in _ECHOES:
        return IcmpEcho(
            is_reply=_ECHOES[kind],
            identifier=int.from_bytes(message[4:6], "big"),
            sequence=int.from_bytes(message[6:8], "big"),
            payload=message[_ICMP_HEADER_OCTETS:],
        )
    return None


def read_quote(quoted: bytes) -> Quote | None:
    """The packet of ours inside an ICMP error, or None if too little of it is quoted.

    quoted  from the first octet after the ICMP header; 28 octets suffice for IPv4 without options
    source  RFC 792 (header and 8 octets); RFC 1812 §4.3.2.3 (more, if the router likes)

    The quoted length field is not believed, because some routers rewrite it. The length of
    RFC 4884 §4 need not be read: its extensions begin at octet 128, and no more is used here. What
    pads a shorter packet up to there is cut off by the length that UDP itself has; TCP has none.
    """
    header = read_network_header(quoted)
    if header is None or header.is_later_fragment:
        return None
    transport = quoted[header.header_octets :][:_QUOTE_OCTETS]
    ports_and_sequence = _split_transport(transport, header.number)
    if ports_and_sequence is None:
        return None
    source_port, destination_port, sequence = ports_and_sequence
    return Quote(
        flow=Flow(
            protocol=PROTOCOLS[header.number],
            source=header.source,
            source_port=source_port,
            destination=header.destination,
            destination_port=destination_port,
        ),
        hop_limit=header.hop_limit,
        ip_id=header.ip_id,
        sequence=sequence,
        payload=_payload(quoted[:_EXTENSIONS_AT], header) if header.ip_id is None else b"",
    )


def _payload(quoted: bytes, header: NetworkHeader) -> bytes:
    """What is quoted behind the header of a datagram or of a segment."""
    transport = quoted[header.header_octets :]
    if header.number == UDP_NUMBER:
        return transport[_QUOTE_OCTETS : int.from_bytes(transport[4:6], "big")]
    if header.number == TCP_NUMBER and len(transport) > _TCP_DATA_OFFSET:
        # RFC 9293 §3.1: in words of four octets, in the upper half of its octet.
        return transport[(transport[_TCP_DATA_OFFSET] >> 4) * 4 :]
    return b""


def _split_transport(transport: bytes, number: int) -> tuple[int, int, int | None] | None:
    if len(transport) < _QUOTE_OCTETS:
        return None
    first, second = (int.from_bytes(transport[at : at + 2], "big") for at in (0, 2))
    if number == TCP_NUMBER:
        return first, second, int.from_bytes(transport[4:8], "big")
    if number == UDP_NUMBER:
        return first, second, None
    if (number, transport[0]) in _ECHOES:
        identifier, sequence = (int.from_bytes(transport[at : at + 2], "big") for at in (4, 6))
        return identifier, identifier, sequence
    return None
