"""Names of which the name servers of this host say different things."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.disagreement import LATER_ALONE
from edgediag.inference.judge import judge
from edgediag.model.cluster import HostsEntry
from edgediag.model.culprit import RouteObject
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import FlowEvidence, Override, RunEvidence
from edgediag.model.flow import Flow, Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Purpose
from edgediag.model.reply import DnsReply, IcmpKind
from edgediag.model.route import RouteRefused
from edgediag.model.verdict import Mechanism, Place, Status
from story import (
    HOST,
    NOT_ASKED,
    ROUTERS,
    addresses,
    answered,
    flow,
    flow_evidence,
    host_state,
    icmp,
    ladder,
    probe,
    refused,
    surroundings,
    syn_ack,
    target,
)

NAME = "oss.example"
INSIDE = "10.77.0.10"
SERVERS = ("198.51.100.53", "198.51.100.54")
MISSING = RouteObject(type_="missing", prefix="default", table=254)


def said(number: int, *texts: str, rcode: int = 0) -> Outcome:
    """What the first or the second server says of the name."""
    on = flow(Protocol.UDP, host=SERVERS[number], port=53)
    check = f"resolver-53@{SERVERS[number]}"
    asked = probe(ProbeKind.DNS, on=on, id_=20 + number, check=check, name=NAME)
    reply = DnsReply(rcode=rcode, addresses=addresses(*texts), is_truncated=False, hop_limit=60)
    return answered(replace(asked, purpose=Purpose.RESOLVE), reply)


def named(
    address: str, *queries: Outcome, serves: bool, public: Sequence[str] = ()
) -> FlowEvidence:
    """A flow to an address of the name, served or refused by the second router."""
    on = flow(Protocol.TCP, host=address, port=443)
    asked = probe(ProbeKind.TCP_SYN, on=on, check="oss-443", name=NAME)
    refusal = icmp(IcmpKind.NET_UNREACHABLE, ROUTERS[1])
    row = target("oss-443", kinds=(ProbeKind.TCP_SYN,), host=NAME, address=address)
    evidence = flow_evidence(
        answered(asked, syn_ack() if serves else refusal),
        of=row,
        walked=ladder(on, ["192.0.2.1", ROUTERS[0], refusal]),
        around=surroundings(answering=public),
    )
    return replace(evidence, queries=queries)


def kept_here(evidence: FlowEvidence) -> FlowEvidence:
    """The same flow, where the kernel of this host has no way for it."""
    errno = "ENETUNREACH"
    asked = evidence.attempts[0].probe
    return replace(
        evidence,
        attempts=(refused(asked, errno),),
        route=RouteRefused(errno_name=errno, culprit=MISSING),
        ladder=NOT_ASKED,
    )


def on_ipv6(evidence: FlowEvidence) -> FlowEvidence:
    """The same to an address of IPv6."""
    on = Flow(
        protocol=Protocol.TCP,
        source=ip_address("2001:db8::10"),
        source_port=40000,
        destination=ip_address("2001:db8:1::21"),
        destination_port=443,
    )
    asked = replace(evidence.attempts[0].probe, flow=on)
    return replace(evidence, flow=on, attempts=(answered(asked, syn_ack()),), ladder=NOT_ASKED)


def by_hosts_file(evidence: FlowEvidence) -> FlowEvidence:
    """The same, where a line of the hosts file gives the address."""
    entry = HostsEntry(name=NAME, address=ip_address(HOST), path="/etc/hosts", line=5)
    return replace(evidence, override=Override(entry=entry, answers=addresses(HOST)))


FIRST_DENIES = (said(0, rcode=3), said(1, HOST))
FIRST_INSIDE = (said(0, INSIDE), said(1, HOST))
SECOND_INSIDE = (said(0, HOST), said(1, INSIDE))


@pytest.mark.parametrize(
    ("evidence", "status", "mechanism", "where", "rules"),
    [
        pytest.param(
            named(HOST, *FIRST_DENIES, serves=True),
            Status.BLOCKED,
            Mechanism.DNS_FAILURE,
            tuple(Place),
            ["name-denied-first"],
            id="no program has the address that the second server gives",
        ),
        pytest.param(
            named(INSIDE, *FIRST_INSIDE, serves=False, public=[HOST]),
            Status.BLOCKED,
            Mechanism.DNS_HIJACK,
            tuple(Place),
            ["icmp-from-router", "name-leads-inside"],
            id="the first word leads where nothing serves, and the second would not",
        ),
        pytest.param(
            named(INSIDE, *FIRST_INSIDE, serves=True, public=[HOST]),
            Status.OK,
            None,
            (),
            ["names-disagree"],
            id="a line into the closed network serves",
        ),
        pytest.param(
            named(INSIDE, *FIRST_INSIDE, serves=False),
            Status.BLOCKED,
            Mechanism.ICMP_UNREACHABLE,
            (Place.ON_PATH,),
            ["icmp-from-router", "names-disagree"],
            id="neither address answers: the flow is judged by itself",
        ),
        pytest.param(
            named(HOST, *FIRST_INSIDE, serves=False),
            Status.NOT_CHECKED,
            None,
            (),
            ["icmp-from-router", "names-disagree"],
            id="no program has the public address: that it fails blames nobody",
        ),
        pytest.param(
            named(HOST, *FIRST_INSIDE, serves=True),
            Status.NOT_CHECKED,
            None,
            (),
            ["names-disagree"],
            id="nor is it a pass that it serves",
        ),
        pytest.param(
            by_hosts_file(named(HOST, *FIRST_DENIES, serves=True)),
            Status.OK,
            None,
            (),
            [],
            id="a hosts file gives the address: no server is asked",
        ),
        pytest.param(
            on_ipv6(named(HOST, *FIRST_DENIES, serves=True)),
            Status.OK,
            None,
            (),
            [],
            id="words on IPv4 say nothing of an address of IPv6",
        ),
        pytest.param(
            kept_here(named(HOST, *FIRST_DENIES, serves=False)),
            Status.BLOCKED,
            Mechanism.NO_ROUTE,
            (Place.LOCAL,),
            ["route-refused", "never-left", "name-denied-first"],
            id="this host keeps the flow as well: the denial supports",
        ),
        pytest.param(
            named(HOST, *FIRST_DENIES, serves=False),
            Status.BLOCKED,
            Mechanism.ICMP_UNREACHABLE,
            (Place.ON_PATH,),
            ["icmp-from-router", "name-denied-first"],
            id="so it is where a router keeps it",
        ),
        pytest.param(
            kept_here(named(INSIDE, *FIRST_INSIDE, serves=False, public=[HOST])),
            Status.BLOCKED,
            Mechanism.NO_ROUTE,
            (Place.LOCAL,),
            ["route-refused", "never-left", "name-leads-inside"],
            id="the first word leads inside, and this host keeps it from there",
        ),
        pytest.param(
            named(HOST, *SECOND_INSIDE, serves=True),
            Status.OK,
            None,
            (),
            ["names-disagree"],
            id="the second word is never taken",
        ),
        pytest.param(
            named(HOST, said(0, HOST), said(1, "203.0.113.77"), serves=True),
            Status.OK,
            None,
            (),
            [],
            id="a service with many addresses",
        ),
        pytest.param(
            named(HOST, said(0, rcode=2), said(1, HOST), serves=True),
            Status.OK,
            None,
            (),
            [],
            id="who fails has no say: the next is asked",
        ),
    ],
)
def test_the_first_word_counts(
    evidence: FlowEvidence,
    status: Status,
    mechanism: Mechanism | None,
    where: tuple[Place, ...],
    rules: list[str],
) -> None:
    (report,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    verdict = report.verdict
    said_of = (None, ()) if verdict is None else (verdict.mechanism, verdict.where)
    assert (report.status, said_of) == (status, (mechanism, where))
    assert [finding.rule for finding in report.findings] == rules


def test_the_address_of_a_later_server_says_whose_it_is_not() -> None:
    evidence = named(HOST, *FIRST_INSIDE, serves=True)
    (report,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    assert (report.note, report.latency_s) == (LATER_ALONE, None)


def test_both_answers_are_told() -> None:
    evidence = named(HOST, *FIRST_DENIES, serves=True)
    (report,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    assert report.findings[0].text == (
        f"198.51.100.53 has no address for {NAME}, and 198.51.100.54 has the public addresses "
        f"{HOST} for it; programs take the first word"
    )


def test_a_denial_leans_on_the_server_that_denies() -> None:
    check = f"resolver-53@{SERVERS[0]}"
    asked = probe(ProbeKind.DNS, id_=30, check=check)
    denied = DnsReply(rcode=3, addresses=(), is_truncated=False, hop_limit=60)
    row = target(check, kinds=(ProbeKind.DNS,), endpoint="resolver", port=53)
    server = flow_evidence(answered(asked, denied), of=row)
    run = RunEvidence(
        host=host_state(), checks=(named(HOST, *FIRST_DENIES, serves=True), server)
    )
    judgement = judge(run)
    assert [cause.explains for cause in judgement.root_causes] == [("oss-443", check)]


@pytest.mark.parametrize(
    ("host", "address", "where"),
    [
        pytest.param(
            "oss-cn-hangzhou-internal.aliyuncs.com",
            INSIDE,
            (Place.LOCAL, Place.ON_PATH),
            id="a name for use inside a VPC",
        ),
        pytest.param(
            "registry-vpc.cn-hangzhou.aliyuncs.com",
            "100.100.2.148",
            (Place.LOCAL, Place.ON_PATH),
            id="and one in other words",
        ),
        pytest.param(
            "oss-cn-hangzhou-internal.aliyuncs.com", HOST, (Place.ON_PATH,), id="a public address"
        ),
        pytest.param("oss.cn-hangzhou.aliyuncs.com", INSIDE, (Place.ON_PATH,), id="no such name"),
        pytest.param("db-internal.example.com", INSIDE, (Place.ON_PATH,), id="somebody else's"),
    ],
)
def test_an_inner_name_on_a_public_node(
    host: str, address: str, where: tuple[Place, ...]
) -> None:
    evidence = named(address, serves=False)
    row = replace(evidence.target, host=host)
    run = RunEvidence(host=host_state(), checks=(replace(evidence, target=row),))
    verdict = judge(run).checks[0].verdict
    assert verdict is not None
    assert verdict.where == where
    is_widened = Place.LOCAL in where
    assert ("for use inside a VPC" in verdict.summary) is is_widened
    outer = host.replace("-internal", "").replace("-vpc", "")
    assert (f"use {outer} on a node" in verdict.remedy) is is_widened


DOMAIN = "sites.example"


def answer_for(name: str, *texts: str) -> Outcome:
    """What the first name server says of a name."""
    outcome = said(0, *texts)
    return replace(outcome, probe=replace(outcome.probe, name=name))


@pytest.mark.parametrize(
    ("longer", "meant", "where"),
    [
        pytest.param(
            (HOST,), (INSIDE,), (Place.LOCAL, Place.ON_PATH), id="the longer name has the address"
        ),
        pytest.param((HOST,), (HOST,), (Place.ON_PATH,), id="both have it"),
        pytest.param((HOST,), (), (Place.ON_PATH,), id="the name itself has none, as a short one"),
        pytest.param((), (HOST,), (Place.ON_PATH,), id="the longer name has none"),
    ],
)
def test_an_address_that_a_domain_of_the_search_list_gave(
    longer: tuple[str, ...], meant: tuple[str, ...], where: tuple[Place, ...]
) -> None:
    queries = (answer_for(f"{NAME}.{DOMAIN}", *longer), answer_for(NAME, *meant))
    evidence = named(HOST, *queries, serves=False)
    verdict = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks[0].verdict
    assert verdict is not None
    assert verdict.where == where
    is_widened = Place.LOCAL in where
    assert (f"they ask for {NAME}.{DOMAIN} before" in verdict.summary) is is_widened
    assert (f"take {DOMAIN} off the search list" in verdict.remedy) is is_widened
