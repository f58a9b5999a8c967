"""How often a gateway is asked by IKE_SA_INIT in a whole run, whichever stage asks.

Each question takes lines of the gateway's log, and a daemon that is asked much stops answering
strangers: libreswan drops new exchanges, strongSwan wants cookies. So the session counts what may
come to a gateway, and a question that does not fit any more is never asked, rather than in part.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from edgediag.meaning import distance, received_hop_limit
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Address
from edgediag.model.probe import Probe
from edgediag.model.reply import IcmpKind
from edgediag.plan import HOP_LIMIT
from edgediag.session.track import Track, is_settled

MAX_QUESTIONS: Final = 100
"""The most IKE_SA_INIT that come to one gateway in a run.

A gateway that is silent is asked 40 times, most of them by the ladder, and one behind a loss 30 to
60 times; what --nat-timeout asks besides, at most 42, still fits.
"""


class Quota:
    """The questions to gateways so far."""

    def __init__(self) -> None:
        self._tracks: dict[Address, list[Track]] = {}

    def add(self, track: Track) -> None:
        """Take note of a question that may come to be asked; those of other kinds are free."""
        if _is_counted(track.probe):
            self._tracks.setdefault(track.probe.flow.destination, []).append(track)

    def admits(self, track: Track, now_s: float) -> bool:
        """True if all tries of a question that was not asked yet may come to its gateway."""
        if not _is_counted(track.probe):
            return True
        known = self._tracks[track.probe.flow.destination]
        if _falls_short(track, known):
            return True
        spent = sum(_spent(other, known, now_s) for other in known)
        return spent + len(track.probe.schedule.offsets_s) <= MAX_QUESTIONS

    def withheld(self) -> Mapping[Address, int]:
        """How many questions were not asked, by gateway."""
        counts = {
            gateway: sum(track.is_withheld for track in tracks)
            for gateway, tracks in self._tracks.items()
        }
        return {gateway: count for gateway, count in counts.items() if count}


def _is_counted(probe: Probe) -> bool:
    return probe.kind is ProbeKind.IKE_SA_INIT


def _spent(track: Track, known: Sequence[Track], now_s: float) -> int:
    """How many tries came to the gateway, or may come yet."""
    if not track.tries or _falls_short(track, known):
        return 0
    tries = track.tries if is_settled(track, now_s) else len(track.probe.schedule.offsets_s)
    return tries - track.refused


def _falls_short(track: Track, known: Sequence[Track]) -> bool:
    """True if its hop limit ends at a router.

    The hop limit of an answer tells how far away the gateway is, unless the way back is longer:
    then the gateway answers nearer, and what comes as far as that counts.
    """
    hop_limit = track.probe.hop_limit
    reached = min((item.probe.hop_limit for item in known if item.direct), default=HOP_LIMIT)
    if hop_limit >= reached:
        return False
    expired = max((item.probe.hop_limit for item in known if _has_expired(item)), default=0)
    return hop_limit <= max(expired, *map(_hops_before, known))


def _has_expired(track: Track) -> bool:
    icmp = track.icmp
    if icmp is None or track.direct is not None:
        return False
    return icmp.kind is IcmpKind.TIME_EXCEEDED and icmp.sender != track.probe.flow.destination


def _hops_before(track: Track) -> int:
    """How many routers stand before the gateway, 0 where this question does not tell."""
    hop_limit = None if track.direct is None else received_hop_limit(track.direct)
    return 0 if hop_limit is None else distance(hop_limit) - 1
