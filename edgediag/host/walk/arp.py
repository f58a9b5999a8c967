"""The ARP request for a next hop and the answer to it, through the rules that ARP meets.

source  net/ipv4/arp.c (arp_solicit, arp_xmit, arp_rcv); RFC 826
"""

from dataclasses import replace
from typing import Final

from edgediag.host.walk.bridge_in import come_in
from edgediag.host.walk.bridge_out import sent_by_bridge
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import ARP_FAMILY, EGRESS, NEIGHBOUR, OUTPUT, HookWalk
from edgediag.host.walk.needs import Asking, Unresolved
from edgediag.host.walk.octets import Octets, big_number, joined, known, native_number, unknown
from edgediag.host.walk.parcel import NO_INTERFACE, Parcel, frame_of
from edgediag.host.walk.policies import each_of
from edgediag.model.flow import Address

_ETHERNET: Final = b"\0\1"
_LENGTHS: Final = b"\6\4"
_REQUEST, _REPLY = 1, 2
_TO_ALL: Final = b"\xff" * 6


def arp_asked(
    course: Course, next_hop: Address, found: Unresolved, hooks: HookWalk
) -> Asking[list[Course]]:
    """Every course of the request, as far as the wire."""
    asker = known(found.mac), _own_address(found)
    message = _message(_REQUEST, asker, (known(bytes(6)), known(next_hop.packed)))
    parcel = _in_its_stead(course.parcel, message)
    parcel = replace(parcel, frame=frame_of(parcel, _TO_ALL, found.mac))
    let = yield from hooks.of_frames(
        (ARP_FAMILY, OUTPUT), [replace(course, parcel=parcel)], ()
    )
    left = yield from hooks.at_device(EGRESS, parcel.outgoing.name, let)
    sent = yield from each_of(left, lambda each: sent_by_bridge(each, hooks))
    return [_unless_rewritten(each, message) for each in sent]


def arp_answered(
    course: Course, next_hop: Address, found: Unresolved, hooks: HookWalk
) -> Asking[list[Course]]:
    """Every course of the reply, from the wire to ARP itself."""
    theirs = unknown(6, "arp saddr ether"), known(next_hop.packed)
    message = _message(_REPLY, theirs, (known(found.mac), _own_address(found)))
    parcel = replace(
        _in_its_stead(course.parcel, message),
        incoming=course.parcel.outgoing,
        outgoing=NO_INTERFACE,
        source=known(next_hop.packed),
        gateway=None,
        is_reply=True,
    )
    parcel = replace(parcel, frame=frame_of(parcel, found.mac, None))
    came = yield from come_in(replace(course, parcel=parcel), hooks)
    return [_unless_rewritten(each, message) for each in came]


def _unless_rewritten(course: Course, message: Octets) -> Course:
    """The course, but where a rule made another message of it: what answers that is not known."""
    is_same = course.parcel.arp == message and not course.parcel.blurred
    if is_same or course.fate is not Fate.GOES_ON:
        return course
    return course.undecided(NEIGHBOUR, "what a rule has written into a message of ARP")


def _in_its_stead(parcel: Parcel, message: Octets) -> Parcel:
    """The message of ARP on the packet's way: without its mark, its socket and its connection."""
    return replace(
        parcel,
        arp=message,
        incoming=NO_INTERFACE,
        mark=native_number(0),
        uid=None,
        gid=None,
        blurred=frozenset(),
    )


def _own_address(found: Unresolved) -> Octets:
    return unknown(4, "arp saddr ip") if found.source is None else known(found.source.packed)


def _message(
    operation: int, sender: tuple[Octets, Octets], target: tuple[Octets, Octets]
) -> Octets:
    """RFC 826 "Packet format", for Ethernet and IPv4; of each end its MAC and its address."""
    head = known(_ETHERNET + b"\x08\x00" + _LENGTHS)
    return joined((head, big_number(operation), *sender, *target))
