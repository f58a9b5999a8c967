"""What a remedy becomes when it was tried on a copy."""

import pytest

from edgediag.inference.judge import judge
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import NftRule
from edgediag.model.evidence import RunEvidence
from edgediag.model.explained import Disposition
from edgediag.model.host import TraceDropped
from edgediag.model.rehearsal import (
    Decider,
    FixFailed,
    RehearsalAnswer,
    Rehearsed,
    Sent,
    TriedFix,
    Walked,
)
from story import flow_evidence, host_state, probe, refused

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


def tried(
    before: Walked, after: Walked, sent_after: Sent | NotChecked = NOT_SENT
) -> RehearsalAnswer:
    return Rehearsed(
        fixes=(COMMAND,),
        before=before,
        after=after,
        sent_before=NOT_SENT,
        sent_after=sent_after,
        not_copied=("BPF programs",),
    )


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
            tried(walked("dropped"), walked("undetermined")), PLAIN, id="nobody knows what follows"
        ),
        pytest.param(
            FixFailed(fix=COMMAND, status=1, said="no such rule"), PLAIN, id="the command fails"
        ),
        pytest.param(NotChecked(reason="root is needed"), PLAIN, id="no copy is to be had"),
    ],
)
def test_what_is_suggested(answer: RehearsalAnswer, remedy: str) -> None:
    evidence = flow_evidence(
        refused(probe()),
        trace=TraceDropped(culprit=RULE, hook="output", is_reject=False, is_reply=False),
        tried_fix=TriedFix(command=COMMAND, answer=answer),
    )
    judged = judge(RunEvidence(host=host_state(), checks=(evidence,)))
    [check], [cause] = judged.checks, judged.root_causes
    assert check.verdict is not None
    assert (check.verdict.remedy, cause.remedy) == (remedy, remedy)
