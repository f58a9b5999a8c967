"""The stage beside the search: what was answered is asked again with one thing changed.

A form that is answered costs one packet and its answer. One that is silent is walked beside a form
that was answered, and asked once more when both walks are over.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from edgediag.checked import Checked, is_heard, is_ok, is_suspect, lead, with_later
from edgediag.inference.forms import is_form_lost, router_beyond
from edgediag.instruments import Bench
from edgediag.locate.controls import hops_of
from edgediag.meaning import has_left, is_gone, is_rewritten
from edgediag.model.answer import NotChecked
from edgediag.model.drops import TraceResult
from edgediag.model.host import Link
from edgediag.model.outcome import Answered, Outcome, SendFailed
from edgediag.model.path import Ladder
from edgediag.model.probe import Probe, Purpose
from edgediag.model.variation import Change, Variation
from edgediag.path import ladder_of, last_expiry
from edgediag.stages.forms import (
    Form,
    draw_again,
    draw_glance,
    draw_ladder,
    draw_question,
    forms_of,
    plain_of,
    smaller,
)
from edgediag.stages.retrace import trace_probes

# Checks of one kind that are varied in a run: a cluster has one API server and few gateways.
MAX_VARIED = 2

# With their control no more walks than a router has errors for.
MAX_WALKED = 3

AS_ASKED = NotChecked(reason="it did not leave as another flow than was asked")
NOT_REFUSED = NotChecked(reason="this host did not refuse to send it")
NOT_WALKED = NotChecked(reason="it was answered, or others that were silent were walked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Varied:
    """What was tried: the variations by check id, and every probe that was sent for them.

    is_lossy  a flow on another path was answered only when it was asked again
    """

    variations: Mapping[str, tuple[Variation, ...]]
    sent: tuple[Probe, ...]
    is_lossy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A form, the one that it is held against, and the probes of both so far."""

    form: Form
    plain: Form
    questions: tuple[Probe, ...] = ()
    rungs: tuple[Probe, ...] = ()
    control: tuple[Probe, ...] = ()


def begin(
    bench: Bench, checks: Sequence[Checked], links: Mapping[str, Link | NotChecked]
) -> tuple[Trial, ...]:
    """Ask in all forms that are worth trying; nobody waits for the answers yet."""
    working = [check for check in checks if is_ok(check)]
    count: Counter[Change] = Counter()
    trials: list[Trial] = []
    for check in checks:
        link, far = links[check.target.check], hops_of(check, working)
        forms = () if is_suspect(check) else forms_of(check, link, far, bench.supply)
        count.update({form.change for form in forms})
        if all(count[form.change] <= MAX_VARIED for form in forms):
            trials += [_asked(bench, form, lead(check).probe) for form in forms]
    bench.loop.submit([probe for trial in trials for probe in trial.questions], {})
    return tuple(trials)


def finish(bench: Bench, trials: Sequence[Trial]) -> Varied:
    """Wait for the answers, and walk what was lost."""
    glanced = [_glanced(bench, trial) for trial in trials]
    asked = [probe for trial in trials for probe in trial.questions]
    glances = _submitted(bench, glanced, asked)
    bench.loop.settle(probe for trial in glanced for probe in _awaited(trial))
    followed = _followed(bench, glanced)
    walks = _submitted(bench, followed, (*asked, *glances))
    bench.loop.settle(walks)
    refused = {
        str(probe.id): probe for trial in followed if _is_refused(bench, trial)
        for probe in trial.questions[:1]
    }
    traced = trace_probes(bench, refused, {})
    variations: dict[str, tuple[Variation, ...]] = {}
    for trial in followed:
        if bench.loop.is_settled(_awaited(trial)):
            known = variations.get(trial.form.check, ())
            variations[trial.form.check] = (*known, _variation(bench, trial, traced.results))
    return Varied(
        variations=variations,
        sent=(*asked, *glances, *walks, *traced.repeats),
        is_lossy=any(map(_is_answered_late, variations.values())),
    )


def _is_answered_late(variations: Iterable[Variation]) -> bool:
    outcomes = _on_other_paths(variations)
    return any(isinstance(outcome, Answered) and outcome.tries > 1 for outcome in outcomes)


def _on_other_paths(variations: Iterable[Variation]) -> tuple[Outcome, ...]:
    legs = (item for item in variations if item.change is Change.LEG)
    return tuple(outcome for leg in legs for outcome in leg.attempts)


def _is_refused(bench: Bench, trial: Trial) -> bool:
    outcomes = bench.loop.outcomes(trial.questions)
    is_refused = all(isinstance(item, SendFailed) and not has_left(item) for item in outcomes)
    # What is longer than the kernel knows the way to be is no rule's doing.
    return is_refused and bool(outcomes) and trial.form.change is not Change.SIZE


def steady(
    checks: Sequence[Checked], varied: Varied, *, is_lossy: bool
) -> tuple[Checked, ...]:
    """The checks whose losses are worth counting, with what came of their flows on other paths.

    Of a bad path among several a share is lost too, and counting it says nothing new; but what
    loses one flow and serves it when it is alone makes lost paths as well.
    """
    told = ((check, varied.variations.get(check.target.check, ())) for check in checks)
    return tuple(
        with_later(check, _on_other_paths(variations))
        for check, variations in told
        if is_lossy or not has_lost_leg(variations)
    )


def has_lost_leg(variations: Sequence[Variation]) -> bool:
    """True if the walk of a flow that was lost ends where that of one that was served goes on."""
    return any(
        item.change is Change.LEG and is_form_lost(item) and router_beyond(item) is not None
        for item in variations
    )


def _asked(bench: Bench, form: Form, asked: Probe) -> Trial:
    is_shape = form.change is Change.SHAPE
    questions = () if is_shape else (draw_question(form, bench.supply),)
    return Trial(form=form, plain=plain_of(form, asked), questions=questions)


def _glanced(bench: Bench, trial: Trial) -> Trial:
    if trial.form.change is not Change.SHAPE:
        return trial
    rungs, control = (draw_glance(form, bench.supply) for form in (trial.form, trial.plain))
    return replace(trial, rungs=rungs, control=control)


def _awaited(trial: Trial) -> tuple[Probe, ...]:
    """What must have its outcome: of a shape only what the last router says."""
    return trial.questions or trial.rungs[-1:]


def _submitted(
    bench: Bench, trials: Sequence[Trial], sent: Sequence[Probe]
) -> tuple[Probe, ...]:
    """All probes of the trials that were not sent yet, submitted now."""
    known = {probe.id for probe in sent}
    probes = [
        probe
        for part in _PARTS
        for trial in trials
        for probe in part(trial)
        if probe.id not in known
    ]
    fresh = tuple({probe.id: probe for probe in probes}.values())
    bench.loop.submit(fresh, {})
    return fresh


# A form goes before what it is held against: where a router has one error left, it is not the
# control's.
_PARTS: tuple[Callable[[Trial], tuple[Probe, ...]], ...] = (
    lambda trial: trial.questions,
    lambda trial: trial.rungs,
    lambda trial: trial.control,
)


def _followed(bench: Bench, trials: Sequence[Trial]) -> list[Trial]:
    """All trials, the lost ones with what is to be asked of them next."""
    lost = [trial for trial in trials if _is_lost(bench, trial, trials)][:MAX_WALKED]
    controls: dict[Form, tuple[Probe, ...]] = {}
    followed: list[Trial] = []
    for trial in trials:
        if trial not in lost:
            followed.append(trial)
            continue
        plain = _plain(bench, trial, trials)
        controls[plain] = controls.get(plain) or draw_ladder(plain, bench.supply)
        walked = replace(
            trial, rungs=draw_ladder(trial.form, bench.supply), control=controls[plain]
        )
        again = [draw_again(trial.form, lost.index(trial), bench.supply)] if trial.questions else []
        followed.append(replace(walked, questions=(*trial.questions, *again)))
        followed += [_asked(bench, form, trial.questions[0]) for form in smaller(trial.form)]
    return followed


def _plain(bench: Bench, trial: Trial, trials: Sequence[Trial]) -> Form:
    # Of several paths one that was answered is the control: the check's own may be the bad one.
    if trial.form.change is not Change.LEG:
        return trial.plain
    answered = (other.form for other in _legs(trial, trials) if _is_answered(bench, other))
    return next(answered, trial.plain)


def _legs(trial: Trial, trials: Sequence[Trial]) -> list[Trial]:
    here = trial.form.check
    return [
        other
        for other in trials
        if other.form.change is Change.LEG and other.form.check == here
    ]


def _is_answered(bench: Bench, trial: Trial) -> bool:
    return any(map(is_heard, bench.loop.outcomes(trial.questions)))


def _is_lost(bench: Bench, trial: Trial, trials: Sequence[Trial]) -> bool:
    if trial.form.change is Change.SHAPE:
        return _reach(bench, trial.rungs) < _reach(bench, trial.control)
    # Where every flow is lost, the check's own among them, the path is no matter of ports.
    is_followed = trial.form.is_followed or (
        trial.form.change is Change.LEG
        and any(_is_answered(bench, other) for other in _legs(trial, trials))
    )
    return is_followed and all(map(is_gone, bench.loop.outcomes(trial.questions)))


def _reach(bench: Bench, rungs: Sequence[Probe]) -> int:
    hop = last_expiry(_ladder_from(bench, rungs)) if rungs else None
    return 0 if hop is None else hop.distance


def _ladder_from(bench: Bench, rungs: Sequence[Probe]) -> Ladder:
    return ladder_of(rungs[0].flow, bench.loop.outcomes(rungs))


def _variation(
    bench: Bench, trial: Trial, traces: Mapping[str, TraceResult]
) -> Variation:
    padding = trial.form.padding
    walks = [
        _ladder_from(bench, rungs)
        if _is_walk(rungs) and bench.loop.is_settled(rungs)
        else NOT_WALKED
        for rungs in (trial.rungs, trial.control)
    ]
    attempts = bench.loop.outcomes(trial.questions or _glances(trial))
    is_another = trial.form.change is Change.SOURCE_PORT and any(map(is_rewritten, attempts))
    return Variation(
        change=trial.form.change,
        octets=0 if isinstance(padding, NotChecked) else padding.size_octets,
        attempts=attempts,
        ladder=walks[0],
        control=walks[1],
        trace=traces.get(str(trial.questions[0].id) if trial.questions else "", NOT_REFUSED),
        tracked=bench.host.tracked(trial.form.flow) if is_another else AS_ASKED,
    )


def _glances(trial: Trial) -> tuple[Probe, ...]:
    """What the last router says of a shape that it carries: it is the farthest that can speak."""
    return () if _is_walk(trial.rungs) else trial.rungs[-1:]


def _is_walk(rungs: Sequence[Probe]) -> bool:
    return bool(rungs) and rungs[0].purpose is Purpose.LADDER
