"""Programs and filters on the way of a packet, where the kernel asks them; none is run for it.

source  net/core/dev.c (__netif_receive_skb_core, __dev_queue_xmit): XDP, then tcx, then filters of
        clsact, then chains at the device; on the way out the chains come first
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from edgediag.host.walk.bridge_in import device_come_in_by
from edgediag.host.walk.chain_walk import Course, Step
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.reply import REPLY
from edgediag.model.culprit import CgroupProgramObject, TcFilterObject, XdpProgramObject

_NOT_EVALUATED: Final = "not evaluated"
_TCX: Final = "tcx"
_ASKED_FIRST: Final = {
    4: ("sock_create", "bind4", "post_bind4", "connect4", "sendmsg4"),
    6: ("sock_create", "bind6", "post_bind6", "connect6", "sendmsg6"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """What stands on this host's devices, and on the control groups of whoever sends.

    unread  why some of it is not known
    """

    xdp: tuple[XdpProgramObject, ...]
    filters: tuple[TcFilterObject, ...]
    groups: tuple[CgroupProgramObject, ...]
    unread: tuple[str, ...]


def with_attached(course: Course, attached: Attached) -> Course:
    """The course with a step for each program and filter that it passes."""
    steps: list[Step] = []
    is_sent = course.steps[:1] != () and device_come_in_by(course.steps[0]) is None
    if is_sent:
        steps += _of_groups(attached.groups, _ASKED_FIRST[course.parcel.version])
    for step in course.steps:
        if step.hook == REPLY:
            steps += _leaving(course.parcel.incoming.name, attached, is_sent)
        steps.append(step)
        device = device_come_in_by(step)
        if device is not None:
            steps += _of_xdp(attached.xdp, device)
            steps += _of_filters(attached.filters, device, "ingress")
    is_reply = any(step.hook == REPLY for step in course.steps)
    if course.fate is Fate.ACCEPTED and not course.parcel.is_for_here:
        steps += _leaving(course.parcel.outgoing.name, attached, is_sent)
    elif course.fate is Fate.ACCEPTED and is_reply:
        steps += _of_groups(attached.groups, ("ingress",))
    return replace(course, steps=tuple(steps))


def _leaving(device: str, attached: Attached, is_sent: bool) -> Iterator[Step]:
    if is_sent:
        yield from _of_groups(attached.groups, ("egress",))
    yield from _of_filters(attached.filters, device, "egress")


def _of_groups(groups: Iterable[CgroupProgramObject], attaches: tuple[str, ...]) -> Iterator[Step]:
    for attach in attaches:
        for one in groups:
            if one.attach == attach:
                yield _step(f"cgroup {attach}", f"{_program(one.program, one.name)} on {one.group}")


def _of_xdp(programs: Iterable[XdpProgramObject], device: str) -> Iterator[Step]:
    for one in programs:
        if one.interface == device:
            yield _step("xdp", f"{one.mode} {_program(one.program, one.name)} on {device}")


def _of_filters(
    filters: Iterable[TcFilterObject], device: str, direction: str
) -> Iterator[Step]:
    own = [one for one in filters if (one.interface, one.direction) == (device, direction)]
    # A stable sort: the kernel asks tcx first, then the others by their preference.
    for one in sorted(own, key=lambda each: (each.classifier != _TCX, each.preference)):
        if one.classifier == _TCX:
            yield _step(f"tcx {direction}", f"{_program(one.handle, one.name)} on {device}")
            continue
        name = f" {one.name}" if one.name else ""
        words = f"{one.classifier} filter pref {one.preference} handle 0x{one.handle:x}{name}"
        yield _step(f"tc {direction}", f"{words} on {device}")


def _program(program: int, name: str) -> str:
    return f"program {program} {name}".rstrip()


def _step(hook: str, words: str) -> Step:
    return Step(hook=hook, chain=None, rule=None, number=0, action=f"{words}: {_NOT_EVALUATED}")
