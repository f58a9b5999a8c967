"""Programs and filters stand in a course where the kernel asks them, and say what becomes of it."""

import struct
from collections.abc import Callable
from dataclasses import replace

import pytest

from edgediag.host.attributes import attribute, nest, string
from edgediag.host.tc_actions import decode_actions
from edgediag.host.tc_filters import OF_OTHERS, AttachedFilter
from edgediag.host.walk.attached import NO_COPIES, Attached, Meeting, with_attached
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.inbound import receive
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.needs import Answer, Taken
from edgediag.host.walk.outbound import send
from edgediag.host.walk.parcel import CtState, Interface, Sender, parcel_in, parcel_of
from edgediag.host.walk.reply import answer
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CgroupProgramObject, TcFilterObject, XdpProgramObject
from edgediag.model.program import ProgramWord
from story import flow
from walks import DROP, LO, UP, base, chain_of, driven


def tc(direction: str, classifier: str, preference: int, device: str = "up0") -> AttachedFilter:
    is_program = classifier in ("tcx", "bpf")
    return AttachedFilter(
        filter=TcFilterObject(
            interface=device,
            direction=direction,
            classifier=classifier,
            preference=preference,
            handle=7,
            name="guard" if is_program else "",
        ),
        ethertype=0,
        chain=0,
        program=7 if is_program else 0,
        hindrance="" if is_program else OF_OTHERS,
    )


ALL = Attached(
    xdp=(XdpProgramObject(interface="up0", program=3, name="x", mode="native"),),
    filters=(
        tc("egress", "flower", 20),
        tc("egress", "bpf", 10),
        tc("egress", "tcx", 0),
        tc("ingress", "u32", 5),
        tc("ingress", "tcx", 0),
        tc("egress", "bpf", 1, device="other0"),
    ),
    groups=tuple(
        CgroupProgramObject(program=9, name="", group="/pods", attach=attach)
        for attach in ("ingress", "egress", "connect4", "connect6")
    ),
    unread=(),
)
SENDER = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
UP0 = Interface(name="up0", index=2)
SOCKET: dict[str, Answer] = {"socket": Taken(is_taken=True, text="listens"), "type": 2}
OUT = ["cgroup connect4", "routing", "cgroup egress", "tcx egress", "tc egress", "tc egress"]
IN = ["ingress", "xdp", "tcx ingress", "tc ingress"]


PARCEL = parcel_of(flow(), SENDER)


def leaves(_meeting: Meeting) -> ProgramWord:
    """Every program has nothing against the packet."""
    return ProgramWord.LEAVES


def hooks(course: Course) -> list[str]:
    return [step.hook for step in with_attached(course, ALL, PARCEL, leaves).steps]


def sent(attached: Attached, ask: Callable[[Meeting], ProgramWord | NotChecked]) -> Course:
    """The course of a packet that is sent, with what these say."""
    said = driven(send(PARCEL, HookWalk((), Journal())), {})
    return with_attached(said.courses[0], attached, PARCEL, ask)


def saying(hook: str, word: ProgramWord) -> Callable[[Meeting], ProgramWord]:
    """What stands at a hook says this, all else has nothing against it."""
    return lambda meeting: word if meeting.hook == hook else ProgramWord.LEAVES


def test_what_is_sent_meets_its_group_then_the_device() -> None:
    said = driven(send(parcel_of(flow(), SENDER), HookWalk((), Journal())), {})
    assert [hooks(course) for course in said.courses] == [OUT]


def test_what_comes_in_meets_xdp_first() -> None:
    walk = receive(parcel_in(flow(), UP0, CtState.NEW), HookWalk((), Journal()))
    said = driven(walk, SOCKET, LO)
    assert [hooks(course) for course in said.courses] == [[*IN, "routing", "socket"]]


def test_an_answer_meets_both() -> None:
    ways = iter((UP, LO))
    walk = answer(parcel_of(flow(), SENDER), HookWalk((), Journal()))
    said = driven(walk, SOCKET, ways)
    expected = [*OUT, "reply", *IN, "routing", "cgroup ingress"]
    assert [hooks(course) for course in said.courses] == [expected]


def test_what_a_rule_ends_comes_to_no_device() -> None:
    walk = send(parcel_of(flow(), SENDER), HookWalk([base("o")], Journal()))
    said = driven(walk, {"o": chain_of("o", (DROP,))})
    assert [hooks(course) for course in said.courses] == [["cgroup connect4", "routing", "output"]]


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        pytest.param(
            "tcx egress", "program 7 guard on up0: has nothing against it", id="tcx"
        ),
        pytest.param(
            "cgroup egress", "program 9 on /pods: has nothing against it", id="a control group"
        ),
        pytest.param("cgroup connect4", f"program 9 on /pods: not run: {NO_COPIES}", id="no copy"),
        pytest.param(
            "tc egress",
            "program 7 guard of bpf filter pref 10 handle 0x7 on up0: has nothing against it",
            id="a filter",
        ),
    ],
)
def test_a_step_names_its_object(hook: str, words: str) -> None:
    steps = sent(ALL, leaves).steps
    assert next(step.action for step in steps if step.hook == hook) == words


def test_a_filter_of_u32_is_named_as_tc_names_it() -> None:
    one = tc("egress", "u32", 10)
    drops = decode_actions(nest(1, string(1, "gact"), nest(2, attribute(2, GACT_DROP))))
    handle = replace(one.filter, handle=0x80001800)
    own = replace(one, filter=handle, hindrance="", actions=drops)
    course = sent(replace(RUNNABLE, filters=(own,), groups=()), leaves)
    words = "u32 filter pref 10 handle 800:1:800 (action gact drop) on up0: drops it"
    assert (course.fate, course.steps[-1].action) == (Fate.DROPPED, words)
    assert course.steps[-1].program == handle


# struct tc_gen with the verdict TC_ACT_SHOT.
GACT_DROP = struct.pack("=IIiii", 1, 0, 2, 1, 1)
RUNNABLE = Attached(
    xdp=(),
    filters=(tc("egress", "bpf", 10), tc("egress", "tcx", 0)),
    groups=(CgroupProgramObject(program=9, name="", group="/pods", attach="egress"),),
    unread=(),
)
GUARD = "program 7 guard on up0"


@pytest.mark.parametrize(
    ("word", "fate", "doubts", "met"),
    [
        (ProgramWord.LEAVES, Fate.ACCEPTED, (), ["tcx egress", "tc egress"]),
        (ProgramWord.PASSES, Fate.ACCEPTED, (), ["tcx egress"]),
        (ProgramWord.DROPS, Fate.DROPPED, (), ["tcx egress"]),
        (
            ProgramWord.REDIRECTS,
            Fate.UNDECIDED,
            (f"that {GUARD} sends it elsewhere",),
            ["tcx egress"],
        ),
        (
            ProgramWord.REWRITES,
            Fate.UNDECIDED,
            (f"that {GUARD} lets it pass and rewrites it",),
            ["tcx egress"],
        ),
    ],
)
def test_a_program_s_word_decides(
    word: ProgramWord, fate: Fate, doubts: tuple[str, ...], met: list[str]
) -> None:
    course = sent(RUNNABLE, saying("tcx egress", word))
    hooks_met = [step.hook for step in course.steps if step.hook.startswith("t")]
    assert (course.fate, course.doubts, hooks_met) == (fate, doubts, met)


def test_the_step_that_ends_it_holds_the_program() -> None:
    course = sent(RUNNABLE, saying("cgroup egress", ProgramWord.DROPS))
    assert course.steps[-1].program == RUNNABLE.groups[0]


def test_what_says_nothing_leaves_it_open() -> None:
    course = sent(RUNNABLE, lambda meeting: NotChecked(reason="EPERM"))
    assert course.fate is Fate.UNDECIDED
    assert f"what {GUARD} does" in course.doubts


@pytest.mark.parametrize(
    ("attach", "fate"),
    [
        pytest.param("sock_create", Fate.DROPPED, id="which can only refuse it as well"),
        pytest.param("connect4", Fate.UNDECIDED, id="which can give it another destination"),
    ],
)
def test_what_a_rule_drops_is_dropped_behind_a_program_that_is_not_run(
    attach: str, fate: Fate
) -> None:
    group = CgroupProgramObject(program=9, name="", group="/pods", attach=attach)
    attached = replace(RUNNABLE, groups=(group,))
    walked = driven(send(PARCEL, HookWalk([base("o")], Journal())), {"o": chain_of("o", (DROP,))})
    assert with_attached(walked.courses[0], attached, PARCEL, leaves).fate is fate


def test_a_filter_of_another_protocol_or_chain_is_not_asked() -> None:
    of_arp = replace(tc("egress", "bpf", 1), ethertype=0x0806)
    of_chain = replace(tc("egress", "bpf", 1), chain=5)
    attached = replace(RUNNABLE, filters=(of_arp, of_chain), groups=())
    assert sent(attached, saying("tc egress", ProgramWord.DROPS)).fate is Fate.ACCEPTED


def test_each_program_is_shown_the_packet_as_it_is_there() -> None:
    shown: list[tuple[str, int, str]] = []

    def ask(meeting: Meeting) -> ProgramWord:
        port = int.from_bytes(meeting.parcel.destination_port.value, "big")
        shown.append((meeting.hook, port, meeting.device))
        return ProgramWord.LEAVES

    ways = iter((UP, LO))
    tunnel = flow()
    said = driven(answer(parcel_of(tunnel, SENDER), HookWalk((), Journal())), SOCKET, ways)
    with_attached(said.courses[0], ALL, PARCEL, ask)
    there, back = tunnel.destination_port, tunnel.source_port
    assert shown == [
        ("cgroup egress", there, "up0"),
        ("tcx egress", there, "up0"),
        ("tc egress", there, "up0"),
        ("xdp", back, "up0"),
        ("tcx ingress", back, "up0"),
        ("cgroup ingress", back, "up0"),
    ]
