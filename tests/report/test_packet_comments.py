"""What stands beside each packet in the capture."""

from dataclasses import replace

import pytest

from edgediag.model.endpoint import ProbeKind
from edgediag.model.outcome import Outcome, Sighted
from edgediag.model.packet import Sighting
from edgediag.model.probe import Purpose, Way
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Certainty, Mechanism, Place, Status, Verdict
from edgediag.report.packet_comments import packet_comments
from story import HOST, answered, flow_evidence, ike_reply, probe, refused, unanswered

SILENT_DROP = Verdict(
    where=(Place.ON_PATH,),
    certainty=Certainty.BOUNDED,
    after=None,
    upto=None,
    mechanism=Mechanism.SILENT_DROP,
    culprit=None,
    summary="dropped",
    remedy="ask",
    because=(),
)

ASKED = probe()
RUNG = probe(purpose=Purpose.LADDER, way=Way.IP_STACK, hop_limit=3)


def report(status: Status, verdict: Verdict | None = None) -> CheckReport:
    evidence = flow_evidence(unanswered(ASKED))
    target = evidence.target
    return CheckReport(
        id=target.check,
        endpoint=target.endpoint,
        purpose=target.purpose,
        direction=target.direction,
        is_required=target.is_required,
        protocol=target.protocol,
        host=HOST,
        port=target.port,
        flow=evidence.flow,
        status=status,
        latency_s=None,
        note="",
        verdict=verdict,
        findings=(),
    )


def comment(outcome: Outcome, *checks: CheckReport) -> str:
    """The one comment on each packet of one outcome."""
    seen = outcome.seen or (
        Sighted(number=1, sighting=Sighting.HANDED_OVER, interface="", rewritten=None),
    )
    by_number = packet_comments([replace(outcome, seen=seen)], checks)
    (said,) = {said for comments in by_number.values() for said in comments}
    return said


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        pytest.param(
            answered(ASKED, ike_reply(), rtt_s=0.0123),
            "probe 1: check ike-sa-init by kernel-socket; check raven-tunnel-4500;"
            " answered (IkeReply) after 12.3 ms",
            id="an answer",
        ),
        pytest.param(
            unanswered(ASKED),
            "probe 1: check ike-sa-init by kernel-socket; check raven-tunnel-4500;"
            " no answer to 3 tries in 2.0 s",
            id="silence",
        ),
        pytest.param(
            refused(ASKED, "EPERM"),
            "probe 1: check ike-sa-init by kernel-socket; check raven-tunnel-4500;"
            " the kernel refused to send it: EPERM",
            id="a refusal",
        ),
        pytest.param(
            unanswered(RUNG),
            "probe 1: ladder ike-sa-init by raw-ip, hop limit 3; check raven-tunnel-4500;"
            " no answer to 3 tries in 2.0 s",
            id="a rung says its hop limit",
        ),
        pytest.param(
            unanswered(replace(RUNG, purpose=Purpose.CONTROL)),
            "probe 1: control ike-sa-init by raw-ip, hop limit 3; check raven-tunnel-4500;"
            " no answer to 3 tries in 2.0 s",
            id="so does that of a control",
        ),
        pytest.param(
            unanswered(replace(RUNG, purpose=Purpose.TRAIN)),
            "probe 1: train ike-sa-init by raw-ip, hop limit 3; check raven-tunnel-4500;"
            " no answer to 3 tries in 2.0 s",
            id="and one of a train that ends at a router",
        ),
        pytest.param(
            unanswered(probe(ProbeKind.DNS, purpose=Purpose.RESOLVE, name="registry.example")),
            "probe 1: resolve dns by kernel-socket; check raven-tunnel-4500 for registry.example;"
            " no answer to 3 tries in 2.0 s",
            id="a query says its name",
        ),
    ],
)
def test_a_packet_says_why_it_was_sent_and_what_came_of_it(outcome: Outcome, expected: str) -> None:
    assert comment(outcome) == expected


@pytest.mark.parametrize(
    ("check", "ending"),
    [
        pytest.param(report(Status.OK), "; verdict: ok", id="it works"),
        pytest.param(
            report(Status.BLOCKED, SILENT_DROP),
            "; verdict: blocked, on-path, silent-drop",
            id="it is blocked at one place",
        ),
        pytest.param(
            report(
                Status.UNDETERMINED,
                replace(SILENT_DROP, where=(Place.ON_PATH, Place.REMOTE), mechanism=None),
            ),
            "; verdict: undetermined, on-path or remote, unknown mechanism",
            id="nobody can tell",
        ),
        pytest.param(replace(report(Status.OK), id="other"), "in 2.0 s", id="no report on it"),
    ],
)
def test_it_says_the_verdict_on_its_check(check: CheckReport, ending: str) -> None:
    assert comment(unanswered(ASKED), check).endswith(ending)


def test_a_packet_of_several_probes_says_so_of_each_in_their_order() -> None:
    first = unanswered(ASKED)
    second = replace(unanswered(RUNG), seen=first.seen)
    comments = packet_comments([first, second], ())
    assert list(comments) == [seen.number for seen in first.seen]
    assert [said.partition(":")[2].split()[0] for said in comments[11]] == ["check", "ladder"]


def test_a_probe_that_no_capture_holds_is_said_nothing_of() -> None:
    assert packet_comments([refused(ASKED)], ()) == {}


def test_names_from_outside_are_escaped() -> None:
    hostile = probe(ProbeKind.DNS, purpose=Purpose.RESOLVE, name="a\x1b[31m\n\u202eb")
    said = comment(unanswered(hostile))
    assert said.isascii() and said.isprintable()


def test_every_purpose_has_a_comment() -> None:
    said = {comment(unanswered(replace(ASKED, purpose=purpose))) for purpose in Purpose}
    assert len(said) == len(Purpose)
