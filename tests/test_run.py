"""The loop between session and wire, on a wire whose time passes only while somebody waits."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import Event, Refused, SendPacket, StreamOpened
from edgediag.model.outcome import Answered, Outcome, SendFailed, Unanswered
from edgediag.model.probe import Probe
from edgediag.model.reply import Connected
from edgediag.net.replay import AfterAction, Cue, ReplayWire
from edgediag.run import MAX_WAIT_S, Loop
from edgediag.session.machine import Session
from story import probe

START_S = 1_795_000_000.0
# A stream is answered by one event, whatever its nonce.
CONNECT = probe(ProbeKind.TCP_CONNECT, offsets_s=(0.0,))
SYN = probe(ProbeKind.TCP_SYN, id_=2)


class Told:
    """A wire that keeps how long it was asked to wait."""

    def __init__(self, *cues: Cue) -> None:
        self.replay = ReplayWire(cues, start_s=START_S)
        self.waits: list[float] = []

    def execute(self, action: object) -> tuple[Event, ...]:
        return self.replay.execute(action)  # type: ignore[arg-type]  # an Action

    def wait(self, timeout_s: float) -> tuple[Event, ...]:
        self.waits.append(timeout_s)
        return self.replay.wait(timeout_s)

    def dropped(self) -> int:
        return 0

    def close(self) -> None:
        pass


def loop_on(wire: Told, *, is_stopped: Callable[[], bool] = lambda: False) -> Loop:
    return Loop(wire, Session(rate_pps=1000.0), wire.replay, is_stopped=is_stopped)


def settled(loop: Loop, *probes: Probe) -> tuple[Outcome, ...]:
    loop.submit(probes, {})
    loop.settle(probes)
    return loop.outcomes(probes)


def opens(asked: Probe, delay_s: float) -> Cue:
    event = StreamOpened(probe=asked.id, at_s=0.0)
    return AfterAction(probe=asked.id, ordinal=1, delay_s=delay_s, event=event)


def passed_s(wire: Told) -> float:
    return wire.replay.now_s() - START_S


def test_it_ends_with_the_answer() -> None:
    wire = Told(opens(CONNECT, 0.03))
    (outcome,) = settled(loop_on(wire), CONNECT)
    assert isinstance(outcome, Answered)
    assert outcome.reply == Connected(hop_limit=None)
    assert outcome.rtt_s == pytest.approx(0.03)
    assert passed_s(wire) == pytest.approx(0.03)


def test_it_ends_with_the_timeout_where_nobody_answers() -> None:
    wire = Told()
    (outcome,) = settled(loop_on(wire), SYN)
    assert isinstance(outcome, Unanswered)
    assert outcome.tries == 3
    assert passed_s(wire) == pytest.approx(2.0, abs=1e-5)


def test_all_probes_fly_at_once() -> None:
    silent = [replace(SYN, id=number, ip_id=number) for number in range(1, 41)]
    wire = Told()
    settled(loop_on(wire), *silent)
    # The pace holds the last of forty back by 30 ms.
    assert passed_s(wire) == pytest.approx(2.03, abs=0.002)


def test_what_the_wire_says_at_once_is_heard() -> None:
    refused = Refused(probe=CONNECT.id, errno_name="ENETUNREACH", is_immediate=True, at_s=0.0)
    wire = Told(AfterAction(probe=CONNECT.id, ordinal=1, delay_s=0.0, event=refused))
    (outcome,) = settled(loop_on(wire), CONNECT)
    assert outcome == SendFailed(probe=CONNECT, errno_name="ENETUNREACH", seen=())
    assert wire.waits == []


def test_no_wait_is_so_long_that_a_signal_would_go_unnoticed() -> None:
    wire = Told()
    settled(loop_on(wire), SYN)
    assert 0.0 <= min(wire.waits)
    assert max(wire.waits) <= MAX_WAIT_S


def test_it_does_not_wait_in_vain() -> None:
    wire = Told()
    settled(loop_on(wire), SYN)
    # Two seconds in steps of at most 0.1 s, and one more for each try and what floats round off.
    assert len(wire.waits) <= 2.0 / MAX_WAIT_S + 8


def test_nothing_to_wait_for_is_no_wait() -> None:
    wire = Told()
    loop_on(wire).settle([])
    assert wire.waits == []


def test_it_waits_for_those_it_was_asked_about_alone() -> None:
    wire = Told(opens(CONNECT, 0.05))
    loop = loop_on(wire)
    loop.submit([CONNECT, SYN], {})
    loop.settle([CONNECT])
    assert (loop.is_settled([CONNECT]), loop.is_settled([SYN])) == (True, False)


def test_a_ladder_is_waited_for_until_the_host_has_spoken() -> None:
    wire = Told(opens(CONNECT, 0.05))
    loop = loop_on(wire)
    beyond = replace(SYN, hop_limit=CONNECT.hop_limit + 1)
    loop.submit([CONNECT, beyond], {})
    loop.climb([(CONNECT, beyond)], ())
    assert passed_s(wire) == pytest.approx(0.05)
    assert (loop.is_climbed((CONNECT, beyond)), loop.is_settled([beyond])) == (True, False)


def test_what_is_asked_beside_a_ladder_is_waited_for_as_well() -> None:
    wire = Told(opens(CONNECT, 0.05))
    loop = loop_on(wire)
    loop.submit([CONNECT, SYN], {})
    loop.climb([(CONNECT,)], [SYN])
    assert loop.is_settled([SYN])


def test_a_condition_of_the_caller_ends_it() -> None:
    wire = Told()
    loop = loop_on(wire)
    loop.submit([SYN], {})
    loop.until(lambda session, now_s: now_s >= START_S + 0.5)
    assert passed_s(wire) == pytest.approx(0.5, abs=MAX_WAIT_S)


# Interrupted.


def stopped_after(seconds: float, *cues: Cue) -> tuple[Told, Loop]:
    wire = Told(*cues)
    return wire, loop_on(wire, is_stopped=lambda: passed_s(wire) >= seconds)


def test_once_stopped_it_ends_within_one_wait() -> None:
    wire, loop = stopped_after(0.25)
    settled(loop, SYN)
    assert passed_s(wire) <= 0.25 + MAX_WAIT_S


def test_what_was_heard_before_the_stop_counts() -> None:
    wire, loop = stopped_after(0.25, opens(CONNECT, 0.2))
    answered, silent = settled(loop, CONNECT, SYN)
    assert isinstance(answered, Answered)
    assert (loop.is_settled([CONNECT]), loop.is_settled([SYN])) == (True, False)


def test_after_the_stop_no_time_counts_as_silence() -> None:
    wire, loop = stopped_after(0.25)
    settled(loop, SYN)
    wire.replay.wait(60.0)
    loop.settle([SYN])
    (outcome,) = loop.outcomes([SYN])
    assert isinstance(outcome, Unanswered)
    assert outcome.waited_s < 0.25
    assert not loop.is_settled([SYN])


def test_stopped_from_the_start_it_sends_what_is_due_and_waits_for_nothing() -> None:
    wire, loop = stopped_after(0.0)
    settled(loop, SYN)
    assert [type(action) for action in wire.replay.actions] == [SendPacket]
    assert wire.waits == []
