"""The stage that counts: how many packets are lost at times, where, and does the pace matter?

Three tries hide a loss of one in three from most checks. So where any first try went unanswered and
a later one did not, the tunnel and the API server are asked many times, quickly; what loses much
so is asked slowly as well, because a limit spares what keeps below it and loss does not, and only
as long as that can still show. What is lost for certain is walked, and the other hosts are counted,
for they may share it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgediag.checked import (
    Checked,
    host_of,
    is_answered_late,
    is_answering,
    is_ok,
    name_of,
    packets_of,
)
from edgediag.inference.losses import loss_begins
from edgediag.instruments import Bench
from edgediag.losses.counting import Counting
from edgediag.losses.shared_path import NOBODY, Paths, walk_networks
from edgediag.losses.train import QUICK
from edgediag.meaning import is_rewritten
from edgediag.model.endpoint import HostSource
from edgediag.model.flow import Address
from edgediag.model.outcome import Answered, Outcome, Unanswered
from edgediag.model.probe import Probe
from edgediag.model.train import Train
from edgediag.model.verdict import Landmark
from edgediag.plan import STREAMS

# What lost so many quick packets is asked slowly; what lost fewer is asked as quickly once more: of
# a loss of a third so few of twenty are lost in one run of ten.
MUCH_LOST = 4

# A SYN that is lost is sent again by the kernel after so long (RFC 6298 §2.1).
RETRANSMISSION_S = 1.0

_COUNTED = (HostSource.API_SERVER.value, HostSource.RAVEN_TUNNEL.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The trains by check id, the walks into other networks, and every probe that was sent."""

    trains: Mapping[str, tuple[Train, ...]]
    paths: Paths
    sent: tuple[Probe, ...]


def count_losses(bench: Bench, checks: Sequence[Checked], *, is_lossy: bool) -> Counted:
    """Count what is lost of the tunnel and of the API server, if anything hints at a loss.

    is_lossy  a silent flow was served when it was asked again
    """
    if not is_lossy and not any(map(_is_hint, checks)):
        return Counted(trains={}, paths=NOBODY, sent=())
    counting, chosen = Counting(bench), _chosen(checks)
    counting.ask(chosen, QUICK)
    much = [check for check in chosen if counting.lost(check) >= MUCH_LOST]
    few = [check for check in chosen if 0 < counting.lost(check) < MUCH_LOST]
    counting.ask(few, QUICK)
    counting.ask_slowly(much)
    spared = [check for check in much if counting.is_spared(check)]
    limited = [check for check in spared if counting.has_limit(check)]
    lossy = counting.lossy([check for check in chosen if check not in spared])
    counting.call_roll(checks, chosen, (limited, lossy))
    paths = _paths(bench, checks, counting.trains)
    return Counted(trains=counting.trains, paths=paths, sent=(*counting.sent, *paths.sent))


def _paths(
    bench: Bench, checks: Sequence[Checked], trains: Mapping[str, tuple[Train, ...]]
) -> Paths:
    """The walks into networks that may lie behind a loss, where it begins in front of a router."""
    walked: list[Checked] = []
    behind: set[Address] = set()
    for check in checks:
        found = loss_begins(trains.get(name_of(check), ()), name_of(check))
        if found is not None and found.upto is not Landmark.HOST:
            walked.append(check)
            behind |= found.routers
    return walk_networks(bench, checks, (walked, behind)) if walked else NOBODY


def _is_hint(check: Checked) -> bool:
    if any(map(is_rewritten, check.attempts)):
        return False
    if is_answered_late(check) or any(map(_is_slow, check.attempts)):
        return True
    return is_ok(check) and any(isinstance(item, Unanswered) for item in packets_of(check))


def _is_slow(outcome: Outcome) -> bool:
    is_stream = outcome.probe.kind in STREAMS
    return is_stream and isinstance(outcome, Answered) and outcome.rtt_s >= RETRANSMISSION_S


def _chosen(checks: Sequence[Checked]) -> list[Checked]:
    # The first of each kind and IP version that was heard at all: what is dark loses everything.
    chosen: dict[tuple[str, int], Checked] = {}
    for check in checks:
        is_counted = check.target.endpoint in _COUNTED and is_answering(check)
        if is_counted and not any(map(is_rewritten, check.attempts)):
            chosen.setdefault((check.target.endpoint, host_of(check).version), check)
    return list(chosen.values())
