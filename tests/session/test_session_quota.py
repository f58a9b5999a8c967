"""How often a gateway is asked in a run: never more than is stated, and what came short is free."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.probe import Probe, Schedule
from edgediag.model.reply import IcmpKind
from edgediag.session.machine import Session
from edgediag.session.quota import MAX_QUESTIONS, Quota
from edgediag.session.sending import new_track
from edgediag.session.track import Track
from story import HOST, ROUTERS, flow, icmp, ike_reply, probe

NOW_S = 100.0
OTHER_GATEWAY = ip_address("198.51.100.22")
ONCE = Schedule(offsets_s=(0.0,), timeout_s=1.0)


def question(number: int, *, hop_limit: int = 64) -> Probe:
    """One try of IKE_SA_INIT, from a port of its own."""
    asked = probe(on=flow(source_port=20000 + number), id_=number)
    return replace(asked, hop_limit=hop_limit, schedule=ONCE)


def asked(*tracks: Track) -> Quota:
    quota = Quota()
    for track in tracks:
        quota.add(track)
    return quota


def track(number: int, *, hop_limit: int = 64, tries: int = 1) -> Track:
    made = new_track(question(number, hop_limit=hop_limit), now_s=NOW_S, next_hop=None)
    made.tries = tries
    return made


def expired(number: int, *, hop_limit: int) -> Track:
    made = track(number, hop_limit=hop_limit)
    made.icmp = icmp(IcmpKind.TIME_EXCEEDED, ROUTERS[0])
    return made


def heard(number: int, *, hop_limit: int = 64, received: int = 60) -> Track:
    made = track(number, hop_limit=hop_limit)
    made.direct = ike_reply(received)
    return made


FULL = tuple(track(number) for number in range(1, MAX_QUESTIONS + 1))


@pytest.mark.parametrize(
    ("known", "next_", "is_admitted"),
    [
        pytest.param((), track(0, tries=0), True, id="the first is asked"),
        pytest.param(FULL[1:], track(0, tries=0), True, id="the last is asked"),
        pytest.param(FULL, track(0, tries=0), False, id="one more is not"),
        pytest.param(
            (*FULL[2:], expired(201, hop_limit=3), expired(202, hop_limit=4)),
            track(0, tries=0),
            True,
            id="what expired on the way never came",
        ),
        pytest.param(
            (*FULL[1:], track(201, hop_limit=2), expired(202, hop_limit=4)),
            track(0, tries=0),
            True,
            id="nor did what a silent router kept in front of one that spoke",
        ),
        pytest.param(
            (*FULL[1:], track(201, hop_limit=5), expired(202, hop_limit=4)),
            track(0, tries=0),
            False,
            id="what goes behind the last router that spoke may have come",
        ),
        pytest.param(
            (*FULL, expired(202, hop_limit=4)),
            track(0, hop_limit=4, tries=0),
            True,
            id="a hop limit that falls short is free",
        ),
        pytest.param(
            (*FULL[1:], heard(203)),
            track(0, hop_limit=4, tries=0),
            True,
            id="an answer tells how far the gateway is, and what falls short of it",
        ),
        pytest.param(
            (*FULL[2:], heard(203), heard(204, hop_limit=4)),
            track(0, hop_limit=4, tries=0),
            False,
            id="unless it answers nearer than that: the way back is longer",
        ),
        pytest.param(
            (*FULL, expired(202, hop_limit=64)),
            track(0, tries=0),
            False,
            id="whole questions count even where one met a loop",
        ),
    ],
)
def test_a_question_is_asked_while_it_fits(
    known: tuple[Track, ...], next_: Track, is_admitted: bool
) -> None:
    assert asked(*known, next_).admits(next_, NOW_S) is is_admitted


def test_of_three_tries_all_fit_or_none_is_made() -> None:
    three = new_track(probe(on=flow()), now_s=NOW_S, next_hop=None)
    assert not asked(*FULL[2:], three).admits(three, NOW_S)
    assert asked(*FULL[3:], three).admits(three, NOW_S)


def test_a_try_that_the_kernel_refused_never_came() -> None:
    kept = track(201)
    kept.refused = 1
    last = track(0, tries=0)
    assert asked(*FULL[1:], kept, last).admits(last, NOW_S)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            replace(
                question(0),
                flow=replace(question(0).flow, destination=OTHER_GATEWAY),
            ),
            id="another gateway",
        ),
        pytest.param(
            probe(ProbeKind.TCP_SYN, on=flow(Protocol.TCP, port=6443)), id="another protocol"
        ),
    ],
)
def test_is_asked_all_the_same(other: Probe) -> None:
    next_ = new_track(other, now_s=NOW_S, next_hop=None)
    assert asked(*FULL, next_).admits(next_, NOW_S)


def session_of(count: int) -> tuple[Session, tuple[Probe, ...]]:
    session = Session(rate_pps=1e6)
    probes = tuple(question(number) for number in range(1, count + 1))
    session.submit(probes, now_s=NOW_S, next_hops={})
    return session, probes


def sent(session: Session, now_s: float) -> int:
    return len(session.due(now_s))


def test_a_session_never_asks_more_and_says_what_it_kept() -> None:
    session, probes = session_of(MAX_QUESTIONS + 7)
    assert (sent(session, NOW_S), sent(session, NOW_S + 0.5)) == (MAX_QUESTIONS, 0)
    assert session.withheld() == {ip_address(HOST): 7}
    assert [each.id for each in probes if session.is_withheld(each)] == [
        each.id for each in probes[MAX_QUESTIONS:]
    ]


def test_what_is_withheld_is_not_waited_for_and_has_no_outcome() -> None:
    session, probes = session_of(MAX_QUESTIONS + 1)
    session.due(NOW_S)
    kept, late_s = probes[-1], NOW_S + 5.0
    ids = [each.id for each in probes]
    assert session.is_over(ids, late_s) and not session.is_settled(ids, late_s)
    assert session.outcome(kept, late_s) is None
    assert session.wakeup_s(late_s) is None
