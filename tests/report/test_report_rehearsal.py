"""A rehearsal in words, as JSON, and in the text that goes through a pipe."""

import pytest

from edgediag.model.answer import Answer, NotChecked
from edgediag.model.explained import Disposition
from edgediag.model.rehearsal import Decider, FixFailed, Rehearsed, Sent, Walked
from edgediag.report.rehearsal import rehearsal_object, rehearsal_text
from edgediag.report.values import from_text, to_text

RULE = Decider(
    hook="output",
    backend="nft",
    family="inet",
    table="filter",
    chain="output",
    handle=7,
    number=3,
    text="udp dport 4500 drop\x1b",
)
DROPPED = Walked(disposition=Disposition.DROPPED, deciders=(RULE,), hangs_on=())
PASSES = Walked(disposition=Disposition.PASSES, deciders=(), hangs_on=())
OPEN = Walked(disposition=Disposition.UNDETERMINED, deciders=(), hangs_on=("-m statistic",))
STOPPED = Sent(is_passed=False, by="inet filter output: drop")
GONE = Sent(is_passed=True, by="")
NOT_SENT = NotChecked(reason="only TCP and UDP are sent")


def rehearsed(
    before: Walked, after: Walked, sent: tuple[Sent | NotChecked, Sent | NotChecked]
) -> Rehearsed:
    return Rehearsed(
        fixes=("nft flush ruleset",),
        before=before,
        after=after,
        sent_before=sent[0],
        sent_after=sent[1],
        not_copied=("xfrm",),
    )


FLIP = rehearsed(DROPPED, PASSES, (STOPPED, GONE))


@pytest.mark.parametrize(
    ("answer", "flips", "passes"),
    [
        pytest.param(FLIP, Answer.YES, Answer.YES, id="the kernel agrees"),
        pytest.param(
            rehearsed(DROPPED, PASSES, (NOT_SENT, NOT_SENT)), Answer.YES, Answer.YES, id="not sent"
        ),
        pytest.param(
            rehearsed(DROPPED, PASSES, (STOPPED, STOPPED)),
            Answer.NOT_CHECKED,
            Answer.NOT_CHECKED,
            id="the kernel disagrees with the end",
        ),
        pytest.param(
            rehearsed(DROPPED, PASSES, (GONE, GONE)),
            Answer.NOT_CHECKED,
            Answer.NOT_CHECKED,
            id="the kernel disagrees with the beginning",
        ),
        pytest.param(
            rehearsed(DROPPED, DROPPED, (STOPPED, STOPPED)), Answer.NO, Answer.NO, id="no use"
        ),
        pytest.param(
            rehearsed(PASSES, PASSES, (GONE, GONE)), Answer.NO, Answer.YES, id="nothing to mend"
        ),
        pytest.param(
            rehearsed(PASSES, DROPPED, (GONE, STOPPED)), Answer.YES, Answer.NO, id="harm"
        ),
        pytest.param(
            rehearsed(OPEN, PASSES, (STOPPED, GONE)),
            Answer.NOT_CHECKED,
            Answer.YES,
            id="undetermined before",
        ),
        pytest.param(
            rehearsed(OPEN, OPEN, (STOPPED, GONE)),
            Answer.NOT_CHECKED,
            Answer.NOT_CHECKED,
            id="undetermined before and after",
        ),
    ],
)
def test_what_a_rehearsal_amounts_to(answer: Rehearsed, flips: Answer, passes: Answer) -> None:
    assert (answer.flips, answer.passes) == (flips, passes)


def test_a_flip_in_words() -> None:
    assert rehearsal_text(FLIP).splitlines() == [
        "rehearsed in a copy of this host's network, which is gone:",
        "  before: dropped by output: inet filter output rule 3 (handle 7): udp dport 4500 drop"
        "\\x1b (the kernel's trace: stopped by inet filter output: drop)",
        "  fix: nft flush ruleset",
        "  after: passes (the kernel's trace: sent)",
        "  flips: yes",
        "not copied: xfrm",
    ]


def test_what_was_not_rehearsed_in_words() -> None:
    failed = FixFailed(fix="nft x", status=1, said="Error:\nx\x1b")
    assert rehearsal_text(failed).splitlines() == [
        "the fix fails in a copy of this host's network: nft x",
        "  exit status 1",
        "  Error:",
        "  x\\x1b",
    ]
    assert rehearsal_text(NotChecked(reason="no root")) == "not rehearsed: no root\n"


def test_a_flip_as_an_object() -> None:
    assert rehearsal_object(FLIP) == {
        "status": "rehearsed",
        "fixes": ["nft flush ruleset"],
        "before": {
            "disposition": "dropped",
            "deciders": [
                {
                    "hook": "output",
                    "backend": "nft",
                    "family": "inet",
                    "table": "filter",
                    "chain": "output",
                    "handle": 7,
                    "number": 3,
                    "text": "udp dport 4500 drop\\x1b",
                }
            ],
            "hangs_on": [],
        },
        "after": {"disposition": "passes", "deciders": [], "hangs_on": []},
        "flips": "yes",
        "sent_before": {"status": "stopped", "by": "inet filter output: drop"},
        "sent_after": {"status": "passed", "by": None},
        "not_copied": ["xfrm"],
    }


def test_what_was_not_rehearsed_as_an_object() -> None:
    assert rehearsal_object(FixFailed(fix="nft x", status=1, said="Error")) == {
        "status": "fix-failed",
        "fix": "nft x",
        "exit_status": 1,
        "said": "Error",
    }
    assert rehearsal_object(NotChecked(reason="no root")) == {
        "status": "not-checked",
        "reason": "no root",
    }


def test_a_rehearsal_goes_through_a_pipe() -> None:
    assert from_text(Rehearsed, to_text(FLIP)) == FLIP
