"""Policies of IPsec on the way of a packet: they block it, or want it wrapped in ESP.

source  net/xfrm/xfrm_policy.c (xfrm_lookup_with_ifid, __xfrm_policy_check), net/ipv4/ip_forward.c
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from edgediag.host.walk.chain_walk import Course, Step, merged, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.needs import Asking, NeedPolicies, ask_policies
from edgediag.host.xfrm_match import candidates, policy_text
from edgediag.model.answer import NotChecked
from edgediag.model.xfrm import XfrmPolicy

OUT: Final = "out"
IN: Final = "in"
FORWARDED: Final = "fwd"
_BLOCK: Final = "block"
_CAME_WRAPPED: Final = "whether it comes inside ESP"

_Meaning: TypeAlias = Callable[[Course, XfrmPolicy], Iterator[Course]]


def each_of(
    courses: Iterable[Course], stage: Callable[[Course], Asking[list[Course]]]
) -> Asking[list[Course]]:
    """Every course of some through one stage."""
    found: list[Course] = []
    for each in courses:
        found += yield from stage(each)
    return united(found)


def let_out(course: Course) -> Asking[list[Course]]:
    """Every course past the policies that the kernel asks with the route of what is sent."""
    device = course.parcel.outgoing.name
    return (yield from _past(course, OUT, device, _unless_blocked))


def let_in(course: Course, direction: str) -> Asking[list[Course]]:
    """Every course past the policies for what has come in.

    direction  `IN` for what is delivered to this host, else `FORWARDED`
    """
    device = course.parcel.incoming.name
    return (yield from _past(course, direction, device, _if_unwrapped))


def wrapped(course: Course) -> Asking[list[Course]]:
    """The same where it leaves: what goes on inside ESP is another packet from there."""
    device = course.parcel.outgoing.name
    return (yield from _past(course, OUT, device, _unless_wrapped))


def _past(
    course: Course, direction: str, device: str, meaning: _Meaning
) -> Asking[list[Course]]:
    if course.fate is not Fate.GOES_ON:
        return [course]
    parcel = course.parcel
    need = NeedPolicies(direction=direction, version=parcel.version, device=device)
    answer = yield from ask_policies(need)
    if isinstance(answer, NotChecked):
        # What is not read may block it: what follows is walked all the same.
        doubted = replace(course, doubts=merged(course.doubts, (answer.reason,)))
        return [doubted, doubted.undecided(_hook(direction), answer.reason)]
    found: list[Course] = []
    for each in candidates(answer.listed, parcel):
        after = replace(course, doubts=merged(course.doubts, each.doubts))
        found += [after] if each.policy is None else meaning(after, each.policy)
    return united(found)


def _unless_blocked(course: Course, policy: XfrmPolicy) -> Iterator[Course]:
    yield _blocked(course, policy) if policy.action == _BLOCK else course


def _unless_wrapped(course: Course, policy: XfrmPolicy) -> Iterator[Course]:
    if policy.action == _BLOCK:
        yield _blocked(course, policy)
    elif policy.templates:
        yield course.undecided(_hook(OUT), f"what carries it inside ESP, by {policy_text(policy)}")
    else:
        yield course


def _if_unwrapped(course: Course, policy: XfrmPolicy) -> Iterator[Course]:
    if policy.action == _BLOCK:
        yield _blocked(course, policy)
        return
    if policy.templates:
        course = replace(course, doubts=merged(course.doubts, (_CAME_WRAPPED,)))
        yield _blocked(course, policy)
    yield course


def _blocked(course: Course, policy: XfrmPolicy) -> Course:
    step = Step(
        hook=_hook(policy.direction), chain=None, rule=None, number=0, action=policy_text(policy)
    )
    return course.with_step(step, Fate.DROPPED)


def _hook(direction: str) -> str:
    return f"xfrm {direction}"
