"""Whether the header conditions of a rule of iptables-legacy hold.

source  ip_packet_match of net/ipv4/netfilter/ip_tables.c, ip6_packet_match of
        net/ipv6/netfilter/ip6_tables.c
"""

from dataclasses import replace
from typing import Final

from edgediag.host.netfilter.ip_header import Ends, IpHeader, MaskedValue
from edgediag.host.routes import PROTOCOL_NUMBERS
from edgediag.host.walk.octets import Octets, Truth, both, equals, known, masked, negated
from edgediag.host.walk.parcel import Interface, Parcel

_IPV4_OCTETS, _NAME_OCTETS = 4, 16
_ANY: Final = IpHeader(
    source=None,
    destination=None,
    incoming=None,
    outgoing=None,
    protocol=0,
    is_protocol_negated=False,
    is_later_fragment=False,
    is_fragment_negated=False,
    is_goto=False,
)


def header_holds(header: IpHeader, parcel: Parcel) -> Truth:
    """Whether a packet has these headers and devices; it is no later fragment."""
    version = 4 if len(parcel.source.value) == _IPV4_OCTETS else 6
    is_protocol = header.protocol in (0, PROTOCOL_NUMBERS[parcel.protocol, version])
    if header.protocol and is_protocol is header.is_protocol_negated:
        return False
    if header.is_later_fragment is not header.is_fragment_negated:
        return False
    # The destination decides most often: of many rules it is the only one that is asked for.
    return both(
        has_value(header.destination, parcel.destination),
        has_value(header.source, parcel.source),
        is_by(header.incoming, parcel.incoming),
        is_by(header.outgoing, parcel.outgoing),
    )


def ends_of(parcel: Parcel) -> Ends:
    """What of the packet's header is known for certain."""
    source, destination = (
        octets.value if octets.is_known else None
        for octets in (parcel.source, parcel.destination)
    )
    return Ends(
        version=parcel.version,
        source=source,
        destination=destination,
        protocol=parcel.number,
    )


def failing(header: IpHeader, parcel: Parcel) -> tuple[IpHeader, ...]:
    """The single conditions of a header that do not hold for certain."""
    single = (
        replace(_ANY, source=header.source),
        replace(_ANY, destination=header.destination),
        replace(_ANY, incoming=header.incoming),
        replace(_ANY, outgoing=header.outgoing),
        replace(
            _ANY, protocol=header.protocol, is_protocol_negated=header.is_protocol_negated
        ),
        replace(
            _ANY,
            is_later_fragment=header.is_later_fragment,
            is_fragment_negated=header.is_fragment_negated,
        ),
    )
    return tuple(each for each in single if header_holds(each, parcel) is False)


def is_by(asked: MaskedValue | None, interface: Interface) -> Truth:
    """Whether a device has the name that is asked for."""
    name = interface.name.encode()[:_NAME_OCTETS].ljust(_NAME_OCTETS, b"\0")
    return asked is None or has_value(asked, known(name))


def has_value(asked: MaskedValue | None, octets: Octets) -> Truth:
    """Whether a field has the value that is asked for."""
    if asked is None:
        return True
    found = equals(masked(octets, asked.mask, bytes(len(asked.mask))), asked.value)
    return negated(found) if asked.is_negated else found
