"""The stage behind the listening: where IKE_AUTH of the node's own daemon is lost on the path.

A datagram in its shape is walked beside IKE_SA_INIT, where the daemon's own left again and again
and drew no answer. It must never come to the gateway. So the path is measured first, by IKE_SA_INIT
that expires, and no hop limit is used at which that did not expire at a router.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edgediag.checked import Checked, hop_limit_of, is_ok, lead
from edgediag.instruments import Bench
from edgediag.meaning import distance
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Address
from edgediag.model.path import Hop, Ladder
from edgediag.model.probe import Probe
from edgediag.model.tunnel import IkeExchange, IkeTransaction, TunnelTraffic
from edgediag.model.variation import Change, Variation
from edgediag.path import is_expiry, ladder_of
from edgediag.stages.forms import draw_ladder, of_ike_auth, plain_of
from edgediag.stages.variation import AS_ASKED, MAX_VARIED, NOT_REFUSED, Varied
from edgediag.tunnel.heard import heard_of

NOT_MEASURED: Final = NotChecked(
    reason="no router told how far off the gateway is, and it must not come to the gateway"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A check, the length of its daemon's IKE_AUTH, and the rungs of both shapes.

    octets  without the marker, 0 where that is not known
    """

    check: Checked
    octets: int
    rungs: tuple[Probe, ...]
    control: tuple[Probe, ...]


def walk_exchange(
    bench: Bench, checks: Sequence[Checked], varied: Varied, traffic: TunnelTraffic | NotChecked
) -> Varied:
    """What was tried so far, and a walk of IKE_AUTH for each gateway that left it unanswered."""
    if isinstance(traffic, NotChecked):
        return varied
    lost = [(check, octets) for check in checks for octets in _lost_octets(check, traffic)]
    measured = [_measured(bench, *each) for each in lost[:MAX_VARIED]]
    _settled(bench, [pair.control for pair in measured])
    pairs = [_drawn(bench, pair) for pair in measured]
    # What is asked about goes first, so that a router with one error left does not keep it for
    # the control.
    _settled(bench, [part for pair in pairs for part in (pair.rungs, pair.control)])
    variations = dict(varied.variations)
    for pair in pairs:
        check = pair.check.target.check
        variations[check] = (*variations.get(check, ()), _variation(bench, pair))
    walked = (probe for pair in (*measured, *pairs) for probe in (*pair.rungs, *pair.control))
    return replace(varied, variations=variations, sent=(*varied.sent, *walked))


def _lost_octets(check: Checked, traffic: TunnelTraffic) -> tuple[int, ...]:
    """How long the daemon's IKE_AUTH was, of a check whose gateway answers IKE_SA_INIT alone."""
    asked = lead(check).probe
    is_asked = asked.kind is ProbeKind.IKE_SA_INIT and asked.flow.destination.version == 4
    if not is_asked or not is_ok(check) or hop_limit_of(check) is None:
        return ()
    found = heard_of(asked.flow, traffic)
    return tuple(map(_octets, found.unanswered(IkeExchange.AUTH)))[:1]


def _octets(transaction: IkeTransaction) -> int:
    octets = transaction.request_octets
    return 0 if isinstance(octets, NotChecked) else octets


def _measured(bench: Bench, check: Checked, octets: int) -> Pair:
    hop_limit = hop_limit_of(check)
    form = of_ike_auth(check, octets, 0 if hop_limit is None else distance(hop_limit))
    control = draw_ladder(plain_of(form, lead(check).probe), bench.supply)
    return Pair(check=check, octets=octets, rungs=(), control=control)


def _drawn(bench: Bench, pair: Pair) -> Pair:
    """Both walks as far as the last router that IKE_SA_INIT expired at, before any answer."""
    form = of_ike_auth(pair.check, pair.octets, _carried(bench, pair.control) + 1)
    plain = plain_of(form, lead(pair.check).probe)
    rungs, control = (draw_ladder(each, bench.supply) for each in (form, plain))
    return Pair(check=pair.check, octets=pair.octets, rungs=rungs, control=control)


def _carried(bench: Bench, control: Sequence[Probe]) -> int:
    ladder = _ladder(bench, control)
    if isinstance(ladder, NotChecked):
        return 0
    # The ladder ends at the first answer that bears the gateway's own address, whatever it says.
    gateway = ladder.flow.destination
    return max((hop.distance for hop in ladder.hops if _is_router(hop, gateway)), default=0)


def _is_router(hop: Hop, gateway: Address) -> bool:
    return is_expiry(hop) and hop.sender != gateway


def _settled(bench: Bench, walks: Iterable[Sequence[Probe]]) -> None:
    probes = tuple(probe for walk in walks for probe in walk)
    bench.loop.submit(probes, {})
    bench.loop.settle(probes)


def _ladder(bench: Bench, rungs: Sequence[Probe]) -> Ladder | NotChecked:
    if not rungs or not bench.loop.is_settled(rungs):
        return NOT_MEASURED
    return ladder_of(rungs[0].flow, bench.loop.outcomes(rungs))


def _variation(bench: Bench, pair: Pair) -> Variation:
    return Variation(
        change=Change.EXCHANGE,
        octets=0,
        attempts=(),
        ladder=_ladder(bench, pair.rungs),
        control=_ladder(bench, pair.control),
        trace=NOT_REFUSED,
        tracked=AS_ASKED,
    )
