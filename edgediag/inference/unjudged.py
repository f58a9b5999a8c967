"""A check's report before anything is concluded: what the matrix says of it."""

from edgediag.model.endpoint import Target
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Mechanism, Status, Verdict

# Some packets of the flow still pass.
PARTIAL = (
    Mechanism.LOSS,
    Mechanism.RATE_LIMIT,
    Mechanism.ECMP_PARTIAL,
    Mechanism.FRAGMENT_DROP,
    Mechanism.PMTU_BLACKHOLE,
    Mechanism.MTU,
    Mechanism.NAT_TIMEOUT,
)
_DEGRADING = (*PARTIAL, Mechanism.CLOCK_SKEW)


def unjudged(target: Target, status: Status, note: str) -> CheckReport:
    """The report on a check without flow, verdict or findings; `dataclasses.replace` adds them."""
    return CheckReport(
        id=target.check,
        endpoint=target.endpoint,
        purpose=target.purpose,
        direction=target.direction,
        is_required=target.is_required,
        protocol=target.protocol,
        host=target.host,
        port=target.port,
        flow=None,
        status=status,
        latency_s=None,
        note=note,
        verdict=None,
        findings=(),
    )


def status_of(verdict: Verdict | None, *, is_served: bool) -> Status:
    """The status of a check that did not pass: degraded where it is served, at times or wrongly.

    is_served  an application would take it for served
    """
    if verdict is None or verdict.mechanism is None:
        return Status.UNDETERMINED
    if is_served and verdict.mechanism is Mechanism.TRANSPARENT_PROXY:
        # What a box on the path accepts is not blocked, and not known to be served either.
        return Status.UNDETERMINED
    return Status.DEGRADED if verdict.mechanism in _DEGRADING else Status.BLOCKED


def is_partial(check: CheckReport) -> bool:
    """True if some packets of the check's flow pass and others are lost."""
    return check.verdict is not None and check.verdict.mechanism in PARTIAL
