"""A packet that this host sends: routing, OUTPUT, routing again where it changed, POSTROUTING.

Policies of IPsec are asked with the route, and again with what the packet has become at the end.

source  net/ipv4/ip_output.c, net/netfilter/nf_nat_core.c (nf_nat_inet_fn), nft_chain_route.c
"""

from dataclasses import replace

from edgediag.host.walk.bridge_out import sent_by_bridge
from edgediag.host.walk.chain_walk import Course, bounded, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import EGRESS, OUTPUT, POSTROUTING, ROUTING_AGAIN, HookWalk
from edgediag.host.walk.inbound import delivered
from edgediag.host.walk.needs import Asking
from edgediag.host.walk.neighbour import resolved
from edgediag.host.walk.parcel import NO_INTERFACE, Parcel
from edgediag.host.walk.policies import each_of, let_out, wrapped
from edgediag.host.walk.routing import routed, sent_onward
from edgediag.model.packet import LOOPBACK


def send(parcel: Parcel, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of a packet that this host sends; `Fate.ACCEPTED` for those that leave it."""
    course = Course(parcel=parcel, steps=(), doubts=(), fate=Fate.GOES_ON)
    began = yield from routed(course, "routing")
    asked = yield from each_of(began, let_out)
    output = yield from hooks.walk(OUTPUT, asked)
    onward = united(sent_onward(each, ROUTING_AGAIN) for each in output)
    left = yield from hooks.walk(POSTROUTING, onward)
    ended: list[Course] = []
    for each in (yield from each_of(left, wrapped)):
        ended += yield from _at_device(each, hooks)
    return bounded("what has left", POSTROUTING, left, united(ended))


def _at_device(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    device = course.parcel.outgoing
    known = yield from resolved(course, hooks)
    at_device = yield from hooks.at_device(EGRESS, device.name, known)
    left = yield from each_of(at_device, lambda each: sent_by_bridge(each, hooks))
    ended: list[Course] = []
    for each in left:
        if each.fate is not Fate.GOES_ON:
            ended.append(each)
        elif device.name != LOOPBACK:
            ended.append(replace(each, fate=Fate.ACCEPTED))
        elif each.parcel.is_for_here:
            ended += yield from _looped(each, hooks)
        else:
            ended.append(each.undecided(EGRESS, "a packet routed to lo that is not for this host"))
    return ended


def _looped(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    """In again by lo: with its route, its connection and its translations, without its socket."""
    parcel = replace(
        course.parcel, incoming=course.parcel.outgoing, outgoing=NO_INTERFACE, uid=None, gid=None
    )
    return (yield from delivered(replace(course, parcel=parcel), hooks.without_nat()))
