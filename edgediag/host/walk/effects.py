"""What the statements of a rule do to a packet: marks, translations, the end of its way.

An effect that is not read is `Fate.UNDECIDED`: from there on nothing is said.
"""

import struct
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from edgediag.host.attributes import NATIVE
from edgediag.host.netfilter.statement import (
    CtSet,
    Masquerade,
    MetaSet,
    Nat,
    PayloadSet,
    Redirect,
    XtTarget,
)
from edgediag.host.netfilter.xt.arp import MANGLE, decode_mangle
from edgediag.host.walk.octets import Octets, cut, joined, known, masked, unknown
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.registers import Registers
from edgediag.host.walk.xt_targets import with_connection

_META_MARK, _META_NFTRACE = 3, 12
_CT_MARK: Final = 3
# meta priority, mark's neighbours that no condition here is decided by, and the trace bit.
_META_HARMLESS: Final = frozenset({2, _META_NFTRACE, 14, 19})
_DNAT: Final = 1
# Where the addresses begin in the header, by the version of IP.
_ADDRESSES_AT: Final = {4: 12, 6: 8}
_WRITTEN: Final = {
    ("TTL", 4): (1, 8, 1),
    ("TOS", 4): (1, 1, 1),
    ("DSCP", 4): (1, 1, 1),
    ("HL", 6): (1, 7, 1),
    ("TOS", 6): (1, 0, 2),
    ("DSCP", 6): (1, 0, 2),
}
_HARMLESS: Final = frozenset(
    {"LOG", "NFLOG", "ULOG", "TRACE", "AUDIT", "CHECKSUM", "CLASSIFY", "TCPMSS", "TCPOPTSTRIP"}
)
_RANGE: Final = struct.Struct("=I16s16s2s2s")
_HAS_ADDRESSES, _HAS_PORTS = 1, 2
# A message of ARP for Ethernet and IPv4.
_ARP_OCTETS: Final = 28
_SOURCE_NAT: Final = frozenset({"SNAT", "MASQUERADE"})
_DESTINATION_NAT: Final = frozenset({"DNAT", "REDIRECT"})


class Fate(Enum):
    """What becomes of a packet at a rule or at the end of a chain."""

    GOES_ON = "goes on"
    ACCEPTED = "accepted"
    DROPPED = "dropped"
    REJECTED = "rejected"
    UNDECIDED = "undecided"


# By the verdict of the target that rewrites a message of ARP.
_MANGLED: Final = {0: Fate.DROPPED, 1: Fate.ACCEPTED, -1: Fate.GOES_ON}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A packet after a statement, and whether it goes on; `name` of what is not read, else ""."""

    parcel: Parcel
    fate: Fate
    name: str


def set_value(statement: MetaSet | CtSet | PayloadSet, parcel: Parcel, held: Registers) -> Parcel:
    """The packet after a register was written into it or into what is attached to it."""
    match statement:
        case MetaSet(key=key) if key == _META_MARK:
            return replace(parcel, mark=held.get(statement.slot, 4))
        case CtSet(key=key) if key == _CT_MARK and parcel.has_connection:
            return replace(parcel, ct_mark=held.get(statement.slot, 4))
        case PayloadSet():
            stretch = (statement.base, statement.offset, statement.length)
            return replace(parcel, blurred=parcel.blurred | {stretch})
        case _:
            return parcel


def is_read(statement: MetaSet | CtSet | PayloadSet, parcel: Parcel) -> bool:
    """Whether all that a statement can change is followed here."""
    if isinstance(statement, MetaSet):
        return statement.key == _META_MARK or statement.key in _META_HARMLESS
    if not isinstance(statement, PayloadSet):
        return True
    # Rewritten addresses and ports would need another route.
    end = statement.offset + statement.length
    return statement.base == 1 and end <= _ADDRESSES_AT[parcel.version]


def translate(statement: Nat | Masquerade | Redirect, parcel: Parcel, held: Registers) -> Parcel:
    """The packet after a translation; an address out of several is not known."""
    if isinstance(statement, Masquerade):
        return _from_elsewhere(parcel)
    if isinstance(statement, Redirect):
        length = len(parcel.destination.value)
        return _to(parcel, unknown(length, "redirect"), unknown(2, "redirect"))
    if statement.type_ != _DNAT:
        return _from_elsewhere(parcel)
    length = len(parcel.destination.value)
    address = _only(statement.address, held, length) or parcel.destination
    return _to(parcel, address, _only(statement.port, held, 2) or parcel.destination_port)


def apply_target(target: XtTarget, parcel: Parcel) -> Effect:
    """A target of iptables."""
    name = target.name
    if name in _HARMLESS:
        return Effect(parcel=parcel, fate=Fate.GOES_ON, name="")
    written = _WRITTEN.get((name, parcel.version))
    if written is not None:
        blurred = parcel.blurred | {written}
        return Effect(parcel=replace(parcel, blurred=blurred), fate=Fate.GOES_ON, name="")
    if name == MANGLE and parcel.arp is not None:
        return _mangled(target, parcel, parcel.arp)
    if name == "REJECT":
        return Effect(parcel=parcel, fate=Fate.REJECTED, name="")
    if name == "MARK" and target.revision == 2 and len(target.info) >= 8:
        return Effect(parcel=_marked(parcel, target.info), fate=Fate.GOES_ON, name="")
    if name in _SOURCE_NAT:
        return Effect(parcel=_from_elsewhere(parcel), fate=Fate.ACCEPTED, name="")
    if name in _DESTINATION_NAT:
        elsewhere = _to(parcel, *_target_range(target, parcel))
        return Effect(parcel=elsewhere, fate=Fate.ACCEPTED, name="")
    connected = with_connection(target, parcel)
    if connected is not None:
        return Effect(parcel=connected, fate=Fate.GOES_ON, name="")
    return Effect(parcel=parcel, fate=Fate.UNDECIDED, name=f"-j {name}")


def _target_range(target: XtTarget, parcel: Parcel) -> tuple[Octets, Octets]:
    """Address and port of a DNAT that names one of each, or of neither (struct nf_nat_range2)."""
    length = len(parcel.destination.value)
    if (target.name, target.revision) != ("DNAT", 2) or len(target.info) < _RANGE.size:
        return unknown(length, target.name), unknown(2, target.name)
    flags, address, last_address, port, last_port = _RANGE.unpack_from(target.info)
    is_one = address == last_address and (port == last_port or not flags & _HAS_PORTS)
    if not is_one or flags & ~(_HAS_ADDRESSES | _HAS_PORTS):
        return unknown(length, target.name), unknown(2, target.name)
    return (
        known(address[:length]) if flags & _HAS_ADDRESSES else parcel.destination,
        known(port) if flags & _HAS_PORTS else parcel.destination_port,
    )


def _mangled(target: XtTarget, parcel: Parcel, message: Octets) -> Effect:
    """A message of ARP with other addresses in it (net/ipv4/netfilter/arpt_mangle.c)."""
    mangle = decode_mangle(target.info)
    if mangle is None:
        return Effect(parcel=parcel, fate=Fate.UNDECIDED, name=f"-j {target.name}")
    for _, at, value in mangle.fields:
        behind = at + len(value)
        rest = cut(message, behind, _ARP_OCTETS - behind)
        message = joined((cut(message, 0, at), known(value), rest))
    return Effect(parcel=replace(parcel, arp=message), fate=_MANGLED[mangle.verdict], name="")


def _marked(parcel: Parcel, info: bytes) -> Parcel:
    """mark = (mark & ~info.mask) ^ info.mark (net/netfilter/xt_mark.c)."""
    mark, mask = (int.from_bytes(info[start : start + 4], NATIVE) for start in (0, 4))
    kept = (~mask & 0xFFFFFFFF).to_bytes(4, NATIVE)
    return replace(parcel, mark=masked(parcel.mark, kept, mark.to_bytes(4, NATIVE)))


def _from_elsewhere(parcel: Parcel) -> Parcel:
    reason = "source translation"
    source, port = unknown(len(parcel.source.value), reason), unknown(2, reason)
    return replace(parcel, source=source, source_port=port, has_snat=True)


def _to(parcel: Parcel, address: Octets, port: Octets) -> Parcel:
    return replace(parcel, destination=address, destination_port=port, has_dnat=True)


def _only(
    slots: tuple[int | None, int | None], held: Registers, length: int
) -> Octets | None:
    first, last = slots
    if first is None:
        return None
    value = held.get(first, length)
    if last is None or held.get(last, length) == value:
        return value
    return unknown(length, "a translation to one of several")
