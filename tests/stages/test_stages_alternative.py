"""What is put another way, and which next hops are asked for their link-layer address."""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address

from edgediag.checked import Checked
from edgediag.model.evidence import Altered
from edgediag.model.host import HostState, InterfaceAddress
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Purpose, Way
from edgediag.model.route import Route
from edgediag.plan import MAX_ALTERNATIVES, Supply
from edgediag.stages.alternative import Doubts, plan_doubts
from story import (
    EDGE,
    GATEWAY,
    HOST,
    NEIGHBOUR_HOST,
    answered,
    flow,
    host_state,
    ike_reply,
    neighbour,
    probe,
    route,
    target,
    unanswered,
)

LONE = "198.51.100.200"


def check(name: str, outcome: Outcome) -> Checked:
    return Checked(target=target(name), attempts=(outcome,), nobody=())


def asked(name: str, *, host: str = HOST, source: str = EDGE) -> Outcome:
    on = replace(flow(host=host), source=ip_address(source))
    return unanswered(probe(on=on, check=name))


SERVED = check("works", answered(probe(on=flow(host=NEIGHBOUR_HOST)), ike_reply()))
ODD = replace(
    host_state(),
    addresses=tuple(
        InterfaceAddress(interface="eth0", address=ip_address(text), prefix_length=length)
        for text, length in ((LONE, 32), (EDGE, 24))
    ),
)


def planned(routes: Mapping[str, Route], *checks: Checked, state: HostState) -> Doubts:
    supply = Supply(tokens=iter(range(10**6)), ports=iter(range(41000, 42000)), first_ip_id=0)
    return plan_doubts(checks, routes, state, supply)


def changes(doubts: Doubts) -> list[tuple[Altered, str, str | None, str]]:
    return [
        (way.change, way.via.interface, str(way.via.gateway), str(way.probe.flow.source))
        for way in doubts.alternatives
    ]


def test_a_silent_flow_in_no_doubt_is_asked_no_other_way() -> None:
    doubts = planned({"a": route()}, check("a", asked("a")), state=host_state())
    assert doubts == Doubts(alternatives=(), next_hops=(("eth0", ip_address(GATEWAY)),))


def test_a_gateway_that_serves_others_is_not_asked_for_its_address() -> None:
    ways = {"a": route(), "works": route()}
    assert planned(ways, check("a", asked("a")), SERVED, state=host_state()).next_hops == ()


def test_a_foreign_source_is_held_against_the_uplinks_own_on_a_fresh_port() -> None:
    lost = check("a", asked("a", source=LONE))
    doubts = planned({"a": route()}, lost, state=ODD)
    (way,) = doubts.alternatives
    assert changes(doubts) == [(Altered.SOURCE, "eth0", GATEWAY, EDGE)]
    assert (way.probe.purpose, way.probe.way) == (Purpose.ALTERNATIVE, Way.LINK)
    assert way.probe.flow == replace(flow(), source_port=41000)


def test_a_destination_sought_on_the_link_is_asked_of_a_gateway_that_serves() -> None:
    lost = check("a", unanswered(probe(check="a"), has_left=False))
    doubts = planned({"a": route(None), "works": route()}, lost, SERVED, state=host_state())
    assert changes(doubts) == [(Altered.NEXT_HOP, "eth0", GATEWAY, EDGE)]


def test_a_gateway_of_one_ip_version_is_no_way_for_the_other() -> None:
    six = ip_address("2001:db8::1")
    far = replace(flow(), destination=ip_address("2001:db8:9::2"))
    served = answered(probe(on=far), ike_reply())
    lost = check("a", unanswered(probe(check="a"), has_left=False))
    ways = {"a": route(None), "works": replace(route(), gateway=six)}
    doubts = planned(ways, lost, check("works", served), state=host_state())
    assert doubts.alternatives == ()


def test_a_bridge_of_pods_is_held_against_whoever_is_known_on_the_uplink() -> None:
    lost = check("a", asked("a"))
    way = route("10.244.1.2", interface="cni0")
    doubts = planned({"a": way}, lost, state=host_state())
    assert changes(doubts) == [(Altered.NEXT_HOP, "eth0", str(neighbour().address), EDGE)]


def test_what_a_rule_sends_elsewhere_is_asked_past_the_rule() -> None:
    outcome = asked("a")
    wire = replace(flow(), destination=ip_address(NEIGHBOUR_HOST))
    seen = tuple(replace(item, rewritten=wire) for item in outcome.seen)
    doubts = planned({"a": route()}, check("a", replace(outcome, seen=seen)), state=ODD)
    assert changes(doubts) == [(Altered.TRANSLATION, "eth0", GATEWAY, EDGE)]


def test_no_more_is_asked_than_the_ports_are_for() -> None:
    names = [f"check-{number}" for number in range(40)]
    checks = [check(name, asked(name, source=LONE)) for name in names]
    doubts = planned({name: route() for name in names}, *checks, state=ODD)
    assert len(doubts.alternatives) == MAX_ALTERNATIVES
