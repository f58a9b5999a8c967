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
from edgediag.model.flow import Address
from edgediag.model.host import HostState, Neighbour
from edgediag.model.outcome import Answered, Unanswered
from edgediag.model.overlay_trial import OverlayAsked, OverlayForm, OverlayTrial
from edgediag.model.probe import Padding, Probe, Schedule
from edgediag.plan import CHECK_OFFSETS_S
from edgediag.tunnel.overlay_asking import (
    AGAIN,
    draw_echo,
    draw_frame,
    draw_long,
    extended,
    is_settled,
    outcome,
    settle,
)
from edgediag.tunnel.overlay_peers import MAX_PEERS, OVERLAYS, Trial, trials_of
from edgediag.tunnel.overlay_sweep import LEGS, legs, legs_again, narrowed

# Source ports that a trial takes: of its frames, of its echo, of the long one, and of other legs.
PORTS_OF_TRIAL: Final = 3 + LEGS
# Of both overlays, each with one trial more beside a node that the table has elsewhere.
PORTS_OF_TRIALS: Final = 2 * (MAX_PEERS + 1) * PORTS_OF_TRIAL

# What clusters use beside 1 and Raven's 200: a device made twice, and flannel's on Windows.
OTHER_VNIS: Final = (1, 2, 100, 200, 4096)

_FIRST: Final = Schedule(offsets_s=CHECK_OFFSETS_S, timeout_s=1.6)


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
    settle(bench, trials)
    trials = _asked_again(bench, trials)
    trials = [extended(bench, trial, _third(bench, trial)) for trial in trials]
    settle(bench, trials)
    trials = narrowed(bench, trials)
    sent = tuple(probe for trial in trials for _, probe in trial.asked)
    return tuple(_found(bench, trial) for trial in trials if is_settled(bench, trial)), sent


def _begun(bench: Bench, trial: Trial) -> Trial:
    forms = [
        (OverlayForm.PLAIN, draw_frame(bench, trial, trial.inside, schedule=_FIRST)),
        (OverlayForm.ECHO, draw_echo(bench, trial, schedule=_FIRST)),
    ]
    return extended(bench, trial, forms)


def _asked_again(bench: Bench, trials: Sequence[Trial]) -> list[Trial]:
    """The trials with what follows from their first answers; who is dark is asked for by ARP."""
    dark = [trial for trial in trials if _is_dark(bench, trial) and trial.route.gateway is None]
    places = {(trial.route.interface, trial.flow.destination) for trial in dark}
    with bench.host.solicit(sorted(places, key=str)) as solicited:
        again = [extended(bench, trial, _second(bench, trial)) for trial in trials]
        settle(bench, again)
        answers = solicited.answers()
    for at, trial in enumerate(again):
        place = (trial.route.interface, trial.flow.destination)
        if place in places:
            neighbour = bench.host.neighbour(trial.route, trial.flow.destination)
            again[at] = replace(trial, neighbour=neighbour, link_answers=answers[place])
    return again


def _is_dark(bench: Bench, trial: Trial) -> bool:
    forms = (OverlayForm.PLAIN, OverlayForm.ECHO)
    return all(isinstance(outcome(bench, trial, form), Unanswered) for form in forms)


def _second(bench: Bench, trial: Trial) -> list[tuple[OverlayForm, Probe]]:
    """What is asked once it is known whether the plain frame was answered."""
    plain = outcome(bench, trial, OverlayForm.PLAIN)
    echo = outcome(bench, trial, OverlayForm.ECHO)
    if _is_dark(bench, trial):
        return [(OverlayForm.ECHO, draw_echo(bench, trial, schedule=AGAIN))]
    if trial.is_control:
        # Whether it takes frames is all that is asked of a node that nobody stated.
        return []
    if is_returned(plain):
        whole = draw_long(bench, trial, trial.octets)
        return [*_same_frame(bench, trial), (OverlayForm.SIZE, whole)]
    if not isinstance(plain, Unanswered) or not isinstance(echo, Answered):
        # Somebody said why: no other form would tell more.
        return []
    bare = replace(trial.inside, source=trial.flow.source)
    beside = replace(trial.flow, destination_port=trial.flow.destination_port + 1)
    return [
        *_same_frame(bench, trial),
        (OverlayForm.BARE_ANSWER, draw_frame(bench, trial, bare)),
        (OverlayForm.OTHER_PORT, draw_frame(bench, replace(trial, flow=beside), trial.inside)),
        *(
            (OverlayForm.VNI, draw_frame(bench, trial, replace(bare, vni=vni)))
            for vni in OTHER_VNIS
            if vni != trial.inside.vni
        ),
    ]


def _third(bench: Bench, trial: Trial) -> list[tuple[OverlayForm, Probe]]:
    """A lost long frame wants a long echo beside it, and ports that differ a second try."""
    again = legs_again(bench, trial)
    if not isinstance(outcome(bench, trial, OverlayForm.SIZE), Unanswered):
        return again
    padding = Padding(size_octets=trial.octets, fragment_octets=0)
    echo = replace(draw_echo(bench, trial, schedule=AGAIN), padding=padding)
    return [*again, (OverlayForm.LONG_ECHO, echo)]


def _same_frame(bench: Bench, trial: Trial) -> list[tuple[OverlayForm, Probe]]:
    own_port = replace(trial.flow, source_port=trial.flow.destination_port)
    other = replace(trial.inside, has_checksum=not trial.inside.has_checksum)
    return [
        (OverlayForm.SOURCE_PORT, draw_frame(bench, replace(trial, flow=own_port), trial.inside)),
        (OverlayForm.CHECKSUM, draw_frame(bench, trial, other)),
        *legs(bench, trial),
    ]


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
            OverlayAsked(form=form, outcome=item)
            for form, item in zip(forms, outcomes, strict=True)
        ),
    )
