"""Services of IPVS: what is sent to one goes to a server that IPVS chooses, and to no socket here.

source  net/netfilter/ipvs/ip_vs_ctl.c (ip_vs_info_seq_show), ip_vs_core.c (ip_vs_ops4)
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from edgediag.host.attributes import NATIVE
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.octets import Octets, both, equals, known
from edgediag.host.walk.parcel import Parcel, port_octets
from edgediag.model.flow import Address, Protocol

_SERVICE: Final = re.compile(
    r"^(?:(TCP|UDP)  (?:([0-9A-F]{8})|\[([0-9a-f:]+)\]):([0-9A-F]{4})|FWM  ([0-9A-F]{8})) ", re.M
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressService:
    """A service by its address; port 0 for every port."""

    protocol: Protocol
    address: Address
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkService:
    """A service that takes what has a mark."""

    mark: int


def decode_services(listed: str) -> tuple[AddressService | MarkService, ...]:
    """The services that /proc/net/ip_vs lists; of SCTP none, and none that cannot be read."""
    found = (_decoded(match.groups()) for match in _SERVICE.finditer(listed))
    return tuple(service for service in found if service is not None)


def services_met(
    services: Sequence[AddressService | MarkService], courses: Iterable[Course]
) -> tuple[str, ...]:
    """Each service that the packet may belong to in one of its courses, in the order listed."""
    parcels = tuple(course.parcel for course in courses)
    met = (each for each in services if any(_may_take(each, parcel) for parcel in parcels))
    return tuple(f"which server of IPVS gets what is for {_named(each)}" for each in met)


def _decoded(groups: tuple[str | None, ...]) -> AddressService | MarkService | None:
    protocol, address, address_6, port, mark = (group or "" for group in groups)
    if mark:
        return MarkService(mark=int(mark, 16))
    try:
        at = IPv6Address(address_6) if address_6 else IPv4Address(int(address, 16))
    except ValueError:
        return None
    return AddressService(protocol=Protocol(protocol.lower()), address=at, port=int(port, 16))


def _may_take(service: AddressService | MarkService, parcel: Parcel) -> bool:
    if isinstance(service, MarkService):
        # An answer no longer tells which mark it was asked with.
        is_marked = equals(parcel.mark, service.mark.to_bytes(4, NATIVE))
        return parcel.is_reply or is_marked is not False
    if (service.protocol, service.address.version) != (parcel.protocol, parcel.version):
        return False
    ends = [(parcel.destination, parcel.destination_port)]
    if parcel.is_reply:
        # It was asked of the service, whoever answers; without a connection its source tells.
        first = parcel.original
        asked = known(first.destination.packed), port_octets(first.destination_port, "--dport")
        ends += [asked, (parcel.source, parcel.source_port)]
    return any(_may_be(service, address, port) for address, port in ends)


def _may_be(service: AddressService, address: Octets, port: Octets) -> bool:
    is_port = not service.port or equals(port, service.port.to_bytes(2, "big"))
    return both(equals(address, service.address.packed), is_port) is not False


def _named(service: AddressService | MarkService) -> str:
    if isinstance(service, MarkService):
        return f"mark {service.mark}"
    return f"{service.protocol.value} {service.address}:{service.port or '*'}"
