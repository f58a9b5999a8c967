"""The wire that plays recorded events."""

from dataclasses import replace
from ipaddress import ip_address

from edgediag.model.exchange import (
    CloseStream,
    Event,
    Handed,
    Observed,
    OpenStream,
    Refused,
    StreamOpened,
)
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import Observation, Packet, Sighting, UdpDatagram
from edgediag.net.replay import AfterAction, AtTime, Cue, ReplayWire
from edgediag.net.wire import Wire

START_S = 1000.0

FLOW = Flow(
    protocol=Protocol.TCP,
    source=ip_address("192.0.2.1"),
    source_port=20000,
    destination=ip_address("198.51.100.2"),
    destination_port=443,
)

OPEN = OpenStream(probe=7, flow=FLOW, payload=b"", segment_octets=None)


def opened(at_s: float, probe: int = 7) -> StreamOpened:
    return StreamOpened(probe=probe, at_s=at_s)


def after(delay_s: float, event: Event, *, probe: int = 7, ordinal: int = 1) -> Cue:
    return AfterAction(probe=probe, ordinal=ordinal, delay_s=delay_s, event=event)


def played(*cues: Cue) -> ReplayWire:
    return ReplayWire(cues, start_s=START_S)


def test_it_is_a_wire() -> None:
    wire: Wire = played()
    wire.close()
    assert wire.dropped() == 0


def test_what_has_no_delay_is_returned_by_the_action_itself() -> None:
    refused = Refused(probe=7, errno_name="EPERM", is_immediate=True, at_s=0.0)
    wire = played(after(0.0, refused))
    assert wire.execute(OPEN) == (
        Refused(probe=7, errno_name="EPERM", is_immediate=True, at_s=START_S),
    )


def test_an_event_follows_its_action_after_its_delay() -> None:
    wire = played(after(0.25, opened(0.0)))
    wire.wait(1.0)
    wire.execute(OPEN)
    assert wire.wait(1.0) == (opened(START_S + 1.25),)
    assert wire.now_s() == START_S + 1.25


def test_an_observation_gets_the_time_of_its_action_too() -> None:
    packet = Packet(flow=FLOW, hop_limit=64, ip_id=1, payload=UdpDatagram(payload=b""))
    observation = Observation(
        number=3, seen_s=0.0, sighting=Sighting.TAP_IN, interface="eth0", packet=packet
    )
    wire = played(after(0.5, Observed(observation=observation)))
    wire.execute(OPEN)
    assert wire.wait(1.0) == (
        Observed(observation=replace(observation, seen_s=START_S + 0.5)),
    )


def test_an_event_of_the_second_try_waits_for_the_second_try() -> None:
    wire = played(after(0.0, opened(0.0), ordinal=2))
    assert (wire.execute(OPEN), wire.execute(OPEN)) == ((), (opened(START_S),))


def test_another_probe_s_action_draws_nothing() -> None:
    wire = played(after(0.0, opened(0.0), probe=8))
    assert wire.execute(OPEN) == ()


def test_an_event_with_its_own_time_needs_no_action() -> None:
    wire = played(AtTime(event=opened(START_S + 2.0)))
    assert (wire.wait(1.5), wire.wait(1.5)) == ((), (opened(START_S + 2.0),))


def test_waiting_ends_at_the_first_moment_that_has_events() -> None:
    wire = played(
        AtTime(event=opened(START_S + 0.3, probe=3)),
        AtTime(event=opened(START_S + 0.1, probe=1)),
        AtTime(event=opened(START_S + 0.1, probe=2)),
    )
    assert wire.wait(1.0) == (
        opened(START_S + 0.1, probe=1),
        opened(START_S + 0.1, probe=2),
    )
    assert wire.wait(1.0) == (opened(START_S + 0.3, probe=3),)


def test_waiting_for_nothing_lets_the_time_pass() -> None:
    wire = played()
    wire.wait(0.75)
    wire.wait(-1.0)
    assert wire.now_s() == START_S + 0.75


def test_events_of_the_past_are_told_at_once_and_time_stands_still() -> None:
    handed = Handed(probe=1, number=1, sighting=Sighting.FRAMED, at_s=START_S - 5.0)
    wire = played(AtTime(event=handed))
    assert (wire.wait(1.0), wire.now_s()) == ((handed,), START_S)


def test_the_actions_are_kept_for_comparison() -> None:
    wire = played()
    wire.execute(OPEN)
    wire.execute(CloseStream(probe=7))
    assert wire.actions == [OPEN, CloseStream(probe=7)]
