"""What is written beside each packet of the capture: why it was sent, and what came of it."""

from collections.abc import Iterable, Mapping

from edgediag.compat import assert_never
from edgediag.model.outcome import Answered, Outcome, SendFailed, Unanswered
from edgediag.model.probe import Probe, Purpose
from edgediag.model.report import CheckReport
from edgediag.plan import HOP_LIMIT
from edgediag.report.escape import escaped


def packet_comments(
    outcomes: Iterable[Outcome], checks: Iterable[CheckReport]
) -> Mapping[int, tuple[str, ...]]:
    """By capture number: the probes that the packet belongs to, and the verdict on their check.

    source  pcapng opt_comment is UTF-8 text that stock Wireshark shows beside the packet
    """
    verdicts = {check.id: _verdict(check) for check in checks}
    comments: dict[int, tuple[str, ...]] = {}
    for outcome in outcomes:
        comment = escaped(_comment(outcome, verdicts))
        for seen in outcome.seen:
            comments[seen.number] = (*comments.get(seen.number, ()), comment)
    return comments


def _comment(outcome: Outcome, verdicts: Mapping[str, str]) -> str:
    probe = outcome.probe
    said = f"probe {probe.id}: {probe.purpose.value} {probe.kind.value} by {probe.way.value}"
    parts = (said + _rung(probe), f"check {probe.check}{_name(probe)}", _result(outcome))
    verdict = verdicts.get(probe.check)
    return "; ".join((*parts, verdict) if verdict else parts)


def _rung(probe: Probe) -> str:
    return f", hop limit {probe.hop_limit}" if probe.hop_limit != HOP_LIMIT else ""


def _name(probe: Probe) -> str:
    return f" for {probe.name}" if probe.purpose is Purpose.RESOLVE else ""


def _result(outcome: Outcome) -> str:
    match outcome:
        case Answered():
            return f"answered ({type(outcome.reply).__name__}) after {outcome.rtt_s * 1000:.1f} ms"
        case Unanswered():
            return f"no answer to {outcome.tries} tries in {outcome.waited_s:.1f} s"
        case SendFailed():
            return f"the kernel refused to send it: {outcome.errno_name}"
        case _:
            assert_never(outcome)


def _verdict(check: CheckReport) -> str:
    verdict = check.verdict
    if verdict is None:
        return f"verdict: {check.status.value}"
    where = " or ".join(place.value for place in verdict.where)
    mechanism = verdict.mechanism.value if verdict.mechanism is not None else "unknown mechanism"
    return f"verdict: {check.status.value}, {where}, {mechanism}"
