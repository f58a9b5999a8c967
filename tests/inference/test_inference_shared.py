"""What the walk of one check says of others that were served: a loss or a limit that they share."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.judge import judge
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import FlowEvidence, Kin, RunEvidence
from edgediag.model.flow import Protocol
from edgediag.model.path import Ladder
from edgediag.model.reply import ConnectedMute
from edgediag.model.report import CheckReport
from edgediag.model.train import Train
from edgediag.model.verdict import Certainty, Mechanism, Status
from story import (
    GATEWAY,
    NOT_ASKED,
    answered,
    flow,
    flow_evidence,
    host_state,
    ladder,
    ntp_reply,
    probe,
    syn_ack,
    target,
    unanswered,
)

H1, H2, H3, H4 = GATEWAY, "203.0.113.1", "203.0.113.5", "203.0.113.9"
HOPS = ((1, H1), (2, H2), (3, H3), (4, H4))
API, PROXY, REGISTRY, OSS = (f"198.51.100.{last}" for last in (10, 20, 35, 32))
FAR, FAR_NTP, ELSE = "192.0.2.200", "192.0.2.123", "203.0.113.77"


def served(
    check: str,
    host: str,
    *trains: Train,
    port: int = 443,
    protocol: Protocol = Protocol.TCP,
    walked: Ladder | None = None,
) -> FlowEvidence:
    """A check that passed at the first try, and the trains of its own question."""
    kind = ProbeKind.TCP_SYN if protocol is Protocol.TCP else ProbeKind.NTP
    on = flow(protocol, host=host, port=port)
    asked = probe(kind, on=on, check=check)
    reply = syn_ack() if protocol is Protocol.TCP else ntp_reply()
    own = tuple(
        replace(item, check=check, destination=ip_address(host), protocol=item.protocol)
        for item in trains
    )
    evidence = flow_evidence(
        answered(asked, reply), of=target(check, kinds=(kind,)), trains=own or NOT_ASKED
    )
    return evidence if walked is None else replace(evidence, ladder=walked)


def beside_kin(evidence: FlowEvidence) -> FlowEvidence:
    """The same, and the walk of a neighbour that met a router behind the loss."""
    walked = ladder(flow(host=FAR_NTP, port=123), [H1, H2, H3, H4])
    return replace(evidence, kin=(Kin(check="ntp-123", attempts=(), ladder=walked),))


def train(lost: int, sent: int = 20, *, spacing_s: float = 0.1) -> Train:
    return Train(
        check="",
        protocol=Protocol.TCP,
        destination=ip_address(API),
        spacing_s=spacing_s,
        sent=sent,
        answered=sent - lost,
        packets=(1, 2),
    )


def expiring(*lost: int, of: int, protocol: Protocol = Protocol.TCP) -> tuple[Train, ...]:
    """What each of four routers left unanswered."""
    return tuple(
        replace(
            train(few, of),
            protocol=protocol,
            hop_limit=limit,
            expired_at=None if few == of else ip_address(router),
        )
        for (limit, router), few in zip(HOPS, lost, strict=True)
    )


COUNTED = (train(6, spacing_s=0.03), train(2, 6, spacing_s=0.7))
LOSES = served("api-server-6443", API, *COUNTED, *expiring(0, 0, 0, 13, of=40), port=6443)
UNLOCATED = served("api-server-6443", API, *COUNTED, port=6443)
LIMITED = served(
    "api-server-6443",
    API,
    train(17, spacing_s=0.03),
    train(0, 6, spacing_s=0.7),
    *expiring(0, 3, 3, 3, of=3),
    # A router that answers nothing tells no address; its echo does.
    *expiring(0, 0, 0, 0, of=3, protocol=Protocol.ICMP),
    port=6443,
)


def reports(*checks: FlowEvidence) -> dict[str, CheckReport]:
    found = judge(RunEvidence(host=host_state(), checks=checks)).checks
    return {check.id: check for check in found}


def said(report: CheckReport) -> tuple[Status, Mechanism | None, str, str]:
    verdict = report.verdict
    if verdict is None:
        return report.status, None, "", ""
    names = (getattr(locus, "value", None) or str(locus) for locus in (verdict.after, verdict.upto))
    return report.status, verdict.mechanism, *names


OK = (Status.OK, None, "", "")
LOSS = (Status.DEGRADED, Mechanism.LOSS, H3, H4)
LIMIT = (Status.DEGRADED, Mechanism.RATE_LIMIT, H1, H2)
SOMEWHERE = (Status.DEGRADED, Mechanism.LOSS, "None", "host")

# Three that were counted, none of them spared.
OTHERS = (
    served("registry-443", REGISTRY, train(6)),
    served("oss-443", OSS, train(5)),
)


@pytest.mark.parametrize(
    ("walked", "row", "expected"),
    [
        pytest.param(LOSES, served("x", PROXY, train(5)), LOSS, id="it loses as much"),
        pytest.param(LOSES, served("x", PROXY, train(1)), OK, id="one of twenty, as anywhere"),
        pytest.param(LOSES, served("x", PROXY, train(0, 40)), OK, id="it was counted, and is well"),
        pytest.param(LOSES, served("x", API, port=443), LOSS, id="another port of a lossy host"),
        pytest.param(LOSES, served("x", PROXY), OK, id="nobody counted, and no other host"),
        pytest.param(LOSES, served("x", FAR, train(6)), SOMEWHERE, id="its path is not known"),
        pytest.param(
            LOSES,
            served("x", FAR, train(6), walked=ladder(flow(host=FAR), [H1, H2, H3, H4])),
            LOSS,
            id="its own walk met a router behind the loss",
        ),
        pytest.param(
            LOSES,
            served("x", FAR, train(6), walked=ladder(flow(host=FAR), [H1, H2, ELSE])),
            SOMEWHERE,
            id="its own walk leaves the path before",
        ),
        pytest.param(
            LOSES,
            beside_kin(served("x", FAR, train(6), walked=ladder(flow(host=FAR), [H1, H2, None]))),
            LOSS,
            id="its own walk was lost, and one into its network met a router behind the loss",
        ),
        pytest.param(
            LOSES,
            beside_kin(served("x", FAR, train(6), walked=ladder(flow(host=FAR), [H1, H2, ELSE]))),
            SOMEWHERE,
            id="its own walk leaves the path before, whatever one into its network met",
        ),
        pytest.param(UNLOCATED, served("x", API, port=443), SOMEWHERE, id="no walk, same host"),
        pytest.param(UNLOCATED, served("x", PROXY), OK, id="no walk, another host"),
        pytest.param(LIMITED, served("x", PROXY, train(18)), LIMIT, id="a burst is lost"),
        pytest.param(LIMITED, served("x", PROXY, train(20)), LIMIT, id="all of a burst is lost"),
        pytest.param(LIMITED, served("x", PROXY, train(0)), OK, id="a burst passes"),
        pytest.param(LIMITED, served("x", PROXY), OK, id="a limit, and nobody counted"),
        pytest.param(
            LIMITED,
            served("x", FAR_NTP, protocol=Protocol.UDP, port=123),
            OK,
            id="a limit of another protocol",
        ),
    ],
)
def test_who_shares_a_segment(
    walked: FlowEvidence, row: FlowEvidence, expected: tuple[Status, Mechanism | None, str, str]
) -> None:
    assert said(reports(walked, row)["x"]) == expected


@pytest.mark.parametrize(
    ("others", "row", "expected"),
    [
        pytest.param(OTHERS, served("x", PROXY), LOSS, id="three hosts, none spared"),
        pytest.param(OTHERS[:1], served("x", PROXY), OK, id="two hosts are too few"),
        pytest.param(
            (*OTHERS, served("y-443", "198.51.100.99", train(0, 40))),
            served("x", PROXY),
            OK,
            id="one was spared",
        ),
        pytest.param(OTHERS, served("x", FAR), OK, id="it is not known to pass there"),
        pytest.param(
            OTHERS,
            served("x", FAR_NTP, protocol=Protocol.UDP, port=123),
            OK,
            id="none was counted over its protocol",
        ),
    ],
)
def test_a_host_of_which_nobody_counted(
    others: tuple[FlowEvidence, ...],
    row: FlowEvidence,
    expected: tuple[Status, Mechanism | None, str, str],
) -> None:
    assert said(reports(LOSES, *others, row)["x"]) == expected


def test_the_segment_is_said_of_the_walked_check_too_and_makes_one_cause() -> None:
    judged = judge(RunEvidence(host=host_state(), checks=(LOSES, *OTHERS)))
    assert [said(check) for check in judged.checks] == [LOSS, LOSS, LOSS]
    (cause,) = judged.root_causes
    assert set(cause.explains) == {"api-server-6443", "registry-443", "oss-443"}


def test_a_flow_that_was_served_in_the_end_gets_its_segment() -> None:
    row = served("x", PROXY, train(6))
    first = row.attempts[0].probe
    late = replace(row, attempts=(unanswered(first),), confirmation=answered(first, syn_ack()))
    report = reports(LOSES, late)["x"]
    assert said(report) == LOSS
    assert report.verdict is not None
    assert report.verdict.certainty is Certainty.BOUNDED
    assert "answered-in-the-end" in " ".join(report.verdict.because)


def test_a_flow_that_stayed_silent_while_others_to_its_port_were_counted_is_lossy() -> None:
    row = served("x", PROXY, train(8))
    silent = unanswered(row.attempts[0].probe)
    report = reports(LOSES, replace(row, attempts=(silent,), confirmation=silent))["x"]
    assert said(report) == LOSS


def test_octets_that_vanish_while_questions_to_the_port_are_lost_are_lost_as_well() -> None:
    row = served("x", PROXY, train(8))
    hello = probe(ProbeKind.TLS_CLIENT_HELLO, on=row.flow, check="x", id_=2)
    mute = ConnectedMute(has_left=True, is_acknowledged=False, hop_limit=60)
    failing = replace(row, attempts=(answered(hello, mute),))
    assert said(reports(LOSES, failing)["x"]) == LOSS
    well = replace(failing, trains=(replace(train(0, 40), check="x"),))
    assert said(reports(LOSES, well)["x"])[1] is Mechanism.SILENT_DROP


def test_what_is_blocked_stays_so() -> None:
    row = served("x", PROXY)
    silent = replace(row, attempts=(unanswered(row.attempts[0].probe),))
    assert reports(LOSES, *OTHERS, silent)["x"] == reports(silent)["x"]


def test_one_ip_version_never_speaks_for_the_other() -> None:
    row = served("x", "2001:db8::20")
    assert said(reports(LOSES, *OTHERS, row)["x"]) == OK


def test_the_words_say_what_was_counted() -> None:
    report = reports(LOSES, *OTHERS)["oss-443"]
    assert report.verdict is not None
    assert report.verdict.summary.endswith(
        "of 20 questions to this host 5 were lost, and of 66 to 3 hosts that lose as much 19: "
        "between 19% and 41% of all are lost, there or back, with 95 % confidence"
    )
