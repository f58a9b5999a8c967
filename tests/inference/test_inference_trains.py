"""What may be said where losses were counted."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.judge import judge
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import FlowEvidence, RunEvidence
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.train import Train
from edgediag.model.verdict import Mechanism, Place, Status
from story import (
    GATEWAY,
    HOST,
    answered,
    flow,
    flow_evidence,
    host_state,
    ladder,
    link,
    probe,
    syn_ack,
    unanswered,
)

SYN = probe(ProbeKind.TCP_SYN, on=flow(Protocol.TCP, port=6443), check="api-server-6443")
SERVED, LOST = answered(SYN, syn_ack()), unanswered(SYN)
OUTSIDE = (Place.ON_PATH, Place.REMOTE)


def train(lost: int, sent: int = 20, *, is_slow: bool = False, check: str = SYN.check) -> Train:
    return Train(
        check=check,
        protocol=Protocol.TCP,
        destination=ip_address(HOST),
        spacing_s=0.7 if is_slow else 0.03,
        sent=sent,
        answered=sent - lost,
        packets=(1, 2),
    )


def said(
    *trains: Train, asked: Outcome = SERVED, again: Outcome | None = None
) -> tuple[Status, Mechanism | None]:
    evidence = flow_evidence(asked, trains=trains)
    if again is not None:
        evidence = replace(evidence, confirmation=again)
    (check,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    if check.verdict is None:
        return check.status, None
    assert check.verdict.where == OUTSIDE
    return check.status, check.verdict.mechanism


SPARED = train(0, 6, is_slow=True)
H1, H2, H3, H4, H5 = GATEWAY, "203.0.113.1", "203.0.113.5", "203.0.113.9", "203.0.113.13"


def expiring(hop_limit: int, at: str, *, questions: int, echoes: int = 3) -> tuple[Train, Train]:
    """Three questions and three echoes to a router, and how many of each it answered."""
    question = replace(
        train(3 - questions, 3),
        hop_limit=hop_limit,
        expired_at=ip_address(at) if questions else None,
    )
    echo = replace(
        question,
        protocol=Protocol.ICMP,
        answered=echoes,
        expired_at=ip_address(at) if echoes else None,
    )
    return question, echo


IN_FRONT = expiring(1, H1, questions=3)
BEHIND = (*expiring(2, H2, questions=0), *expiring(3, H3, questions=0))
ELSEWHERE = (train(17, check="other"), replace(SPARED, check="other"))


@pytest.mark.parametrize(
    ("trains", "expected"),
    [
        pytest.param((), (Status.OK, None), id="nobody counted"),
        pytest.param((train(0),), (Status.OK, None), id="nothing lost"),
        pytest.param((train(2),), (Status.OK, None), id="two of twenty, which chance explains"),
        pytest.param((train(6),), (Status.DEGRADED, Mechanism.LOSS), id="six of twenty"),
        pytest.param(
            (train(6), train(2, 6, is_slow=True)),
            (Status.DEGRADED, Mechanism.LOSS),
            id="at both paces alike",
        ),
        pytest.param(
            (train(17), SPARED), (Status.DEGRADED, Mechanism.RATE_LIMIT), id="the quick ones alone"
        ),
        pytest.param(ELSEWHERE, (Status.OK, None), id="counted for another check"),
    ],
)
def test_what_a_check_that_passes_loses(
    trains: tuple[Train, ...], expected: tuple[Status, Mechanism | None]
) -> None:
    assert said(*trains) == expected


def test_answers_out_of_order_are_told_where_losses_are() -> None:
    evidence = flow_evidence(SERVED, trains=(replace(train(6), reordered=2),))
    (check,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    assert check.verdict is not None
    assert check.verdict.summary.endswith("; 2 answers came in behind that of a later question")


@pytest.mark.parametrize(
    ("trains", "mechanism"),
    [
        pytest.param(ELSEWHERE, Mechanism.RATE_LIMIT, id="a limit was counted elsewhere"),
        pytest.param((train(6, check="other"),), Mechanism.LOSS, id="loss was counted elsewhere"),
        pytest.param(
            tuple(replace(item, protocol=Protocol.UDP) for item in ELSEWHERE),
            Mechanism.LOSS,
            id="a limit of another protocol",
        ),
    ],
)
def test_a_flow_that_was_silent_and_then_served(
    trains: tuple[Train, ...], mechanism: Mechanism
) -> None:
    assert said(*trains, asked=LOST, again=SERVED) == (Status.DEGRADED, mechanism)


@pytest.mark.parametrize(
    ("trains", "mechanism"),
    [
        pytest.param((train(6),), Mechanism.LOSS, id="loss"),
        pytest.param((train(17), SPARED), Mechanism.RATE_LIMIT, id="a limit"),
    ],
)
def test_a_program_of_the_driver_may_take_the_answers(
    trains: tuple[Train, ...], mechanism: Mechanism
) -> None:
    host = replace(host_state(), links=(link(xdp_program=7),))
    evidence = flow_evidence(SERVED, trains=trains)
    (check,) = judge(RunEvidence(host=host, checks=(evidence,))).checks
    assert check.verdict is not None
    assert (check.verdict.where, check.verdict.mechanism) == (tuple(Place), mechanism)


def test_a_flow_that_stayed_silent_is_no_matter_of_a_limit() -> None:
    _, mechanism = said(*ELSEWHERE, asked=LOST, again=LOST)
    assert mechanism is not Mechanism.RATE_LIMIT


@pytest.mark.parametrize(
    ("walk", "segment"),
    [
        pytest.param((), (None, "host"), id="not walked"),
        pytest.param((*IN_FRONT, *BEHIND), (H1, H2), id="behind the first hop only echoes answer"),
        pytest.param(BEHIND, ("edge", H2), id="not even the first hop answers more"),
        pytest.param(
            (*IN_FRONT, *expiring(2, H2, questions=2)), (None, "host"), id="one lost is chance"
        ),
        pytest.param(
            (
                *IN_FRONT,
                *expiring(2, H2, questions=0, echoes=0),
                *expiring(3, H3, questions=0, echoes=0),
            ),
            (None, "host"),
            id="routers that answer no echo either tell nothing",
        ),
        pytest.param(
            (
                *IN_FRONT,
                *expiring(2, H2, questions=0, echoes=0),
                *expiring(3, H3, questions=3),
                *expiring(4, H4, questions=0),
                *expiring(5, H5, questions=0),
            ),
            (H3, H4),
            id="one that never answers lies in front: what answers behind it is in front as well",
        ),
        pytest.param(
            (
                *IN_FRONT,
                *expiring(2, H2, questions=2),
                *expiring(3, H3, questions=3),
                *expiring(4, H4, questions=0),
                *expiring(5, H5, questions=0),
            ),
            (H1, H4),
            id="one lost in front of a hop that answers all: the limit is somewhere about both",
        ),
    ],
)
def test_where_a_limit_begins(walk: tuple[Train, ...], segment: tuple[str | None, str]) -> None:
    evidence = flow_evidence(SERVED, trains=(train(17), SPARED, *walk))
    assert segment_of(evidence) == segment


@pytest.mark.parametrize(
    ("hops", "segment"),
    [
        pytest.param([H1, None], (H1, H2), id="its path has that hop"),
        pytest.param(["192.0.2.254", None], (None, "host"), id="its path is another"),
    ],
)
def test_a_limit_that_was_walked_for_another_check_lies_on_a_path_that_is_shared(
    hops: list[str | None], segment: tuple[str | None, str]
) -> None:
    trains = (train(17), SPARED, *IN_FRONT, *BEHIND)
    evidence = flow_evidence(
        LOST,
        confirmation=SERVED,
        walked=ladder(SYN.flow, hops),
        trains=tuple(replace(item, check="other") for item in trains),
    )
    assert segment_of(evidence) == segment


def segment_of(evidence: FlowEvidence) -> tuple[str | None, str | None]:
    (check,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    assert check.verdict is not None and check.verdict.mechanism is Mechanism.RATE_LIMIT
    after, upto = (
        getattr(locus, "value", None) or (None if locus is None else str(locus))
        for locus in (check.verdict.after, check.verdict.upto)
    )
    return after, upto
