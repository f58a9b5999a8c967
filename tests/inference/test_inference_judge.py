"""From the evidence of a run to its checks and its root causes."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.inference.judge import judge
from edgediag.inference.names import HIJACKED
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import NameLookup
from edgediag.model.culprit import (
    ChainPolicy,
    IptablesRule,
    ListenerObject,
    NameLookupObject,
    NftRule,
    RouteObject,
    ToolObject,
)
from edgediag.model.endpoint import Direction, Omitted, ProbeKind, Target
from edgediag.model.evidence import (
    NOT_VISITED,
    Evidence,
    FlowEvidence,
    HandshakeEvidence,
    ListenerEvidence,
    NameEvidence,
    NameServer,
    OmittedEvidence,
    Relation,
    RunEvidence,
    SparedEvidence,
    ToolsEvidence,
)
from edgediag.model.explained import Disposition, Explained, RuleObject
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import InterfaceAddress
from edgediag.model.listener import Listener
from edgediag.model.outcome import Outcome
from edgediag.model.path import Ladder
from edgediag.model.reply import DnsReply, IcmpKind, Reply
from edgediag.model.report import CheckReport
from edgediag.model.route import RouteRefused
from edgediag.model.train import Train
from edgediag.model.verdict import Mechanism, Place, Status, Strength
from story import (
    EDGE,
    HOST,
    NEIGHBOUR_HOST,
    NOT_ASKED,
    RESOLVER_HOST,
    addresses,
    answered,
    control,
    echo_reply,
    flow,
    flow_evidence,
    flow_of,
    host_state,
    icmp,
    ike_reply,
    ladder,
    listener_evidence,
    probe,
    refused,
    reset,
    route,
    surroundings,
    syn_ack,
    target,
    unanswered,
)

NO_WAY = RouteRefused(
    errno_name="ENETUNREACH",
    culprit=RouteObject(type_="missing", prefix="default", table=254),
)


def run(*checks: Evidence) -> RunEvidence:
    return RunEvidence(host=host_state(), checks=checks)


def only(*checks: Evidence) -> CheckReport:
    """The report on the last of some checks."""
    return judge(run(*checks)).checks[-1]


def unroutable(check: str, host: str, id_: int) -> FlowEvidence:
    asked = probe(check=check, id_=id_, on=flow(host=host))
    return flow_evidence(refused(asked, "ENETUNREACH"), way=NO_WAY)


def port_closed(port: int, id_: int, host: str = HOST) -> FlowEvidence:
    on = flow(Protocol.TCP, host=host, port=port, source_port=40000 + id_)
    asked = probe(ProbeKind.TCP_SYN, on=on, check=f"raven-proxy-{port}", id_=id_)
    whole = ladder(on, ["192.0.2.1", "203.0.113.1", reset(62)])
    return flow_evidence(answered(asked, reset(62)), walked=whole)


def named(
    *, queries: tuple[Outcome, ...] = (), resolvers: tuple[str, ...] = ("resolver-53",),
    walked: Ladder | NotChecked = NOT_ASKED,
    echo: Ladder | NotChecked = NOT_ASKED,
) -> NameEvidence:
    return NameEvidence(
        target=target("cs-anony-443", kinds=(ProbeKind.TCP_SYN,), host="cs.example", address=None),
        queries=queries,
        resolvers=resolvers,
        ladder=walked,
        echo=echo,
    )


def resolver(outcome: Outcome) -> FlowEvidence:
    return flow_evidence(outcome, of=target("resolver-53", kinds=(ProbeKind.DNS,)))


def query(reply: Reply | None) -> Outcome:
    asked = probe(ProbeKind.DNS, check="resolver-53", id_=5, name="cs.example")
    return unanswered(asked) if reply is None else answered(asked, reply)


def dns(rcode: int) -> DnsReply:
    return DnsReply(rcode=rcode, addresses=(), is_truncated=False, hop_limit=60)


def inbound(
    *addresses: str, is_required: bool = True, explained: Explained | NotChecked = NOT_ASKED
) -> ListenerEvidence:
    row = target("kubelet-10250", kinds=(), port=10250, address=None, direction=Direction.INBOUND)
    listeners = tuple(
        Listener(protocol=Protocol.TCP, address=ip_address(text), port=10250, uid=0)
        for text in addresses
    )
    row = replace(row, is_required=is_required)
    return listener_evidence(row, *listeners, explained=explained)


GOOD = DnsReply(rcode=0, addresses=addresses(HOST), is_truncated=False, hop_limit=60)
WORKS = answered(probe(ProbeKind.DNS, check="resolver-53"), GOOD)
LOOKUP = NameLookup(
    sources=("files",), path="/etc/nsswitch.conf", line=3, text="hosts: files"
)


def test_a_name_that_nobody_asks_name_servers_for_is_kept_by_nsswitch() -> None:
    evidence = replace(named(queries=(query(GOOD),)), lookup=LOOKUP)
    verdict = judge(run(evidence, resolver(WORKS))).checks[0].verdict
    assert verdict is not None
    assert (verdict.where, verdict.culprit) == (
        (Place.LOCAL,),
        NameLookupObject(path="/etc/nsswitch.conf", line=3, text="hosts: files"),
    )
    assert "line 3 of /etc/nsswitch.conf (hosts: files) has no dns" in verdict.summary
    asks = replace(LOOKUP, sources=("files", "dns"))
    silent = judge(run(replace(evidence, lookup=asks), resolver(WORKS))).checks[0].verdict
    assert silent is not None
    assert silent.culprit is None


def test_a_name_whose_queries_are_lost_shares_the_loss_of_its_resolver() -> None:
    trains = tuple(
        Train(
            check="resolver-53",
            protocol=Protocol.UDP,
            destination=ip_address(HOST),
            spacing_s=0.1,
            sent=20,
            answered=20 - lost,
            packets=(),
        )
        for lost in (0, 6)
    )
    checks = [
        judge(run(named(queries=(query(None),)), replace(resolver(WORKS), trains=(train,)))).checks
        for train in trains
    ]
    said = [
        [(check.status, check.verdict and check.verdict.mechanism) for check in pair]
        for pair in checks
    ]
    lossy = Status.DEGRADED, Mechanism.LOSS
    assert said == [[lossy, (Status.OK, None)], [lossy, lossy]]
    assert checks[1][0].verdict is not None
    assert "6 were not answered" in checks[1][0].verdict.summary


@pytest.mark.parametrize(
    ("text", "why", "remedy"),
    [
        pytest.param(
            "hosts: files [NOTFOUND=return] dns",
            "ends at the hosts file by its action",
            "take the action behind files out of line 3 of /etc/nsswitch.conf",
            id="an action keeps programs from dns",
        ),
        pytest.param(
            "hosts: files # no dns",
            "has no dns",
            "add dns to line 3 of /etc/nsswitch.conf",
            id="dns in a comment",
        ),
        pytest.param(
            "hosts: files mdns",
            "has no dns",
            "add dns to line 3 of /etc/nsswitch.conf",
            id="dns in another word",
        ),
    ],
)
def test_what_keeps_a_line_from_name_servers(text: str, why: str, remedy: str) -> None:
    verdict = only(replace(named(), lookup=replace(LOOKUP, text=text))).verdict
    assert verdict is not None
    assert f"({text}) {why}, so that" in verdict.summary
    assert verdict.remedy == remedy


def stub(*behind: Outcome) -> FlowEvidence:
    """A stub resolver that fails, with what those behind it say."""
    on = flow(Protocol.UDP, host="127.0.0.53", port=53)
    asked = probe(ProbeKind.DNS, on=on, check="resolver-53", id_=5, name="cs.example")
    return flow_evidence(
        answered(asked, dns(2), has_left=False, has_come_back=False),
        of=target("resolver-53", kinds=(ProbeKind.DNS,), host="127.0.0.53", address="127.0.0.53"),
        way=route(None, interface="lo", is_local=True),
        name_server=NameServer(line=None, nobody=(), upstreams=behind or NOT_ASKED),
    )


def behind_stub(reply: Reply | None, id_: int = 7) -> FlowEvidence:
    """The server behind the stub, asked from this host directly."""
    check = f"resolver-upstream-53@{id_}"
    asked = probe(ProbeKind.DNS, check=check, id_=id_, name="cs.example")
    outcome = unanswered(asked) if reply is None else answered(asked, reply)
    return flow_evidence(outcome, of=target(check, kinds=(ProbeKind.DNS,)))


REFUSES = icmp(IcmpKind.PORT_UNREACHABLE, HOST, quoted_hop_limit=60)


def test_a_stub_leans_on_the_servers_behind_it_and_names_lean_on_the_stub() -> None:
    upstream = behind_stub(REFUSES)
    judged = judge(run(named(queries=(query(None),)), stub(*upstream.attempts), upstream))
    wheres = [check.verdict and check.verdict.where for check in judged.checks]
    assert wheres == [(Place.REMOTE,)] * 3
    assert [cause.explains for cause in judged.root_causes] == [
        ("cs-anony-443", "resolver-53", "resolver-upstream-53@7")
    ]


@pytest.mark.parametrize(
    ("upstreams", "where"),
    [
        pytest.param((GOOD,), (Place.LOCAL,), id="a server behind it serves: it is the stub"),
        pytest.param((REFUSES, GOOD), (Place.LOCAL,), id="one of two serves"),
        pytest.param((), tuple(Place), id="nobody knows the servers behind it"),
        pytest.param(
            (REFUSES, dns(2)), tuple(Place), id="they fail in different places: nobody decides"
        ),
    ],
)
def test_a_stub_that_serves_nobody(
    upstreams: tuple[Reply, ...], where: tuple[Place, ...]
) -> None:
    behind = [behind_stub(reply, id_) for id_, reply in enumerate(upstreams, start=7)]
    outcomes = [outcome for item in behind for outcome in item.attempts]
    verdict = judge(run(stub(*outcomes), *behind)).checks[0].verdict
    assert verdict is not None
    assert verdict.where == where


def dark_behind(router: int, number: int) -> FlowEvidence:
    """A server behind the stub whose queries pass no further than a router."""
    check = f"resolver-upstream-53@{number}"
    asked = probe(ProbeKind.DNS, check=check, id_=20 + number, name="cs.example")
    hops = ["192.0.2.1", "203.0.113.1", "203.0.113.5", "203.0.113.9"]
    rungs = [*hops[:router], *[None] * 8]
    whole = control(Relation.ECHO, ECHO)
    walked = ladder(asked.flow, rungs)
    of = target(check, kinds=(ProbeKind.DNS,))
    return flow_evidence(unanswered(asked), of=of, walked=walked, controls=(whole,))


@pytest.mark.parametrize(
    ("routers", "where"),
    [
        pytest.param((2, 2), (Place.ON_PATH,), id="in one segment"),
        pytest.param((1, 3), tuple(Place), id="in two, both on the path"),
    ],
)
def test_a_stub_leans_on_one_segment_alone(
    routers: tuple[int, ...], where: tuple[Place, ...]
) -> None:
    behind = [dark_behind(router, number) for number, router in enumerate(routers, start=1)]
    outcomes = [outcome for item in behind for outcome in item.attempts]
    stub_report, *reports = judge(run(stub(*outcomes), *behind)).checks
    assert all(one.verdict and one.verdict.where == (Place.ON_PATH,) for one in reports)
    assert stub_report.verdict is not None
    assert stub_report.verdict.where == where


# Flows.


def in_version(version: int, reply: Reply, host: str = "registry.example") -> FlowEvidence:
    """A flow to an address of a name, of one IP version."""
    source, destination = {4: (EDGE, HOST), 6: ("2001:db8::10", "2001:db8:1::21")}[version]
    on = Flow(
        protocol=Protocol.TCP,
        source=ip_address(source),
        source_port=40000,
        destination=ip_address(destination),
        destination_port=443,
    )
    check = f"registry-443@{destination}"
    asked = probe(ProbeKind.TCP_SYN, on=on, check=check, id_=version)
    of = target(check, kinds=(ProbeKind.TCP_SYN,), host=host, address=destination)
    walked = ladder(on, [reply])
    return flow_evidence(answered(asked, reply), of=of, walked=walked)


@pytest.mark.parametrize(
    ("versions", "status"),
    [
        pytest.param(
            (in_version(4, syn_ack()), in_version(6, reset())),
            Status.DEGRADED,
            id="IPv4 serves the name",
        ),
        pytest.param(
            (in_version(4, reset()), in_version(6, reset())), Status.BLOCKED, id="nor does IPv4"
        ),
        pytest.param(
            (in_version(4, syn_ack(), "oss.example"), in_version(6, reset())),
            Status.BLOCKED,
            id="IPv4 serves another name",
        ),
        pytest.param(
            (in_version(6, syn_ack()), in_version(4, reset())),
            Status.BLOCKED,
            id="IPv6 serves it: hosts without IPv6 have nothing",
        ),
    ],
)
def test_an_address_of_ipv6_beside_ipv4(
    versions: tuple[FlowEvidence, ...], status: Status
) -> None:
    report = only(*versions)
    assert report.verdict is not None
    assert (report.status, report.verdict.mechanism) == (status, Mechanism.RESET)
    assert (report.note == "the name answers in IPv4") is (status is Status.DEGRADED)


def test_a_flow_that_works_is_ok_with_its_latency_and_no_finding() -> None:
    report = only(flow_evidence(answered(probe(), ike_reply(), rtt_s=0.03)))
    assert (report.status, report.latency_s, report.verdict, report.findings) == (
        Status.OK,
        0.03,
        None,
        (),
    )


def test_what_a_box_on_the_path_accepts_is_neither_served_nor_blocked() -> None:
    on = flow_of(ProbeKind.TCP_SYN)
    syn = probe(ProbeKind.TCP_SYN, on=on, hop_limit=2)
    echo = probe(ProbeKind.ICMP_ECHO, hop_limit=2)
    report = only(
        flow_evidence(
            answered(probe(ProbeKind.TCP_SYN, on=on), syn_ack(63)),
            handshake=HandshakeEvidence(
                syn=answered(syn, syn_ack(63)),
                before=NotChecked(reason="not asked"),
                echo=answered(echo, icmp(IcmpKind.TIME_EXCEEDED, "203.0.113.1")),
            ),
        )
    )
    assert report.verdict is not None
    assert (report.status, report.verdict.mechanism) == (
        Status.UNDETERMINED,
        Mechanism.TRANSPARENT_PROXY,
    )


def test_silence_that_nothing_explains_is_undetermined_not_blocked() -> None:
    report = only(flow_evidence(unanswered(probe())))
    assert report.status is Status.UNDETERMINED
    assert report.verdict is not None
    assert report.verdict.where == (Place.ON_PATH, Place.REMOTE)


# Names.


@pytest.mark.parametrize(
    ("evidence", "where", "text"),
    [
        pytest.param(
            named(queries=(query(dns(3)),)),
            (Place.ON_PATH, Place.REMOTE),
            "no resolver gave an address",
            id="a denial by a resolver of which nothing is known",
        ),
        pytest.param(named(resolvers=()), (Place.LOCAL,), "names no resolver", id="nobody to ask"),
        pytest.param(
            named(queries=(query(None),)),
            (Place.ON_PATH, Place.REMOTE),
            "no resolver gave an address",
            id="silence, and nothing is known of the resolver",
        ),
    ],
)
def test_a_name_without_an_address(
    evidence: NameEvidence, where: tuple[Place, ...], text: str
) -> None:
    report = only(evidence)
    assert report.verdict is not None
    assert (report.verdict.where, report.verdict.mechanism) == (where, Mechanism.DNS_FAILURE)
    assert text in report.verdict.summary


QUERY_FLOW = query(None).probe.flow
ECHO_FLOW = flow_of(ProbeKind.ICMP_ECHO, host=str(QUERY_FLOW.destination))
ECHO = ladder(ECHO_FLOW, ["192.0.2.1", "203.0.113.1", "203.0.113.5", "203.0.113.9", echo_reply()])


def over_tcp(reply: Reply) -> FlowEvidence:
    """The same resolver, asked over TCP."""
    asked = probe(ProbeKind.DNS_TCP, check="resolver-tcp-53", id_=6, name="cs.example")
    row = target("resolver-tcp-53", kinds=(ProbeKind.TCP_SYN, ProbeKind.DNS_TCP), port=53)
    return flow_evidence(answered(asked, reply), of=replace(row, protocol=Protocol.TCP))


CUT_SHORT = DnsReply(rcode=0, addresses=(), is_truncated=True, hop_limit=60)


@pytest.mark.parametrize(
    ("asked", "answer", "mechanism", "text"),
    [
        pytest.param(CUT_SHORT, reset(), Mechanism.DNS_FAILURE, "over TCP: ", id="refused there"),
        pytest.param(CUT_SHORT, GOOD, Mechanism.LOSS, "were lost", id="TCP serves other names"),
        pytest.param(None, reset(), Mechanism.LOSS, "were lost", id="nobody needs TCP for it"),
    ],
)
def test_a_name_that_a_datagram_had_no_room_for_leans_on_tcp(
    asked: DnsReply | None, answer: Reply, mechanism: Mechanism, text: str
) -> None:
    resolvers = ("resolver-53", "resolver-tcp-53")
    name = named(queries=(query(asked),), resolvers=resolvers)
    verdict = judge(run(name, resolver(WORKS), over_tcp(answer))).checks[0].verdict
    assert verdict is not None
    assert verdict.mechanism is mechanism
    assert text in verdict.summary


@pytest.mark.parametrize(
    ("check", "rungs", "where", "text"),
    [
        pytest.param(
            "cs-anony-443",
            ["192.0.2.1", "203.0.113.1", "203.0.113.5", "203.0.113.9", dns(3)],
            (Place.REMOTE,),
            "does not exist",
            id="the resolver itself denies a name of the product",
        ),
        pytest.param(
            "registry-blob-443",
            ["192.0.2.1", "203.0.113.1", "203.0.113.5", "203.0.113.9", dns(3)],
            (Place.REMOTE,),
            "does not exist",
            id="and one that a registry has sent this node to",
        ),
        pytest.param(
            "package-source-80",
            ["192.0.2.1", "203.0.113.1", "203.0.113.5", "203.0.113.9", dns(3)],
            (Place.LOCAL, Place.REMOTE),
            "a wrong name on this node",
            id="and one that a file of this node may have wrong",
        ),
        pytest.param(
            "package-source-80",
            ["192.0.2.1", dns(0)],
            (Place.ON_PATH,),
            "203.0.113.1 answers in the stead",
            id="a hop limit that cannot reach the resolver draws the denial",
        ),
        pytest.param(
            "cs-anony-443",
            [],
            (Place.ON_PATH, Place.REMOTE),
            "somebody on the path",
            id="a denial that no walk tells the origin of",
        ),
        pytest.param(
            "package-source-80",
            [],
            (Place.LOCAL, Place.ON_PATH, Place.REMOTE),
            "a wrong name on this node",
            id="nor whose the name is",
        ),
    ],
)
def test_who_denies_a_name_that_a_working_resolver_was_asked_for(
    check: str, rungs: list[str | Reply | None], where: tuple[Place, ...], text: str
) -> None:
    walked = ladder(QUERY_FLOW, rungs) if rungs else NOT_ASKED
    evidence = named(queries=(query(dns(0 if "stead" in text else 3)),), walked=walked, echo=ECHO)
    row = replace(evidence.target, check=check, endpoint=check.rpartition("-")[0])
    verdict = judge(run(replace(evidence, target=row), resolver(WORKS))).checks[0].verdict
    assert verdict is not None
    assert verdict.where == where
    assert text in verdict.summary


INVENTED = answered(
    probe(ProbeKind.DNS, check="resolver-53", id_=8, name="0f.invalid"), GOOD
)


@pytest.mark.parametrize(
    ("nobody", "named_by", "mechanisms"),
    [
        pytest.param(
            (INVENTED,),
            ("resolver-53",),
            [Mechanism.DNS_HIJACK, Mechanism.DNS_HIJACK],
            id="only one that invents it gave the address",
        ),
        pytest.param(
            (INVENTED,),
            ("resolver-53", "resolver-53@other"),
            [Mechanism.REFUSED, Mechanism.DNS_HIJACK],
            id="another gave it too",
        ),
        pytest.param(
            (), ("resolver-53",), [Mechanism.REFUSED, None], id="nobody's names were denied"
        ),
    ],
)
def test_an_address_that_names_of_nobody_have_is_judged_by_its_resolver(
    nobody: tuple[Outcome, ...], named_by: tuple[str, ...], mechanisms: list[Mechanism | None]
) -> None:
    failing = replace(port_closed(443, 3), named_by=named_by)
    server = replace(resolver(WORKS), name_server=NameServer(line=None, nobody=nobody))
    judged = judge(run(failing, server)).checks
    found = [None if check.verdict is None else check.verdict.mechanism for check in judged]
    assert found == mechanisms


def test_what_this_host_keeps_is_kept_whoever_is_meant() -> None:
    kept = replace(unroutable("registry-443", HOST, 3), named_by=("resolver-53",))
    server = replace(resolver(WORKS), name_server=NameServer(line=None, nobody=(INVENTED,)))
    judged = judge(run(kept, server)).checks[0]
    assert judged.verdict is not None
    assert (judged.verdict.mechanism, judged.verdict.where) == (
        Mechanism.NO_ROUTE, (Place.LOCAL,)
    )
    assert [(item.rule, item.strength) for item in judged.findings][-1] == (
        HIJACKED, Strength.SUPPORTS
    )


def test_what_a_forged_address_says_of_itself_is_still_told() -> None:
    failing = replace(port_closed(443, 3), named_by=("resolver-53",))
    server = replace(resolver(WORKS), name_server=NameServer(line=None, nobody=(INVENTED,)))
    rules = [item.rule for item in judge(run(failing, server)).checks[0].findings]
    assert (len(rules) > 1, rules[-1]) == (True, HIJACKED)


def test_a_name_that_an_answering_resolver_was_silent_on_is_not_blocked() -> None:
    judged = judge(run(named(queries=(query(None),)), resolver(WORKS)))
    assert judged.checks[0].status is Status.DEGRADED
    assert judged.checks[0].verdict is not None
    assert judged.checks[0].verdict.mechanism is Mechanism.LOSS


def test_a_name_takes_the_place_of_its_resolver_and_shares_its_cause() -> None:
    down = resolver(refused(probe(ProbeKind.DNS, check="resolver-53"), "ENETUNREACH"))
    judged = judge(run(named(queries=(query(None),)), replace(down, route=NO_WAY)))
    assert judged.checks[0].verdict is not None
    assert judged.checks[0].verdict.where == (Place.LOCAL,)
    assert [cause.explains for cause in judged.root_causes] == [("cs-anony-443", "resolver-53")]
    assert judged.root_causes[0].mechanism is Mechanism.NO_ROUTE


# Rows without packets.


@pytest.mark.parametrize(
    ("evidence", "status", "culprit"),
    [
        pytest.param(inbound("0.0.0.0"), Status.NOT_CHECKED, None, id="a listener is no proof"),
        pytest.param(
            inbound("127.0.0.1"),
            Status.BLOCKED,
            ListenerObject(protocol="tcp", port=10250, address="127.0.0.1"),
            id="bound to the loopback address only",
        ),
        pytest.param(
            inbound("127.0.0.1", "192.0.2.10"), Status.NOT_CHECKED, None, id="bound to both"
        ),
        pytest.param(
            inbound(),
            Status.BLOCKED,
            ListenerObject(protocol="tcp", port=10250, address=""),
            id="nothing listens",
        ),
        pytest.param(
            inbound(is_required=False), Status.NOT_CHECKED, None, id="nothing listens, optional"
        ),
        pytest.param(
            replace(inbound(), listeners=NotChecked(reason="EPERM")),
            Status.NOT_CHECKED,
            None,
            id="the sockets could not be read",
        ),
    ],
)
def test_what_an_inbound_row_can_say(
    evidence: ListenerEvidence, status: Status, culprit: ListenerObject | None
) -> None:
    report = only(evidence)
    assert report.status is status
    assert (report.verdict.culprit if report.verdict else None) == culprit


RULE = NftRule(family="inet", table="f", chain="in", handle=4, text="drop")
OTHER_RULE = IptablesRule(
    backend="legacy", table="filter", chain="INPUT", number=2, text="-j REJECT"
)
POLICY = ChainPolicy(family="inet", table="f", chain="in", policy="drop")


def explained(
    disposition: Disposition, *deciders: RuleObject, hangs_on: tuple[str, ...] = ()
) -> Explained:
    return Explained(
        disposition=disposition, deciders=deciders, translations=(), marks=(), hangs_on=hangs_on
    )


@pytest.mark.parametrize(
    ("said", "status", "mechanism", "culprit"),
    [
        pytest.param(
            explained(Disposition.DROPPED, RULE),
            Status.BLOCKED,
            Mechanism.RULE_DROP,
            RULE,
            id="one rule keeps all of the network out",
        ),
        pytest.param(
            explained(Disposition.REJECTED, OTHER_RULE),
            Status.BLOCKED,
            Mechanism.RULE_REJECT,
            OTHER_RULE,
            id="one rule rejects them",
        ),
        pytest.param(
            explained(Disposition.DROPPED, POLICY),
            Status.BLOCKED,
            Mechanism.POLICY_DROP,
            POLICY,
            id="the policy, which no rule overrules",
        ),
        pytest.param(
            explained(Disposition.DROPPED, RULE, POLICY),
            Status.NOT_CHECKED,
            None,
            None,
            id="one of two, by who it is",
        ),
        pytest.param(
            explained(Disposition.UNDETERMINED, hangs_on=("who sends it",)),
            Status.NOT_CHECKED,
            None,
            None,
            id="some may be let in",
        ),
        pytest.param(
            explained(Disposition.REJECTED), Status.NOT_CHECKED, None, None, id="no rule at all"
        ),
        pytest.param(
            explained(Disposition.PASSES), Status.NOT_CHECKED, None, None, id="they are let in"
        ),
    ],
)
def test_what_the_rules_do_with_what_comes_in(
    said: Explained, status: Status, mechanism: Mechanism | None, culprit: RuleObject | None
) -> None:
    report = only(inbound("0.0.0.0", explained=said))
    assert report.status is status
    verdict = report.verdict
    assert (verdict.mechanism if verdict else None) == mechanism
    assert (verdict.culprit if verdict else None) == culprit


def test_an_optional_port_may_be_closed_to_others() -> None:
    said = explained(Disposition.DROPPED, RULE)
    report = only(inbound("0.0.0.0", is_required=False, explained=said))
    assert (report.status, report.note) == (
        Status.NOT_CHECKED,
        "a listener is there; others of the network are kept out by nft rule inet f in handle 4 "
        "(drop)",
    )


@pytest.mark.parametrize(
    ("said", "note"),
    [
        (NOT_ASKED, "a listener is there; whether filters let others in was not evaluated"),
        (
            explained(Disposition.PASSES),
            "a listener is there and the rules of this node let its network in; whether packets "
            "come as far was not asked",
        ),
        (
            explained(Disposition.UNDETERMINED, hangs_on=("who sends it",)),
            "a listener is there; whether the rules of this node let its network in hangs on who "
            "sends it",
        ),
    ],
)
def test_what_is_known_of_a_port_with_a_listener(
    said: Explained | NotChecked, note: str
) -> None:
    assert only(inbound("0.0.0.0", explained=said)).note == note


@pytest.mark.parametrize(
    ("closed", "is_required", "status"),
    [
        pytest.param((True, True, True), True, Status.BLOCKED, id="each of its connections"),
        pytest.param((True, True), True, Status.NOT_CHECKED, id="too few of them"),
        pytest.param((True, False), True, Status.NOT_CHECKED, id="one of them stands"),
        pytest.param((True, True, True), False, Status.NOT_CHECKED, id="a port nobody needs"),
        pytest.param(NOT_VISITED, True, Status.NOT_CHECKED, id="nobody tried"),
    ],
)
def test_who_ends_every_silent_connection_serves_nobody(
    closed: tuple[bool, ...] | NotChecked, is_required: bool, status: Status
) -> None:
    evidence = replace(inbound("0.0.0.0", is_required=is_required), closed=closed)
    report = only(evidence)
    mechanism = Mechanism.SERVICE_REFUSES if status is Status.BLOCKED else None
    assert (report.status, report.verdict and report.verdict.mechanism) == (status, mechanism)


def spared(device: str, said: Explained | NotChecked) -> CheckReport:
    """The report on a tunnel to an address that a device of this host has."""
    own = replace(route(None, interface="lo", is_local=True), prefix=f"{HOST}/32", table=255)
    evidence = SparedEvidence(
        target=target(), because=NotChecked(reason="spared"), route=own, explained=said
    )
    held = InterfaceAddress(interface=device, address=ip_address(HOST), prefix_length=32)
    host = replace(host_state(), addresses=(held,))
    return judge(RunEvidence(host=host, checks=(evidence,))).checks[0]


@pytest.mark.parametrize(
    ("device", "said", "is_blocked"),
    [
        pytest.param("eth0", explained(Disposition.REJECTED), True, id="nothing listens there"),
        pytest.param("eth0", explained(Disposition.PASSES), False, id="it may be that gateway"),
        pytest.param("kube-ipvs0", explained(Disposition.PASSES), True, id="kube-proxy's address"),
        pytest.param(
            "kube-ipvs0",
            explained(Disposition.UNDETERMINED, hangs_on=("which server of IPVS gets it",)),
            False,
            id="IPVS may send it on",
        ),
        pytest.param("eth0", NOT_ASKED, False, id="the rules were not read"),
    ],
)
def test_a_gateway_that_this_host_takes_for_itself(
    device: str, said: Explained | NotChecked, is_blocked: bool
) -> None:
    report = spared(device, said)
    culprit = RouteObject(type_="local", prefix=f"{HOST}/32", table=255) if is_blocked else None
    assert (report.status, report.verdict and report.verdict.culprit) == (
        Status.BLOCKED if is_blocked else Status.NOT_CHECKED,
        culprit,
    )


@pytest.mark.parametrize(
    ("present", "status", "missing"),
    [
        pytest.param(("ip", "ntpdate"), Status.OK, None, id="one of a group is enough"),
        pytest.param(("ip",), Status.DEGRADED, ("chronyd|ntpdate",), id="none of a group"),
    ],
)
def test_tools_by_group(
    present: tuple[str, ...], status: Status, missing: tuple[str, ...] | None
) -> None:
    row = target("system-tools", kinds=(), address=None, direction=Direction.ON_HOST)
    evidence = ToolsEvidence(
        target=row, groups=(("ip",), ("chronyd", "ntpdate")), present=present
    )
    report = only(evidence)
    assert report.status is status
    assert (report.verdict.culprit if report.verdict else None) == (
        ToolObject(names=missing) if missing else None
    )


def test_a_row_that_could_not_be_checked_says_why() -> None:
    row = target("api-server-6443")
    omitted = Omitted(
        check=row.check,
        endpoint=row.endpoint,
        purpose=row.purpose,
        direction=row.direction,
        is_required=True,
        because=NotChecked(reason="API server is not known; give --api-server"),
    )
    report = only(OmittedEvidence(omitted=omitted))
    assert (report.status, report.note) == (
        Status.NOT_CHECKED,
        "API server is not known; give --api-server",
    )


# Root causes.


def test_no_default_route_is_one_cause_not_twenty() -> None:
    checks = [unroutable(f"check-{n}", f"198.51.100.{n}", n) for n in range(1, 21)]
    judged = judge(run(*checks))
    assert [len(cause.explains) for cause in judged.root_causes] == [20]


def test_closed_ports_of_one_host_are_one_cause_and_of_two_hosts_two() -> None:
    checks = [
        port_closed(10280, 1),
        port_closed(10281, 2),
        port_closed(10282, 3, host=NEIGHBOUR_HOST),
    ]
    judged = judge(run(*checks))
    assert [cause.explains for cause in judged.root_causes] == [
        ("raven-proxy-10280", "raven-proxy-10281"),
        ("raven-proxy-10282",),
    ]


def test_what_works_has_no_cause() -> None:
    assert judge(run(flow_evidence(answered(probe(), ike_reply())))).root_causes == ()


# What holds for any evidence.

ROUTERS = ["192.0.2.1", "203.0.113.1", "203.0.113.5", "203.0.113.9"]
TCP = flow(Protocol.TCP, port=443)
SYN = probe(ProbeKind.TCP_SYN, on=TCP, check="api-server-443")
REPLIES = st.sampled_from([None, syn_ack(), syn_ack(63), reset(), reset(62)])
RUNGS = st.lists(
    st.one_of(st.none(), st.sampled_from(ROUTERS), st.sampled_from([syn_ack(), reset()])),
    max_size=6,
)
ATTEMPTS = st.one_of(
    st.builds(
        lambda left, back: unanswered(SYN, has_left=left, has_come_back=back),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(
        lambda reply, left: answered(SYN, reply, has_left=left),
        st.sampled_from([syn_ack(), reset(), reset(62)]),
        st.booleans(),
    ),
    st.just(refused(SYN)),
)


@st.composite
def evidence(draw: st.DrawFn) -> FlowEvidence:
    controls = draw(
        st.lists(
            st.one_of(
                st.builds(
                    lambda rungs: control(
                        Relation.ECHO,
                        ladder(flow_of(ProbeKind.ICMP_ECHO), [*rungs, echo_reply()]),
                    ),
                    st.lists(st.sampled_from(ROUTERS), max_size=4),
                ),
                st.builds(
                    lambda rungs: control(
                        Relation.OTHER_HOST,
                        ladder(flow(Protocol.TCP, host=NEIGHBOUR_HOST, port=443), rungs),
                    ),
                    RUNGS,
                ),
            ),
            max_size=2,
        )
    )
    hosts = [HOST, NEIGHBOUR_HOST, RESOLVER_HOST]
    walked = draw(st.one_of(st.none(), RUNGS))
    return flow_evidence(
        draw(ATTEMPTS),
        walked=NotChecked(reason="not walked") if walked is None else ladder(TCP, walked),
        controls=tuple(controls),
        around=surroundings(
            answering=draw(st.sets(st.sampled_from(hosts))),
            silent=draw(st.sets(st.sampled_from(hosts))),
        ),
    )


@given(evidence())
def test_a_verdict_keeps_to_what_every_proof_allows(seen: FlowEvidence) -> None:
    report = only(seen)
    if report.verdict is not None and report.verdict.mechanism is not None:
        for finding in report.findings:
            assert set(report.verdict.where) <= set(finding.claim.where)


@given(evidence())
def test_what_left_and_drew_nothing_is_never_blamed_on_this_host_alone(seen: FlowEvidence) -> None:
    outcome = seen.attempts[0]
    report = only(replace(seen, attempts=(unanswered(SYN),)))
    assert report.verdict is not None
    assert outcome is not None
    assert report.verdict.where != (Place.LOCAL,)


@given(evidence())
def test_silence_alone_never_names_the_path_or_the_host(seen: FlowEvidence) -> None:
    alone = replace(
        seen,
        attempts=(unanswered(SYN),),
        controls=(),
        surroundings=surroundings(silent=[HOST]),
    )
    verdict = only(alone).verdict
    assert verdict is not None
    is_walked_to_an_error = any(
        hop.reply is not None and hop.sender == seen.flow.destination
        for hop in getattr(seen.ladder, "hops", ())
    )
    assert is_walked_to_an_error or len(verdict.where) > 1


def test_a_target_keeps_its_host_and_port() -> None:
    row: Target = target("raven-tunnel-4500")
    report = only(flow_evidence(answered(probe(), ike_reply()), of=row))
    assert (report.id, report.host, report.port) == (row.check, row.host, row.port)
