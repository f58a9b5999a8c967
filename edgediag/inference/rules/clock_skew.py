"""A time server that answers well, and by whom this host's clock is wrong."""

from dataclasses import replace

from edgediag.checked import clock_of
from edgediag.inference.claim import ANYWHERE, at_destination, finding, on_this_host, one_of
from edgediag.inference.ladders import after_of
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.meaning import CLOCK_TOLERANCE_S, is_off
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ClockObject
from edgediag.model.evidence import ClockOffset, FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Certainty, Claim, Finding, Mechanism

ID = "clock-skew"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """This host's clock and the server's differ by more than a minute.

    Holds because   the answer carries the probe's own nonce and the server calls itself in step;
                    where the other servers agree with it, this host's clock is the odd one out,
                    and where one of them agrees with this host, the server is
    Does not hold   within a minute, which leases and tokens bear; of servers that nobody else
                    confirms or denies nothing is said but that one of the two clocks is wrong
    Asks for        the answer's time, and those of the other time servers of the run
    source          RFC 5905 §8 (offset), §11.2.1 (the majority of servers is believed)
    """
    clock = clock_of(outcome_of(evidence))
    if clock is None or not is_off(clock):
        return None
    claim, text, remedy = _judged(evidence, clock)
    packets = packets_of([outcome_of(evidence)])
    return finding(ID, evidence, claim, (_difference(clock) + text, remedy, packets))


def _judged(evidence: FlowEvidence, clock: ClockOffset) -> tuple[Claim, str, str]:
    others = _others(evidence, clock)
    agreeing = [other for other in others if _agree(other, clock)]
    in_step_with_us = [other for other in others if not is_off(other)]
    if in_step_with_us and not agreeing:
        claim = at_destination(after_of(evidence), Mechanism.CLOCK_SKEW, Certainty.PROVEN)
        text = f"; {_listed(in_step_with_us)} and this host agree, so that server is wrong"
        return claim, text, "use another time server"
    if agreeing and not in_step_with_us:
        culprit = ClockObject(offset_s=round(clock.offset_s, 1))
        claim = on_this_host(Mechanism.CLOCK_SKEW, culprit)
        text = f", and {_listed(agreeing)} says the same: this host's clock is wrong"
        # They may all follow one wrong clock.
        return (
            replace(claim, certainty=Certainty.BOUNDED),
            text,
            "set this host's clock, and see why its time service does not",
        )
    claim = one_of(ANYWHERE, None, Mechanism.CLOCK_SKEW)
    text = "; no other server decides between the two clocks"
    return claim, text, "compare with a third clock, such as the Date header of a web server"


def _others(evidence: FlowEvidence, clock: ClockOffset) -> list[ClockOffset]:
    clocks = evidence.surroundings.clocks
    if isinstance(clocks, NotChecked):
        return []
    return [other for other in clocks if other.server != clock.server]


def _agree(one: ClockOffset, other: ClockOffset) -> bool:
    return abs(one.offset_s - other.offset_s) <= CLOCK_TOLERANCE_S


def _difference(clock: ClockOffset) -> str:
    side = "ahead of" if clock.offset_s > 0 else "behind"
    return f"the clock of {clock.server} is {abs(clock.offset_s):.1f} s {side} this host's"


def _listed(clocks: list[ClockOffset]) -> str:
    return " and ".join(str(clock.server) for clock in clocks)
