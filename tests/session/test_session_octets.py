"""Octets with a hop limit on a connection that stands, told as a dialogue with the session."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import (
    Action,
    CloseStream,
    Handed,
    Observed,
    OpenStream,
    Refused,
    SendPacket,
    StreamOpened,
)
from edgediag.model.flow import Flow, Protocol
from edgediag.model.outcome import Answered, Unanswered
from edgediag.model.packet import Observation, Packet, Payload, Sighting, TcpSegment
from edgediag.model.probe import Probe, Purpose, Way
from edgediag.model.reply import Acknowledged, Reply, Reset
from edgediag.probes.tls_client_hello import build
from edgediag.session.machine import Session
from edgediag.session.sending import SMALL_SEGMENT_OCTETS
from story import HOST, flow, probe

API = flow(Protocol.TCP, port=6443)
HELLO = probe(ProbeKind.TLS_CLIENT_HELLO, on=API, offsets_s=(0.0,), timeout_s=2.0, name=HOST)
CARRIER = replace(HELLO, id=10, purpose=Purpose.CARRY)
SPACING_S = 0.125


def rung(hop_limit: int, purpose: Purpose = Purpose.OCTETS) -> Probe:
    schedule = replace(HELLO.schedule, offsets_s=(hop_limit * SPACING_S,), timeout_s=1.0)
    return replace(
        HELLO,
        id=10 + hop_limit,
        ip_id=500 + hop_limit,
        purpose=purpose,
        way=Way.IP_STACK,
        hop_limit=hop_limit,
        schedule=schedule,
    )


RUNGS = (rung(1), rung(2), rung(3))


def segment(flags: str, *, sequence: int = 0, acknowledgement: int = 0) -> TcpSegment:
    return TcpSegment(
        flags=flags, sequence=sequence, acknowledgement=acknowledgement, window=512, payload=b""
    )


class Talk:
    """A carrier and its rungs, a clock that moves when told, and what was sent so far."""

    def __init__(self, *rungs: Probe) -> None:
        self.session = Session(rate_pps=1e6)
        self.now_s = 100.0
        self.actions: list[Action] = []
        self.session.submit((CARRIER, *rungs), now_s=self.now_s, next_hops={})
        self.pass_(0.0)

    def pass_(self, seconds: float) -> None:
        self.now_s += seconds
        for action in self.session.due(self.now_s):
            self.actions.append(action)
            if isinstance(action, SendPacket):
                self.session.tell(
                    Handed(
                        probe=action.probe,
                        number=len(self.actions),
                        sighting=Sighting.HANDED_OVER,
                        at_s=self.now_s,
                    )
                )

    def see(self, payload: Payload, *, on: Flow, hop_limit: int = 60) -> None:
        packet = Packet(flow=on, hop_limit=hop_limit, ip_id=0, payload=payload)
        observation = Observation(
            number=1000,
            seen_s=self.now_s,
            sighting=Sighting.TAP_IN,
            interface="eth0",
            packet=packet,
        )
        self.session.tell(Observed(observation=observation))

    def stand(self) -> None:
        """The handshake passes: our next octet is 101, the host's 501."""
        self.see(segment("SA", sequence=500, acknowledgement=101), on=API.reversed())
        self.session.tell(StreamOpened(probe=CARRIER.id, at_s=self.now_s))

    def sent(self) -> list[tuple[int, str, int]]:
        """Hop limit, flags and sequence number of what was sent as whole packets."""
        return [
            (action.packet.hop_limit, action.packet.payload.flags, action.packet.payload.sequence)
            for action in self.actions
            if isinstance(action, SendPacket) and isinstance(action.packet.payload, TcpSegment)
        ]

    def reply(self, asked: Probe) -> Reply | None:
        outcome = self.session.outcomes([asked], self.now_s)[0]
        return outcome.reply if isinstance(outcome, Answered) else None


def test_octets_wait_for_their_connection_and_follow_one_another() -> None:
    talk = Talk(*RUNGS)
    talk.pass_(0.5)
    before = talk.sent()
    talk.stand()
    for _ in range(3):
        talk.pass_(SPACING_S)
    assert (before, talk.sent()) == ([], [(1, "PA", 101), (2, "PA", 101), (3, "PA", 101)])


def test_the_carrier_says_nothing_itself() -> None:
    opened = Talk(*RUNGS).actions
    assert opened == [OpenStream(probe=10, flow=API, payload=b"", segment_octets=None)]


def test_octets_continue_where_the_handshake_ended() -> None:
    talk = Talk(*RUNGS)
    talk.stand()
    talk.pass_(SPACING_S)
    assert talk.actions[-1] == SendPacket(
        probe=11,
        way=Way.IP_STACK,
        packet=Packet(
            flow=API,
            hop_limit=1,
            ip_id=501,
            payload=TcpSegment(
                flags="PA",
                sequence=101,
                acknowledgement=501,
                window=64240,
                payload=build(RUNGS[0]),
            ),
        ),
        next_hop=None,
    )


def test_full_sized_octets_fill_a_packet_of_1492() -> None:
    talk = Talk(rung(1, Purpose.LARGE_OCTETS))
    talk.stand()
    talk.pass_(SPACING_S)
    sent = talk.actions[-1]
    assert isinstance(sent, SendPacket)
    assert isinstance(sent.packet.payload, TcpSegment)
    assert len(sent.packet.payload.payload) == 1452


def test_a_reset_is_the_answer_to_the_octets_sent_last_and_ends_the_walk() -> None:
    talk = Talk(*RUNGS)
    talk.stand()
    talk.pass_(SPACING_S)
    talk.pass_(SPACING_S)
    talk.see(segment("R", sequence=501), on=API.reversed(), hop_limit=62)
    talk.pass_(SPACING_S)
    assert [talk.reply(one) for one in RUNGS] == [None, Reset(hop_limit=62), None]
    assert len(talk.sent()) == 2
    assert talk.session.is_settled([one.id for one in RUNGS], talk.now_s)
    assert talk.actions[-1] == CloseStream(probe=CARRIER.id)


def test_octets_that_a_host_takes_in_leave_nothing_with_it() -> None:
    talk = Talk(*RUNGS)
    talk.stand()
    talk.pass_(SPACING_S)
    upto = 101 + len(build(RUNGS[0]))
    talk.see(segment("A", acknowledgement=upto), on=API.reversed())
    talk.pass_(SPACING_S)
    assert talk.reply(RUNGS[0]) == Acknowledged(hop_limit=60)
    assert talk.sent()[1:] == [(1, "R", upto)]


@pytest.mark.parametrize("acknowledgement", [0, 101, 100, 2**32 - 1, 101 + 5000])
def test_what_acknowledges_no_octets_answers_none(acknowledgement: int) -> None:
    talk = Talk(*RUNGS)
    talk.stand()
    talk.pass_(SPACING_S)
    talk.see(segment("A", acknowledgement=acknowledgement), on=API.reversed())
    assert talk.reply(RUNGS[0]) is None


@given(
    flags=st.text(alphabet="FSRPAUEC", max_size=8),
    sequence=st.integers(0, 2**32 - 1),
    acknowledgement=st.integers(0, 2**32 - 1),
    hop_limit=st.integers(0, 255),
)
def test_whatever_comes_is_a_reset_an_acknowledgement_or_nothing(
    flags: str, sequence: int, acknowledgement: int, hop_limit: int
) -> None:
    talk = Talk(*RUNGS)
    talk.stand()
    talk.pass_(SPACING_S)
    said = segment(flags, sequence=sequence, acknowledgement=acknowledgement)
    talk.see(said, on=API.reversed(), hop_limit=hop_limit)
    assert isinstance(talk.reply(RUNGS[0]), Acknowledged | Reset | None)


def test_where_no_connection_comes_about_no_octets_are_sent() -> None:
    talk = Talk(*RUNGS)
    talk.session.tell(
        Refused(
            probe=CARRIER.id, errno_name="ECONNREFUSED", is_immediate=False, at_s=talk.now_s
        )
    )
    talk.pass_(SPACING_S)
    assert talk.session.is_settled([one.id for one in RUNGS], talk.now_s)
    outcomes = talk.session.outcomes(RUNGS, talk.now_s)
    assert [outcome.tries for outcome in outcomes if isinstance(outcome, Unanswered)] == [0, 0, 0]


def test_a_connection_that_nobody_answers_is_given_up() -> None:
    talk = Talk(*RUNGS)
    talk.pass_(CARRIER.schedule.timeout_s)
    assert talk.session.wakeup_s(talk.now_s) is None
    assert talk.actions[-1] == CloseStream(probe=CARRIER.id)


def test_small_segments_are_asked_for() -> None:
    session = Session(rate_pps=1e6)
    small = replace(HELLO, purpose=Purpose.SMALL_SEGMENTS)
    session.submit([small], now_s=100.0, next_hops={})
    (opened,) = session.due(100.0)
    assert isinstance(opened, OpenStream)
    assert opened.segment_octets == SMALL_SEGMENT_OCTETS
