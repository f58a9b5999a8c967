"""Which hops a flow that works is not asked for, and when it is asked for the others."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.checked import Checked, lead
from edgediag.locate.controls import walk_of
from edgediag.locate.learnt import (
    FLOWS_TO_LEARN,
    Part,
    completed,
    followers,
    is_by_host,
    parts_of,
)
from edgediag.locate.planned import Choice, Follower
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import Relation
from edgediag.model.flow import Flow, Protocol
from edgediag.model.path import Hop, Ladder
from edgediag.model.probe import Purpose
from edgediag.model.reply import IcmpKind, Reply
from edgediag.path import Walk
from story import HOST, answered, flow, icmp, ike_reply, probe, reset, syn_ack, target, unanswered

CPE, LEFT, RIGHT, BORDER = "192.0.2.1", "203.0.113.6", "203.0.113.10", "203.0.113.14"
FAR = 4
"""Where the hosts are."""


def tcp(check: str, host: str, n: int) -> Checked:
    """A TCP service that answers."""
    on = replace(flow(Protocol.TCP, port=443, source_port=40000 + n), destination=ip_address(host))
    syn = probe(ProbeKind.TCP_SYN, on=on, check=check, id_=n)
    asked = target(check, kinds=(ProbeKind.TCP_SYN,), host=host, address=host)
    return Checked(target=asked, attempts=(answered(syn, syn_ack()),), nobody=())


def flows(count: int) -> list[Checked]:
    return [tcp(f"open-{n}", HOST, n) for n in range(1, count + 1)]


def walks(checks: list[Checked]) -> list[Walk]:
    return [walk_of(check, Purpose.LADDER, FAR + 2) for check in checks]


def hop(distance: int, sender: str | None, tries: int = 1) -> Hop:
    """A router that says that the probe expired, silence, or one that was not asked."""
    heard = sender is not None and tries > 0
    return Hop(
        distance=distance,
        sender=None if sender is None else ip_address(sender),
        reply=icmp(IcmpKind.TIME_EXCEEDED, sender) if sender is not None and heard else None,
        rtt_s=0.01 if heard else None,
        tries=tries,
        packets=(),
    )


def at_host(distance: int = FAR) -> Hop:
    made = hop(distance, None)
    return replace(made, sender=ip_address(HOST), reply=syn_ack(), rtt_s=0.01)


def ladder(flow: Flow, *senders: str | None) -> Ladder:
    """A whole ladder: these routers and the host behind them."""
    hops = [hop(at, sender) for at, sender in enumerate(senders, start=1)]
    return Ladder(flow=flow, hops=(*hops, at_host(len(senders) + 1)))


def parts(*paths: tuple[str | None, ...], behind: int = 1) -> tuple[Part, ...]:
    """What is left for so many flows behind those that met these routers."""
    checks = flows(len(paths) + behind)
    leaders = [lead(check).probe.flow for check in checks[: len(paths)]]
    known = {flow: ladder(flow, *path) for flow, path in zip(leaders, paths, strict=True)}
    after = [
        Follower(walk=walk, leaders=tuple(leaders)) for walk in walks(checks)[len(paths) :]
    ]
    return parts_of(after, known)


def test_behind_six_that_go_the_same_way_are_the_others() -> None:
    checks = flows(FLOWS_TO_LEARN + 2)
    found = followers(walks(checks), checks, frozenset())
    assert [follower.walk.check for follower in found] == ["open-7", "open-8"]
    assert len(found[0].leaders) == FLOWS_TO_LEARN


@pytest.mark.parametrize(
    "host", ["198.51.7.1", "2001:db8::1"], ids=["in another network", "of the other version"]
)
def test_who_may_go_another_way_is_walked_whole(host: str) -> None:
    checks = [*flows(FLOWS_TO_LEARN), tcp("other", host, 99)]
    assert followers(walks(checks), checks, frozenset()) == ()


def test_what_fails_and_the_controls_beside_it_are_walked_whole() -> None:
    working, failing = flows(FLOWS_TO_LEARN + 1), tcp("lost", HOST, 99)
    control = lead(working[-1]).probe.flow
    asked = walks([*working, failing])
    assert followers(asked, working, frozenset((control, lead(failing).probe.flow))) == ()


@pytest.mark.parametrize(
    ("paths", "asked"),
    [
        pytest.param([(CPE, LEFT, BORDER)] * 6, [], id="all alike: no router is asked"),
        pytest.param([(CPE, None, BORDER)] * 6, [], id="silence that all met is known as well"),
        pytest.param(
            [(CPE, LEFT, BORDER)] * 5 + [(CPE, None, BORDER)], [], id="silence is no other router"
        ),
        pytest.param(
            [(CPE, LEFT, BORDER)] * 3 + [(CPE, RIGHT, BORDER)] * 3, [2], id="a fork is asked"
        ),
        pytest.param(
            [(CPE, LEFT, LEFT)] * 3 + [(CPE, RIGHT, RIGHT)] * 3,
            [2],
            id="what follows from the fork is not",
        ),
        pytest.param([(CPE, LEFT, BORDER)] * 5, [1, 2, 3], id="five are too few to know"),
    ],
)
def test_what_is_left_to_ask(paths: list[tuple[str | None, ...]], asked: list[int]) -> None:
    (part,) = parts(*paths)
    assert [at for at in range(1, FAR) if at not in part.learnt] == asked


def test_routers_of_a_fork_are_asked_as_fast_as_they_answer_and_not_for_long() -> None:
    fork = [(CPE, LEFT, BORDER)] * 3 + [(CPE, RIGHT, BORDER)] * 3
    starts_s = [part.start_s for part in parts(*fork, behind=11)]
    assert starts_s == [0.0] * 6 + [0.5, 1.0, 1.5, 1.5, 1.5]
    alike = [(CPE, LEFT, BORDER)] * 6
    assert {part.start_s for part in parts(*alike, behind=9)} == {0.0}
    few = [(CPE, LEFT, BORDER)] * 5
    assert [part.start_s for part in parts(*few, behind=3)] == [1.0, 2.0, 3.0]


def test_a_ladder_is_completed_by_what_follows_from_its_own_answers() -> None:
    paths = [(CPE, LEFT, LEFT)] * 3 + [(CPE, RIGHT, RIGHT)] * 3
    (part,) = parts(*paths)
    own = Ladder(flow=part.walk.flow, hops=(hop(2, RIGHT), at_host()))
    assert completed(own, part.learnt).hops == (
        hop(1, CPE, tries=0), hop(2, RIGHT), hop(3, RIGHT, tries=0), at_host()
    )
    silent = Ladder(flow=part.walk.flow, hops=(hop(2, None), at_host()))
    assert completed(silent, part.learnt).hops[2] == hop(3, None, tries=0)


def test_a_ladder_that_was_asked_whole_stays_as_it_is() -> None:
    (check,) = flows(1)
    whole = ladder(lead(check).probe.flow, CPE, None, BORDER)
    assert completed(whole, {}) == whole


def echo(n: int) -> Choice:
    """An echo to the host, worth waiting for."""
    walk = walks(flows(n))[n - 1]
    on = replace(walk.flow, protocol=Protocol.ICMP)
    walk = replace(walk, flow=on, purpose=Purpose.CONTROL, kind=ProbeKind.ICMP_ECHO)
    return Choice(relation=Relation.ECHO, check="", walk=walk, is_needed=True)


@pytest.mark.parametrize(
    ("reply", "is_own"),
    [
        pytest.param(reset(), True, id="it refused"),
        pytest.param(icmp(IcmpKind.PORT_UNREACHABLE, HOST), True, id="it refused by an error"),
        pytest.param(icmp(IcmpKind.ADMIN_PROHIBITED, LEFT), False, id="a router refused"),
        pytest.param(syn_ack(), False, id="who accepts may be a box on the way"),
        pytest.param(None, False, id="nobody answered"),
    ],
)
def test_whose_answer_it_is_likely_to_be(reply: Reply | None, is_own: bool) -> None:
    syn = lead(flows(1)[0]).probe
    outcome = unanswered(syn) if reply is None else answered(syn, reply)
    check = replace(flows(1)[0], attempts=(outcome,))
    assert is_by_host(check, ()) is is_own


@pytest.mark.parametrize(
    ("hop_limit", "is_own"),
    [
        pytest.param(syn_ack().hop_limit, True, id="one of UDP answers from as far"),
        pytest.param(64, False, id="it answers from elsewhere"),
    ],
)
def test_who_accepts_is_the_host_where_another_protocol_agrees(
    hop_limit: int, is_own: bool
) -> None:
    (check,) = flows(1)
    reply = replace(ike_reply(), hop_limit=hop_limit)
    other = replace(check, attempts=(answered(probe(), reply),), target=target("ike-4500"))
    assert is_by_host(check, [other]) is is_own


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        pytest.param((CPE, LEFT, BORDER), [4, 5, 6], id="from the host on"),
        pytest.param((CPE,), [2, 3, 4, 5, 6], id="from the box on that answers in its name"),
        pytest.param(None, [1, 2, 3, 4, 5, 6], id="whole where the flow was not walked"),
    ],
)
def test_an_echo_begins_where_its_flow_was_answered(
    path: tuple[str, ...] | None, asked: list[int]
) -> None:
    flow = lead(flows(1)[0]).probe.flow
    behind = [Follower(walk=echo(n).walk, leaders=(flow,)) for n in range(1, 9)]
    found = parts_of(behind, {} if path is None else {flow: ladder(flow, *path)})
    assert [at for at in range(1, FAR + 3) if at not in found[0].learnt] == asked
    at_once = 0 if path is None else 6
    assert [part.start_s for part in found] == [max(0.0, n - at_once) for n in range(1, 9)]
    own = Ladder(flow=found[0].walk.flow, hops=(at_host(),))
    if path is not None:
        assert completed(own, found[0].learnt).hops[0] == hop(1, None, tries=0)
