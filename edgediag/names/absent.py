"""Name servers of which no word came are asked once more, when their last router has errors left.

A router looks for a host for three seconds before it says that there is none (mcast_solicit = 3,
retrans_time_ms = 1000), and then of every packet that waited. Walks spend the errors that it has
for this host, so that a line of resolv.conf that names nobody reads as silence.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from edgediag.checked import Checked, hop_limit_of, host_of, lead, name_of, with_later
from edgediag.instruments import Bench
from edgediag.meaning import distance
from edgediag.model.flow import Flow
from edgediag.model.outcome import Answered, Unanswered
from edgediag.model.path import Ladder
from edgediag.model.probe import Probe, Schedule
from edgediag.names.stub import UPSTREAM
from edgediag.path import first_in_name_of, is_expiry, last_expiry
from edgediag.plan import draw_confirm
from edgediag.stages.assignment import RESOLVER

# As long as a router looks for a host: before, for what waits there gets its errors first, and
# after the question.
RESOLUTION_S = 3.2


def ask_absent(
    bench: Bench, checks: Sequence[Checked], ladders: Mapping[Flow, Ladder]
) -> dict[str, Probe]:
    """Ask the name servers that may be absent, by check id; nobody waits for them yet."""
    far = {distance(hops) - 1 for hops in map(hop_limit_of, checks) if hops is not None}
    asked = {
        name_of(check): _question(bench, check)
        for check in checks
        if may_be_absent(check, ladders, far)
    }
    bench.loop.submit(asked.values(), {})
    return asked


def with_absent(
    bench: Bench, asked: Mapping[str, Probe], checks: Iterable[Checked]
) -> tuple[Checked, ...]:
    """The checks with what came of these questions, where anything did; waits for them."""
    bench.loop.settle(asked.values())
    outcomes = zip(asked, bench.loop.outcomes(asked.values()), strict=True)
    told = {check: outcome for check, outcome in outcomes if isinstance(outcome, Answered)}
    return tuple(
        with_later(check, [told[name_of(check)]]) if name_of(check) in told else check
        for check in checks
    )


def may_be_absent(
    check: Checked, ladders: Mapping[Flow, Ladder], far: Collection[int]
) -> bool:
    """True if a name server's walk came as far as others' last routers, and nobody said a word.

    far  the distances of routers next to hosts that answered
    """
    walked = ladders.get(lead(check).probe.flow)
    if check.target.endpoint not in (RESOLVER, UPSTREAM) or walked is None:
        return False
    is_silent = all(isinstance(outcome, Unanswered) for outcome in check.attempts)
    last = last_expiry(walked)
    if not is_silent or last is None or last.distance not in far:
        return False
    return not any(_has_word(ladder) for ladder in _to(check, ladders.values()))


def _to(check: Checked, ladders: Iterable[Ladder]) -> list[Ladder]:
    return [ladder for ladder in ladders if ladder.flow.destination == host_of(check)]


def _has_word(ladder: Ladder) -> bool:
    """True if the host answered, or a router said more than that a probe expired."""
    if first_in_name_of(ladder, ladder.flow.destination) is not None:
        return True
    return any(hop.reply is not None and not is_expiry(hop) for hop in ladder.hops)


def _question(bench: Bench, check: Checked) -> Probe:
    drawn = draw_confirm(lead(check).probe, (RESOLUTION_S,), bench.supply)
    # On a flow of its own, for which no socket was told of an error to an earlier question.
    flow = replace(drawn.flow, source_port=bench.supply.port())
    schedule = Schedule(offsets_s=(RESOLUTION_S,), timeout_s=2 * RESOLUTION_S)
    return replace(drawn, flow=flow, schedule=schedule)
