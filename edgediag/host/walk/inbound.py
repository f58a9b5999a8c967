"""A packet that comes in: PREROUTING, routing, then INPUT and a socket, or FORWARD and out.

source  net/ipv4/ip_input.c, ip_forward.c, route.c (ip_route_input_slow)
"""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Final, TypeAlias

from edgediag.host.walk.chain_walk import Course, Step, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import (
    EGRESS,
    FORWARD,
    INGRESS,
    INPUT,
    POSTROUTING,
    PREROUTING,
    HookWalk,
)
from edgediag.host.walk.needs import Asking, NeedSocket, Taken, ask_address_type, ask_socket
from edgediag.host.walk.parcel import NO_INTERFACE, CtState, Parcel
from edgediag.host.walk.routing import flow_of, routed
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Protocol

SOCKET: Final = "socket"
_UNICAST_HERE: Final = 2
# Whoever takes packets of a connection that stands has been found when it began.
_FIRST: Final = frozenset({CtState.NEW, CtState.UNTRACKED})
_REFUSALS: Final = {Protocol.UDP: "ICMP port unreachable", Protocol.TCP: "a reset"}

Stage: TypeAlias = Callable[[Course, HookWalk], Asking[list[Course]]]


def receive(parcel: Parcel, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of a packet that comes in; `Fate.ACCEPTED` for those delivered or sent on."""
    course = Course(parcel=parcel, steps=(), doubts=(), fate=Fate.GOES_ON)
    return (yield from enter(course, hooks))


def enter(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    """The same of a packet to which something has happened before."""
    return (yield from _through([course], hooks, (_enter, _route, _part)))


def delivered(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of a packet that comes in by lo with the route that it was sent with."""
    return (yield from _through([course], hooks, (_enter, _input, _socket)))


def _through(
    courses: list[Course], hooks: HookWalk, stages: tuple[Stage, ...]
) -> Asking[list[Course]]:
    """Every course through one stage after the other; one that has ended is asked no more."""
    live = courses
    for stage in stages:
        following: list[Course] = []
        for each in live:
            if each.fate is Fate.GOES_ON:
                following += yield from stage(each, hooks)
            else:
                following.append(each)
        live = united(following)
    return live


def _enter(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    device = course.parcel.incoming.name
    step = Step(hook=INGRESS, chain=None, rule=None, number=0, action=f"comes in by {device}")
    entered = course.with_step(step, Fate.GOES_ON)
    courses = yield from hooks.at_device(INGRESS, device, [entered])
    return (yield from hooks.walk(PREROUTING, courses))


def _route(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    destination = course.parcel.destination
    if destination.is_known and IPv4Address(destination.value).is_multicast:
        # The lookup does not answer for groups with a device that a packet came in by.
        return [course.undecided("routing", "who takes part in a multicast group")]
    return (yield from routed(course, "routing"))


def _part(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    stages: tuple[Stage, ...] = (_forward, _leave)
    if course.parcel.is_for_here:
        stages = (_input, _socket)
    return (yield from _through([course], hooks, stages))


def _input(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    # The rules of INPUT are shown no device that the packet leaves by.
    parcel = replace(course.parcel, outgoing=NO_INTERFACE)
    return (yield from hooks.walk(INPUT, [replace(course, parcel=parcel)]))


def _forward(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    courses = yield from hooks.walk(FORWARD, [course])
    return (yield from hooks.walk(POSTROUTING, courses))


def _leave(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    device = course.parcel.outgoing.name
    courses = yield from hooks.at_device(EGRESS, device, [course])
    return [
        replace(each, fate=Fate.ACCEPTED) if each.fate is Fate.GOES_ON else each
        for each in courses
    ]


def _socket(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    parcel = course.parcel
    if parcel.protocol is Protocol.ICMP or parcel.state not in _FIRST:
        return [replace(course, fate=Fate.ACCEPTED)]
    if not (parcel.destination.is_known and parcel.destination_port.is_known):
        reason = parcel.destination.reason or parcel.destination_port.reason
        return [course.undecided(SOCKET, f"which socket takes it, for {reason} is not known")]
    type_ = yield from ask_address_type(IPv4Address(parcel.destination.value))
    if type_ != _UNICAST_HERE:
        # Whoever listens to a broadcast does so without the sender learning of it.
        return [replace(course, fate=Fate.ACCEPTED)]
    need = NeedSocket(flow=flow_of(parcel), incoming=parcel.incoming)
    return [_taken(course, (yield from ask_socket(need)))]


def _taken(course: Course, answer: Taken | NotChecked) -> Course:
    if isinstance(answer, NotChecked):
        return course.undecided(SOCKET, answer.reason)
    fate, action = Fate.ACCEPTED, answer.text
    if not answer.is_taken:
        fate, action = Fate.REJECTED, f"{answer.text}: {_REFUSALS[course.parcel.protocol]}"
    step = Step(hook=SOCKET, chain=None, rule=None, number=0, action=action)
    return course.with_step(step, fate)
