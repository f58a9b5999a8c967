"""The session told as a dialogue: what it asks for, what it hears, what it concludes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import (
    Action,
    CloseStream,
    Delivered,
    Event,
    Handed,
    NextHop,
    Observed,
    OpenStream,
    Refused,
    SendDatagram,
    SendPacket,
    StreamOpened,
    StreamReceived,
)
from edgediag.model.flow import Flow, Protocol
from edgediag.model.outcome import Answered, Outcome, SendFailed, Unanswered
from edgediag.model.packet import (
    IcmpEcho,
    IcmpError,
    Observation,
    Packet,
    Payload,
    Quote,
    Sighting,
    TcpSegment,
    UdpDatagram,
)
from edgediag.model.probe import Probe, Way
from edgediag.model.reply import (
    AnswerOctets,
    Connected,
    ConnectedMute,
    IcmpKind,
    IcmpReply,
    Reply,
    Reset,
    SocketError,
    SynAck,
    TlsAnswer,
    TlsReply,
)
from edgediag.probes import packet_codec
from edgediag.probes.codec import StreamCodec
from edgediag.session import stream
from edgediag.session.machine import Session
from edgediag.session.stream import MAX_STREAM_OCTETS
from story import EDGE, HOST, echo_reply, flow, flow_of, icmp, ike_reply, probe, syn_ack

API = flow(Protocol.TCP, port=6443)
SYN = probe(ProbeKind.TCP_SYN, on=API, check="api-server-6443")
TLS = probe(
    ProbeKind.TLS_CLIENT_HELLO,
    on=API,
    check="api-server-6443",
    offsets_s=(0.0,),
    name="api.example",
)
CONNECT = replace(TLS, kind=ProbeKind.TCP_CONNECT)
IKE = probe()
NEXT_HOP = NextHop(
    interface="eth0", source_mac="02:00:00:00:00:10", destination_mac="02:00:00:00:00:01"
)


class Dialogue:
    """A session, a clock that only moves when told, and what was asked so far."""

    def __init__(self, *probes: Probe, rate_pps: float = 1e6) -> None:
        self.session = Session(rate_pps=rate_pps)
        self.probes = probes
        self.now_s = 100.0
        self.asked: list[Action] = []
        self.number = 0
        hops = {each.id: NEXT_HOP for each in probes if each.way is Way.LINK}
        self.session.submit(probes, now_s=self.now_s, next_hops=hops)
        self.step(0.0)

    def step(self, seconds: float) -> list[Action]:
        """Let time pass and take what is due; the kernel takes everything that is sent."""
        self.now_s += seconds
        actions = list(self.session.due(self.now_s))
        for action in actions:
            if isinstance(action, SendPacket | SendDatagram):
                self.number += 1
                self.hear(
                    Handed(
                        probe=action.probe,
                        number=self.number,
                        sighting=Sighting.HANDED_OVER,
                        at_s=self.now_s,
                    )
                )
        self.asked += actions
        return actions

    def hear(self, event: Event) -> None:
        self.session.tell(event)

    def see(
        self, packet: Packet, sighting: Sighting = Sighting.TAP_IN, *, interface: str = "eth0"
    ) -> None:
        self.number += 1
        self.hear(
            Observed(
                observation=Observation(
                    number=self.number,
                    seen_s=self.now_s + 0.01,
                    sighting=sighting,
                    interface=interface,
                    packet=packet,
                )
            )
        )

    def outcome(self) -> Outcome:
        return self.session.outcomes(self.probes[:1], self.now_s)[0]

    def reply(self) -> Reply | None:
        outcome = self.outcome()
        return outcome.reply if isinstance(outcome, Answered) else None


def packet(on: Flow, payload: Payload, *, hop_limit: int = 60, ip_id: int = 7) -> Packet:
    return Packet(flow=on, hop_limit=hop_limit, ip_id=ip_id, payload=payload)


def segment(
    flags: str, *, sequence: int = 5, acknowledgement: int = 0, payload: bytes = b""
) -> TcpSegment:
    return TcpSegment(
        flags=flags,
        sequence=sequence,
        acknowledgement=acknowledgement,
        window=64240,
        payload=payload,
    )


def answer_to(asked: Probe, flags: str, *, hop_limit: int = 60) -> Packet:
    """What a server says to a raw SYN."""
    built = packet_codec(asked.kind).build(asked)
    assert isinstance(built, TcpSegment)
    back = segment(flags, acknowledgement=(built.sequence + 1) % 2**32)
    return packet(asked.flow.reversed(), back, hop_limit=hop_limit)


def ike_answer(asked: Probe) -> bytes:
    """NO_PROPOSAL_CHOSEN to the probe's SPI (RFC 7296 §3.1, §3.10)."""
    sent = packet_codec(asked.kind).build(asked)
    assert isinstance(sent, UdpDatagram)
    spi = sent.payload[4:12]
    notify = bytes.fromhex("0000000800 00000e".replace(" ", ""))
    header = spi + bytes(8) + bytes.fromhex("29202220 00000000 00000024".replace(" ", ""))
    return bytes(4) + header + notify


def error_about(
    asked: Probe,
    *,
    sender: str = "203.0.113.1",
    ip_id: int | None = None,
    on: Flow | None = None,
    sequence: int | None = None,
    kind: tuple[int, int] = (11, 0),
) -> Packet:
    quote = Quote(
        flow=on or asked.flow,
        hop_limit=1,
        ip_id=asked.ip_id if ip_id is None else ip_id,
        sequence=sequence,
    )
    about = flow(Protocol.ICMP, host=EDGE, port=0, source_port=0)
    source = icmp(IcmpKind.TIME_EXCEEDED, sender).sender
    return packet(
        replace(about, source=source), IcmpError(type_=kind[0], code=kind[1], quote=quote)
    )


# Schedules and pacing.


def test_a_silent_probe_is_tried_on_schedule_and_no_more() -> None:
    talk = Dialogue(IKE)
    tries = [len(talk.step(seconds)) for seconds in (0.3, 0.2, 0.4, 0.2, 0.8, 5.0)]
    assert tries == [0, 1, 0, 1, 0, 0]
    assert talk.outcome() == Unanswered(
        probe=IKE, waited_s=2.0, tries=3, seen=talk.outcome().seen
    )


def test_an_answered_probe_is_not_tried_again() -> None:
    talk = Dialogue(SYN)
    talk.see(answer_to(SYN, "SA"))
    assert [a for a in talk.step(1.0) if isinstance(a, SendPacket) and "S" in flags_of(a)] == []


def packets(actions: list[Action]) -> list[SendPacket]:
    return [action for action in actions if isinstance(action, SendPacket)]


def flags_of(action: SendPacket) -> str:
    payload = action.packet.payload
    return payload.flags if isinstance(payload, TcpSegment) else ""


@pytest.mark.parametrize("rate_pps", [10.0, 100.0, 1000.0])
def test_the_pace_is_never_exceeded(rate_pps: float) -> None:
    probes = [replace(IKE, id=n, flow=flow(source_port=40000 + n)) for n in range(1, 201)]
    talk = Dialogue(*probes, rate_pps=rate_pps)
    sent_at = [talk.now_s] * len(talk.asked)
    for _ in range(150):
        sent_at += [talk.now_s] * len(talk.step(0.002))
    burst = max(1.0, rate_pps * 0.01)
    for start in sent_at:
        window = [moment for moment in sent_at if start <= moment <= start + 0.1]
        assert len(window) <= burst + rate_pps * 0.1 + 1


def test_it_wakes_for_the_next_try_and_then_for_the_deadline() -> None:
    talk = Dialogue(IKE)
    assert talk.session.wakeup_s(talk.now_s) == pytest.approx(100.4)
    talk.step(0.4)
    talk.step(0.6)
    assert talk.session.wakeup_s(talk.now_s) == pytest.approx(102.0)
    talk.step(1.0)
    assert talk.session.wakeup_s(talk.now_s) is None


@pytest.mark.parametrize("rate_pps", [2.0, 20.0])
def test_what_the_pace_holds_back_is_waited_for_as_long_as_the_rest(rate_pps: float) -> None:
    probes = [replace(SYN, id=n, flow=replace(API, source_port=40000 + n)) for n in range(1, 41)]
    talk = Dialogue(*probes, rate_pps=rate_pps)
    while (wakeup_s := talk.session.wakeup_s(talk.now_s)) is not None:
        for action in talk.step(wakeup_s - talk.now_s):
            if isinstance(action, SendPacket) and action.probe > 20 and "S" in flags_of(action):
                talk.see(answer_to(probes[action.probe - 1], "SA"))
    outcomes = talk.session.outcomes(probes, talk.now_s)
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Unanswered] * 20 + [Answered] * 20
    assert all(
        outcome.tries and outcome.waited_s == pytest.approx(2.0)
        for outcome in outcomes
        if isinstance(outcome, Unanswered)
    )


def test_the_pace_counts_what_courtesy_asks_for() -> None:
    first, second = SYN, replace(SYN, id=2, flow=replace(API, source_port=40002))
    talk = Dialogue(first, second, rate_pps=10.0)
    talk.see(answer_to(first, "SA"))
    sent = [(action.probe, flags_of(action)) for action in packets(talk.step(0.1))]
    assert sent == [(1, "R")]
    assert talk.session.wakeup_s(talk.now_s) == pytest.approx(100.2)


# Whole packets.


@pytest.mark.parametrize(
    ("flags", "reply"),
    [
        pytest.param("SA", SynAck(hop_limit=60), id="open"),
        pytest.param("RA", Reset(hop_limit=60), id="closed"),
    ],
)
def test_a_raw_syn_is_answered(flags: str, reply: Reply) -> None:
    talk = Dialogue(SYN)
    talk.see(answer_to(SYN, flags))
    assert talk.reply() == reply


@pytest.mark.parametrize("way", [Way.IP_STACK, Way.LINK])
def test_a_syn_ack_is_answered_with_a_reset_so_that_nothing_stays_half_open(way: Way) -> None:
    asked = replace(SYN, way=way)
    talk = Dialogue(asked)
    (opening,) = packets(talk.asked)
    talk.see(answer_to(asked, "SA"))
    assert talk.step(0.0) == [replace(opening, packet=replace(opening.packet, payload=closing()))]


def closing() -> TcpSegment:
    """The only reset that takes the peer out of SYN-RECEIVED at once (RFC 9293 §3.10.7.4)."""
    built = packet_codec(SYN.kind).build(SYN)
    assert isinstance(built, TcpSegment)
    return replace(built, flags="R", sequence=(built.sequence + 1) % 2**32, window=0)


def test_every_syn_ack_is_answered_so_and_no_reset_is() -> None:
    talk = Dialogue(SYN)
    for flags in ("SA", "SA", "RA"):
        talk.see(answer_to(SYN, flags))
    assert [flags_of(action) for action in packets(talk.step(0.0))] == ["R", "R"]
    assert talk.step(0.0) == []


def test_the_round_trip_is_that_of_the_try_that_was_answered() -> None:
    talk = Dialogue(SYN)
    talk.step(0.4)
    talk.see(answer_to(SYN, "SA"))
    outcome = talk.outcome()
    assert isinstance(outcome, Answered)
    assert outcome.tries == 2
    assert outcome.rtt_s == pytest.approx(0.01)


def test_a_late_error_changes_neither_answer_nor_round_trip() -> None:
    talk = Dialogue(SYN)
    talk.see(answer_to(SYN, "SA"))
    before = talk.outcome()
    talk.now_s += 3.0
    talk.see(error_about(SYN, kind=(3, 1)))
    after = talk.outcome()
    assert isinstance(before, Answered)
    assert after == replace(before, seen=after.seen)


def test_an_error_that_comes_late_still_counts() -> None:
    talk = Dialogue(SYN)
    talk.step(3.1)
    talk.see(error_about(SYN, kind=(3, 1)))
    outcome = talk.outcome()
    assert isinstance(outcome, Answered) and isinstance(outcome.reply, IcmpReply)
    assert outcome.reply.kind is IcmpKind.HOST_UNREACHABLE


def test_an_error_that_this_host_sends_to_somebody_is_no_answer() -> None:
    talk = Dialogue(SYN)
    talk.see(error_about(SYN), Sighting.TAP_OUT)
    assert isinstance(talk.outcome(), Unanswered)


def test_an_echo_that_comes_back_with_our_own_ip_id_is_an_answer() -> None:
    on = flow_of(ProbeKind.ICMP_ECHO)
    asked = probe(ProbeKind.ICMP_ECHO, on=on)
    request = packet_codec(asked.kind).build(asked)
    assert isinstance(request, IcmpEcho)
    talk = Dialogue(asked)
    talk.see(packet(on, request, ip_id=asked.ip_id), Sighting.TAP_OUT)
    talk.see(packet(on.reversed(), replace(request, is_reply=True), ip_id=asked.ip_id))
    assert talk.reply() == echo_reply(60)
    assert [seen.sighting for seen in talk.outcome().seen][1:] == [
        Sighting.TAP_OUT,
        Sighting.TAP_IN,
    ]


def test_our_own_packet_sent_back_to_us_is_no_sign_of_an_answer() -> None:
    talk = Dialogue(SYN)
    talk.see(packet(API, closing(), ip_id=SYN.ip_id), Sighting.TAP_IN)
    assert Sighting.TAP_IN not in {seen.sighting for seen in talk.outcome().seen}


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param(
            packet(API.reversed(), segment("SA", acknowledgement=12345)), id="another nonce"
        ),
        pytest.param(
            packet(replace(API.reversed(), source_port=443), segment("SA")), id="another port"
        ),
        pytest.param(
            packet(API, segment("S", sequence=99), ip_id=9), id="our own flow, sent back to us"
        ),
    ],
)
def test_a_strangers_packet_changes_nothing(stranger: Packet) -> None:
    talk = Dialogue(SYN)
    talk.see(stranger)
    assert isinstance(talk.outcome(), Unanswered)


def test_rungs_on_one_flow_are_told_apart() -> None:
    near = replace(SYN, id=1, hop_limit=1, ip_id=1001)
    far = replace(SYN, id=2, hop_limit=5, ip_id=1002, token=SYN.token + (99 << 32) + 99)
    talk = Dialogue(near, far)
    built = packet_codec(near.kind).build(near)
    assert isinstance(built, TcpSegment)
    talk.see(error_about(near, sequence=built.sequence))
    talk.see(answer_to(far, "SA"))
    first, second = talk.session.outcomes((near, far), talk.now_s)
    assert isinstance(first, Answered) and isinstance(first.reply, IcmpReply)
    assert isinstance(second, Answered) and second.reply == syn_ack()


def test_an_answer_outweighs_an_icmp_error_whatever_comes_first() -> None:
    for order in ((0, 1), (1, 0)):
        talk = Dialogue(SYN)
        built = packet_codec(SYN.kind).build(SYN)
        assert isinstance(built, TcpSegment)
        packets = (error_about(SYN, sequence=built.sequence), answer_to(SYN, "SA"))
        for place in order:
            talk.see(packets[place])
        assert talk.reply() == syn_ack()


def test_an_answer_after_the_deadline_still_counts() -> None:
    talk = Dialogue(SYN)
    talk.step(3.0)
    talk.see(answer_to(SYN, "SA"))
    assert talk.reply() == syn_ack()


def test_own_packets_are_recognised_behind_this_hosts_nat() -> None:
    talk = Dialogue(SYN)
    built = packet_codec(SYN.kind).build(SYN)
    natted = replace(API, source=icmp(IcmpKind.OTHER, "203.0.113.77").sender)
    talk.see(packet(natted, built, ip_id=SYN.ip_id), Sighting.TAP_OUT)
    assert [seen.sighting for seen in talk.outcome().seen][-1] is Sighting.TAP_OUT


def test_a_link_layer_probe_carries_its_next_hop() -> None:
    talk = Dialogue(replace(SYN, way=Way.LINK))
    (sent,) = talk.asked
    assert isinstance(sent, SendPacket)
    assert sent.next_hop == NEXT_HOP


@pytest.mark.parametrize(
    "type_", [pytest.param(4, id="a quench"), pytest.param(5, id="a redirect")]
)
def test_advice_about_a_packet_that_was_carried_on_is_no_error(type_: int) -> None:
    talk = Dialogue(IKE)
    talk.see(error_about(IKE, kind=(type_, 1)))
    assert isinstance(talk.outcome(), Unanswered)


def test_what_is_seen_on_a_bridge_has_not_left() -> None:
    session = Session(rate_pps=1e6, bridges=("eth0",))
    session.submit([SYN], now_s=100.0, next_hops={})
    session.due(100.0)
    built = packet_codec(SYN.kind).build(SYN)
    seen = Observation(
        number=1,
        seen_s=100.0,
        sighting=Sighting.TAP_OUT,
        interface="eth0",
        packet=packet(API, built, ip_id=SYN.ip_id),
    )
    session.tell(Observed(observation=seen))
    (outcome,) = session.outcomes([SYN], 103.0)
    assert [item.sighting for item in outcome.seen] == [Sighting.BRIDGED]


# Datagrams through a kernel socket.


def test_a_datagram_counts_as_answered_only_when_it_is_delivered() -> None:
    talk = Dialogue(IKE)
    payload = ike_answer(IKE)
    talk.see(packet(IKE.flow.reversed(), UdpDatagram(payload=payload)))
    assert isinstance(talk.outcome(), Unanswered)
    assert [seen.sighting for seen in talk.outcome().seen][-1] is Sighting.TAP_IN
    talk.hear(
        Delivered(probe=IKE.id, flow=IKE.flow.reversed(), payload=payload, at_s=talk.now_s)
    )
    reply = talk.reply()
    assert reply is not None
    assert reply.hop_limit == 60  # type: ignore[union-attr]  # an IkeReply, as the tap saw it


def test_a_strangers_datagram_is_no_answer() -> None:
    talk = Dialogue(IKE)
    for payload in (b"", b"\xff", ike_answer(replace(IKE, token=1)), bytes(40)):
        talk.hear(
            Delivered(probe=IKE.id, flow=IKE.flow.reversed(), payload=payload, at_s=talk.now_s)
        )
    assert isinstance(talk.outcome(), Unanswered)


def test_an_icmp_quote_of_a_socket_is_matched_by_its_flow() -> None:
    talk = Dialogue(IKE)
    talk.see(error_about(IKE, ip_id=31337, sender=HOST, kind=(3, 3)))
    reply = talk.reply()
    assert isinstance(reply, IcmpReply)
    assert reply.kind is IcmpKind.PORT_UNREACHABLE


def test_what_the_kernel_refuses_at_every_try_ends_early() -> None:
    talk = Dialogue(IKE)
    for seconds in (0.0, 0.4, 0.6):
        talk.step(seconds)
        talk.hear(
            Refused(probe=IKE.id, errno_name="EPERM", is_immediate=True, at_s=talk.now_s)
        )
    assert talk.session.is_settled([IKE.id], talk.now_s)
    outcome = talk.outcome()
    assert isinstance(outcome, SendFailed)
    assert outcome.errno_name == "EPERM"


def test_an_errno_that_no_packet_accounts_for_is_the_sockets_own() -> None:
    talk = Dialogue(IKE)
    talk.hear(
        Refused(probe=IKE.id, errno_name="ECONNREFUSED", is_immediate=False, at_s=talk.now_s)
    )
    assert talk.reply() == SocketError(errno_name="ECONNREFUSED")


def test_an_error_after_the_deadline_belongs_to_a_later_probe() -> None:
    talk = Dialogue(IKE)
    talk.step(2.5)
    talk.hear(
        Refused(probe=IKE.id, errno_name="EHOSTUNREACH", is_immediate=False, at_s=talk.now_s)
    )
    assert isinstance(talk.outcome(), Unanswered)


def test_a_datagram_of_our_own_making_is_answered_where_the_tap_sees_it() -> None:
    asked = replace(IKE, way=Way.LINK)
    talk = Dialogue(asked)
    talk.see(packet(IKE.flow.reversed(), UdpDatagram(payload=ike_answer(asked))))
    assert talk.reply() == ike_reply(60)


def test_each_of_two_that_share_a_socket_is_given_its_own_answer() -> None:
    repeat = replace(IKE, id=2, token=IKE.token << 1)
    talk = Dialogue(IKE, repeat)
    for asked in (1, 2):
        talk.hear(
            Delivered(
                probe=asked,
                flow=IKE.flow.reversed(),
                payload=ike_answer(repeat),
                at_s=talk.now_s,
            )
        )
    kinds = [type(outcome) for outcome in talk.session.outcomes((IKE, repeat), talk.now_s)]
    assert kinds == [Unanswered, Answered]


def test_a_packet_that_explains_it_outweighs_the_errno() -> None:
    talk = Dialogue(IKE)
    talk.hear(
        Refused(probe=IKE.id, errno_name="ECONNREFUSED", is_immediate=False, at_s=talk.now_s)
    )
    talk.see(error_about(IKE, ip_id=0, sender=HOST, kind=(3, 3)))
    outcome = talk.outcome()
    assert isinstance(outcome, Answered) and isinstance(outcome.reply, IcmpReply)
    assert outcome.rtt_s == pytest.approx(0.01)


def twice_refused() -> Dialogue:
    """The kernel takes the first of three tries."""
    talk = Dialogue(IKE)
    for seconds in (0.4, 0.6):
        talk.step(seconds)
        talk.hear(
            Refused(probe=IKE.id, errno_name="ENOBUFS", is_immediate=True, at_s=talk.now_s)
        )
    return talk


def test_where_the_kernel_refused_some_tries_that_is_said_at_last() -> None:
    talk = twice_refused()
    talk.step(1.0)
    assert talk.reply() == SocketError(errno_name="ENOBUFS")


def test_one_try_that_the_kernel_took_is_worth_waiting_for() -> None:
    talk = twice_refused()
    assert not talk.session.is_settled([IKE.id], talk.now_s)
    talk.hear(
        Delivered(
            probe=IKE.id, flow=IKE.flow.reversed(), payload=ike_answer(IKE), at_s=talk.now_s + 0.5
        )
    )
    outcome = talk.outcome()
    assert isinstance(outcome, Answered)
    assert outcome.rtt_s == pytest.approx(1.5)


def test_what_never_fits_a_probe_is_not_for_it() -> None:
    talk = Dialogue(IKE)
    talk.hear(StreamOpened(probe=IKE.id, at_s=talk.now_s))
    talk.hear(StreamReceived(probe=IKE.id, payload=b"", at_s=talk.now_s))
    assert isinstance(talk.outcome(), Unanswered)


# Streams.


def muteness(reply: Reply | None) -> tuple[bool, bool, int | None]:
    """Whether octets left and were acknowledged, and the hop limit of the SYN-ACK."""
    assert isinstance(reply, ConnectedMute)
    return reply.has_left, reply.is_acknowledged, reply.hop_limit


def opened(asked: Probe = TLS) -> Dialogue:
    talk = Dialogue(asked)
    talk.see(packet(API.reversed(), segment("SA"), hop_limit=60))
    talk.hear(StreamOpened(probe=asked.id, at_s=talk.now_s))
    return talk


def test_a_connection_that_stood_late_is_given_the_whole_time_for_its_answer() -> None:
    talk = Dialogue(TLS)
    talk.step(1.5)
    talk.hear(StreamOpened(probe=TLS.id, at_s=talk.now_s))
    talk.step(1.5)
    was_settled = talk.session.is_settled([TLS.id], talk.now_s)
    talk.step(0.6)
    is_settled = talk.session.is_settled([TLS.id], talk.now_s)
    assert (TLS.schedule.timeout_s, was_settled, is_settled) == (2.0, False, True)


def test_a_stream_is_opened_once_and_closed_once() -> None:
    talk = opened(CONNECT)
    talk.step(0.1)
    talk.step(5.0)
    assert [type(action) for action in talk.asked] == [OpenStream, CloseStream]
    assert talk.reply() == Connected(hop_limit=60)


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        pytest.param(b"\x15\x03\x03\x00\x02\x02\x28", TlsAnswer.ALERT, id="an alert"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n", TlsAnswer.NOT_TLS, id="no TLS"),
        pytest.param(b"", TlsAnswer.CLOSED, id="the end"),
    ],
)
def test_what_follows_the_client_hello(octets: bytes, answer: TlsAnswer) -> None:
    talk = opened()
    talk.hear(StreamReceived(probe=TLS.id, payload=octets, at_s=talk.now_s))
    reply = talk.reply()
    assert isinstance(reply, TlsReply)
    assert reply.answer is answer


def test_an_answer_in_pieces_is_waited_for() -> None:
    talk = opened()
    for octet in b"\x15\x03\x03\x00\x02\x02\x28":
        talk.hear(StreamReceived(probe=TLS.id, payload=bytes([octet]), at_s=talk.now_s))
    assert talk.reply() == TlsReply(answer=TlsAnswer.ALERT, alert=40, hop_limit=None)


@pytest.mark.parametrize(
    ("sent_from", "acknowledged", "is_acknowledged"),
    [
        pytest.param(1000, 1005, True, id="all of it"),
        pytest.param(1000, 1004, False, id="all but one octet"),
        pytest.param(2**32 - 2, 3, True, id="across the wrap of the sequence number"),
        pytest.param(2**32 - 2, 2**32 - 2, False, id="none of it, before the wrap"),
    ],
)
def test_a_mute_server_may_have_acknowledged(
    sent_from: int, acknowledged: int, is_acknowledged: bool
) -> None:
    talk = opened()
    talk.see(packet(API, segment("PA", sequence=sent_from, payload=b"hello")), Sighting.TAP_OUT)
    talk.see(packet(API.reversed(), segment("A", acknowledgement=acknowledged)))
    talk.step(3.0)
    assert muteness(talk.reply()) == (True, is_acknowledged, 60)


def test_octets_that_no_tap_saw_leave_stayed_here() -> None:
    talk = opened()
    talk.step(3.0)
    assert muteness(talk.reply()) == (False, False, 60)


def test_a_reset_while_this_host_withholds_the_answer_is_not_the_far_ends_word() -> None:
    talk = asked_and_taken()
    answer = segment("A", sequence=6, acknowledgement=1005, payload=bytes(500))
    talk.see(packet(API.reversed(), answer))
    talk.step(1.0)
    talk.see(packet(API.reversed(), segment("R"), hop_limit=60))
    talk.hear(
        Refused(probe=TLS.id, errno_name="ECONNRESET", is_immediate=False, at_s=talk.now_s)
    )
    reply = talk.reply()
    assert isinstance(reply, ConnectedMute) and isinstance(reply.octets, AnswerOctets)
    assert reply.octets.is_withheld


@pytest.mark.parametrize(
    ("has_reset", "reply"),
    [
        pytest.param(True, Reset(hop_limit=62), id="with the reset that the tap saw"),
        pytest.param(False, SocketError(errno_name="ECONNREFUSED"), id="with none on the wire"),
    ],
)
def test_a_refused_connection(has_reset: bool, reply: Reply) -> None:
    talk = Dialogue(TLS)
    if has_reset:
        talk.see(packet(API.reversed(), segment("RA"), hop_limit=62))
    talk.hear(
        Refused(probe=TLS.id, errno_name="ECONNREFUSED", is_immediate=False, at_s=talk.now_s)
    )
    assert talk.reply() == reply


def test_a_reset_after_the_client_hello_is_told_from_a_refused_connection() -> None:
    talk = opened()
    talk.see(packet(API.reversed(), segment("R"), hop_limit=62))
    talk.hear(
        Refused(probe=TLS.id, errno_name="ECONNRESET", is_immediate=False, at_s=talk.now_s)
    )
    assert talk.reply() == TlsReply(answer=TlsAnswer.RESET, alert=0, hop_limit=62)


def test_a_reset_that_no_wire_brought_comes_before_the_octets_leave() -> None:
    talk = opened()
    talk.see(packet(API.reversed(), segment("R"), hop_limit=64), interface="lo")
    talk.hear(
        Refused(probe=TLS.id, errno_name="ECONNRESET", is_immediate=False, at_s=talk.now_s)
    )
    assert muteness(talk.reply()) == (False, False, 60)


def asked_and_taken(asked: Probe = TLS) -> Dialogue:
    """A connection on which five octets were sent and acknowledged."""
    talk = opened(asked)
    talk.see(packet(API, segment("PA", sequence=1000, payload=b"hello")), Sighting.TAP_OUT)
    talk.see(packet(API.reversed(), segment("A", sequence=6, acknowledgement=1005)))
    return talk


@pytest.mark.parametrize(
    ("told", "octets"),
    [
        pytest.param(
            [segment("A", sequence=6, acknowledgement=1005)],
            AnswerOctets(sent=0, seen=0, due=0, taken=0, quiet_s=1.0),
            id="that it sent nothing",
        ),
        pytest.param(
            [segment("A", sequence=2006, acknowledgement=1005)],
            AnswerOctets(sent=2000, seen=0, due=0, taken=0, quiet_s=1.0),
            id="of octets that never came",
        ),
        pytest.param(
            [
                segment("A", sequence=1006, acknowledgement=1005, payload=bytes(500)),
                segment("A", sequence=6, acknowledgement=1005, payload=bytes(400)),
            ],
            AnswerOctets(sent=1500, seen=400, due=400, taken=0, quiet_s=1.0),
            id="of octets with a gap in them",
        ),
        pytest.param(
            [
                segment("FA", sequence=106, acknowledgement=1005),
                segment("A", sequence=6, acknowledgement=1005, payload=bytes(100)),
                segment("A", sequence=107, acknowledgement=1005),
            ],
            AnswerOctets(sent=100, seen=100, due=100, taken=0, quiet_s=1.0),
            id="of its end, which is no octet",
        ),
        pytest.param(
            [segment("A", sequence=5, acknowledgement=1005)],
            AnswerOctets(sent=0, seen=0, due=0, taken=0, quiet_s=0.0),
            id="the number before, as a keep-alive of its own does",
        ),
        pytest.param(
            [segment("A", sequence=2**31, acknowledgement=1005)],
            AnswerOctets(sent=0, seen=0, due=0, taken=0, quiet_s=0.0),
            id="a number that is nobody's",
        ),
    ],
)
def test_the_far_end_tells(told: list[TcpSegment], octets: AnswerOctets) -> None:
    talk = asked_and_taken()
    talk.step(1.0)
    for each in told:
        talk.see(packet(API.reversed(), each))
    talk.step(2.0)
    reply = talk.reply()
    assert isinstance(reply, ConnectedMute)
    assert reply.octets == octets


def test_octets_that_came_a_moment_ago_are_neither_withheld_nor_missing() -> None:
    talk = asked_and_taken()
    talk.step(1.99)
    late = segment("A", sequence=6, acknowledgement=1005, payload=bytes(500))
    talk.see(packet(API.reversed(), late))
    talk.step(0.02)
    reply = talk.reply()
    assert isinstance(reply, ConnectedMute)
    assert reply.octets == AnswerOctets(
        sent=500, seen=500, due=0, taken=0, quiet_s=pytest.approx(1.99)
    )
    assert not (reply.octets.is_missing or reply.octets.is_withheld)


SERVER_HELLO = b"\x16\x03\x03\x00\x40\x02" + bytes(20)


@pytest.mark.parametrize(
    ("sent", "reply_type"),
    [
        pytest.param(len(SERVER_HELLO), TlsReply, id="all of it came"),
        pytest.param(len(SERVER_HELLO) + 100, ConnectedMute, id="more was sent than came"),
    ],
)
def test_a_flight_is_waited_for_to_its_end(sent: int, reply_type: type[Reply]) -> None:
    flight = replace(TLS, kind=ProbeKind.TLS_FLIGHT)
    talk = asked_and_taken(flight)
    hello = segment("A", sequence=6, acknowledgement=1005, payload=SERVER_HELLO)
    talk.see(packet(API.reversed(), hello))
    talk.hear(StreamReceived(probe=TLS.id, payload=SERVER_HELLO, at_s=talk.now_s))
    was_settled = talk.session.is_settled([TLS.id], talk.now_s)
    talk.step(1.0)
    talk.see(packet(API.reversed(), segment("A", sequence=6 + sent, acknowledgement=1005)))
    talk.step(1.5)
    assert (was_settled, type(talk.reply())) == (False, reply_type)


def test_a_connection_that_stands_is_not_ended_by_an_icmp_error() -> None:
    talk = opened()
    talk.see(error_about(TLS, kind=(3, 4)))
    assert not talk.session.is_settled([TLS.id], talk.now_s)
    talk.hear(StreamReceived(probe=TLS.id, payload=b"\x15\x03\x03\x00\x02\x02\x28", at_s=101.0))
    assert talk.reply() == TlsReply(answer=TlsAnswer.ALERT, alert=40, hop_limit=None)


def test_an_icmp_error_says_more_than_the_silence_after_it() -> None:
    talk = opened()
    talk.see(error_about(TLS, kind=(3, 13)))
    talk.step(2.5)
    reply = talk.reply()
    assert isinstance(reply, IcmpReply)
    assert reply.kind is IcmpKind.ADMIN_PROHIBITED


def test_an_acknowledgement_that_was_overtaken_takes_nothing_back() -> None:
    talk = opened()
    talk.see(packet(API, segment("PA", sequence=1000, payload=b"hello")), Sighting.TAP_OUT)
    for acknowledgement in (1005, 1000):
        talk.see(packet(API.reversed(), segment("A", acknowledgement=acknowledgement)))
    talk.step(3.0)
    assert muteness(talk.reply()) == (True, True, 60)


def test_nothing_is_known_to_be_acknowledged_where_the_tap_saw_nothing() -> None:
    talk = Dialogue(TLS)
    talk.hear(StreamOpened(probe=TLS.id, at_s=talk.now_s))
    talk.step(3.0)
    assert muteness(talk.reply()) == (True, False, None)


def test_a_stream_that_nobody_answers_is_closed_once_too() -> None:
    talk = Dialogue(TLS)
    for _ in range(4):
        talk.step(1.0)
    assert talk.asked[1:] == [CloseStream(probe=TLS.id)]
    assert isinstance(talk.outcome(), Unanswered)


def test_a_stream_that_the_kernel_has_no_way_for_fails_at_once() -> None:
    talk = Dialogue(TLS)
    talk.hear(
        Refused(probe=TLS.id, errno_name="ENETUNREACH", is_immediate=True, at_s=talk.now_s)
    )
    assert talk.session.is_settled([TLS.id], talk.now_s)
    assert talk.outcome() == SendFailed(probe=TLS, errno_name="ENETUNREACH", seen=())


def test_no_more_of_a_stream_is_kept_than_a_first_record_can_hold() -> None:
    talk = opened()
    for _ in range(5):
        talk.hear(StreamReceived(probe=TLS.id, payload=b"\x16" + bytes(20_000), at_s=101.0))
    (track,) = talk.session._tracks.values()
    assert track.stream is not None
    assert len(track.stream.octets) == MAX_STREAM_OCTETS


def test_where_nothing_is_kept_nothing_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def match(asked: Probe, octets: bytes) -> Reply | None:
        read.append(len(octets))
        return None

    codec = StreamCodec(kind=TLS.kind, build=lambda asked: b"", match=match)
    monkeypatch.setattr(stream, "stream_codec", lambda kind: codec)
    talk = opened()
    for payload in (b"\x16", bytes(MAX_STREAM_OCTETS), b"more", b""):
        talk.hear(StreamReceived(probe=TLS.id, payload=payload, at_s=101.0))
    assert read == [1, MAX_STREAM_OCTETS]
    (track,) = talk.session._tracks.values()
    assert track.stream is not None
    assert track.stream.is_ended


def test_a_reset_after_a_close_in_good_order_is_a_close() -> None:
    talk = opened()
    talk.see(packet(API.reversed(), segment("FA"), hop_limit=60))
    talk.see(packet(API.reversed(), segment("R"), hop_limit=60))
    talk.hear(
        Refused(probe=TLS.id, errno_name="ECONNRESET", is_immediate=False, at_s=talk.now_s)
    )
    assert talk.reply() == TlsReply(answer=TlsAnswer.CLOSED, alert=0, hop_limit=None)


def test_an_answer_to_a_stream_that_was_given_up_is_late_and_not_undelivered() -> None:
    talk = Dialogue(TLS)
    talk.step(2.1)
    talk.step(0.1)
    talk.see(packet(API.reversed(), segment("SA")))
    assert [seen.sighting for seen in talk.outcome().seen] == [Sighting.LATE]


# Whatever happens.

FLOWS = st.sampled_from([API, API.reversed(), IKE.flow, IKE.flow.reversed(), flow(port=9)])
PAYLOADS = st.one_of(
    st.builds(
        segment,
        st.sampled_from(["S", "SA", "RA", "R", "A", "PA", "F"]),
        sequence=st.integers(0, 2**32 - 1),
        acknowledgement=st.integers(0, 2**32 - 1),
        payload=st.binary(max_size=8),
    ),
    st.builds(lambda octets: UdpDatagram(payload=octets), st.binary(max_size=60)),
    st.builds(
        lambda on, ip_id, type_: IcmpError(
            type_=type_,
            code=0,
            quote=Quote(flow=on, hop_limit=1, ip_id=ip_id, sequence=None),
        ),
        FLOWS,
        st.integers(0, 65535),
        st.sampled_from([3, 11, 12]),
    ),
)
IDS = st.sampled_from([1, 2, 3])
MOMENTS = st.floats(100, 110)
EVENTS = st.one_of(
    st.builds(
        lambda on, payload, sighting: Observed(
            observation=Observation(
                number=1,
                seen_s=101.0,
                sighting=sighting,
                interface="eth0",
                packet=packet(on, payload),
            )
        ),
        FLOWS,
        PAYLOADS,
        st.sampled_from([Sighting.TAP_IN, Sighting.TAP_OUT]),
    ),
    st.builds(
        Refused,
        probe=IDS,
        errno_name=st.sampled_from(["EPERM", "ECONNREFUSED"]),
        is_immediate=st.booleans(),
        at_s=MOMENTS,
    ),
    st.builds(
        Handed, probe=IDS, number=st.integers(0, 9), sighting=st.just(Sighting.FRAMED), at_s=MOMENTS
    ),
    st.builds(Delivered, probe=IDS, flow=FLOWS, payload=st.binary(max_size=60), at_s=MOMENTS),
    st.builds(StreamOpened, probe=IDS, at_s=MOMENTS),
    st.builds(StreamReceived, probe=IDS, payload=st.binary(max_size=20), at_s=MOMENTS),
)


@given(st.lists(EVENTS, max_size=30))
def test_any_events_leave_each_probe_with_exactly_one_outcome(events: list[Event]) -> None:
    probes = (IKE, replace(SYN, id=2), replace(TLS, id=3, flow=replace(API, source_port=40002)))
    talk = Dialogue(*probes)
    for event in events:
        talk.hear(event)
        talk.step(0.05)
    talk.step(5.0)
    outcomes = talk.session.outcomes(probes, talk.now_s)
    assert [outcome.probe for outcome in outcomes] == list(probes)
    assert talk.session.is_settled([1, 2, 3], talk.now_s)
    assert talk.session.wakeup_s(talk.now_s) is None
    closed = [action for action in talk.asked if isinstance(action, CloseStream)]
    assert closed == [CloseStream(probe=3)]
