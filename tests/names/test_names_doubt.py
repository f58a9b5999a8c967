"""When a resolver's word is doubted: what is asked then, and what is left alone."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.checked import Checked, invented, is_ok, is_wild
from edgediag.locate.planning import plan_search
from edgediag.model.endpoint import ProbeKind
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Purpose
from edgediag.model.reply import DnsReply, Reply
from edgediag.names.doubt import ask_for_nobody, denial, is_denial
from edgediag.path import DEFAULT_HOPS
from edgediag.plan import NOBODYS_PARENTS, Supply, draw_nobody
from rig import RigWire, rig
from story import HOST, RESOLVER_HOST, addresses, answered, flow_of, probe, syn_ack, target
from story import unanswered as silent

RESOLVER = "resolver-53"
ASKED = probe(
    ProbeKind.DNS, on=flow_of(ProbeKind.DNS, host=RESOLVER_HOST), check=RESOLVER, name="cs.example"
)
SYN = probe(ProbeKind.TCP_SYN, check="registry-443", id_=3)


def said(*found: str, rcode: int = 0, is_truncated: bool = False) -> DnsReply:
    return DnsReply(
        rcode=rcode, addresses=addresses(*found), is_truncated=is_truncated, hop_limit=60
    )


def query(reply: Reply, name: str = "registry.example") -> Outcome:
    return answered(replace(ASKED, id=2, name=name, purpose=Purpose.RESOLVE), reply)


def resolver(reply: Reply, *nobody: Outcome) -> Checked:
    row = target(RESOLVER, kinds=(ProbeKind.DNS,), host=RESOLVER_HOST, address=RESOLVER_HOST)
    return Checked(target=row, attempts=(answered(ASKED, reply),), nobody=nobody)


def registry(outcome: Outcome) -> Checked:
    row = target("registry-443", kinds=(ProbeKind.TCP_SYN,), host="registry.example")
    return Checked(target=row, attempts=(outcome,), nobody=())


def supply() -> Supply:
    return Supply(tokens=iter(range(2**60, 2**61)), ports=iter(range(40000, 40100)), first_ip_id=0)


@pytest.mark.parametrize(
    ("reply", "is_one"),
    [
        pytest.param(said(rcode=3), True, id="no such name"),
        pytest.param(said(), True, id="a name without an address"),
        pytest.param(said(HOST), False, id="an address"),
        pytest.param(said(is_truncated=True), False, id="more than fits says nothing yet"),
        pytest.param(said(rcode=2), False, id="a failure is no word on the name"),
        pytest.param(syn_ack(), False, id="no answer in DNS"),
    ],
)
def test_what_denies_a_name(reply: Reply, is_one: bool) -> None:
    assert is_denial(query(reply)) is is_one


def test_a_name_is_denied_where_a_resolver_that_works_has_no_address_for_it() -> None:
    denied = query(said(rcode=3))
    assert denial([resolver(said(HOST))], [query(said(HOST), "a.example"), denied], {}) == denied


@pytest.mark.parametrize(
    ("reply", "queries"),
    [
        pytest.param(said(rcode=3), [query(said(rcode=3))], id="by a resolver that denies all"),
        pytest.param(
            said(HOST), [query(said(rcode=3)), query(said(HOST))], id="where another has it"
        ),
        pytest.param(said(HOST), [silent(ASKED)], id="by silence"),
    ],
)
def test_a_name_is_not_taken_for_denied(reply: Reply, queries: list[Outcome]) -> None:
    assert denial([resolver(reply)], queries, {}) is None


def test_who_denied_a_name_is_walked_beside_an_echo_however_near_it_seems() -> None:
    denied = query(said(rcode=3))
    found = plan_search([resolver(said(HOST))], supply(), denied).denial
    assert found is not None
    assert (found.walk.flow, found.walk.name) == (denied.probe.flow, "registry.example")
    assert found.echo.flow.destination == ip_address(RESOLVER_HOST)
    assert (found.walk.hops, found.echo.hops) == (DEFAULT_HOPS, DEFAULT_HOPS)


def test_nothing_is_asked_while_what_was_named_is_served() -> None:
    wire = RigWire()
    checks = [resolver(said(HOST)), registry(answered(SYN, syn_ack()))]
    assert ask_for_nobody(rig(wire), checks, ()) == {}
    assert wire.sent == []


def test_names_of_nobody_are_random_and_each_is_asked_on_a_port_of_its_own() -> None:
    drawn = draw_nobody(ASKED, supply())
    assert [probe.name.partition(".")[2] for probe in drawn] == list(NOBODYS_PARENTS)
    assert len({probe.name.partition(".")[0] for probe in drawn}) == len(drawn)
    assert len({probe.flow.source_port for probe in drawn}) == len(drawn)
    assert {probe.flow.destination for probe in drawn} == {ip_address(RESOLVER_HOST)}


@pytest.mark.parametrize(
    ("given", "wild"),
    [
        pytest.param(said(HOST), True, id="a real name has an address of nobody"),
        pytest.param(said("203.0.113.99"), False, id="real names have their own"),
        pytest.param(said(rcode=3), False, id="nobody has one"),
    ],
)
def test_whose_addresses_are_believed(given: Reply, wild: bool) -> None:
    nobody = (query(given, "0f.invalid"),)
    check = resolver(said(HOST), *nobody)
    assert (is_wild(check.attempts, nobody), is_ok(check)) == (wild, not wild)


def test_silence_invents_nothing() -> None:
    assert invented([silent(ASKED)]) == frozenset()
