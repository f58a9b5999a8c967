"""When a mapping that was timed is too short for a tunnel, and who forgets it."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.judge import judge
from edgediag.inference.short_mapping import SHORT_MAPPING_RULE
from edgediag.model.answer import Answer, NotChecked
from edgediag.model.evidence import FlowEvidence, RunEvidence
from edgediag.model.flow import Flow
from edgediag.model.mapping import IdleTrial, MappingLifetime
from edgediag.model.outcome import Sighted
from edgediag.model.packet import Sighting
from edgediag.model.verdict import Mechanism, Status
from story import HOST, answered, flow, flow_evidence, host_state, ike_reply, ladder, probe

SITE_ROUTER, PROVIDER, CARRIER = "192.168.1.1", "192.0.2.1", "100.64.0.1"
INSIDE: Flow = replace(flow(), source=ip_address("192.168.1.10"))


def timed(kept_s: float, gone_s: float | None, *routers: str | None) -> MappingLifetime:
    """A mapping that was seen to live so long and to be forgotten after so long."""
    trials = [IdleTrial(idle_s=kept_s, is_kept=Answer.YES, packets=())]
    if gone_s is not None:
        trials.append(IdleTrial(idle_s=gone_s, is_kept=Answer.NO, packets=(7, 8)))
    return MappingLifetime(
        gateway=ip_address(HOST),
        longest_s=60.0,
        trials=tuple(trials),
        reason="",
        ladder=ladder(INSIDE, routers),
    )


def judged(mapping: MappingLifetime | NotChecked, source: Flow = INSIDE) -> tuple[Status, object]:
    """Status and segment of the tunnel's check."""
    evidence: FlowEvidence = flow_evidence(answered(probe(on=source), ike_reply()))
    run = RunEvidence(host=host_state(), checks=(evidence,), mapping=mapping)
    (check,) = judge(run).checks
    verdict = check.verdict
    if verdict is None:
        return check.status, None
    assert verdict.mechanism is Mechanism.NAT_TIMEOUT
    assert verdict.because == (f"{check.id}/{SHORT_MAPPING_RULE}",)
    return check.status, getattr(verdict.upto, "value", verdict.upto)


@pytest.mark.parametrize(
    ("mapping", "upto"),
    [
        pytest.param(
            timed(2.0, 4.0, SITE_ROUTER, PROVIDER),
            ip_address(SITE_ROUTER),
            id="behind the site's router addresses are public",
        ),
        pytest.param(
            timed(2.0, 4.0, SITE_ROUTER, CARRIER, PROVIDER),
            ip_address(CARRIER),
            id="a carrier may translate once more",
        ),
        pytest.param(
            timed(2.0, 4.0, None, PROVIDER),
            ip_address(PROVIDER),
            id="the site's router does not name itself",
        ),
        pytest.param(timed(2.0, 4.0, SITE_ROUTER, None), "host", id="no router is public"),
        pytest.param(timed(2.0, 4.0), "host", id="no router is known"),
    ],
)
def test_a_mapping_that_a_silent_tunnel_outlives(mapping: MappingLifetime, upto: object) -> None:
    assert judged(mapping) == (Status.DEGRADED, upto)


def test_a_node_with_a_public_address_may_be_translated_anywhere() -> None:
    public = replace(INSIDE, source=ip_address("192.0.2.10"))
    assert judged(timed(2.0, 4.0, SITE_ROUTER, PROVIDER), public) == (Status.DEGRADED, "host")


def test_a_mapping_of_this_node_s_own_rules_is_nobody_else_s() -> None:
    attempt = answered(probe(on=INSIDE), ike_reply())
    elsewhere = replace(INSIDE, source_port=1024)
    left = Sighted(number=1, sighting=Sighting.TAP_OUT, interface="eth0", rewritten=elsewhere)
    evidence = flow_evidence(replace(attempt, seen=(left,)))
    mapping = timed(2.0, 4.0, SITE_ROUTER, PROVIDER)
    run = RunEvidence(host=host_state(), checks=(evidence,), mapping=mapping)
    mechanisms = [check.verdict and check.verdict.mechanism for check in judge(run).checks]
    assert Mechanism.NAT_TIMEOUT not in mechanisms


@pytest.mark.parametrize(
    "mapping",
    [
        pytest.param(timed(20.0, 30.0), id="it lives longer than a tunnel is silent"),
        pytest.param(timed(10.0, 20.0), id="perhaps it does"),
        pytest.param(timed(2.0, None), id="it was never seen forgotten"),
        pytest.param(
            replace(timed(2.0, 4.0), gateway=ip_address("198.51.100.99")), id="another gateway"
        ),
        pytest.param(NotChecked(reason="--nat-timeout asks for it"), id="nobody timed it"),
    ],
)
def test_a_mapping_that_is_no_fault(mapping: MappingLifetime | NotChecked) -> None:
    assert judged(mapping) == (Status.OK, None)
