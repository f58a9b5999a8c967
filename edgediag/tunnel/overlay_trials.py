"""The stage that asks nodes of the site through the overlay, as this node's own devices would.

An echo inside a frame changes nothing at whoever takes it in.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from edgediag.instruments import Bench
from edgediag.meaning import is_returned
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import NeighbourObject
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.host import HostState, Neighbour
from edgediag.model.outcome import Answered, Outcome, Unanswered
from edgediag.model.overlay import Encapsulation
from edgediag.model.overlay_trial import OverlayAsked, OverlayForm, OverlayTrial
from edgediag.model.probe import AS_BUILT, NO_OVERLAY, Padding, Probe, Purpose, Schedule
from edgediag.plan import CHECK_OFFSETS_S, HOP_LIMIT, WAYS, Ask, draw_probe
from edgediag.tunnel.overlay_peers import MAX_PEERS, OVERLAYS, Trial, trials_of

# Source ports that a trial takes: of its frames, of its echo, and of the long one.
PORTS_OF_TRIAL: Final = 3
# Of both overlays, each with one trial more beside a node that the table has elsewhere.
PORTS_OF_TRIALS: Final = 2 * (MAX_PEERS + 1) * PORTS_OF_TRIAL

# What clusters use beside 1 and Raven's 200: a device made twice, and flannel's on Windows.
OTHER_VNIS: Final = (1, 2, 100, 200, 4096)

_FIRST: Final = Schedule(offsets_s=CHECK_OFFSETS_S, timeout_s=1.6)
_AGAIN: Final = Schedule(offsets_s=(0.0, 0.3), timeout_s=0.8)


def begin(
    bench: Bench, state: HostState, peers: Sequence[Address], endpoints: Collection[str]
) -> tuple[Trial, ...]:
    """Ask each node once as the overlay would, and beside it; nobody waits for the answers yet.

    endpoints  of the rows that are checked; an overlay of another row is left alone
    """
    trials = []
    for overlay in OVERLAYS:
        if overlay.endpoint in endpoints:
            trials += [_begun(bench, trial) for trial in trials_of(bench, overlay, state, peers)]
    return tuple(trials)


def finish(
    bench: Bench, trials: Sequence[Trial]
) -> tuple[tuple[OverlayTrial, ...], tuple[Probe, ...]]:
    """Wait for the answers, and ask in other forms; what was found, and all that was sent."""
    _settle(bench, trials)
    trials = _asked_again(bench, trials)
    trials = [_extended(bench, trial, _third(bench, trial)) for trial in trials]
    _settle(bench, trials)
    sent = tuple(probe for trial in trials for _, probe in trial.asked)
    return tuple(_found(bench, trial) for trial in trials if _is_settled(bench, trial)), sent


def _begun(bench: Bench, trial: Trial) -> Trial:
    forms = [
        (OverlayForm.PLAIN, _framed(bench, trial, trial.inside, schedule=_FIRST)),
        (OverlayForm.ECHO, _echo(bench, trial, schedule=_FIRST)),
    ]
    return _extended(bench, trial, forms)


def _asked_again(bench: Bench, trials: Sequence[Trial]) -> list[Trial]:
    """The trials with what follows from their first answers; who is dark is asked for by ARP."""
    dark = [trial for trial in trials if _is_dark(bench, trial) and trial.route.gateway is None]
    places = {(trial.route.interface, trial.flow.destination) for trial in dark}
    with bench.host.solicit(sorted(places, key=str)) as solicited:
        again = [_extended(bench, trial, _second(bench, trial)) for trial in trials]
        _settle(bench, again)
        answers = solicited.answers()
    for at, trial in enumerate(again):
        place = (trial.route.interface, trial.flow.destination)
        if place in places:
            neighbour = bench.host.neighbour(trial.route, trial.flow.destination)
            again[at] = replace(trial, neighbour=neighbour, link_answers=answers[place])
    return again


def _is_dark(bench: Bench, trial: Trial) -> bool:
    forms = (OverlayForm.PLAIN, OverlayForm.ECHO)
    return all(isinstance(_outcome(bench, trial, form), Unanswered) for form in forms)


def _settle(bench: Bench, trials: Iterable[Trial]) -> None:
    bench.loop.settle([probe for trial in trials for _, probe in trial.asked])


def _second(bench: Bench, trial: Trial) -> list[tuple[OverlayForm, Probe]]:
    """What is asked once it is known whether the plain frame was answered."""
    plain, echo = (_outcome(bench, trial, form) for form in (OverlayForm.PLAIN, OverlayForm.ECHO))
    if _is_dark(bench, trial):
        return [(OverlayForm.ECHO, _echo(bench, trial, schedule=_AGAIN))]
    if trial.is_control:
        # Whether it takes frames is all that is asked of a node that nobody stated.
        return []
    if is_returned(plain):
        return [*_same_frame(bench, trial), (OverlayForm.SIZE, _long(bench, trial))]
    if not isinstance(plain, Unanswered) or not isinstance(echo, Answered):
        # Somebody said why: no other form would tell more.
        return []
    bare = replace(trial.inside, source=trial.flow.source)
    beside = replace(trial.flow, destination_port=trial.flow.destination_port + 1)
    return [
        *_same_frame(bench, trial),
        (OverlayForm.BARE_ANSWER, _framed(bench, trial, bare)),
        (OverlayForm.OTHER_PORT, _framed(bench, replace(trial, flow=beside), trial.inside)),
        *(
            (OverlayForm.VNI, _framed(bench, trial, replace(bare, vni=vni)))
            for vni in OTHER_VNIS
            if vni != trial.inside.vni
        ),
    ]


def _third(bench: Bench, trial: Trial) -> list[tuple[OverlayForm, Probe]]:
    """A long frame that was lost wants a long echo beside it."""
    if not isinstance(_outcome(bench, trial, OverlayForm.SIZE), Unanswered):
        return []
    padding = Padding(size_octets=trial.octets, fragment_octets=0)
    return [(OverlayForm.LONG_ECHO, replace(_echo(bench, trial, schedule=_AGAIN), padding=padding))]


def _same_frame(bench: Bench, trial: Trial) -> list[tuple[OverlayForm, Probe]]:
    own_port = replace(trial.flow, source_port=trial.flow.destination_port)
    other = replace(trial.inside, has_checksum=not trial.inside.has_checksum)
    return [
        (OverlayForm.SOURCE_PORT, _framed(bench, replace(trial, flow=own_port), trial.inside)),
        (OverlayForm.CHECKSUM, _framed(bench, trial, other)),
    ]


def _long(bench: Bench, trial: Trial) -> Probe:
    padding = Padding(size_octets=trial.octets, fragment_octets=0)
    return replace(_framed(bench, trial, trial.inside), padding=padding)


def _framed(
    bench: Bench, trial: Trial, inside: Encapsulation, *, schedule: Schedule = _AGAIN
) -> Probe:
    return _drawn(bench, trial, (ProbeKind.VXLAN, trial.flow, schedule), inside)


def _echo(bench: Bench, trial: Trial, *, schedule: Schedule) -> Probe:
    port = bench.supply.port()
    flow = replace(
        trial.flow, protocol=Protocol.ICMP, source_port=port, destination_port=port
    )
    return _drawn(bench, trial, (ProbeKind.ICMP_ECHO, flow, schedule), NO_OVERLAY)


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
    return replace(draw_probe(ask, bench.supply), padding=AS_BUILT, encapsulation=inside)


def _extended(
    bench: Bench, trial: Trial, more: Iterable[tuple[OverlayForm, Probe]]
) -> Trial:
    more = tuple(more)
    bench.loop.submit([probe for _, probe in more], {})
    return replace(trial, asked=(*trial.asked, *more))


def _outcome(bench: Bench, trial: Trial, form: OverlayForm) -> Outcome | None:
    """The outcome of a form, None where it was not asked or is not known yet."""
    probes = [probe for asked, probe in trial.asked if asked is form]
    if not probes or not bench.loop.is_settled(probes):
        return None
    return bench.loop.outcomes(probes)[0]


def has_silence(trials: Iterable[OverlayTrial]) -> bool:
    """True if a node was silent, so that its device's counters are worth another look."""
    return any(
        item.form is OverlayForm.PLAIN and isinstance(item.outcome, Unanswered)
        for trial in trials
        for item in trial.asked
    )


def _as_object(neighbour: Neighbour | NotChecked) -> NeighbourObject | NotChecked:
    if isinstance(neighbour, NotChecked):
        return neighbour
    return NeighbourObject(
        interface=neighbour.interface, address=neighbour.address, state=neighbour.state.value
    )


def _is_settled(bench: Bench, trial: Trial) -> bool:
    return bench.loop.is_settled(probe for _, probe in trial.asked)


def _found(bench: Bench, trial: Trial) -> OverlayTrial:
    forms = [form for form, _ in trial.asked]
    outcomes = bench.loop.outcomes([probe for _, probe in trial.asked])
    return OverlayTrial(
        interface=trial.device.interface,
        port=trial.flow.destination_port,
        peer=trial.flow.destination,
        listed=trial.listed,
        received=trial.device.received,
        is_on_link=trial.route.gateway is None,
        neighbour=_as_object(trial.neighbour),
        neighbour_mac=trial.neighbour.mac if isinstance(trial.neighbour, Neighbour) else "",
        link_answers=trial.link_answers,
        asked=tuple(
            OverlayAsked(form=form, outcome=outcome)
            for form, outcome in zip(forms, outcomes, strict=True)
        ),
    )
