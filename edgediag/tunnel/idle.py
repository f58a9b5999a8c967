"""How long a translator keeps the mapping of an idle flow, asked of an IKE gateway.

An answer comes back through a new mapping as well as through the old one. So the gateway is asked
how it sees us: its NAT_DETECTION_DESTINATION_IP tells by a digest whether address and port are
those of before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edgediag.checked import Checked, hop_limit_of, is_ok, lead
from edgediag.instruments import Bench
from edgediag.meaning import distance
from edgediag.model.answer import Answer, NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.mapping import IdleTrial, MappingLifetime
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.probe import Probe, Purpose, Schedule, Way
from edgediag.model.reply import IkeReply, SeenAs
from edgediag.path import Walk, draw_rungs, ladder_of
from edgediag.plan import Supply

# Eight flows at first, each idle half as long again as the one before, then twice three between the
# two that differ: 14 flows with three questions each are all that a gateway is asked.
FIRST_TRIALS: Final = 8
_FIRST_RATIO: Final = 1.5
NEXT_TRIALS: Final = 3
MAX_ROUNDS: Final = 3
MAX_PROBES: Final = 3 * (FIRST_TRIALS + (MAX_ROUNDS - 1) * NEXT_TRIALS)
# One port for each flow, and one for the ladder.
MAX_PORTS: Final = MAX_PROBES // 3 + 1

# Linux takes a UDP flow for a stream, and keeps it longer, once answers come for more than two
# seconds (net/netfilter/nf_conntrack_proto_udp.c); a tunnel is one.
_STREAM_S: Final = 2.2
_PATIENCE_S: Final = 1.0

# By how much the further rounds may outlast the longest idle time: a quarter, and their streams.
_OVERTIME: Final = 1.25

NO_GATEWAY: Final = "no IKE gateway answered that could be asked"
SAYS_NOTHING: Final = (
    "the gateway answers and does not say from where it sees this node, and an answer comes back "
    "through a new mapping as well"
)
OWN_SPI: Final = "the gateway's answers bear an SPI of their own, so that no two can be compared"
NO_NAT: Final = "the gateway sees this node's own address and port: nothing translates them"
CUT_SHORT: Final = (
    "not all idle times were tried: the run was interrupted, or the gateway had been asked as "
    "often as it may be"
)
LOST: Final = "the questions or their answers were lost"
NEVER_CHANGED: Final = (
    "the gateway saw the same address and port after every idle time: the mappings live on, or the "
    "translator gives the same port again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    idle_s: float
    first: Probe
    second: Probe
    third: Probe


def measure_idle(
    bench: Bench, checks: Sequence[Checked], longest_s: float
) -> tuple[MappingLifetime, tuple[Probe, ...]]:
    """Leave mappings of the first gateway that answers idle, up to `longest_s` seconds.

    A round ends with the first mapping that is seen forgotten, and the next one begins beside what
    is still idle, so that the whole takes little longer than the longest idle time.
    """
    check = next(filter(_is_gateway, checks), None)
    if check is None:
        return _untold(None, longest_s, (), NO_GATEWAY), ()
    asked = lead(check).probe
    rungs = _climbed(bench, check)
    idles = [longest_s / _FIRST_RATIO**place for place in reversed(range(FIRST_TRIALS))]
    rounds: list[tuple[_Trial, ...]] = []
    spent_s = 0.0
    while idles:
        rounds.append(_begun(bench, asked, idles))
        spent_s += _STREAM_S + _awaited_s(bench, rounds[-1])
        bracket = _bracket(_read(bench, rounds))
        idles = [] if bracket is None or len(rounds) == MAX_ROUNDS else _between(*bracket)
        if idles and spent_s + idles[-1] > _OVERTIME * longest_s + _STREAM_S:
            idles = []
    bench.loop.settle(trial.third for trials in rounds for trial in trials)
    sent = tuple(probe for trials in rounds for trial in trials for probe in _probes(trial))
    trials = _read(bench, rounds)
    reason = _why_not(bench, sent, trials)
    told = _untold(check, longest_s, trials, reason)
    if rungs:
        told = replace(told, ladder=ladder_of(rungs[0].flow, bench.loop.outcomes(rungs)))
    return told, (*sent, *rungs)


def _is_gateway(check: Checked) -> bool:
    return ProbeKind.IKE_SA_INIT in check.target.kinds and is_ok(check)


def _climbed(bench: Bench, check: Checked) -> tuple[Probe, ...]:
    """A ladder that ends before the gateway, under way while mappings are idle.

    returns  () where it is not known how far away the gateway is, or nothing stands before it
    """
    asked, hop_limit = lead(check).probe, hop_limit_of(check)
    hops = 0 if hop_limit is None else distance(hop_limit) - 1
    if hops < 1:
        return ()
    walk = Walk(
        check=asked.check,
        purpose=Purpose.LADDER,
        kind=asked.kind,
        flow=replace(asked.flow, source_port=bench.supply.port()),
        name=asked.name,
        hops=hops,
        start_s=0.0,
    )
    rungs = draw_rungs(walk, bench.supply)
    bench.loop.submit(rungs, {})
    return rungs


def _untold(
    check: Checked | None, longest_s: float, trials: tuple[IdleTrial, ...], reason: str
) -> MappingLifetime:
    return MappingLifetime(
        gateway=None if check is None else lead(check).probe.flow.destination,
        longest_s=longest_s,
        trials=trials,
        reason=reason,
    )


def _begun(bench: Bench, asked: Probe, idles: Iterable[float]) -> tuple[_Trial, ...]:
    """All flows at once: two questions that make a stream of each, then its idle time begins."""
    trials = tuple(_drawn(asked, idle_s, bench.supply) for idle_s in idles)
    # One after another: all three bear one SPI, so that an answer fits whichever is under way.
    for probes in ([trial.first for trial in trials], [trial.second for trial in trials]):
        bench.loop.submit(probes, {})
        bench.loop.settle(probes)
    bench.loop.submit([trial.third for trial in trials], {})
    return trials


def _awaited_s(bench: Bench, trials: Sequence[_Trial]) -> float:
    """Wait until one mapping was forgotten, or all have their word; how long that was.

    The longer ones stay idle meanwhile: what they will say is known then.
    """
    for trial in trials:
        bench.loop.settle([trial.third])
        if _trial(trial.idle_s, bench.loop.outcomes(_probes(trial))).is_kept is Answer.NO:
            return trial.idle_s
    return trials[-1].idle_s


def _drawn(asked: Probe, idle_s: float, supply: Supply) -> _Trial:
    flow = replace(asked.flow, source_port=supply.port())
    _, _, token = supply.draw()

    def question(start_s: float) -> Probe:
        # Once: an answer that comes twice would be taken for that to the next question.
        id_, ip_id, _ = supply.draw()
        return replace(
            asked,
            id=id_,
            ip_id=ip_id,
            token=token,
            flow=flow,
            purpose=Purpose.IDLE,
            way=Way.IP_STACK,
            schedule=Schedule(offsets_s=(start_s,), timeout_s=start_s + _PATIENCE_S),
        )

    return _Trial(
        idle_s=idle_s, first=question(0.0), second=question(_STREAM_S), third=question(idle_s)
    )


def _probes(trial: _Trial) -> tuple[Probe, ...]:
    return trial.first, trial.second, trial.third


def _read(bench: Bench, rounds: Iterable[Sequence[_Trial]]) -> tuple[IdleTrial, ...]:
    found = (
        _trial(trial.idle_s, bench.loop.outcomes(_probes(trial)))
        for trials in rounds
        for trial in trials
    )
    return tuple(sorted(found, key=lambda trial: trial.idle_s))


def _trial(idle_s: float, outcomes: Sequence[Outcome]) -> IdleTrial:
    before, after = map(_seen_as, outcomes[1:])
    is_kept = Answer.NOT_CHECKED
    is_comparable = before is not None and after is not None and before.spi == after.spi
    if is_comparable and before is not None and after is not None and not before.is_own:
        is_kept = Answer.YES if before.digest == after.digest else Answer.NO
    packets = sorted({seen.number for outcome in outcomes for seen in outcome.seen})
    return IdleTrial(idle_s=idle_s, is_kept=is_kept, packets=tuple(packets))


def _seen_as(outcome: Outcome) -> SeenAs | None:
    # What came before it was sent answers an earlier question.
    if not isinstance(outcome, Answered) or not outcome.tries:
        return None
    reply = outcome.reply
    told = reply.seen_as if isinstance(reply, IkeReply) else None
    return None if isinstance(told, NotChecked) else told


def _bracket(trials: Sequence[IdleTrial]) -> tuple[float, float] | None:
    """The longest idle time that was borne and the shortest that was not, None without one."""
    gone = [trial.idle_s for trial in trials if trial.is_kept is Answer.NO]
    if not gone:
        return None
    kept = (trial.idle_s for trial in trials if trial.is_kept is Answer.YES)
    return max((idle_s for idle_s in kept if idle_s < gone[0]), default=0.0), gone[0]


def _between(low_s: float, high_s: float) -> list[float]:
    step_s = (high_s - low_s) / (NEXT_TRIALS + 1)
    return [low_s + step_s * place for place in range(1, NEXT_TRIALS + 1)]


def _why_not(bench: Bench, sent: Sequence[Probe], trials: Sequence[IdleTrial]) -> str:
    if any(trial.is_kept is Answer.NO for trial in trials):
        return ""
    if not bench.loop.is_settled(sent):
        return CUT_SHORT
    outcomes = bench.loop.outcomes(sent)
    if any(trial.is_kept is Answer.YES for trial in trials):
        return NEVER_CHANGED
    answers = [item for item in outcomes if isinstance(item, Answered)]
    told = [seen for seen in map(_seen_as, answers) if seen is not None]
    if not answers:
        return LOST
    if not told:
        return SAYS_NOTHING
    if any(seen.is_own for seen in told):
        return NO_NAT
    return OWN_SPI if len({seen.spi for seen in told}) > 1 else LOST
