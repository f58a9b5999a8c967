"""Whether the header conditions of a rule of arptables-legacy hold.

source  arp_packet_match of net/ipv4/netfilter/arp_tables.c
"""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Final

from edgediag.host.netfilter.arp_header import ArpHeader
from edgediag.host.netfilter.expression import PayloadLoad
from edgediag.host.netfilter.ip_header import MaskedValue
from edgediag.host.walk.header import has_value, is_by
from edgediag.host.walk.loads import payload
from edgediag.host.walk.octets import Truth, both
from edgediag.host.walk.parcel import Parcel

_NETWORK: Final = 1
_ANY: Final = ArpHeader(**{field.name: None for field in fields(ArpHeader)})


def arp_header_holds(header: ArpHeader, parcel: Parcel) -> Truth:
    """Whether a message of ARP for Ethernet and IPv4 has these fields and devices."""
    return both(
        is_by(header.incoming, parcel.incoming),
        is_by(header.outgoing, parcel.outgoing),
        *(_has(asked, at, parcel) for asked, at in _fields(header) if asked is not None),
    )


def failing_of_arp(header: ArpHeader, parcel: Parcel) -> tuple[ArpHeader, ...]:
    """The single conditions of a header that do not hold for certain."""
    single = (
        replace(_ANY, **{field.name: getattr(header, field.name)}) for field in fields(ArpHeader)
    )
    return tuple(each for each in single if arp_header_holds(each, parcel) is False)


def _fields(header: ArpHeader) -> Iterator[tuple[MaskedValue | None, int]]:
    """What is asked of each field, and where it begins (RFC 826 "Packet format")."""
    yield header.hardware, 0
    yield header.protocol, 2
    yield header.mac_length, 4
    yield header.operation, 6
    yield header.sender_mac, 8
    yield header.sender, 14
    yield header.target_mac, 18
    yield header.target, 24


def _has(asked: MaskedValue, at: int, parcel: Parcel) -> Truth:
    place = PayloadLoad(base=_NETWORK, offset=at, length=len(asked.value), slot=0)
    octets = payload(place, parcel)
    return octets is not None and has_value(asked, octets)
