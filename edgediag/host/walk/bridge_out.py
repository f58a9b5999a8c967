"""By which port of a bridge a packet leaves.

Where the kernel does not know it, each possibility is walked, as with every unknown condition.

source  net/bridge/br_device.c (br_dev_xmit)
"""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from edgediag.host.walk.chain_walk import Course, Step, bounded, merged, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.frames import FrameWalk
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.needs import Asking, Behind, Bridge, Port, ask_behind, ask_bridge
from edgediag.host.walk.octets import Octets
from edgediag.host.walk.parcel import frame_of
from edgediag.model.flow import Address

BRIDGE: Final = "bridge"


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
    framed = course
    if parcel.arp is None and parcel.discovery is None:
        next_hop = parcel.gateway or known_address(parcel.destination)
        ports, mac = yield from toward(bridge, next_hop)
        framed = replace(course, parcel=replace(parcel, frame=frame_of(parcel, mac, bridge.mac)))
    else:
        # The question for a neighbour's MAC has its frame, which is for all or for many.
        ports, _ = yield from toward(bridge, None)
    found = of_vlans(course, bridge)
    for port in ports:
        each = by_port(framed, bridge, port, ports, f"{device.name} sends it by")
        found += yield from FrameWalk(bridge, hooks).sent(each, port)
    if not ports:
        found.append(ended_in_bridge(course, f"no port of {device.name} carries it"))
    return bounded(f"what leaves by {device.name}", BRIDGE, [course], united(found))


def toward(
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


def by_port(
    course: Course, bridge: Bridge, port: Port, ports: Sequence[Port], words: str
) -> Course:
    """The course with a note of the port, and a doubt where there are others."""
    noted = _noted(course, f"{words} {port.interface.name}", Fate.GOES_ON)
    if len(ports) < 2:
        return noted
    return doubted(noted, f"which port of {bridge.interface.name} it passes")


def of_vlans(course: Course, bridge: Bridge) -> list[Course]:
    """The course that nothing is said of where the bridge keeps VLANs apart, else none."""
    if not bridge.is_filtering:
        return []
    return [course.undecided(BRIDGE, f"which VLANs {bridge.interface.name} keeps apart")]


def ended_in_bridge(course: Course, words: str) -> Course:
    """The course whose frame the bridge carries nowhere."""
    return _noted(course, words, Fate.DROPPED)


def _noted(course: Course, words: str, fate: Fate) -> Course:
    return course.with_step(Step(hook=BRIDGE, chain=None, rule=None, number=0, action=words), fate)


def doubted(course: Course, doubt: str) -> Course:
    """The course that is taken only where something turns out."""
    return replace(course, doubts=merged(course.doubts, (doubt,)))


def _names(bridge: Bridge) -> tuple[str, ...]:
    return tuple(port.interface.name for port in bridge.ports)


def known_address(octets: Octets) -> Address | None:
    """An address of which every bit is known, else None."""
    return ip_address(octets.value) if octets.is_known else None
