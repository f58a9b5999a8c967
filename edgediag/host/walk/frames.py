"""Frames through a bridge of this host, hook by hook of the bridge family.

What a bridge carries meets the rules of family bridge, and, where br_netfilter asks them, those of
IP in between: PREROUTING with what comes in, FORWARD and POSTROUTING with what goes on to another
port. What IP itself sends by the bridge, br_netfilter leaves alone.

source  net/bridge/br_input.c, br_forward.c, br_netfilter_hooks.c (br_nf_ops); br_private.h;
        include/uapi/linux/netfilter_bridge.h (enum nf_br_hook_priorities)
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.hook_walk import (
    BRIDGE_FAMILY,
    EGRESS,
    FORWARD,
    INGRESS,
    INPUT,
    OUTPUT,
    POSTROUTING,
    PREROUTING,
    Call,
    HookWalk,
)
from edgediag.host.walk.needs import Asking, Bridge, Port
from edgediag.host.walk.octets import Octets, cut, known, native_number
from edgediag.host.walk.parcel import NO_FRAME, NO_INTERFACE, Interface, Parcel

# NF_BR_PRI_BRNF, and NF_BR_PRI_LAST behind which nothing is.
_ASKS_IP: Final = 0
_ASKS_IP_LAST: Final = 0x7FFFFFFF
# For the while, br_netfilter makes PACKET_OTHERHOST PACKET_HOST (setup_pre_routing).
_TO_HOST: Final = native_number(0, 1)


class FrameWalk:
    """One bridge, and the rules that its frames meet."""

    def __init__(self, bridge: Bridge, hooks: HookWalk) -> None:
        self._bridge = bridge
        self._hooks = hooks

    def sent(self, course: Course, port: Port) -> Asking[list[Course]]:
        """Every course of what IP has sent by the bridge, out by one port."""
        out = self._seen(course, NO_INTERFACE, port.interface)
        courses = yield from self._hooks.of_frames((BRIDGE_FAMILY, OUTPUT), [out], ())
        courses = yield from self._hooks.of_frames((BRIDGE_FAMILY, POSTROUTING), courses, ())
        left = yield from self._hooks.at_device(EGRESS, port.interface.name, courses)
        came_by, own = course.parcel.incoming, self._bridge.interface
        return [_without_frame(_as_ip(each, came_by, own)) for each in left]

    def came(self, course: Course, port: Port) -> Asking[list[Course]]:
        """Every course of what has come in by a port, before it is known whom the frame is for."""
        seen = self._seen(course, port.interface, NO_INTERFACE)
        at_port = yield from self._hooks.at_device(INGRESS, port.interface.name, [seen])
        courses = [_recognised(each, self._bridge.mac) for each in at_port]
        own = self._bridge.interface
        asks = self._asks_ip(course.parcel, PREROUTING, (own, NO_INTERFACE))
        beside = [(_ASKS_IP, each) for each in asks]
        return (yield from self._hooks.of_frames((BRIDGE_FAMILY, PREROUTING), courses, beside))

    def handed_up(self, courses: Sequence[Course], port: Port) -> Asking[list[Course]]:
        """Every course of frames for this host, as far as IP, or the chains at the bridge itself.

        Where br_netfilter has asked PREROUTING of IP already, IP does not ask it again.
        """
        passed = yield from self._hooks.of_frames((BRIDGE_FAMILY, INPUT), courses, ())
        own = self._bridge.interface
        up = [_without_frame(_as_ip(each, own, NO_INTERFACE)) for each in passed]
        up = yield from self._hooks.at_device(INGRESS, own.name, up)
        if passed and self._asks_ip(passed[0].parcel, PREROUTING, (own, NO_INTERFACE)):
            return up
        return (yield from self._hooks.taken_up(up))

    def carried_on(
        self, courses: Sequence[Course], came_by: Port, port: Port
    ) -> Asking[list[Course]]:
        """Every course of frames for somebody behind another port."""
        own, parcel = self._bridge.interface, courses[0].parcel
        seen = [self._seen(each, came_by.interface, port.interface) for each in courses]
        asks = self._asks_ip(parcel, FORWARD, (own, own))
        live = yield from self._hooks.of_frames(
            (BRIDGE_FAMILY, FORWARD), seen, [(_ASKS_IP, each) for each in asks]
        )
        left = [self._seen(each, NO_INTERFACE, port.interface) for each in live]
        asks = self._asks_ip(parcel, POSTROUTING, (NO_INTERFACE, own))
        live = yield from self._hooks.of_frames(
            (BRIDGE_FAMILY, POSTROUTING), left, [(_ASKS_IP_LAST, each) for each in asks]
        )
        return (yield from self._hooks.at_device(EGRESS, port.interface.name, live))

    def _asks_ip(
        self, parcel: Parcel, hook: str, devices: tuple[Interface, Interface]
    ) -> tuple[Call, ...]:
        """The call by which br_netfilter asks a hook of IP, () where it does not.

        devices  by which the packet comes in and leaves, as IP is told
        """
        if parcel.arp is not None or parcel.version not in self._bridge.calls:
            return ()

        def call(courses: Sequence[Course]) -> Asking[list[Course]]:
            told = [_as_told(_as_ip(each, *devices), _TO_HOST) for each in courses]
            asked = yield from self._hooks.walk(hook, told)
            before = courses[0].parcel if courses else parcel
            back = [self._seen(each, before.incoming, before.outgoing) for each in asked]
            return [_as_told(each, before.frame_is_to) for each in back]

        return (call,)

    def _seen(self, course: Course, incoming: Interface, outgoing: Interface) -> Course:
        """The packet as the rules of the bridge are shown it."""
        parcel = replace(
            course.parcel, incoming=incoming, outgoing=outgoing, bridge=self._bridge.interface
        )
        return replace(course, parcel=parcel)


def _as_ip(course: Course, incoming: Interface, outgoing: Interface) -> Course:
    """The packet as the rules of IP are shown it."""
    parcel = replace(
        course.parcel, incoming=incoming, outgoing=outgoing, bridge=NO_INTERFACE
    )
    return replace(course, parcel=parcel)


def _as_told(course: Course, is_to: Octets | None) -> Course:
    """The course with another word on whom the frame is to, where the frame has such a word."""
    if course.parcel.frame_is_to is None:
        return course
    return replace(course, parcel=replace(course.parcel, frame_is_to=is_to))


def _recognised(course: Course, mac: bytes) -> Course:
    """The course where the bridge sees that a frame is for its own MAC, whatever the port saw."""
    if cut(course.parcel.frame, 0, len(mac)) != known(mac):
        return course
    return replace(course, parcel=replace(course.parcel, frame_is_to=None))


def _without_frame(course: Course) -> Course:
    parcel = replace(course.parcel, frame=NO_FRAME, frame_is_to=None)
    return replace(course, parcel=parcel)
