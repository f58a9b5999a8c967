"""A packet that this host sends: routing, OUTPUT, routing again where it changed, POSTROUTING.

source  net/ipv4/ip_output.c, net/netfilter/nf_nat_core.c (nf_nat_inet_fn), nft_chain_route.c
"""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Final

from edgediag.host.attributes import NATIVE
from edgediag.host.walk.chain_walk import Course, Step, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import OUTPUT, POSTROUTING, HookWalk
from edgediag.host.walk.needs import Asking, NeedRoute, Way, ask_route
from edgediag.host.walk.parcel import Parcel
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow

_LOOPBACK: Final = "lo"


def send(parcel: Parcel, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of a packet that this host sends; `Fate.ACCEPTED` for those that leave it."""
    course = Course(parcel=parcel, steps=(), doubts=(), fate=Fate.GOES_ON)
    routed = yield from _route(course, "routing")
    courses = yield from hooks.walk(OUTPUT, routed)
    rerouted: list[Course] = []
    for each in courses:
        if each.fate is Fate.GOES_ON and _is_rerouted(routed[0].parcel, each.parcel):
            rerouted += yield from _route(each, "routing again")
        else:
            rerouted.append(each)
    ended = yield from hooks.walk(POSTROUTING, rerouted)
    return united(_sent(each) for each in ended)


def _sent(course: Course) -> Course:
    if course.fate is not Fate.GOES_ON:
        return course
    if course.parcel.outgoing.name == _LOOPBACK:
        return course.undecided(POSTROUTING, "what the packet meets when it comes in again by lo")
    return replace(course, fate=Fate.ACCEPTED)


def _route(course: Course, hook: str) -> Asking[list[Course]]:
    parcel = course.parcel
    if not (parcel.destination.is_known and parcel.mark.is_known):
        reason = parcel.destination.reason or parcel.mark.reason
        return [course.undecided(hook, f"the way of a packet changed by {reason}")]
    source = IPv4Address(parcel.source.value if parcel.source.is_known else 0)
    flow = Flow(
        protocol=parcel.protocol,
        source=source,
        source_port=int.from_bytes(parcel.source_port.value, "big"),
        destination=IPv4Address(parcel.destination.value),
        destination_port=int.from_bytes(parcel.destination_port.value, "big"),
    )
    mark = int.from_bytes(parcel.mark.value, NATIVE)
    way = yield from ask_route(
        NeedRoute(flow=flow, incoming="", mark=mark, uid=parcel.uid or 0)
    )
    if isinstance(way, NotChecked):
        return [course.undecided(hook, way.reason)]
    step = Step(hook=hook, chain=None, rule=None, number=0, action=way.text)
    if not isinstance(way, Way):
        return [course.with_step(step, Fate.DROPPED)]
    onward = replace(course, parcel=replace(parcel, outgoing=way.outgoing))
    return [onward.with_step(step, Fate.GOES_ON)]


def _is_rerouted(before: Parcel, after: Parcel) -> bool:
    looked_at = (before.mark, before.destination), (after.mark, after.destination)
    return looked_at[0] != looked_at[1]
