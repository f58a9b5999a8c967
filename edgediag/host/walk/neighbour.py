"""The question for the next hop's MAC and its answer, through the rules that ARP meets.

A packet waits until its next hop has told its MAC. Where a rule of this host ends the question or
the answer, it waits in vain, and the neighbour looks dead.

source  net/ipv4/arp.c (arp_solicit, arp_xmit, arp_rcv); RFC 826
"""

from dataclasses import replace
from typing import Final

from edgediag.host.walk.bridge_in import come_in
from edgediag.host.walk.bridge_out import known_address, sent_by_bridge
from edgediag.host.walk.chain_walk import Course, Step, bounded, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import ARP_FAMILY, EGRESS, OUTPUT, HookWalk
from edgediag.host.walk.needs import Asking, NeedResolution, Unresolved, ask_resolution
from edgediag.host.walk.octets import Octets, big_number, joined, known, native_number, unknown
from edgediag.host.walk.parcel import NO_INTERFACE, Parcel, frame_of
from edgediag.host.walk.policies import each_of
from edgediag.model.flow import Address

NEIGHBOUR: Final = "neighbour"
_ETHERNET: Final = b"\0\1"
_LENGTHS: Final = b"\6\4"
_REQUEST, _REPLY = 1, 2
_TO_ALL: Final = b"\xff" * 6


def resolve(parcel: Parcel, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of ARP for the next hop of a packet that has been routed."""
    course = Course(parcel=parcel, steps=(), doubts=(), fate=Fate.GOES_ON)
    found = yield from resolved(course, hooks)
    return [
        replace(each, fate=Fate.ACCEPTED) if each.fate is Fate.GOES_ON else each for each in found
    ]


def resolved(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course past the resolution of its next hop; one whose ARP a rule ends, ends with it.

    Whether somebody answers is not asked.
    """
    parcel = course.parcel
    next_hop = parcel.gateway or known_address(parcel.destination)
    if course.fate is not Fate.GOES_ON or next_hop is None or next_hop.version != 4:
        return [course]
    need = NeedResolution(device=parcel.outgoing, neighbour=next_hop)
    found = yield from ask_resolution(need)
    if not isinstance(found, Unresolved) or not (hooks.has_frame_rules() or hooks.unread_of_arp):
        return [course]
    words = f"{next_hop} on {parcel.outgoing.name} is {found.state}: its MAC is asked for"
    asking = course.with_step(_step(words), Fate.GOES_ON)
    asked = yield from _asked(asking, next_hop, found, hooks)
    answered = yield from each_of(asked, lambda each: _answered(each, next_hop, found, hooks))
    ended = [replace(each, parcel=parcel) for each in answered]
    ended += [asking.undecided(NEIGHBOUR, unread) for unread in hooks.unread_of_arp]
    return bounded(f"ARP for {next_hop}", NEIGHBOUR, [course], united(ended))


def _asked(
    course: Course, next_hop: Address, found: Unresolved, hooks: HookWalk
) -> Asking[list[Course]]:
    own = _own_address(course.parcel, found)
    message = _message(_REQUEST, (known(found.mac), own), (known(bytes(6)), known(next_hop.packed)))
    parcel = _in_its_stead(course.parcel, message)
    parcel = replace(parcel, frame=frame_of(parcel, _TO_ALL, found.mac))
    let = yield from hooks.of_frames(
        (ARP_FAMILY, OUTPUT), [replace(course, parcel=parcel)], ()
    )
    left = yield from hooks.at_device(EGRESS, parcel.outgoing.name, let)
    sent = yield from each_of(left, lambda each: sent_by_bridge(each, hooks))
    return [_unless_rewritten(each, message, "question") for each in sent]


def _answered(
    course: Course, next_hop: Address, found: Unresolved, hooks: HookWalk
) -> Asking[list[Course]]:
    if course.fate is not Fate.GOES_ON:
        return [course]
    theirs = unknown(6, "arp saddr ether"), known(next_hop.packed)
    message = _message(_REPLY, theirs, (known(found.mac), _own_address(course.parcel, found)))
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
    return [_unless_rewritten(each, message, "answer") for each in came]


def _unless_rewritten(course: Course, message: Octets, words: str) -> Course:
    """The course, but where a rule made another message of it: who answers that is not known."""
    is_same = course.parcel.arp == message and not course.parcel.blurred
    if is_same or course.fate is not Fate.GOES_ON:
        return course
    return course.undecided(NEIGHBOUR, f"what a rule has written into the {words}")


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


def _own_address(parcel: Parcel, found: Unresolved) -> Octets:
    return parcel.source if found.is_source else unknown(4, "arp saddr ip")


def _message(
    operation: int, sender: tuple[Octets, Octets], target: tuple[Octets, Octets]
) -> Octets:
    """RFC 826 "Packet format", for Ethernet and IPv4; of each end its MAC and its address."""
    head = known(_ETHERNET + b"\x08\x00" + _LENGTHS)
    return joined((head, big_number(operation), *sender, *target))


def _step(words: str) -> Step:
    return Step(hook=NEIGHBOUR, chain=None, rule=None, number=0, action=words)
