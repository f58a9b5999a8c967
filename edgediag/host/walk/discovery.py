"""The neighbour solicitation for a next hop and the advertisement in answer, through the rules.

Both are ICMPv6 like any other to the rules of IP, and of no connection.

source  net/ipv6/ndisc.c (ndisc_solicit, ndisc_send_skb, ndisc_rcv); RFC 4861 §4.3, §4.4, §7.2;
        net/netfilter/nf_conntrack_proto_icmpv6.c (noct_valid_new)
"""

from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from edgediag.host.walk.bridge_in import come_in
from edgediag.host.walk.bridge_out import sent_by_bridge
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import (
    EGRESS,
    INPUT,
    NEIGHBOUR,
    OUTPUT,
    POSTROUTING,
    HookWalk,
)
from edgediag.host.walk.needs import Asking, Unresolved
from edgediag.host.walk.octets import Octets, known, unknown
from edgediag.host.walk.parcel import (
    CtState,
    Parcel,
    Sender,
    frame_of,
    parcel_of,
)
from edgediag.host.walk.policies import each_of
from edgediag.model.flow import Address, Flow, Protocol

_SOLICITATION, _ADVERTISEMENT = b"\x87\0", b"\x88\0"
_CHECKSUM: Final = unknown(2, "icmpv6 checksum")
# Options of RFC 4861 §4.6.1, each of one unit of eight octets.
_SOURCE_MAC, _TARGET_MAC = b"\1\1", b"\2\1"
# RFC 4291 §2.7.1; RFC 2464 §7.
_SOLICITED_NODE: Final = ip_address("ff02::1:ff00:0").packed[:13]
_GROUP_MAC: Final = b"\x33\x33"
_NOBODY: Final = ip_address("::")
# Traffic class and flow label: whoever gets the message does not look at them.
_OF_NO_ACCOUNT: Final = 4


def solicited(
    course: Course, next_hop: Address, found: Unresolved, hooks: HookWalk
) -> Asking[list[Course]]:
    """Every course of the solicitation, as far as the wire."""
    group = ip_address(_SOLICITED_NODE + next_hop.packed[13:])
    option = known(_SOURCE_MAC + found.mac)
    body = (known(bytes(4) + next_hop.packed), option)
    parcel = _message(_SOLICITATION, body, (found.source, group))
    parcel = replace(parcel, outgoing=course.parcel.outgoing)
    sent = yield from hooks.walk(OUTPUT, [replace(course, parcel=parcel)])
    left = yield from hooks.walk(POSTROUTING, sent)
    framed = [_framed(each, _GROUP_MAC + group.packed[12:], found.mac) for each in left]
    at_device = yield from hooks.at_device(EGRESS, parcel.outgoing.name, framed)
    by_port = yield from each_of(at_device, lambda each: sent_by_bridge(each, hooks))
    return [_unless_rewritten(each) for each in by_port]


def advertised(
    course: Course, next_hop: Address, found: Unresolved, hooks: HookWalk
) -> Asking[list[Course]]:
    """Every course of the advertisement, from the wire to neighbour discovery itself.

    A neighbour may answer from any of its addresses on the link (RFC 4861 §4.4): one that is asked
    for by the address of the link itself has no other there.
    """
    option = known(_TARGET_MAC), unknown(6, "icmpv6 target MAC")
    body = (unknown(4, "icmpv6 flags"), known(next_hop.packed), *option)
    theirs = next_hop if next_hop.is_link_local else None
    parcel = _message(_ADVERTISEMENT, body, (theirs, found.source))
    parcel = replace(parcel, incoming=course.parcel.outgoing)
    parcel = replace(parcel, frame=frame_of(parcel, found.mac, None))
    came = yield from come_in(replace(course, parcel=parcel), hooks)
    taken = yield from hooks.walk(INPUT, came)
    return [_unless_rewritten(each) for each in taken]


def _message(
    kind: bytes, body: tuple[Octets, ...], ends: tuple[Address | None, Address | None]
) -> Parcel:
    """A message between two ends, None for one that is not known: no mark, no socket."""
    source, destination = (end or _NOBODY for end in ends)
    flow = Flow(
        protocol=Protocol.ICMP,
        source=source,
        source_port=0,
        destination=destination,
        destination_port=0,
    )
    sender = Sender(mark=0, uid=None, gid=None, state=CtState.UNTRACKED)
    parcel = parcel_of(flow, sender)
    return replace(
        parcel,
        source=parcel.source if ends[0] else unknown(16, "ip6 saddr"),
        destination=parcel.destination if ends[1] else unknown(16, "ip6 daddr"),
        discovery=(known(kind), _CHECKSUM, *body),
        was_new=True,
    )


def _framed(course: Course, destination: bytes, source: bytes) -> Course:
    parcel = course.parcel
    return replace(course, parcel=replace(parcel, frame=frame_of(parcel, destination, source)))


def _unless_rewritten(course: Course) -> Course:
    """The course, but where a rule has changed what its receiver looks at."""
    is_same = all(
        base == 1 and offset + length <= _OF_NO_ACCOUNT
        for base, offset, length in course.parcel.blurred
    )
    if is_same or course.fate is not Fate.GOES_ON:
        return course
    return course.undecided(NEIGHBOUR, "what a rule has written into neighbour discovery")
