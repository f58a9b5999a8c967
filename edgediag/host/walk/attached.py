"""Programs and filters on the way of a packet, where the kernel asks them, and what they say.

source  net/core/dev.c (__netif_receive_skb_core, __dev_queue_xmit, sch_handle_ingress): XDP, then
        tcx, then filters of clsact, then chains at the device; on the way out the chains come first
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from edgediag.host.tc_filters import AttachedFilter, is_tcx
from edgediag.host.tc_keys import U32
from edgediag.host.walk.bridge_in import device_come_in_by
from edgediag.host.walk.chain_walk import Course, Step, merged
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.reply import REPLY
from edgediag.host.walk.tc_verdict import filter_word
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CgroupProgramObject, XdpProgramObject
from edgediag.model.program import PacketProgram, ProgramWord

INGRESS: Final = "ingress"
EGRESS: Final = "egress"
NO_COPIES: Final = "the kernel runs none of its kind on a copy"
_ASKED_FIRST: Final = {
    4: ("sock_create", "bind4", "post_bind4", "connect4", "sendmsg4"),
    6: ("sock_create", "bind6", "post_bind6", "connect6", "sendmsg6"),
}
# These let a packet or its socket be, or not, and can do nothing else to it.
_ONLY_LET: Final = frozenset({INGRESS, EGRESS, "sock_create", "post_bind4", "post_bind6"})
_ENDS: Final = {
    ProgramWord.DROPS: Fate.DROPPED,
    ProgramWord.RETURNS: Fate.UNDECIDED,
    ProgramWord.REDIRECTS: Fate.UNDECIDED,
    ProgramWord.TAKES: Fate.UNDECIDED,
    ProgramWord.REWRITES: Fate.UNDECIDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """What stands on this host's devices, and on the control groups of whoever sends.

    unread  why some of it is not known
    """

    xdp: tuple[XdpProgramObject, ...]
    filters: tuple[AttachedFilter, ...]
    groups: tuple[CgroupProgramObject, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A program or filter that a packet comes to.

    number     the id of the program, 0 where there is none to be run
    hindrance  why nobody says what it does, "" where its program does, or its own keys
    rule       the filter that has keys and no program, None for any other
    parcel     as it is there
    device     by which it comes or leaves
    row        what is asked one after the other, until one of them says that it passes
    """

    program: PacketProgram
    number: int
    hindrance: str
    parcel: Parcel
    device: str
    is_coming: bool
    hook: str
    words: str
    row: str
    rule: AttachedFilter | None = None


Ask: TypeAlias = Callable[[Meeting], ProgramWord | NotChecked]


def with_attached(course: Course, attached: Attached, began: Parcel, ask: Ask) -> Course:
    """The course with a step for each program and filter that it passes, to the one that ends it.

    began  the packet as it was when it was sent or came in
    ask    gives the word of a program
    """
    steps: list[Step] = []
    doubts = course.doubts
    is_open, passed = False, ""
    for each in _way(course, attached, began):
        if isinstance(each, Step):
            steps.append(each)
            continue
        if each.row == passed:
            continue
        said = _said(each, ask)
        steps.append(_step(each, said))
        if isinstance(said, NotChecked):
            doubts = merged(doubts, (f"what {each.words} does",))
            is_open = is_open or course.fate is Fate.ACCEPTED or not _only_lets(each.program)
        elif said in _ENDS:
            ended = replace(course, steps=tuple(steps), doubts=doubts, fate=_ENDS[said])
            return _left_open(ended) if is_open else _with_reason(ended, each, said)
        elif said is ProgramWord.PASSES:
            passed = each.row
    walked = replace(course, steps=tuple(steps), doubts=doubts)
    return _left_open(walked) if is_open else walked


def _said(met: Meeting, ask: Ask) -> ProgramWord | NotChecked:
    if met.hindrance:
        return NotChecked(reason=met.hindrance)
    if met.rule is not None:
        return filter_word(met.rule.keys, met.rule.actions, met.parcel)
    return ask(met)


def _left_open(course: Course) -> Course:
    return replace(course, fate=Fate.UNDECIDED)


def _with_reason(course: Course, met: Meeting, said: ProgramWord) -> Course:
    if course.fate is not Fate.UNDECIDED:
        return course
    return replace(course, doubts=merged(course.doubts, (f"that {met.words} {said.value}",)))


def _only_lets(program: PacketProgram) -> bool:
    return isinstance(program, CgroupProgramObject) and program.attach in _ONLY_LET


def _step(met: Meeting, said: ProgramWord | NotChecked) -> Step:
    not_told = "not run" if met.number else "not decided"
    told = f"{not_told}: {said.reason}" if isinstance(said, NotChecked) else said.value
    action = f"{met.words}: {told}"
    return Step(
        hook=met.hook, chain=None, rule=None, number=0, action=action, program=met.program
    )


def _way(course: Course, attached: Attached, began: Parcel) -> Iterator[Step | Meeting]:
    """The steps of a course and all that it meets between them, each with the packet there."""
    last = course.parcel
    sent = course.sent or last
    is_sent = course.steps[:1] != () and device_come_in_by(course.steps[0]) is None
    coming = began if not is_sent else last
    if is_sent:
        kinds = _ASKED_FIRST[last.version]
        yield from _of_groups(attached.groups, kinds, _Place(parcel=began, device=""))
    for step in course.steps:
        if step.hook == REPLY:
            yield from _leaving(sent, attached, is_sent)
            coming = course.answered or last
        yield step
        device = device_come_in_by(step)
        if device is not None:
            place = _Place(parcel=coming, device=device)
            yield from _of_xdp(attached.xdp, place)
            yield from _of_filters(attached.filters, place, INGRESS)
    is_reply = any(step.hook == REPLY for step in course.steps)
    if course.fate is Fate.ACCEPTED and not last.is_for_here:
        yield from _leaving(last, attached, is_sent)
    elif course.fate is Fate.ACCEPTED and is_reply:
        place = _Place(parcel=last, device=last.incoming.name)
        yield from _of_groups(attached.groups, (INGRESS,), place)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The packet, and the device at which it is."""

    parcel: Parcel
    device: str


def _leaving(parcel: Parcel, attached: Attached, is_sent: bool) -> Iterator[Meeting]:
    place = _Place(parcel=parcel, device=parcel.outgoing.name)
    if is_sent:
        yield from _of_groups(attached.groups, (EGRESS,), place)
    yield from _of_filters(attached.filters, place, EGRESS)


def _of_groups(
    groups: Iterable[CgroupProgramObject], attaches: tuple[str, ...], place: _Place
) -> Iterator[Meeting]:
    for attach in attaches:
        for one in groups:
            if one.attach == attach:
                yield Meeting(
                    program=one,
                    number=one.program,
                    hindrance="" if attach in (INGRESS, EGRESS) else NO_COPIES,
                    parcel=place.parcel,
                    device=place.device,
                    is_coming=attach == INGRESS,
                    hook=f"cgroup {attach}",
                    words=f"{_program(one.program, one.name)} on {one.group}",
                    row=f"cgroup {attach}",
                )


def _of_xdp(programs: Iterable[XdpProgramObject], place: _Place) -> Iterator[Meeting]:
    for one in programs:
        if one.interface == place.device:
            yield Meeting(
                program=one,
                number=one.program,
                hindrance="",
                parcel=place.parcel,
                device=place.device,
                is_coming=True,
                hook="xdp",
                words=f"{one.mode} {_program(one.program, one.name)} on {place.device}",
                # One in each mode may stand there, and each is asked.
                row=f"xdp {one.mode}",
            )


def _of_filters(
    filters: Iterable[AttachedFilter], place: _Place, direction: str
) -> Iterator[Meeting]:
    own = [one for one in filters if _is_asked(one, place, direction)]
    # A stable sort: the kernel asks tcx first, then the others by their preference.
    for one in sorted(own, key=lambda each: (not is_tcx(each), each.filter.preference)):
        yield Meeting(
            program=one.filter,
            number=one.program,
            hindrance=one.hindrance,
            parcel=place.parcel,
            device=place.device,
            is_coming=direction == INGRESS,
            hook=f"{'tcx' if is_tcx(one) else 'tc'} {direction}",
            words=f"{_filter(one)} on {place.device}",
            row=f"{direction} of {place.device}",
            rule=None if one.program or one.hindrance else one,
        )


def _is_asked(one: AttachedFilter, place: _Place, direction: str) -> bool:
    """Whether it stands there, and frames of this type come to it."""
    at = (one.filter.interface, one.filter.direction)
    is_of_type = one.ethertype in (0, place.parcel.ethertype)
    return at == (place.device, direction) and one.chain == 0 and is_of_type


def _filter(one: AttachedFilter) -> str:
    stands = one.filter
    if is_tcx(one):
        return _program(one.program, stands.name)
    place = f"{stands.classifier} filter pref {stands.preference} handle {_handle(one)}"
    if one.program:
        return f"{_program(one.program, stands.name)} of {place}"
    asks = (*(key.words for key in one.keys), *(f"action {each.words}" for each in one.actions))
    asked = f"({', '.join(asks)})" if asks else stands.name
    return f"{place} {asked}".rstrip()


def _handle(one: AttachedFilter) -> str:
    """As tc(8) has it: of u32 the table, the bucket and the node."""
    handle = one.filter.handle
    if one.filter.classifier != U32:
        return f"0x{handle:x}"
    table, bucket, node = handle >> 20, handle >> 12 & 0xFF, handle & 0xFFF
    return f"{table:x}:{f'{bucket:x}' if bucket else ''}:{node:x}"


def _program(program: int, name: str) -> str:
    return f"program {program} {name}".rstrip()
