"""How a node is asked through an overlay: the questions drawn, sent, and read back."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Flow, Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.overlay import Encapsulation
from edgediag.model.overlay_trial import OverlayForm
from edgediag.model.probe import NO_OVERLAY, Padding, Probe, Purpose, Schedule
from edgediag.plan import HOP_LIMIT, WAYS, Ask, draw_probe
from edgediag.tunnel.overlay_peers import Trial

AGAIN: Final = Schedule(offsets_s=(0.0, 0.3), timeout_s=0.8)


def draw_frame(
    bench: Bench, trial: Trial, inside: Encapsulation, *, schedule: Schedule = AGAIN
) -> Probe:
    """An echo inside a frame to the node."""
    return _drawn(bench, trial, (ProbeKind.VXLAN, trial.flow, schedule), inside)


def draw_long(bench: Bench, trial: Trial, octets: int) -> Probe:
    """The frame as the device makes it, in an outer packet of so many octets."""
    padding = Padding(size_octets=octets, fragment_octets=0)
    return replace(draw_frame(bench, trial, trial.inside), padding=padding)


def draw_echo(bench: Bench, trial: Trial, *, schedule: Schedule) -> Probe:
    """An echo to the node itself."""
    port = bench.supply.port()
    flow = replace(
        trial.flow, protocol=Protocol.ICMP, source_port=port, destination_port=port
    )
    return _drawn(bench, trial, (ProbeKind.ICMP_ECHO, flow, schedule), NO_OVERLAY)


def extended(bench: Bench, trial: Trial, more: Iterable[tuple[OverlayForm, Probe]]) -> Trial:
    """The trial with more questions, under way."""
    more = tuple(more)
    bench.loop.submit([probe for _, probe in more], {})
    return replace(trial, asked=(*trial.asked, *more))


def settle(bench: Bench, trials: Iterable[Trial]) -> None:
    """Wait for all answers."""
    bench.loop.settle([probe for trial in trials for _, probe in trial.asked])


def is_settled(bench: Bench, trial: Trial) -> bool:
    """True if all questions have their outcomes."""
    return bench.loop.is_settled(probe for _, probe in trial.asked)


def outcomes(bench: Bench, trial: Trial, form: OverlayForm) -> tuple[Outcome, ...]:
    """What came of a form; () where it was not asked or is not known yet."""
    probes = [probe for asked, probe in trial.asked if asked is form]
    return bench.loop.outcomes(probes) if bench.loop.is_settled(probes) else ()


def outcome(bench: Bench, trial: Trial, form: OverlayForm) -> Outcome | None:
    """The first outcome of a form, None where it was not asked or is not known yet."""
    return next(iter(outcomes(bench, trial, form)), None)


def _drawn(
    bench: Bench,
    trial: Trial,
    what: tuple[ProbeKind, Flow, Schedule],
    inside: Encapsulation | NotChecked,
) -> Probe:
    kind, flow, schedule = what
    ask = Ask(
        check=trial.overlay.check,
        purpose=Purpose.OVERLAY,
        kind=kind,
        way=WAYS[kind],
        flow=flow,
        hop_limit=HOP_LIMIT,
        name="",
        schedule=schedule,
    )
    return replace(draw_probe(ask, bench.supply), encapsulation=inside)
