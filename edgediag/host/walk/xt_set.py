"""The match set of iptables: the packet's element is asked of the kernel's ipset.

source  net/netfilter/xt_set.c, ipset/ip_set_core.c ip_set_test, ip_set_getport.c,
        ipset/ip_set_hash_*.c (the kadt functions) (Linux 6.18)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from edgediag.host.attributes import NATIVE
from edgediag.host.ipset import LIST_OF_SETS, Ipset, IpsetElement
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.netfilter.xt.sets import set_match
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.needs import Member, NeedIpset, NeedMember
from edgediag.host.walk.octets import Octets, Truth, Unsure, either, negated, stretch
from edgediag.host.walk.parcel import Parcel, transport_header
from edgediag.host.walk.xt_decide import Decide
from edgediag.model.flow import Protocol

_FAMILIES: Final = {4: 2, 16: 10}
_PORTS_ONLY: Final = "bitmap:port"
_KNOWN_PARTS: Final = frozenset({"ip", "net", "port", "iface", "mac", "mark"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _NoElement:
    """The kernel finds no element in such a packet, and so it is in no set."""


_Found: TypeAlias = IpsetElement | _NoElement | Unsure


def in_set(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    """Whether the packet's element is in the set; None for options that look at counters."""
    asked = set_match(match.info, match.revision)
    if asked is None or asked.has_more:
        return None
    truth = _is_in(asked.index, asked.sources, parcel, inquiry)
    return negated(truth) if asked.is_inverted else truth


def _is_in(key: int | str, sources: tuple[bool, ...], parcel: Parcel, inquiry: Inquiry) -> Truth:
    ipset = inquiry.look_up(NeedIpset(key=key))
    if not isinstance(ipset, Ipset):
        return Unsure(reason=f"ipset {key}")
    # ip_set_test() looks into no set with more parts than the rule has directions.
    is_of_family = ipset.family in (0, _FAMILIES.get(len(parcel.source.value)))
    if len(sources) < len(ipset.parts) or not is_of_family:
        return False
    if ipset.type_ == LIST_OF_SETS:
        return either(*(_is_in(name, sources, parcel, inquiry) for name in ipset.members))
    element = _element(ipset, sources, parcel)
    if isinstance(element, Unsure):
        return element
    if isinstance(element, _NoElement):
        return False
    answer = inquiry.look_up(NeedMember(ipset=ipset, element=element))
    return answer.is_member if isinstance(answer, Member) else Unsure(reason=f"ipset {ipset.name}")


def _element(ipset: Ipset, sources: tuple[bool, ...], parcel: Parcel) -> _Found:
    if not _KNOWN_PARTS.issuperset(ipset.parts):
        return Unsure(reason=f"ipset {ipset.name} of type {ipset.type_}")
    asked = dict(zip(reversed(ipset.parts), reversed(sources[: len(ipset.parts)])))
    unsure = Unsure(reason=f"ipset {ipset.name}")
    if "mac" in asked:
        # A packet that this host sends has no link-layer header before its last hook.
        return unsure if parcel.incoming.index else _NoElement()
    if "port" in asked and ipset.type_ == _PORTS_ONLY and parcel.protocol is Protocol.ICMP:
        return _NoElement()
    addresses = [
        parcel.source if is_source else parcel.destination
        for part, is_source in zip(ipset.parts, sources)
        if part in ("ip", "net")
    ]
    port = _port(asked["port"], parcel) if "port" in asked else None
    mark = parcel.mark if "mark" in asked else None
    device = (parcel.incoming if asked["iface"] else parcel.outgoing) if "iface" in asked else None
    if device is not None and not device.index:
        return _NoElement()
    if not all(octets.is_known for octets in (*addresses, port, mark) if octets is not None):
        return unsure
    return IpsetElement(
        addresses=tuple(octets.value for octets in addresses),
        protocol=parcel.number if port and ipset.type_ != _PORTS_ONLY else None,
        port=port.value if port else None,
        mark=int.from_bytes(mark.value, NATIVE) if mark else None,
        interface=device.name if device else None,
    )


def _port(is_source: bool, parcel: Parcel) -> Octets:
    """A port, or for ICMP its type and code."""
    if parcel.protocol is Protocol.ICMP:
        return stretch(transport_header(parcel), 0, 2)
    return parcel.source_port if is_source else parcel.destination_port


MATCHES: Final[Mapping[tuple[str, int], Decide]] = {
    ("set", revision): in_set for revision in (1, 2, 3, 4)
}
