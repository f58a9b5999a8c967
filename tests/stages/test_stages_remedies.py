"""Which commands are tried on a copy, and for which flow."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import NftRule, RouteObject, TcFilterObject
from edgediag.model.drops import KernelDrop, TraceDropped
from edgediag.model.endpoint import Direction, ProbeKind
from edgediag.model.evidence import (
    FlowEvidence,
    ListenerEvidence,
    NameEvidence,
    RunEvidence,
)
from edgediag.model.exchange import FixTrial
from edgediag.model.explained import Disposition, Explained
from edgediag.model.flow import Protocol
from edgediag.model.host import HostState
from edgediag.model.listener import Listener
from edgediag.model.rehearsal import FixFailed, RehearsalAnswer, TriedFix
from edgediag.model.route import RouteRefused
from edgediag.stages.arrival import arrivals_at
from edgediag.stages.remedies import MAX_TRIED, try_remedies
from rig import RigHost, RigWire, rig
from story import (
    EDGE,
    answered,
    flow,
    flow_evidence,
    host_state,
    ike_reply,
    listener_evidence,
    passed,
    probe,
    refused,
    target,
    unanswered,
)

NO_COPY = NotChecked(reason="root is needed")
FAILED = FixFailed(fix="nft", status=1, said="Error")
IN_ORDER = host_state()
# Of traffic control no copy is made, and so no command is tried.
FILTER = TcFilterObject(
    interface="eth0", direction="egress", classifier="bpf", preference=1, handle=1, name="x"
)
TO_A_FILTER = KernelDrop(
    reason="TC_EGRESS", location="__dev_queue_xmit", interface="eth0", is_reply=False
)


def rule(handle: int) -> NftRule:
    return NftRule(family="inet", table="f", chain="out", handle=handle, text="drop")


def stopped(check: str, by: NftRule, *, is_reply: bool = False) -> FlowEvidence:
    outcome = unanswered(probe(check=check), has_come_back=True)
    return flow_evidence(
        outcome if is_reply else refused(probe(check=check)),
        trace=TraceDropped(culprit=by, hook="output", is_reject=False, is_reply=is_reply),
    )


def tried(
    *checks: FlowEvidence | ListenerEvidence,
    answer: RehearsalAnswer = FAILED,
    is_stopped: bool = False,
    state: HostState = IN_ORDER,
) -> tuple[list[FixTrial], list[TriedFix | NotChecked]]:
    host = RigHost(mended=answer)
    bench = rig(RigWire(), host, is_stopped=lambda: is_stopped)
    found = try_remedies(bench, RunEvidence(host=state, checks=checks))
    return host.rehearsed, [
        item.tried_fix
        for item in found.checks
        if isinstance(item, FlowEvidence | ListenerEvidence)
    ]


def deletion(handle: int) -> str:
    return f"nft delete rule inet f out handle {handle}"


@pytest.mark.parametrize("is_reply", [False, True])
def test_a_rule_is_taken_away_on_the_way_on_which_it_was_met(is_reply: bool) -> None:
    trials, fixes = tried(stopped("raven-tunnel-4500", rule(4), is_reply=is_reply))
    assert trials == [FixTrial(packet=flow(), command=deletion(4), is_answered=is_reply)]
    assert fixes == [TriedFix(command=deletion(4), answer=FAILED)]


def test_what_keeps_others_out_is_tried_for_what_comes_in() -> None:
    row = target("kubelet-10250", kinds=(), port=10250, direction=Direction.INBOUND)
    taking = Listener(protocol=Protocol.TCP, address=ip_address(EDGE), port=10250, uid=0)
    closed = Explained(
        disposition=Disposition.DROPPED, deciders=(rule(4),), translations=(), marks=(), hangs_on=()
    )
    trials, fixes = tried(listener_evidence(row, taking, explained=closed))
    packets = arrivals_at(row, IN_ORDER, (taking,))
    assert not isinstance(packets, NotChecked)
    assert trials == [FixTrial(packet=packets[0], command=deletion(4), is_answered=False)]
    assert fixes == [TriedFix(command=deletion(4), answer=FAILED)]


def test_of_one_cause_one_flow_stands_for_all() -> None:
    trials, fixes = tried(*(stopped(f"raven-proxy-{port}", rule(4)) for port in (10280, 10281)))
    assert [trial.command for trial in trials] == [deletion(4)]
    assert [isinstance(fix, TriedFix) for fix in fixes] == [True, False]


def test_a_cause_is_tried_for_the_check_in_whose_words_it_is_said() -> None:
    asked = probe(ProbeKind.DNS, check="resolver-53", id_=5, name="cs.example")
    trace = TraceDropped(culprit=rule(4), hook="output", is_reject=False, is_reply=False)
    name = NameEvidence(
        target=target("cs-anony-443", host="cs.example", address=None),
        queries=(refused(asked),),
        resolvers=("resolver-53",),
        ladder=NO_COPY,
        echo=NO_COPY,
    )
    resolver = flow_evidence(
        refused(asked), of=target("resolver-53", kinds=(ProbeKind.DNS,)), trace=trace
    )
    checks = (name, stopped("raven-tunnel-4500", rule(4)), resolver)
    host = RigHost(mended=FAILED)
    found = try_remedies(rig(RigWire(), host), RunEvidence(host=IN_ORDER, checks=checks)).checks
    assert [isinstance(item.tried_fix, TriedFix) for item in found[1:]] == [False, True]


def test_no_more_are_tried_than_a_run_has_time_for() -> None:
    checks = [stopped(f"raven-proxy-{port}", rule(port)) for port in range(MAX_TRIED + 2)]
    trials, _ = tried(*checks)
    assert len(trials) == MAX_TRIED


def test_where_no_copy_is_to_be_had_no_other_is_waited_for() -> None:
    checks = [stopped(f"raven-proxy-{port}", rule(port)) for port in range(2)]
    trials, fixes = tried(*checks, answer=NO_COPY)
    assert (len(trials), [isinstance(fix, TriedFix) for fix in fixes]) == (1, [True, False])


def test_a_culprit_without_a_command_keeps_no_other_from_being_tried() -> None:
    lost = flow_evidence(
        unanswered(probe(check="raven-tunnel-4500"), has_left=False),
        trace=passed(),
        kernel_drops=(TO_A_FILTER,),
    )
    others = [stopped(f"raven-proxy-{port}", rule(port)) for port in range(MAX_TRIED)]
    trials, _ = tried(lost, *others, state=replace(host_state(), tc_filters=(FILTER,)))
    assert [trial.command for trial in trials] == [deletion(port) for port in range(MAX_TRIED)]


def test_a_run_that_was_stopped_tries_nothing() -> None:
    assert tried(stopped("raven-tunnel-4500", rule(4)), is_stopped=True)[0] == []


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(flow_evidence(answered(probe(), ike_reply())), id="it works"),
        pytest.param(flow_evidence(unanswered(probe())), id="it is lost outside"),
        pytest.param(
            flow_evidence(refused(probe(), errno_name="ENETUNREACH")), id="nothing is named"
        ),
    ],
)
def test_where_no_command_is_known_nothing_is_tried(evidence: FlowEvidence) -> None:
    assert tried(evidence)[0] == []


@pytest.mark.parametrize(
    ("culprit", "command"),
    [
        (
            RouteObject(type_="blackhole", prefix="198.51.100.0/24", table=254),
            "ip route del blackhole 198.51.100.0/24 table 254",
        ),
        (RouteObject(type_="missing", prefix="default", table=254), None),
    ],
)
def test_a_route_that_refuses_is_taken_away_and_a_missing_one_is_not_made_up(
    culprit: RouteObject, command: str | None
) -> None:
    way = RouteRefused(errno_name="EINVAL", culprit=culprit)
    trials, _ = tried(flow_evidence(refused(probe(), errno_name="EINVAL"), way=way))
    assert [trial.command for trial in trials] == ([] if command is None else [command])
