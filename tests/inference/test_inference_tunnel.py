"""What may be said of the traffic between this node's own daemon and a gateway that is served."""

from dataclasses import dataclass, replace
from ipaddress import ip_address

import pytest

from edgediag.inference.judge import judge
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import RunEvidence
from edgediag.model.flow import Protocol
from edgediag.model.host import HostState
from edgediag.model.outcome import Outcome
from edgediag.model.reply import IcmpKind
from edgediag.model.report import CheckReport
from edgediag.model.tunnel import (
    EspTaken,
    IkeExchange,
    PassingCount,
    PassingKind,
    Proposal,
    Transform,
)
from edgediag.model.variation import Change, Variation
from edgediag.model.verdict import Mechanism, Place, Status
from edgediag.report.values import from_text, to_text
from edgediag.stages.variation import AS_ASKED
from edgediag.tunnel.exchange_walk import NOT_MEASURED
from story import (
    EDGE,
    HOST,
    NEIGHBOUR_HOST,
    answered,
    flow,
    flow_evidence,
    host_state,
    icmp,
    ike_reply,
    ladder,
    link,
    listened,
    probe,
    stream,
    syn_ack,
    target,
    transaction,
    unanswered,
)

LAST_ROUTER = "203.0.113.9"
NOT_WALKED = NotChecked(reason="this story does not need it")

SA_INIT, AUTH, INFORMATIONAL = IkeExchange.SA_INIT, IkeExchange.AUTH, IkeExchange.INFORMATIONAL


def proposal(*transforms: tuple[int, int, int]) -> Proposal:
    """Algorithms by type, number and length of the key."""
    return Proposal(
        transforms=tuple(Transform(type_=t, id_=i, key_bits=bits) for t, i, bits in transforms)
    )


USUAL = proposal((1, 12, 128), (2, 5, 0), (3, 12, 0), (4, 14, 0))
AEAD = proposal((1, 20, 256), (2, 7, 0), (4, 31, 0))
CBC_ALONE = proposal((1, 12, 256), (2, 7, 0), (4, 31, 0))
OTHER = proposal((1, 12, 192), (2, 6, 0), (3, 13, 0), (4, 15, 0))

ACCEPTED = transaction(SA_INIT, response_octets=472, is_accepted=True, notifies=(16388, 16389))
REFUSED = transaction(SA_INIT, response_octets=36, notifies=(14,), proposals=(OTHER, USUAL))
AUTH_REFUSED = transaction(AUTH, response_octets=80)
AUTH_ACCEPTED = transaction(AUTH, response_octets=240)
AUTH_LOST = transaction(AUTH, requests=3)
TAKEN = EspTaken(source=ip_address(HOST), spi="c0000002", octets=120)
UNREAD = NotChecked(reason="EPERM")
OUT, BACK = stream(12, is_sent=True), stream(1, is_sent=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The part of a report on the tunnel that traffic decides."""

    status: Status = Status.OK
    where: tuple[Place, ...] = ()
    after: str | None = None
    mechanism: Mechanism | None = None


LOCAL_OR_REMOTE = (Place.LOCAL, Place.REMOTE)
OUTSIDE = (Place.ON_PATH, Place.REMOTE)

NO_CONNECTION = Said(
    status=Status.BLOCKED,
    where=(Place.REMOTE,),
    after=LAST_ROUTER,
    mechanism=Mechanism.IKE_NO_CONNECTION,
)
NO_CONNECTION_OR_ODD = replace(NO_CONNECTION, where=LOCAL_OR_REMOTE)
SECRETS_DIFFER = Said(
    status=Status.BLOCKED,
    where=LOCAL_OR_REMOTE,
    after=LAST_ROUTER,
    mechanism=Mechanism.SERVICE_REFUSES,
)
PASSED_OVER = Said(
    status=Status.BLOCKED, where=OUTSIDE, after="edge", mechanism=Mechanism.SILENT_DROP
)
INSIDE = flow(Protocol.ICMP, host="203.0.113.200")
OTHER_INSIDE = flow(Protocol.TCP, host="203.0.113.201", port=443)
ONE_WAY = Said(status=Status.UNDETERMINED, where=OUTSIDE, after=LAST_ROUTER)


def shape(*attempts: Outcome) -> Variation:
    """A datagram in the shape of ESP that the last router saw expire."""
    return Variation(
        change=Change.SHAPE,
        octets=0,
        attempts=attempts,
        ladder=NOT_WALKED,
        control=NOT_WALKED,
        trace=NOT_WALKED,
        tracked=AS_ASKED,
    )


SEEN_BY_ROUTER = shape(
    answered(
        probe(ProbeKind.ESP_IN_UDP, hop_limit=4), icmp(IcmpKind.TIME_EXCEEDED, LAST_ROUTER)
    )
)
FROM_4500_LOST = Variation(
    change=Change.SOURCE_PORT,
    octets=0,
    attempts=(unanswered(probe(on=replace(flow(), source_port=4500))),),
    ladder=ladder(flow(), ["192.0.2.1", "203.0.113.1"]),
    control=ladder(flow(), ["192.0.2.1", "203.0.113.1", "203.0.113.5", LAST_ROUTER]),
    trace=NOT_WALKED,
    tracked=AS_ASKED,
)


def report(host: HostState, *variations: Variation) -> CheckReport:
    """The report on a tunnel whose gateway answered the probe."""
    evidence = flow_evidence(answered(probe(), ike_reply()), variations=variations)
    run = RunEvidence(host=host, checks=(evidence,))
    (check,) = judge(from_text(RunEvidence, to_text(run))).checks
    return check


def said(check: CheckReport) -> Said:
    """What the report says."""
    verdict = check.verdict
    if verdict is None:
        return Said(status=check.status)
    after = verdict.after
    return Said(
        status=check.status,
        where=verdict.where,
        after=None if after is None else str(getattr(after, "value", after)),
        mechanism=verdict.mechanism,
    )


PROBE_OF_ANOTHER_RUN = replace(
    REFUSED, proposals=(proposal((1, 1200, 0), (2, 5, 0), (3, 12, 0), (4, 14, 0)),)
)


def test_the_question_of_another_run_of_this_program_is_not_the_daemons() -> None:
    assert said(report(listened(PROBE_OF_ANOTHER_RUN, OUT))) == Said()


def test_what_another_program_asks_from_a_port_of_its_own_is_not_the_daemons() -> None:
    host = listened(REFUSED)
    assert not isinstance(host.tunnel_traffic, NotChecked)
    peers = tuple(replace(peer, own_port=40000) for peer in host.tunnel_traffic.peers)
    traffic = replace(host.tunnel_traffic, peers=peers)
    assert said(report(replace(host, tunnel_traffic=traffic))) == Said()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param(listened(REFUSED), NO_CONNECTION, id="what Raven proposes is refused"),
        pytest.param(
            listened(replace(REFUSED, proposals=(AEAD,))), NO_CONNECTION, id="and as AEAD"
        ),
        pytest.param(
            listened(replace(REFUSED, proposals=(OTHER,))),
            NO_CONNECTION_OR_ODD,
            id="what Raven does not propose is refused: either end",
        ),
        pytest.param(
            listened(replace(REFUSED, proposals=(CBC_ALONE,))),
            NO_CONNECTION_OR_ODD,
            id="a cipher without an integrity algorithm that needs one is not Raven's",
        ),
        pytest.param(
            listened(replace(REFUSED, proposals=())),
            NO_CONNECTION_OR_ODD,
            id="what was proposed is not known",
        ),
        pytest.param(listened(REFUSED, ACCEPTED), Said(), id="another was accepted"),
        pytest.param(listened(REFUSED, BACK), Said(), id="a tunnel carries"),
        pytest.param(listened(REFUSED, taken=(TAKEN,)), Said(), id="so the kernel counts"),
        pytest.param(listened(REFUSED, taken=UNREAD), NO_CONNECTION, id="or is not asked"),
        pytest.param(
            listened(replace(REFUSED, is_own=False)), Said(), id="somebody else was refused here"
        ),
        pytest.param(
            listened(REFUSED, peer=NEIGHBOUR_HOST), Said(), id="another gateway refuses"
        ),
        pytest.param(
            listened(replace(REFUSED, notifies=(16390,))), Said(), id="a COOKIE is no refusal"
        ),
    ],
)
def test_a_gateway_that_accepts_no_proposal(host: HostState, expected: Said) -> None:
    assert said(report(host, SEEN_BY_ROUTER)) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param(listened(ACCEPTED, AUTH_REFUSED), SECRETS_DIFFER, id="an error alone"),
        pytest.param(listened(AUTH_REFUSED), SECRETS_DIFFER, id="of which only the end was heard"),
        pytest.param(listened(ACCEPTED, AUTH_ACCEPTED), Said(), id="an identity and more"),
        pytest.param(
            listened(AUTH_REFUSED, AUTH_ACCEPTED), Said(), id="one of several was accepted"
        ),
        pytest.param(listened(AUTH_REFUSED, OUT, BACK), Said(), id="a tunnel carries"),
        pytest.param(
            listened(replace(AUTH_REFUSED, is_fragmented=True)), Said(), id="part of it was heard"
        ),
        pytest.param(listened(ACCEPTED, transaction(AUTH)), Said(), id="just asked"),
        pytest.param(
            listened(replace(AUTH_REFUSED, is_own=False)), Said(), id="this node refuses somebody"
        ),
    ],
)
def test_a_gateway_that_refuses_ike_auth(host: HostState, expected: Said) -> None:
    assert said(report(host, SEEN_BY_ROUTER)) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param(listened(ACCEPTED, AUTH_LOST), PASSED_OVER, id="IKE_AUTH again and again"),
        pytest.param(
            listened(transaction(SA_INIT, requests=2)), PASSED_OVER, id="IKE_SA_INIT likewise"
        ),
        pytest.param(
            listened(transaction(INFORMATIONAL, requests=2)), PASSED_OVER, id="is it alive: silence"
        ),
        pytest.param(
            listened(transaction(AUTH, first_s=2.5)),
            PASSED_OVER,
            id="one that was begun before is a repetition",
        ),
        pytest.param(
            listened(replace(ACCEPTED, first_s=2.4), transaction(AUTH, first_s=2.5)),
            Said(),
            id="one that was begun now is not",
        ),
        pytest.param(
            listened(replace(AUTH_LOST, first_s=4.0)), Said(), id="two seconds have not passed"
        ),
        pytest.param(
            listened(AUTH_LOST, transaction(AUTH, response_octets=240)),
            Said(),
            id="another IKE_AUTH was answered",
        ),
        pytest.param(listened(AUTH_LOST, lost=1), Said(), id="frames were lost to the tap"),
        pytest.param(
            listened(transaction(INFORMATIONAL, requests=3), OUT, BACK),
            Said(),
            id="ESP passes both ways: it is of another security association",
        ),
        pytest.param(listened(AUTH_LOST, taken=(TAKEN,)), Said(), id="so the kernel counts"),
        pytest.param(
            listened(AUTH_LOST, taken=UNREAD), PASSED_OVER, id="what carries ESP is another matter"
        ),
        pytest.param(listened(AUTH_LOST, is_whole=False), Said(), id="some found no room"),
        pytest.param(
            replace(listened(AUTH_LOST), links=(link(xdp_program=7),)),
            replace(PASSED_OVER, where=tuple(Place), after=None),
            id="a program of the driver may take the answer before any tap",
        ),
    ],
)
def test_a_gateway_that_is_silent_to_the_daemon_alone(host: HostState, expected: Said) -> None:
    assert said(report(host, SEEN_BY_ROUTER)) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param(listened(OUT), ONE_WAY, id="twelve leave and none comes"),
        pytest.param(
            replace(listened(OUT), asked_through=(INSIDE, OTHER_INSIDE)),
            replace(ONE_WAY, status=Status.BLOCKED, mechanism=Mechanism.SILENT_DROP),
            id="two hosts behind it were asked in vain",
        ),
        pytest.param(
            replace(listened(OUT), asked_through=(INSIDE, replace(INSIDE, source_port=9))),
            ONE_WAY,
            id="one host alone may be down",
        ),
        pytest.param(
            replace(listened(OUT, BACK), asked_through=(INSIDE, OTHER_INSIDE)),
            Said(),
            id="two hosts are silent, and ESP comes back",
        ),
        pytest.param(listened(OUT, BACK), Said(), id="one comes back"),
        pytest.param(listened(stream(4, is_sent=True)), Said(), id="four are few"),
        pytest.param(
            listened(stream(50, is_sent=True, last_s=1.0)), Said(), id="half a second is short"
        ),
        pytest.param(listened(OUT, lost=1), Said(), id="frames were lost to the tap"),
        pytest.param(
            listened(OUT, taken=(TAKEN,)), Said(), id="the kernel took in what no tap saw"
        ),
        pytest.param(
            listened(OUT, taken=(replace(TAKEN, source=ip_address(EDGE)),)),
            ONE_WAY,
            id="the kernel counted what it sent",
        ),
        pytest.param(listened(OUT, taken=UNREAD), Said(), id="what the kernel counts is not known"),
        pytest.param(listened(stream(9, is_sent=False)), Said(), id="it comes and none leaves"),
        pytest.param(listened(), Said(), id="nothing passed: a tunnel may be idle"),
        pytest.param(host_state(), Said(), id="nobody listened"),
    ],
)
def test_esp_in_one_direction(host: HostState, expected: Said) -> None:
    assert said(report(host, SEEN_BY_ROUTER)) == expected


def test_without_a_word_of_the_last_router_nothing_is_proven_of_the_path() -> None:
    assert said(report(listened(REFUSED))) == replace(NO_CONNECTION, after="edge")
    assert said(report(listened(AUTH_REFUSED))) == replace(SECRETS_DIFFER, after=None)


def test_a_form_of_the_probe_that_was_walked_says_where_and_goes_before() -> None:
    check = report(listened(AUTH_LOST, OUT), SEEN_BY_ROUTER, FROM_4500_LOST)
    assert [finding.rule for finding in check.findings] == ["source-port-filter"]


AUTH_WALKED = Variation(
    change=Change.EXCHANGE,
    octets=0,
    attempts=(),
    ladder=ladder(flow(), ["192.0.2.1", "203.0.113.1", None, None]),
    control=ladder(flow(), ["192.0.2.1", "203.0.113.1", "203.0.113.5", LAST_ROUTER]),
    trace=NOT_WALKED,
    tracked=AS_ASKED,
)


@pytest.mark.parametrize(
    ("walk", "expected", "ending"),
    [
        pytest.param(
            AUTH_WALKED,
            Said(
                status=Status.BLOCKED,
                where=(Place.ON_PATH,),
                after="203.0.113.1",
                mechanism=Mechanism.SILENT_DROP,
            ),
            "while IKE_SA_INIT goes on to 203.0.113.5",
            id="ends before IKE_SA_INIT does",
        ),
        pytest.param(
            replace(AUTH_WALKED, ladder=AUTH_WALKED.control),
            replace(PASSED_OVER, after=LAST_ROUTER),
            f"its shape is carried to hop 4, to {LAST_ROUTER}",
            id="is carried as far: the last router or the gateway",
        ),
        pytest.param(
            replace(AUTH_WALKED, ladder=NOT_MEASURED, control=NOT_MEASURED),
            PASSED_OVER,
            f"none in its shape was walked: {NOT_MEASURED.reason}",
            id="was not sent, for nobody knows where it would end",
        ),
    ],
)
def test_where_ike_auth_was_walked(walk: Variation, expected: Said, ending: str) -> None:
    check = report(listened(ACCEPTED, AUTH_LOST), SEEN_BY_ROUTER, walk)
    assert said(check) == expected
    assert check.verdict is not None and check.verdict.summary.endswith(ending)


def test_a_walk_of_ike_auth_says_nothing_of_another_exchange() -> None:
    walk = replace(AUTH_WALKED, ladder=AUTH_WALKED.control)
    check = report(listened(transaction(INFORMATIONAL, requests=2)), SEEN_BY_ROUTER, walk)
    assert said(check) == PASSED_OVER


def test_what_the_gateway_itself_refuses_goes_before_a_form() -> None:
    check = report(listened(REFUSED, OUT), SEEN_BY_ROUTER, FROM_4500_LOST)
    assert [finding.rule for finding in check.findings] == ["ike-refused"]


def test_a_tunnel_that_is_not_served_is_judged_by_its_flow_alone() -> None:
    evidence = flow_evidence(unanswered(probe()))
    judged = judge(RunEvidence(host=listened(REFUSED, OUT), checks=(evidence,)))
    assert {finding.rule for finding in judged.checks[0].findings} == {"left-this-host"}


def test_a_port_of_tcp_at_the_same_host_has_nothing_to_do_with_it() -> None:
    syn = probe(ProbeKind.TCP_SYN, on=flow(Protocol.TCP, port=4500), check="api-server-4500")
    of = target("api-server-4500", kinds=(ProbeKind.TCP_SYN,), port=4500)
    evidence = flow_evidence(answered(syn, syn_ack()), of=of)
    judged = judge(RunEvidence(host=listened(REFUSED), checks=(evidence,)))
    assert (judged.checks[0].status, judged.checks[0].note) == (Status.OK, "")


@pytest.mark.parametrize(
    ("host", "note"),
    [
        pytest.param(host_state(), "", id="nobody listened"),
        pytest.param(
            listened(), "nothing passed between this node's daemon and it in 5.0 s", id="idle"
        ),
        pytest.param(
            listened(ACCEPTED, AUTH_ACCEPTED, OUT, BACK),
            "this node's daemon in 5.0 s: 1 of 1 IKE_SA_INIT answered, 1 of 1 IKE_AUTH answered, "
            "ESP 12 out and 1 in",
            id="a tunnel that is made and used",
        ),
        pytest.param(
            listened(
                PassingCount(kind=PassingKind.KEEPALIVE, is_sent=True, packets=2),
                PassingCount(kind=PassingKind.WIREGUARD_HANDSHAKE, is_sent=True, packets=3),
            ),
            "this node's daemon in 5.0 s: keep-alives 2 out and 0 in, WireGuard handshakes 3 out "
            "and 0 in",
            id="what is only counted",
        ),
    ],
)
def test_a_tunnel_that_passes_says_what_was_heard(host: HostState, note: str) -> None:
    check = report(host)
    assert (check.status, check.note, check.host) == (Status.OK, note, HOST)
