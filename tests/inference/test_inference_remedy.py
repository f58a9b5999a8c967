"""What a remedy becomes when it was tried on a copy."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.judge import judge
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import NftRule
from edgediag.model.drops import TraceDropped
from edgediag.model.endpoint import Direction
from edgediag.model.evidence import Evidence, RunEvidence
from edgediag.model.explained import Disposition, Explained
from edgediag.model.flow import Protocol
from edgediag.model.listener import Listener
from edgediag.model.rehearsal import (
    Decider,
    FixFailed,
    RehearsalAnswer,
    Rehearsed,
    Sent,
    TriedFix,
    Walked,
)
from story import flow_evidence, host_state, listener_evidence, probe, refused, target

RULE = NftRule(family="inet", table="f", chain="out", handle=4, text="udp dport 4500 drop")
COMMAND = "nft delete rule inet f out handle 4"
PLAIN = f"{COMMAND}, or accept the flow before it"
NOT_SENT = NotChecked(reason="no packet was sent")
SECOND = Decider(
    hook="postrouting",
    backend="nft",
    family="inet",
    table="g",
    chain="post",
    handle=9,
    number=2,
    text="udp drop",
)


def walked(disposition: str, *deciders: Decider) -> Walked:
    return Walked(disposition=Disposition(disposition), deciders=deciders, hangs_on=())


WAITING = replace(walked("dropped", SECOND), is_waiting=True)
PASSED = Sent(is_passed=True, by="")


def tried(
    before: Walked,
    after: Walked,
    sent_after: Sent | NotChecked = NOT_SENT,
    sent_before: Sent | NotChecked = NOT_SENT,
) -> RehearsalAnswer:
    return Rehearsed(
        fixes=(COMMAND,),
        before=before,
        after=after,
        sent_before=sent_before,
        sent_after=sent_after,
        not_copied=("BPF programs",),
    )


def leaves(tried_fix: TriedFix) -> Evidence:
    """A flow that the rule ends."""
    trace = TraceDropped(culprit=RULE, hook="output", is_reject=False, is_reply=False)
    return flow_evidence(refused(probe()), trace=trace, tried_fix=tried_fix)


def arrives(tried_fix: TriedFix) -> Evidence:
    """A port that the rule keeps everybody from."""
    row = target("kubelet-10250", kinds=(), port=10250, direction=Direction.INBOUND)
    anybody = ip_address("0.0.0.0")
    socket = Listener(protocol=Protocol.TCP, address=anybody, port=10250, uid=0)
    dropped = Explained(
        disposition=Disposition.DROPPED, deciders=(RULE,), translations=(), marks=(), hangs_on=()
    )
    return listener_evidence(row, socket, explained=dropped, tried_fix=tried_fix)


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        pytest.param(
            tried(walked("dropped", SECOND), walked("passes")),
            f"{PLAIN}; on a copy of this node's network the packet passes after: {COMMAND}",
            id="it helps",
        ),
        pytest.param(
            tried(walked("dropped"), walked("dropped", SECOND)),
            f"{COMMAND} alone does not help: on a copy of this node's network the packet is "
            "dropped after it as well by udp drop; look at both",
            id="another rule waits behind",
        ),
        pytest.param(
            tried(walked("rejected"), walked("dropped")),
            f"{COMMAND} alone does not help: on a copy of this node's network the packet is "
            "dropped after it as well; look at both",
            id="it is dropped instead, and nobody knows by what",
        ),
        pytest.param(
            tried(walked("passes"), walked("passes")),
            PLAIN,
            id="the copy lacks what stops it",
        ),
        pytest.param(
            tried(walked("dropped"), walked("passes"), Sent(is_passed=False, by="raw 3")),
            PLAIN,
            id="the kernel disagrees",
        ),
        pytest.param(
            tried(WAITING, walked("passes"), PASSED, PASSED),
            f"{PLAIN}; on a copy of this node's network the packet passes after: {COMMAND}",
            id="it helps a packet that waits behind all rules for its next hop's MAC",
        ),
        pytest.param(
            tried(WAITING, WAITING, PASSED, PASSED),
            f"{COMMAND} alone does not help: on a copy of this node's network the packet is "
            "dropped after it as well by udp drop; look at both",
            id="which another rule keeps from it",
        ),
        pytest.param(
            tried(WAITING, walked("passes"), PASSED, Sent(is_passed=False, by="raw 3")),
            PLAIN,
            id="but the kernel stops it before it waits",
        ),
        pytest.param(
            tried(walked("dropped"), walked("undetermined")), PLAIN, id="nobody knows what follows"
        ),
        pytest.param(
            FixFailed(fix=COMMAND, status=1, said="no such rule"), PLAIN, id="the command fails"
        ),
        pytest.param(NotChecked(reason="root is needed"), PLAIN, id="no copy is to be had"),
    ],
)
@pytest.mark.parametrize("is_inbound", [False, True])
def test_what_is_suggested(answer: RehearsalAnswer, remedy: str, is_inbound: bool) -> None:
    tried_fix = TriedFix(command=COMMAND, answer=answer)
    evidence = arrives(tried_fix) if is_inbound else leaves(tried_fix)
    judged = judge(RunEvidence(host=host_state(), checks=(evidence,)))
    [check], [cause] = judged.checks, judged.root_causes
    assert check.verdict is not None
    assert (check.verdict.remedy, cause.remedy) == (remedy, remedy)
