"""A packet that comes in: PREROUTING, routing, then INPUT and a socket, or FORWARD and out.

source  net/ipv4/ip_input.c, ip_forward.c, route.c (ip_route_input_slow)
"""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import Final, TypeAlias

from edgediag.host.walk.bridge_in import come_in
from edgediag.host.walk.bridge_out import sent_by_bridge
from edgediag.host.walk.chain_walk import Course, Step, bounded, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import (
    EGRESS,
    FORWARD,
    INGRESS,
    INPUT,
    POSTROUTING,
    HookWalk,
)
from edgediag.host.walk.needs import (
    Asking,
    NeedPeers,
    NeedSocket,
    Taken,
    ask_address_type,
    ask_peers,
    ask_socket,
)
from edgediag.host.walk.neighbour import resolved
from edgediag.host.walk.octets import both, equals
from edgediag.host.walk.parcel import NO_INTERFACE, CtState, Parcel
from edgediag.host.walk.policies import FORWARDED, IN, each_of, let_in, let_out, wrapped
from edgediag.host.walk.routing import flow_of, routed
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Protocol

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
    return (yield from _through([course], hooks, (come_in, _route, _part)))


def delivered(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of a packet that comes in by lo with the route that it was sent with."""
    return (yield from _through([course], hooks, (come_in, _input, _socket)))


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
        live = bounded("what comes in", INGRESS, live, united(following))
    return live


def _route(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    destination = course.parcel.destination
    if destination.is_known and ip_address(destination.value).is_multicast:
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
    courses = yield from hooks.walk(INPUT, [replace(course, parcel=parcel)])
    return (yield from each_of(courses, lambda each: let_in(each, IN)))


def _forward(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    let = yield from let_in(course, FORWARDED)
    routed_on = yield from each_of(let, let_out)
    courses = yield from hooks.walk(FORWARD, routed_on)
    left = yield from hooks.walk(POSTROUTING, courses)
    return (yield from each_of(left, wrapped))


def _leave(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    # The chains at the device that it leaves by are shown no other (nf_hook_egress).
    parcel = replace(course.parcel, incoming=NO_INTERFACE)
    device = parcel.outgoing.name
    known = yield from resolved(replace(course, parcel=parcel), hooks)
    at_device = yield from hooks.at_device(EGRESS, device, known)
    courses = yield from each_of(at_device, lambda each: sent_by_bridge(each, hooks))
    return [
        replace(each, fate=Fate.ACCEPTED) if each.fate is Fate.GOES_ON else each
        for each in courses
    ]


def _socket(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    parcel = course.parcel
    if parcel.protocol is Protocol.ICMP or parcel.state not in _FIRST:
        return [replace(course, fate=Fate.ACCEPTED)]
    if parcel.is_reply:
        # The socket that it answers takes it, connected or not, unless a rule has turned it aside.
        if parcel.has_dnat:
            return [course.undecided(SOCKET, "which socket takes an answer that is translated")]
        return [replace(course, fate=Fate.ACCEPTED)]
    if not (parcel.destination.is_known and parcel.destination_port.is_known):
        reason = parcel.destination.reason or parcel.destination_port.reason
        return [course.undecided(SOCKET, f"which socket takes it, for {reason} is not known")]
    type_ = yield from ask_address_type(ip_address(parcel.destination.value))
    if type_ != _UNICAST_HERE:
        # Whoever listens to a broadcast does so without the sender learning of it.
        return [replace(course, fate=Fate.ACCEPTED)]
    return [(yield from _asked(course))]


def _asked(course: Course) -> Asking[Course]:
    parcel = course.parcel
    need = NeedSocket(flow=flow_of(parcel), incoming=parcel.incoming)
    if parcel.source.is_known and parcel.source_port.is_known:
        return _taken(course, (yield from ask_socket(need)))
    # Whoever stands for the sender is nobody's peer: no peer has port 0.
    answer = yield from ask_socket(replace(need, flow=replace(need.flow, source_port=0)))
    is_refused = isinstance(answer, Taken) and not answer.is_taken
    doubt = (yield from _doubt_of_peers(parcel)) if is_refused else ""
    return course.undecided(SOCKET, doubt) if doubt else _taken(course, answer)


def _doubt_of_peers(parcel: Parcel) -> Asking[str]:
    """Why a connected socket of UDP may take a packet of a sender that is not known, else ""."""
    if parcel.protocol is not Protocol.UDP:
        return ""
    peers = yield from ask_peers(NeedPeers(flow=flow_of(parcel), incoming=parcel.incoming))
    if isinstance(peers, NotChecked):
        return peers.reason
    possible = (f"{host}:{port}" for host, port in peers.ends if _may_be_from(parcel, host, port))
    peer = next(possible, "")
    return peer and f"whether {peer} sends it, which a socket is connected with"


def _may_be_from(parcel: Parcel, address: Address, port: int) -> bool:
    is_address = equals(parcel.source, address.packed)
    return both(is_address, equals(parcel.source_port, port.to_bytes(2, "big"))) is not False


def _taken(course: Course, answer: Taken | NotChecked) -> Course:
    if isinstance(answer, NotChecked):
        return course.undecided(SOCKET, answer.reason)
    fate, action = Fate.ACCEPTED, answer.text
    if not answer.is_taken:
        fate, action = Fate.REJECTED, f"{answer.text}: {_REFUSALS[course.parcel.protocol]}"
    step = Step(hook=SOCKET, chain=None, rule=None, number=0, action=action)
    return course.with_step(step, fate)
