"""Programs and filters stand in a course where the kernel asks them."""

import pytest

from edgediag.host.walk.attached import Attached, with_attached
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.inbound import receive
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.needs import Answer, Taken
from edgediag.host.walk.outbound import send
from edgediag.host.walk.parcel import CtState, Interface, Sender, parcel_in, parcel_of
from edgediag.host.walk.reply import answer
from edgediag.model.culprit import CgroupProgramObject, TcFilterObject, XdpProgramObject
from story import flow
from walks import DROP, LO, UP, base, chain_of, driven


def tc(direction: str, classifier: str, preference: int, device: str = "up0") -> TcFilterObject:
    return TcFilterObject(
        interface=device,
        direction=direction,
        classifier=classifier,
        preference=preference,
        handle=7,
        name="guard" if classifier == "tcx" else "",
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


def hooks(course: Course) -> list[str]:
    return [step.hook for step in with_attached(course, ALL).steps]


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
        pytest.param("tcx egress", "program 7 guard on up0: not evaluated", id="tcx"),
        pytest.param("cgroup egress", "program 9 on /pods: not evaluated", id="a control group"),
        pytest.param(
            "tc egress", "bpf filter pref 10 handle 0x7 on up0: not evaluated", id="a filter"
        ),
    ],
)
def test_a_step_names_its_object(hook: str, words: str) -> None:
    said = driven(send(parcel_of(flow(), SENDER), HookWalk((), Journal())), {})
    steps = with_attached(said.courses[0], ALL).steps
    assert next(step.action for step in steps if step.hook == hook) == words
