"""UDP datagrams in frames of which only the beginning was captured."""

import struct
from dataclasses import dataclass
from typing import Final

from edgediag.model.flow import Address
from edgediag.wire.assigned_numbers import UDP_NUMBER
from edgediag.wire.headers import without_link_layer
from edgediag.wire.link_type import LinkType
from edgediag.wire.network import read_network_header

# RFC 768: both ports, length with this header, checksum.
_UDP: Final = struct.Struct("!HHHH")

# RFC 791 §3.1: where flags and offset lie, and the flag that more fragments follow.
_FRAGMENT_AT: Final = 6
_MORE_FRAGMENTS: Final = 0x20


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheard:
    """A UDP datagram.

    payload      as much as was captured
    octets       how many it had
    is_fragment  the first of several
    """

    source: Address
    source_port: int
    destination: Address
    destination_port: int
    is_fragment: bool
    payload: bytes
    octets: int


def overhear(octets: bytes, link_type: LinkType) -> Overheard | None:
    """The datagram in the beginning of a frame, or None if no UDP header can be read in it."""
    datagram = without_link_layer(octets, link_type)
    header = read_network_header(datagram)
    if header is None or header.number != UDP_NUMBER or header.is_later_fragment:
        return None
    body = datagram[header.header_octets : header.total_octets]
    if len(body) < _UDP.size:
        return None
    source_port, destination_port, length, _ = _UDP.unpack_from(body)
    if length < _UDP.size:
        return None
    is_ipv4 = header.source.version == 4
    return Overheard(
        source=header.source,
        source_port=source_port,
        destination=header.destination,
        destination_port=destination_port,
        is_fragment=is_ipv4 and bool(datagram[_FRAGMENT_AT] & _MORE_FRAGMENTS),
        payload=body[_UDP.size : length],
        octets=length - _UDP.size,
    )
