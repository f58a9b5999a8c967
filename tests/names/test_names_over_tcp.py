"""A name server is asked over TCP where a datagram had no room for its answer, and only there."""

from dataclasses import replace
from ipaddress import ip_address
from itertools import count

import pytest

from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Probe, Purpose
from edgediag.model.reply import DnsReply
from edgediag.names.addresses import addresses_in, is_cut_short
from edgediag.names.over_tcp import Queries, targets_over_tcp
from edgediag.plan import Supply
from edgediag.stages.assignment import RESOLVER
from story import RESOLVER_HOST, answered, flow_of, probe, target, unanswered

ON = flow_of(ProbeKind.DNS, host=RESOLVER_HOST)
WHOLE = DnsReply(
    rcode=0, addresses=(ip_address("203.0.113.7"),), is_truncated=False, hop_limit=60
)
CUT_SHORT = replace(WHOLE, is_truncated=True)
SERVER = target("resolver-53", kinds=(ProbeKind.DNS,), host=RESOLVER_HOST, endpoint=RESOLVER)
AT_ONE = replace(SERVER, check=f"resolver-53@{RESOLVER_HOST}")


def query(id_: int = 1, kind: ProbeKind = ProbeKind.DNS) -> Probe:
    """A query for a name."""
    return probe(kind, on=ON, id_=id_, purpose=Purpose.RESOLVE, name="kube.example")


def supply() -> Supply:
    """Tokens and ports in ascending order."""
    return Supply(tokens=count(1), ports=iter(range(50000, 50010)), first_ip_id=0)


def test_the_query_is_the_same_on_a_connection_of_its_own() -> None:
    queries = Queries(by_datagram=(query(1), query(2)), over_tcp={})
    outcomes = (answered(query(1), CUT_SHORT), answered(query(2), WHOLE))
    (again,) = queries.repeated(outcomes, supply())
    assert again.flow == replace(ON, protocol=Protocol.TCP, source_port=50000)
    assert (again.kind, again.name, again.check) == (
        ProbeKind.DNS_TCP,
        "kube.example",
        query().check,
    )
    assert again.schedule.offsets_s == (0.0,)


def test_a_query_is_repeated_once_and_stands_behind_the_one_it_repeats() -> None:
    queries = Queries(by_datagram=(query(1), query(2)), over_tcp={})
    outcomes = (answered(query(1), CUT_SHORT), unanswered(query(2)))
    (again,) = queries.repeated(outcomes, supply())
    assert queries.repeated(outcomes, supply()) == ()
    assert queries.all() == (query(1), again, query(2))


def test_a_server_is_checked_over_tcp_for_the_name_that_had_no_room() -> None:
    (over_tcp,) = targets_over_tcp([AT_ONE], {AT_ONE.check: [answered(query(), CUT_SHORT)]})
    assert over_tcp == replace(
        AT_ONE,
        check=f"resolver-tcp-53@{RESOLVER_HOST}",
        endpoint="resolver-tcp",
        purpose=f"{AT_ONE.purpose} over TCP",
        protocol=Protocol.TCP,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.DNS_TCP),
        query="kube.example",
    )


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(answered(query(), WHOLE), id="the answer came whole"),
        pytest.param(unanswered(query()), id="silence asks for nothing"),
        pytest.param(
            answered(query(kind=ProbeKind.DNS_TCP), CUT_SHORT), id="there is no more room"
        ),
    ],
)
def test_nothing_is_asked_over_tcp_where_nothing_was_cut_short(outcome: Outcome) -> None:
    assert not is_cut_short(outcome)
    assert targets_over_tcp([SERVER], {SERVER.check: [outcome]}) == ()
    assert targets_over_tcp([SERVER], {}) == ()


def test_what_is_left_of_an_answer_that_was_cut_short_is_not_used() -> None:
    assert addresses_in(answered(query(), CUT_SHORT)) == ()
    assert addresses_in(answered(query(), WHOLE)) == WHOLE.addresses
