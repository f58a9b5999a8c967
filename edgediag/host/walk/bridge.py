"""By which port of a bridge a packet comes or leaves, and whom a frame that comes in is for.

Where the kernel does not know it, each possibility is walked, as with every unknown condition.

source  net/bridge/br_device.c (br_dev_xmit), br_input.c (br_handle_frame_finish)
"""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from edgediag.host.walk.chain_walk import Course, Step, bounded, merged, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.frames import FrameWalk
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.needs import (
    Asking,
    Behind,
    Bridge,
    Port,
    Way,
    ask_behind,
    ask_bridge,
)
from edgediag.host.walk.octets import Octets, cut, native_number, unknown
from edgediag.host.walk.parcel import frame_of
from edgediag.host.walk.routing import way_for
from edgediag.model.flow import Address

BRIDGE: Final = "bridge"
_MAC_OCTETS: Final = 6
# The lowest bit of a MAC's first octet: of a group, or of all (IEEE 802).
_GROUP: Final = 1
# PACKET_OTHERHOST (include/uapi/linux/if_packet.h).
_TO_ANOTHER: Final = 3


def sent_by_bridge(course: Course, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of what IP sends by a device, on through the bridge that the device may be.

    The course as it is where the device is none, or no rule stands in the way of its frames.
    """
    parcel, device = course.parcel, course.parcel.outgoing
    bridge = yield from ask_bridge(device)
    if course.fate is not Fate.GOES_ON or not isinstance(bridge, Bridge):
        return [course]
    if bridge.interface != device:
        # A port is no device of IP: what is sent by it meets no rule of the bridge.
        return [course]
    if not hooks.has_rules_at(_names(bridge)):
        return [course]
    ports, mac = yield from _toward(bridge, parcel.gateway or _address(parcel.destination))
    framed = replace(course, parcel=replace(parcel, frame=frame_of(parcel, mac, bridge.mac)))
    found = _of_vlans(course, bridge)
    for port in ports:
        each = _by(framed, bridge, port, ports, f"{device.name} sends it by")
        found += yield from FrameWalk(bridge, hooks).sent(each, port)
    if not ports:
        found.append(_ended(course, f"no port of {device.name} carries it"))
    return bounded(f"what leaves by {device.name}", BRIDGE, [course], united(found))


def came_by_bridge(course: Course, bridge: Bridge, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of what comes in by a bridge or a port of one, through PREROUTING of IP.

    `Fate.ACCEPTED` for what the bridge carries on by itself.
    """
    parcel, incoming = course.parcel, course.parcel.incoming
    found = _of_vlans(course, bridge)
    if incoming == bridge.interface:
        sender = parcel.gateway or _address(parcel.source) if parcel.is_reply else None
        ports, _ = yield from _toward(bridge, sender)
        for port in ports:
            each = _by(_framed(course, bridge.mac, port), bridge, port, ports, "it comes by")
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
    neighbour = told.value if told.is_known else _address(course.parcel.destination)
    ports, _ = yield from _toward(bridge, neighbour)
    others = tuple(each for each in ports if each != port)
    found: list[Course] = []
    for each in came:
        if each.fate is not Fate.GOES_ON:
            found.append(each)
        elif each.parcel.destination != course.parcel.destination:
            found.append(each.undecided(BRIDGE, _TURNED))
        elif not others:
            found.append(_ended(each, f"no other port of {bridge.interface.name} leads there"))
        else:
            for other in others:
                noted = _by(each, bridge, other, others, f"{bridge.interface.name} carries it to")
                found += yield from walk.carried_on([noted], port, other)
    return [
        replace(each, fate=Fate.ACCEPTED) if each.fate is Fate.GOES_ON else each for each in found
    ]


_TURNED: Final = "what br_netfilter makes of a frame whose destination a rule translates"


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
    destination = _address(course.parcel.destination)
    if destination is not None and destination.is_multicast:
        return [(_framed(course, None, port), True)]
    way = yield from way_for(replace(course.parcel, incoming=bridge.interface))
    if isinstance(way, Way) and way.is_local:
        return [(here, True)]
    other = _framed(course, None, port, is_other=True)
    doubt = f"whether its frame is for this host or for another behind {bridge.interface.name}"
    return [(_doubted(here, doubt), True), (_doubted(other, doubt), False)]


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


def _toward(
    bridge: Bridge, neighbour: Address | bytes | None
) -> Asking[tuple[tuple[Port, ...], bytes | None]]:
    """The ports by which a neighbour may be reached, and its MAC; every one where none is known."""
    carrying = tuple(port for port in bridge.ports if port.is_forwarding)
    if neighbour is None:
        return carrying, None
    behind = yield from ask_behind(bridge.interface, neighbour)
    if not isinstance(behind, Behind):
        return carrying, None
    if behind.port is None:
        return carrying, behind.mac
    return tuple(port for port in carrying if port.interface == behind.port), behind.mac


def _by(
    course: Course, bridge: Bridge, port: Port, ports: Sequence[Port], words: str
) -> Course:
    """The course with a note of the port, and a doubt where there are others."""
    noted = _noted(course, f"{words} {port.interface.name}", Fate.GOES_ON)
    if len(ports) < 2:
        return noted
    return _doubted(noted, f"which port of {bridge.interface.name} it passes")


def _of_vlans(course: Course, bridge: Bridge) -> list[Course]:
    """The course that nothing is said of where the bridge keeps VLANs apart, else none."""
    if not bridge.is_filtering:
        return []
    return [course.undecided(BRIDGE, f"which VLANs {bridge.interface.name} keeps apart")]


def _ended(course: Course, words: str) -> Course:
    return _noted(course, words, Fate.DROPPED)


def _noted(course: Course, words: str, fate: Fate) -> Course:
    return course.with_step(Step(hook=BRIDGE, chain=None, rule=None, number=0, action=words), fate)


def _doubted(course: Course, doubt: str) -> Course:
    return replace(course, doubts=merged(course.doubts, (doubt,)))


def _names(bridge: Bridge) -> tuple[str, ...]:
    return tuple(port.interface.name for port in bridge.ports)


def _address(octets: Octets) -> Address | None:
    return ip_address(octets.value) if octets.is_known else None
