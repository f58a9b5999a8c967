"""ICMP errors that a flow drew, or kin of it in its stead."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgediag.inference.reading import packets_of
from edgediag.meaning import has_left
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence, Kin
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.path import Ladder
from edgediag.model.reply import IcmpReply
from edgediag.path import is_expiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """An ICMP error that the flow drew.

    rtt_s    from the probe that drew it
    kin      the check whose walk drew it in this one's stead, "" for the flow itself
    packets  capture numbers, ascending
    """

    reply: IcmpReply
    rtt_s: float
    kin: str
    packets: tuple[int, ...]


def icmp_of(evidence: FlowEvidence) -> Drawn | None:
    """The first ICMP error that the flow drew: an attempt, else a rung that had not just expired.

    Routers limit their errors, so a flow that drew none may draw one when it is asked again, alone,
    or have kin that did.
    """
    confirmation = evidence.confirmation
    again = () if isinstance(confirmation, NotChecked) else (confirmation,)
    attempts = (*evidence.attempts, *again)
    own = _from_attempts(attempts, "") or _from_ladder(evidence.ladder, "")
    if own is not None:
        return own
    drawn = (_from_kin(kin) for kin in evidence.kin)
    return next((item for item in drawn if item is not None), None)


def is_from_outside(drawn: Drawn, evidence: FlowEvidence) -> bool:
    """False for an error to packets that never left: this host made it, whatever sender it bears.

    A translation of this host's own gives such an error the address that was asked.
    """
    is_walked = isinstance(evidence.ladder, Ladder)
    return bool(drawn.kin) or is_walked or any(map(has_left, evidence.attempts))


def _from_kin(kin: Kin) -> Drawn | None:
    # What its own destination says of itself says nothing of another one.
    drawn = _from_attempts(kin.attempts, kin.check) or _from_ladder(kin.ladder, kin.check)
    if drawn is None or drawn.reply.sender == kin.ladder.flow.destination:
        return None
    return drawn


def _from_attempts(attempts: Iterable[Outcome], kin: str) -> Drawn | None:
    for outcome in attempts:
        if isinstance(outcome, Answered) and isinstance(outcome.reply, IcmpReply):
            return Drawn(
                reply=outcome.reply, rtt_s=outcome.rtt_s, kin=kin, packets=packets_of([outcome])
            )
    return None


def _from_ladder(ladder: Ladder | NotChecked, kin: str) -> Drawn | None:
    for hop in ladder.hops if isinstance(ladder, Ladder) else ():
        if isinstance(hop.reply, IcmpReply) and not is_expiry(hop):
            return Drawn(reply=hop.reply, rtt_s=hop.rtt_s or 0.0, kin=kin, packets=hop.packets)
    return None
