"""What failed decides what is asked next."""

from dataclasses import replace

import pytest

from edgediag.checked import Checked, hop_limit_of, is_ok, is_suspect, lead, surroundings
from edgediag.locate.controls import SPARE_HOPS
from edgediag.locate.near import is_same_network
from edgediag.locate.pacing import (
    ERROR_SPACING_S,
    MAX_OWN_WALKS,
    MAX_WALKS,
    WALKS_AT_ONCE,
)
from edgediag.locate.planned import Search
from edgediag.locate.planning import plan_search
from edgediag.locate.sharing import WALKS_IN_THE_DARK
from edgediag.model.certificate import Presented
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import Relation
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Purpose
from edgediag.model.reply import DnsReply, IcmpKind, TlsAnswer, TlsReply
from edgediag.plan import Supply
from edgediag.stages.assignment import RESOLVER
from story import (
    HOST,
    NEIGHBOUR_HOST,
    addresses,
    answered,
    flow,
    icmp,
    ike_reply,
    presented,
    probe,
    refused,
    reset,
    route,
    syn_ack,
    target,
    unanswered,
)

FAR_HOST = "203.0.113.200"


def supply() -> Supply:
    return Supply(tokens=iter(range(1, 10_000)), ports=iter(range(50000, 51000)), first_ip_id=0)


def checked(check: str, *attempts: Outcome) -> Checked:
    kinds = tuple(outcome.probe.kind for outcome in attempts)
    host = str(attempts[0].probe.flow.destination)
    asked = target(check, kinds=kinds, host=host, address=host)
    return Checked(target=asked, attempts=attempts, nobody=())


def tcp(check: str, host: str, n: int, outcome: str) -> Checked:
    """A TCP check on a host: "open", "closed", "lost", "prohibited" or "stuck"."""
    on = flow(Protocol.TCP, host=host, port=1000 + n, source_port=40000 + n)
    syn = probe(ProbeKind.TCP_SYN, on=on, check=check, id_=n)
    outcomes = {
        "open": answered(syn, syn_ack()),
        "closed": answered(syn, reset()),
        "lost": unanswered(syn),
        "prohibited": answered(syn, icmp(IcmpKind.ADMIN_PROHIBITED, "203.0.113.1")),
        "stuck": unanswered(syn, has_left=False),
    }
    return checked(check, outcomes[outcome])


def search(*checks: Checked) -> Search:
    return plan_search(checks, supply())


def walks(found: Search, purpose: Purpose) -> list[str]:
    return [walk.check for walk in found.walks if walk.purpose is purpose]


def shows(check: str, n: int, certificate: Presented) -> Checked:
    """A TLS server that answers well, and what it shows."""
    on = flow(Protocol.TCP, port=1000 + n, source_port=40000 + n)
    hello = TlsReply(answer=TlsAnswer.SERVER_HELLO, alert=0, hop_limit=None)
    found = checked(
        check,
        answered(probe(ProbeKind.TCP_SYN, on=on, check=check, id_=n), syn_ack()),
        answered(probe(ProbeKind.TLS_CLIENT_HELLO, on=on, check=check, id_=100 + n), hello),
    )
    return replace(found, certificate=certificate)


def test_who_shows_a_certificate_that_clients_refuse_is_walked_and_is_no_control() -> None:
    good = shows("good", 1, presented(HOST))
    bad = shows("bad", 2, presented(HOST, until_s=0.0))
    found = search(good, bad, shows("worse", 3, presented("192.0.2.99")))
    assert walks(found, Purpose.LADDER) == ["bad", "worse"]
    assert walks(found, Purpose.CONTROL) == ["good"]


# What is said of a check before anything is walked.


@pytest.mark.parametrize(
    ("attempts", "suspect"),
    [
        pytest.param((refused(probe()),), True, id="refused by the kernel"),
        pytest.param((unanswered(probe(), has_left=False),), True, id="never seen leaving"),
        pytest.param((unanswered(probe(), has_come_back=True),), True, id="answer not delivered"),
        pytest.param((unanswered(probe()),), False, id="left, and nothing came back"),
        pytest.param(
            (answered(probe(), icmp(IcmpKind.PORT_UNREACHABLE, HOST)),),
            False,
            id="refused by the host",
        ),
        pytest.param(
            (
                answered(probe(ProbeKind.TCP_SYN), syn_ack()),
                unanswered(probe(ProbeKind.TLS_CLIENT_HELLO)),
            ),
            False,
            id="one attempt was answered and the other is lost: that is loss",
        ),
    ],
)
def test_whom_to_suspect(attempts: tuple[Outcome, ...], suspect: bool) -> None:
    assert is_suspect(checked("some-check", *attempts)) is suspect


def test_the_flow_that_is_repeated_is_a_packet_of_our_own() -> None:
    stream = unanswered(probe(ProbeKind.TLS_CLIENT_HELLO, id_=1))
    packet = unanswered(probe(ProbeKind.TCP_SYN, id_=2))
    assert lead(checked("a", stream, packet)) is packet
    assert lead(checked("a", stream)) is stream


def test_the_hosts_hop_limit_is_that_of_its_own_packets() -> None:
    router = answered(probe(ProbeKind.TCP_SYN), icmp(IcmpKind.ADMIN_PROHIBITED, "203.0.113.1"))
    assert hop_limit_of(checked("a", router)) is None
    assert hop_limit_of(checked("a", answered(probe(), ike_reply(57)))) == 57


def test_surroundings_tell_who_answers_and_through_whom() -> None:
    checks = [tcp("a", HOST, 1, "open"), tcp("b", NEIGHBOUR_HOST, 2, "lost")]
    seen = surroundings(checks, (), {"a": route(), "b": route("192.0.2.254")})
    assert [str(host) for host in seen.answering] == [HOST]
    assert [str(host) for host in seen.silent] == [NEIGHBOUR_HOST]
    assert [str(hop) for hop in seen.gateways] == ["192.0.2.1"]


# The search.


def test_a_healthy_run_searches_nothing() -> None:
    found = search(tcp("a", HOST, 1, "open"), tcp("b", NEIGHBOUR_HOST, 2, "open"))
    assert (found.suspects, found.walks, dict(found.walked)) == ((), (), {})


@pytest.mark.parametrize(
    ("is_traced", "walked"),
    [
        pytest.param(True, ["c", "a"], id="traced: what passes as well, and its name server not"),
        pytest.param(False, ["c"], id="else what failed alone"),
    ],
)
def test_what_passes_is_walked_where_its_path_is_asked_for(
    is_traced: bool, walked: list[str]
) -> None:
    query = probe(ProbeKind.DNS, check="resolver-53", id_=2)
    found = DnsReply(rcode=0, addresses=addresses(HOST), is_truncated=False, hop_limit=60)
    server = checked("resolver-53", answered(query, found))
    resolver = replace(server, target=replace(server.target, endpoint=RESOLVER))
    checks = [tcp("a", HOST, 1, "open"), resolver, tcp("c", NEIGHBOUR_HOST, 3, "lost")]
    assert walks(plan_search(checks, supply(), is_traced=is_traced), Purpose.LADDER) == walked


def test_paths_that_are_asked_for_wait_for_no_control() -> None:
    checks = [tcp(f"open-{n}", f"198.51.{n}.1", n, "open") for n in range(1, 9)]
    found = plan_search(checks, supply(), is_traced=True)
    assert walks(found, Purpose.LADDER) == [check.target.check for check in checks]
    assert [walk.start_s for walk in found.walks] == [0.0] * WALKS_AT_ONCE + [1.0, 2.0]
    assert {len(leaders) for leaders in found.walked.values()} == {1}


def test_beside_a_few_paths_that_are_asked_for_there_is_room_for_controls() -> None:
    found = plan_search([tcp("open", HOST, 1, "open")], supply(), is_traced=True)
    assert [walk.kind for walk in found.walks] == [ProbeKind.TCP_SYN, ProbeKind.ICMP_ECHO]


def test_a_name_server_that_fails_is_walked_where_a_path_is_asked_for() -> None:
    server = checked("resolver-53", unanswered(probe(ProbeKind.DNS, check="resolver-53")))
    resolver = replace(server, target=replace(server.target, endpoint=RESOLVER))
    found = plan_search([resolver], supply(), is_traced=True)
    assert walks(found, Purpose.LADDER) == ["resolver-53"]


def test_a_suspect_is_looked_for_here_and_not_walked() -> None:
    found = search(tcp("a", HOST, 1, "stuck"), tcp("b", HOST, 2, "open"))
    assert [check.target.check for check in found.suspects] == ["a"]
    assert found.walks == ()


def test_a_lost_flow_is_walked_beside_a_port_of_its_host() -> None:
    found = search(
        tcp("a", HOST, 1, "lost"), tcp("b", NEIGHBOUR_HOST, 2, "open"), tcp("c", HOST, 3, "open")
    )
    assert walks(found, Purpose.LADDER) == ["a"]
    assert [(c.relation, c.check) for c in found.controls["a"]] == [(Relation.SAME_HOST, "c")]


def test_without_one_a_neighbour_serves_and_an_echo_to_the_host() -> None:
    found = search(
        tcp("a", HOST, 1, "lost"),
        tcp("b", FAR_HOST, 2, "open"),
        tcp("c", NEIGHBOUR_HOST, 3, "open"),
    )
    assert [(c.relation, c.check) for c in found.controls["a"]] == [
        (Relation.OTHER_HOST, "c"),
        (Relation.ECHO, ""),
    ]


def test_controls_of_the_same_protocol_are_preferred() -> None:
    udp = checked("udp", answered(probe(on=flow(host=HOST)), ike_reply()))
    found = search(tcp("a", HOST, 1, "lost"), udp, tcp("c", HOST, 3, "open"))
    assert [choice.check for choice in found.controls["a"]] == ["c"]


def test_a_control_that_serves_two_is_walked_once() -> None:
    found = search(
        tcp("a", HOST, 1, "lost"), tcp("b", HOST, 2, "lost"), tcp("c", HOST, 3, "open")
    )
    assert walks(found, Purpose.LADDER) == ["a", "b"]
    assert walks(found, Purpose.CONTROL) == ["c"]


def test_whose_a_reset_is_only_an_echo_to_the_host_behind_it_can_tell() -> None:
    checks = [tcp(f"closed-{n}", f"198.51.100.{n}", n, "closed") for n in range(1, 6)]
    found = search(*checks, tcp("works", "198.51.100.77", 9, "open"))
    assert {walk.kind for walk in found.walks} == {ProbeKind.TCP_SYN}
    assert [follower.walk.kind for follower in found.followers] == [ProbeKind.ICMP_ECHO] * 5


def test_the_length_of_a_walk_follows_the_distance_of_a_neighbour() -> None:
    found = search(tcp("a", HOST, 1, "lost"), tcp("b", NEIGHBOUR_HOST, 2, "open"))
    hops = {walk.check: walk.hops for walk in found.walks if walk.kind is not ProbeKind.ICMP_ECHO}
    assert hops == {"a": 5 + SPARE_HOPS, "b": 5 + SPARE_HOPS}


def test_up_to_five_lost_flows_are_each_walked_themselves() -> None:
    checks = [tcp(f"lost-{n}", HOST, n, "lost") for n in range(1, 6)]
    found = search(*checks, tcp("works", HOST, 9, "open"))
    assert walks(found, Purpose.LADDER) == [f"lost-{n}" for n in range(1, 6)]
    assert {walk.start_s for walk in found.walks} == {0.0}


def test_beyond_that_ports_of_one_host_with_one_symptom_are_served_by_the_walks_to_others() -> None:
    lost = [tcp(f"lost-{n}", HOST, n, "lost") for n in range(1, 10)]
    closed = [tcp("closed", HOST, 20, "closed")]
    found = search(*lost, *closed, tcp("works", HOST, 9, "open"))
    own = [f"lost-{n}" for n in range(1, MAX_OWN_WALKS)]
    assert walks(found, Purpose.LADDER) == [*own, "closed"]
    assert (found.walked["lost-7"], found.walked["lost-9"]) == (("lost-7",), tuple(own))


def test_what_is_dark_leaves_walks_to_ports_that_are_not() -> None:
    dark = [tcp(f"dark-{n}", f"192.0.2.{n}", n, "lost") for n in range(1, 9)]
    lost = [tcp(f"lost-{n}", HOST, 10 + n, "lost") for n in range(1, 10)]
    found = search(*dark, *lost, tcp("works", HOST, 30, "open"))
    own = ["lost-1", "lost-2", "lost-3", "lost-4", "lost-5"]
    assert walks(found, Purpose.LADDER) == ["dark-1", "dark-2", "dark-3", *own]
    assert found.walked["lost-9"] == tuple(own)


def test_a_silent_flow_beside_a_refused_one_is_asked_again_and_not_walked() -> None:
    found = search(
        tcp("refused", HOST, 1, "prohibited"),
        tcp("silent", HOST, 2, "lost"),
        tcp("other", NEIGHBOUR_HOST, 3, "lost"),
        tcp("works", NEIGHBOUR_HOST, 9, "open"),
    )
    assert walks(found, Purpose.LADDER) == ["refused", "other"]
    assert found.walked["silent"] == ("refused",)
    assert [item.check.target.check for item in found.confirmations] == ["other", "silent"]
    first, second = (item.start_s for item in found.confirmations)
    assert second - first == pytest.approx(ERROR_SPACING_S)


def test_where_everything_is_dark_a_few_hosts_stand_for_all() -> None:
    checks = [tcp(f"lost-{n}", f"198.51.{n}.1", n, "lost") for n in range(1, 21)]
    found = search(*checks)
    assert walks(found, Purpose.LADDER) == [f"lost-{n}" for n in range(1, WALKS_IN_THE_DARK + 1)]
    assert set(found.walked.values()) == {("lost-1", "lost-2", "lost-3")}


def test_where_a_network_is_dark_its_flows_share_and_others_do_not() -> None:
    dark = [tcp(f"dark-{n}", f"198.51.100.{n}", n, "lost") for n in range(1, 10)]
    other = [tcp("other", FAR_HOST, 30, "lost"), tcp("works", FAR_HOST, 31, "open")]
    found = search(*dark, *other)
    assert walks(found, Purpose.LADDER) == ["dark-1", "dark-2", "dark-3", "other"]


def test_of_a_dark_network_those_are_walked_that_a_router_spoke_of() -> None:
    lost = [tcp(f"lost-{n}", f"198.51.100.{n}", n, "lost") for n in range(1, 5)]
    found = search(*lost, tcp("said", "198.51.100.9", 9, "prohibited"))
    assert "said" in walks(found, Purpose.LADDER)


def test_what_a_router_said_of_a_host_is_not_outweighed_by_a_later_check_on_it() -> None:
    lost = [tcp(f"lost-{n}", f"198.51.100.{n}", n, "lost") for n in range(1, 5)]
    said = tcp("said", "198.51.100.9", 9, "prohibited")
    found = search(*lost, said, tcp("silent", "198.51.100.9", 10, "lost"))
    assert walks(found, Purpose.LADDER) == ["lost-1", "lost-2", "said"]


def test_no_more_walks_start_at_once_than_routers_answer() -> None:
    checks = [tcp(f"lost-{n}", f"198.51.{n}.1", n, "lost") for n in range(1, 16)]
    works = [tcp(f"open-{n}", f"198.51.{n}.2", 100 + n, "open") for n in range(1, 16)]
    found = search(*checks, *works)
    starts = [walk.start_s for walk in found.walks]
    assert len(starts) == MAX_WALKS
    assert starts.count(0.0) == WALKS_AT_ONCE
    assert [b - a for a, b in zip(starts[5:], starts[6:], strict=False)] == [1.0] * 6


def test_however_many_are_lost_their_controls_are_walked_too() -> None:
    checks = [tcp(f"lost-{n}", f"198.51.{n}.1", n, "lost") for n in range(1, 30)]
    works = [tcp(f"open-{n}", f"198.51.{n}.2", 100 + n, "open") for n in range(1, 30)]
    found = search(*checks, *works)
    assert len(walks(found, Purpose.LADDER)) == MAX_OWN_WALKS
    assert len(walks(found, Purpose.CONTROL)) == MAX_WALKS - MAX_OWN_WALKS


def test_no_flow_is_walked_twice() -> None:
    checks = [tcp(f"lost-{n}", f"198.51.100.{n}", n, "lost") for n in range(1, 5)]
    found = search(*checks, tcp("works", NEIGHBOUR_HOST, 9, "open"))
    assert len({walk.flow for walk in found.walks}) == len(found.walks)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param("198.51.100.1", "198.51.100.254", True, id="one /24"),
        pytest.param("198.51.100.1", "198.51.101.1", False, id="two /24"),
        pytest.param("2001:db8::1", "2001:db8::ffff", True, id="one /64"),
        pytest.param("2001:db8::1", "2001:db8:0:1::1", False, id="two /64"),
        pytest.param("198.51.100.1", "2001:db8::1", False, id="two families"),
    ],
)
def test_who_is_a_neighbour(one: str, other: str, is_same: bool) -> None:
    pair = [flow(host=text).destination for text in (one, other)]
    assert is_same_network(*pair) is is_same


def test_an_ok_check_is_one_whose_socket_worked() -> None:
    works = tcp("a", HOST, 1, "open")
    stream = unanswered(probe(ProbeKind.TLS_CLIENT_HELLO))
    assert is_ok(works)
    assert not is_ok(replace(works, attempts=(*works.attempts, stream)))
