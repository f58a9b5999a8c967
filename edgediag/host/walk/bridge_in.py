"""By which port of a bridge a packet comes, and whom its frame is for.

Where the kernel does not know it, each possibility is walked, as with every unknown condition.

source  net/core/dev.c (__netif_receive_skb_core); net/bridge/br_input.c (br_handle_frame_finish)
"""

from dataclasses import replace
from typing import Final

from edgediag.host.walk.bridge_out import (
    BRIDGE,
    by_port,
    doubted,
    ended_in_bridge,
    known_address,
    of_vlans,
    toward,
)
from edgediag.host.walk.chain_walk import Course, Step, bounded, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.frames import FrameWalk
from edgediag.host.walk.hook_walk import INGRESS, HookWalk
from edgediag.host.walk.needs import Asking, Bridge, Port, Way, ask_bridge
from edgediag.host.walk.octets import cut, native_number, unknown
from edgediag.host.walk.parcel import frame_of
from edgediag.host.walk.routing import way_for

_COMES_IN: Final = "comes in by "
_MAC_OCTETS: Final = 6
# The lowest bit of a MAC's first octet: of a group, or of all (IEEE 802).
_GROUP: Final = 1
# PACKET_OTHERHOST (include/uapi/linux/if_packet.h).
_TO_ANOTHER: Final = 3
_TURNED: Final = "what br_netfilter makes of a frame whose destination a rule translates"


def come_in(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of what comes in by a device, through the first hook of its protocol.

    `Fate.ACCEPTED` for what a bridge carries on by itself.
    """
    device = course.parcel.incoming
    action = f"{_COMES_IN}{device.name}"
    step = Step(hook=INGRESS, chain=None, rule=None, number=0, action=action)
    entered = course.with_step(step, Fate.GOES_ON)
    bridge = yield from ask_bridge(device)
    if isinstance(bridge, Bridge):
        names = [port.interface.name for port in bridge.ports]
        if device != bridge.interface or hooks.has_rules_at(names):
            return (yield from _came_by(entered, bridge, hooks))
    courses = yield from hooks.at_device(INGRESS, device.name, [entered])
    return (yield from hooks.taken_up(courses))


def device_come_in_by(step: Step) -> str | None:
    """The device of a step by which the packet comes in, None of every other step."""
    if step.hook != INGRESS or not step.action.startswith(_COMES_IN):
        return None
    return step.action[len(_COMES_IN) :]


def _came_by(course: Course, bridge: Bridge, hooks: HookWalk) -> Asking[list[Course]]:
    parcel, incoming = course.parcel, course.parcel.incoming
    found = of_vlans(course, bridge)
    if incoming == bridge.interface:
        sender = parcel.gateway or known_address(parcel.source) if parcel.is_reply else None
        ports, _ = yield from toward(bridge, sender)
        for port in ports:
            each = by_port(_framed(course, bridge.mac, port), bridge, port, ports, "it comes by")
            found += yield from _handed_up(each, bridge, port, hooks)
        return bounded(f"what comes by {incoming.name}", BRIDGE, [course], united(found))
    port = next(each for each in bridge.ports if each.interface == incoming)
    for each, is_for_here in (yield from _addressed(course, bridge, port)):
        onward = _handed_up if is_for_here else _carried_on
        found += yield from onward(each, bridge, port, hooks)
    return bounded(f"what comes by {incoming.name}", BRIDGE, [course], united(found))


def _handed_up(
    course: Course, bridge: Bridge, port: Port, hooks: HookWalk
) -> Asking[list[Course]]:
    walk = FrameWalk(bridge, hooks)
    came: list[Course] = []
    for each in (yield from walk.came(course, port)):
        came.append((yield from _unless_turned(each, course, bridge)))
    return (yield from walk.handed_up(came, port))


def _carried_on(
    course: Course, bridge: Bridge, port: Port, hooks: HookWalk
) -> Asking[list[Course]]:
    walk = FrameWalk(bridge, hooks)
    came = yield from walk.came(course, port)
    told = cut(course.parcel.frame, 0, _MAC_OCTETS)
    neighbour = told.value if told.is_known else known_address(course.parcel.destination)
    ports, _ = yield from toward(bridge, neighbour)
    others = tuple(each for each in ports if each != port)
    name = bridge.interface.name
    found: list[Course] = []
    for each in came:
        if each.fate is not Fate.GOES_ON:
            found.append(each)
        elif each.parcel.destination != course.parcel.destination:
            found.append(each.undecided(BRIDGE, _TURNED))
        elif not others:
            found.append(ended_in_bridge(each, f"no other port of {name} leads there"))
        else:
            for other in others:
                noted = by_port(each, bridge, other, others, f"{name} carries it to")
                found += yield from walk.carried_on([noted], port, other)
    return [
        replace(each, fate=Fate.ACCEPTED) if each.fate is Fate.GOES_ON else each for each in found
    ]


def _unless_turned(course: Course, before: Course, bridge: Bridge) -> Asking[Course]:
    """The course, but where br_netfilter would send it back without asking what follows."""
    if course.fate is not Fate.GOES_ON or course.parcel.destination == before.parcel.destination:
        return course
    way = yield from way_for(replace(course.parcel, incoming=bridge.interface))
    is_back = not isinstance(way, Way) or way.outgoing == bridge.interface
    return course.undecided(BRIDGE, _TURNED) if is_back else course


def _addressed(
    course: Course, bridge: Bridge, port: Port
) -> Asking[list[tuple[Course, bool]]]:
    """The course with each frame that it may come in, and whether that is for this host."""
    told = cut(course.parcel.frame, 0, _MAC_OCTETS)
    own = {bridge.mac, *(each.mac for each in bridge.ports)}
    if told.is_known:
        is_here = told.value in own or bool(told.value[0] & _GROUP)
        return [(_framed(course, told.value, port, is_other=not is_here), is_here)]
    here = _framed(course, bridge.mac, port)
    destination = known_address(course.parcel.destination)
    if course.parcel.arp is not None:
        return [(here, True)]
    if destination is not None and destination.is_multicast:
        return [(_framed(course, None, port), True)]
    way = yield from way_for(replace(course.parcel, incoming=bridge.interface))
    if isinstance(way, Way) and way.is_local:
        return [(here, True)]
    other = _framed(course, None, port, is_other=True)
    doubt = f"whether its frame is for this host or for another behind {bridge.interface.name}"
    return [(doubted(here, doubt), True), (doubted(other, doubt), False)]


def _framed(
    course: Course, destination: bytes | None, port: Port, *, is_other: bool = False
) -> Course:
    """The course in a frame to a MAC, as the port sees it.

    is_other  the MAC is not known but for not being this host's
    """
    parcel = course.parcel
    source = cut(parcel.frame, _MAC_OCTETS, _MAC_OCTETS)
    frame = frame_of(parcel, destination, source.value if source.is_known else None)
    # The port tells a frame to its own MAC; one to the bridge's other MAC the bridge tells later.
    is_to = None if destination == port.mac else unknown(1, "meta pkttype")
    is_to = native_number(_TO_ANOTHER, 1) if is_other else is_to
    return replace(course, parcel=replace(parcel, frame=frame, frame_is_to=is_to))
