"""The question for the next hop's MAC and its answer, through the rules that they meet.

A packet waits until its next hop has told its MAC. Where a rule of this host ends the question or
the answer, it waits in vain, and the neighbour looks dead.
"""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeAlias

from edgediag.host.walk.arp import arp_answered, arp_asked
from edgediag.host.walk.bridge_out import known_address
from edgediag.host.walk.chain_walk import Course, Step, bounded, united
from edgediag.host.walk.discovery import advertised, solicited
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import NEIGHBOUR, HookWalk
from edgediag.host.walk.needs import Asking, NeedResolution, Unresolved, ask_resolution
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.policies import each_of
from edgediag.model.flow import Address

Message: TypeAlias = Callable[[Course, Address, Unresolved, HookWalk], Asking[list[Course]]]
# Question and answer, by the version of IP.
_MESSAGES: Final = MappingProxyType(
    {4: (arp_asked, arp_answered), 6: (solicited, advertised)}
)


def resolve(parcel: Parcel, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of the question for the next hop of a packet that has been routed."""
    course = Course(parcel=parcel, steps=(), doubts=(), fate=Fate.GOES_ON)
    found = yield from resolved(course, hooks)
    return [
        replace(each, fate=Fate.ACCEPTED) if each.fate is Fate.GOES_ON else each for each in found
    ]


def resolved(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course past the resolution of its next hop; one whose question a rule ends, ends too.

    Whether somebody answers is not asked.
    """
    parcel = course.parcel
    next_hop = parcel.gateway or known_address(parcel.destination)
    if course.fate is not Fate.GOES_ON or next_hop is None or next_hop.is_multicast:
        return [course]
    # A packet of IPv4 may have a router of IPv6 (RFC 5549), whose rules are not at hand here.
    if next_hop.version != parcel.version or not _is_any_rule(hooks, next_hop.version):
        return [course]
    source = known_address(parcel.source)
    need = NeedResolution(device=parcel.outgoing, neighbour=next_hop, source=source)
    found = yield from ask_resolution(need)
    if not isinstance(found, Unresolved):
        return [course]
    words = f"{next_hop} on {parcel.outgoing.name} is {found.state}: its MAC is asked for"
    asking = course.with_step(_step(words), Fate.GOES_ON)
    ended = yield from _exchanged(asking, next_hop, found, hooks)
    # Which of its own tables ARP meets is known for IPv4 alone.
    ended += [asking.undecided(NEIGHBOUR, unread) for unread in hooks.unread_of_arp]
    return bounded(f"the MAC of {next_hop}", NEIGHBOUR, [course], united(ended))


def _exchanged(
    asking: Course, next_hop: Address, found: Unresolved, hooks: HookWalk
) -> Asking[list[Course]]:
    ask, answer = _MESSAGES[next_hop.version]

    def answered(course: Course) -> Asking[list[Course]]:
        if course.fate is not Fate.GOES_ON:
            return [course]
        return (yield from answer(course, next_hop, found, hooks))

    asked = yield from ask(asking, next_hop, found, hooks)
    # Question and answer are packets of their own; by and by the one that waits goes on.
    left = (replace(each, parcel=asking.parcel) for each in asked)
    came = yield from each_of(left, answered)
    return [replace(each, parcel=asking.parcel) for each in came]


def _is_any_rule(hooks: HookWalk, version: int) -> bool:
    if version == 6:
        return hooks.has_rules()
    return hooks.has_frame_rules() or bool(hooks.unread_of_arp)


def _step(words: str) -> Step:
    return Step(hook=NEIGHBOUR, chain=None, rule=None, number=0, action=words)
