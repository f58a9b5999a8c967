"""Whose packet it is: by 5-tuple for answers, by our own port for what is ours."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import IcmpEcho, Packet, Payload, Quote, TcpSegment, UdpDatagram
from edgediag.model.probe import Probe, Way
from edgediag.plan import HOP_LIMIT
from edgediag.probes import packet_codec
from edgediag.probes.tls_client_hello import build
from edgediag.session.book import FlowBook
from edgediag.session.told import note_left
from edgediag.session.track import Track
from story import flow, flow_of, probe

CHECK = probe(id_=1)
CONTRAST = probe(id_=2, way=Way.LINK)
RUNG = probe(id_=3, way=Way.IP_STACK, hop_limit=3)
OTHER = probe(id_=4, on=flow(source_port=40001))
SYN = probe(ProbeKind.TCP_SYN, id_=5)
SYN_RUNG = probe(ProbeKind.TCP_SYN, id_=6, hop_limit=2)
ECHO = probe(ProbeKind.ICMP_ECHO, id_=7, on=flow_of(ProbeKind.ICMP_ECHO, source_port=40002))


def natted(on: Flow) -> Flow:
    """What this host's NAT may make of a flow before a tap or a router sees it."""
    theirs = ip_address("203.0.113.78")
    return replace(on, source=ip_address("203.0.113.77"), destination=theirs)


def track(asked: Probe) -> Track:
    payload = packet_codec(asked.kind).build(asked)
    return Track(probe=asked, payload=payload, next_hop=None, due_s=0.0)


@pytest.fixture
def book() -> FlowBook:
    filled = FlowBook()
    for asked in (CHECK, CONTRAST, RUNG, OTHER, SYN, SYN_RUNG, ECHO):
        filled.add(track(asked))
    return filled


def sent(asked: Probe, *, ip_id: int | None = None) -> Packet:
    payload = track(asked).payload
    assert not isinstance(payload, bytes)
    number = asked.ip_id if ip_id is None else ip_id
    return Packet(flow=asked.flow, hop_limit=64, ip_id=number, payload=payload)


def ids(*tracks: Track | None) -> list[int]:
    return [found.probe.id for found in tracks if found is not None]


@pytest.mark.parametrize(
    ("packet", "owner"),
    [
        pytest.param(sent(CHECK, ip_id=0), [1], id="a socket's, whatever IP ID the kernel chose"),
        pytest.param(sent(CONTRAST), [2], id="the contrast's, on the flow of the socket"),
        pytest.param(sent(RUNG), [3], id="a rung's, by its IP ID"),
        pytest.param(sent(SYN), [5], id="a SYN's, by its sequence number"),
        pytest.param(sent(SYN_RUNG, ip_id=1), [6], id="a SYN's, though its IP ID was rewritten"),
        pytest.param(sent(ECHO), [7], id="an echo's"),
        pytest.param(sent(replace(CHECK, flow=flow(source_port=50000))), [], id="nobody's port"),
        pytest.param(
            sent(replace(CHECK, flow=flow(Protocol.TCP))), [], id="nobody's protocol there"
        ),
    ],
)
def test_what_leaves_is_known_by_our_port(
    book: FlowBook, packet: Packet, owner: list[int]
) -> None:
    rewritten = replace(packet, flow=natted(packet.flow))
    assert ids(book.own(packet, LATER_S)) == ids(book.own(rewritten, LATER_S)) == owner


ASKED = probe(ProbeKind.TCP_CONNECT, id_=1)
ELSEWHERE = natted(ASKED.flow)
LATER_S = 1.0


def segment(on: Flow, *, flags: str = "S", sequence: int = 77) -> Packet:
    payload = TcpSegment(
        flags=flags, sequence=sequence, acknowledgement=0, window=64240, payload=b""
    )
    return Packet(flow=on, hop_limit=64, ip_id=1, payload=payload)


def stream(*seen: Packet, is_closed: bool = False) -> Track:
    """A connection begun at 0.0 s, of which the packets were seen leaving."""
    begun = Track(
        probe=ASKED, payload=b"", next_hop=None, due_s=0.0, sent_s=[0.0], is_closed=is_closed
    )
    for packet in seen:
        note_left(begun, packet)
    return begun


@pytest.mark.parametrize(
    ("known", "packet", "seen_s", "owner"),
    [
        pytest.param(stream(), segment(ASKED.flow), LATER_S, [1], id="on its very flow"),
        pytest.param(stream(), segment(ELSEWHERE), 0.001, [1], id="a SYN that NAT has changed"),
        pytest.param(
            stream(), segment(ELSEWHERE, flags="SEC"), 0.001, [1], id="one that asks for ECN"
        ),
        pytest.param(
            stream(), segment(ELSEWHERE, flags="SA"), 0.001, [], id="an answer begins nothing"
        ),
        pytest.param(stream(), segment(ELSEWHERE), LATER_S, [], id="a SYN long after it began"),
        pytest.param(
            stream(), segment(ELSEWHERE, flags="A"), 0.001, [], id="no connection begins so"
        ),
        pytest.param(
            stream(segment(ASKED.flow)), segment(ELSEWHERE, sequence=78), 0.001, [],
            id="a pod's from the same port, where its own was seen",
        ),
        pytest.param(
            stream(segment(ELSEWHERE)), segment(ELSEWHERE, flags="A"), LATER_S, [1],
            id="whatever follows on the flow that NAT made",
        ),
        pytest.param(
            stream(segment(ASKED.flow)), segment(ELSEWHERE), LATER_S, [1],
            id="the same SYN behind a second NAT",
        ),
        pytest.param(
            stream(is_closed=True), segment(ELSEWHERE), 0.001, [],
            id="its port is free again, and somebody else's connection has it",
        ),
    ],
)  # fmt: skip
def test_whose_connection_leaves_from_the_port_of_a_stream(
    known: Track, packet: Packet, seen_s: float, owner: list[int]
) -> None:
    book = FlowBook()
    book.add(known)
    assert ids(book.own(packet, seen_s)) == owner


def test_a_pods_datagram_from_the_same_port_is_not_ours(book: FlowBook) -> None:
    foreign = UdpDatagram(payload=b"somebody else's")
    pods = Packet(flow=natted(CHECK.flow), hop_limit=63, ip_id=0, payload=foreign)
    assert ids(book.own(pods, LATER_S)) == []


def test_an_error_about_a_pods_flow_from_the_same_port_is_not_ours(book: FlowBook) -> None:
    assert ids(book.quoted(quote(natted(OTHER.flow)), has_expired=False)) == []


def test_an_error_about_a_flow_that_nat_made_is_ours() -> None:
    book, behind = FlowBook(), track(OTHER)
    book.add(behind)
    note_left(behind, replace(sent(OTHER), flow=natted(OTHER.flow)))
    assert ids(book.quoted(quote(natted(OTHER.flow)), has_expired=False)) == [4]


def quote(on: Flow, *, ip_id: int | None = 9, sequence: int | None = None) -> Quote:
    return Quote(flow=on, hop_limit=1, ip_id=ip_id, sequence=sequence)


def sequence_of(asked: Probe) -> int:
    payload: Payload | bytes = track(asked).payload
    assert isinstance(payload, TcpSegment)
    return payload.sequence


@pytest.mark.parametrize(
    ("quoted", "owner"),
    [
        pytest.param(quote(RUNG.flow, ip_id=RUNG.ip_id), [3], id="a datagram by its IP ID"),
        pytest.param(quote(CHECK.flow), [1], id="what no packet of ours is, was the socket's"),
        pytest.param(
            quote(SYN.flow, sequence=sequence_of(SYN_RUNG)), [6], id="a SYN by its sequence number"
        ),
        pytest.param(
            quote(SYN.flow, ip_id=SYN.ip_id, sequence=sequence_of(SYN_RUNG)),
            [6],
            id="the sequence number outweighs the IP ID, which routers rewrite",
        ),
        pytest.param(
            quote(SYN.flow, ip_id=SYN_RUNG.ip_id), [6], id="a short quote by its IP ID alone"
        ),
        pytest.param(quote(SYN.flow, sequence=12345), [], id="a segment that we never sent"),
        pytest.param(quote(SYN.flow), [], id="a SYN that nothing tells apart"),
        pytest.param(quote(OTHER.flow), [4], id="another flow's"),
    ],
)
def test_a_quote_is_known_by_our_port_and_what_is_unique_to_the_probe(
    book: FlowBook, quoted: Quote, owner: list[int]
) -> None:
    # A router behind a NAT of this site's sees another source.
    rewritten = replace(quoted, flow=replace(quoted.flow, source=ip_address("203.0.113.77")))
    for seen in (quoted, rewritten):
        assert ids(book.quoted(seen, has_expired=False)) == owner


@pytest.mark.parametrize(
    ("quoted", "owner"),
    [
        pytest.param(quote(RUNG.flow, ip_id=RUNG.ip_id), [3], id="a rung by its IP ID"),
        pytest.param(quote(SYN.flow, sequence=sequence_of(SYN_RUNG)), [6], id="or its sequence"),
        pytest.param(quote(OTHER.flow), [4], id="a socket's packet that met a loop"),
        pytest.param(quote(CHECK.flow), [], id="beside rungs, one whose IP ID a NAT rewrote"),
    ],
)
def test_whose_hop_limit_expired(book: FlowBook, quoted: Quote, owner: list[int]) -> None:
    assert ids(book.quoted(quoted, has_expired=True)) == owner


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        pytest.param(CHECK.flow.reversed(), [1, 2, 3], id="all that share the flow"),
        pytest.param(OTHER.flow.reversed(), [4], id="not those on another"),
        pytest.param(CHECK.flow, [], id="not our own direction"),
        pytest.param(
            replace(CHECK.flow.reversed(), source=ip_address("203.0.113.7")), [], id="a stranger"
        ),
    ],
)
def test_an_answer_comes_on_the_reversed_flow(
    book: FlowBook, on: Flow, expected: list[int]
) -> None:
    answer = Packet(flow=on, hop_limit=60, ip_id=1, payload=UdpDatagram(payload=b"x"))
    assert ids(*book.answered(answer)) == expected


def test_an_echo_reply_comes_on_a_flow_with_the_same_identifier(book: FlowBook) -> None:
    reply = IcmpEcho(is_reply=True, identifier=40002, sequence=1, payload=b"")
    answer = Packet(flow=ECHO.flow.reversed(), hop_limit=60, ip_id=1, payload=reply)
    assert ids(*book.answered(answer)) == [7]


OWN6, HOST6 = ip_address("2001:db8::10"), ip_address("2001:db8:1::21")
LADDER6 = tuple(
    probe(
        id_=id_,
        way=Way.IP_STACK if id_ > 1 else Way.SOCKET,
        hop_limit=id_ if id_ > 1 else HOP_LIMIT,
        on=replace(flow(), source=OWN6, destination=HOST6),
    )
    for id_ in (1, 2, 3)
)
ECHOES6 = tuple(
    probe(
        ProbeKind.ICMP_ECHO,
        id_=id_,
        way=Way.IP_STACK,
        hop_limit=id_ - 3,
        on=replace(
            flow_of(ProbeKind.ICMP_ECHO, source_port=40002), source=OWN6, destination=HOST6
        ),
    )
    for id_ in (4, 5)
)


@pytest.fixture
def book6() -> FlowBook:
    filled = FlowBook()
    for asked in (*LADDER6, *ECHOES6):
        filled.add(track(asked))
    return filled


def quote6(asked: Probe, *, octets: int = 80) -> Quote:
    """What a router quotes of a packet of ours, which has no IP ID."""
    payload = track(asked).payload
    told = quote(asked.flow, ip_id=None)
    if isinstance(payload, IcmpEcho):
        return replace(told, sequence=payload.sequence)
    assert isinstance(payload, UdpDatagram)
    return replace(told, payload=payload.payload[:octets])


@pytest.mark.parametrize("asked", [*LADDER6, *ECHOES6], ids=lambda asked: f"probe {asked.id}")
def test_without_an_ip_id_a_datagram_is_known_by_its_octets_and_an_echo_by_its_sequence(
    book6: FlowBook, asked: Probe
) -> None:
    leaving = replace(sent(asked), ip_id=None)
    owners = book6.own(leaving, LATER_S), book6.quoted(quote6(asked), has_expired=False)
    assert ids(*owners) == [asked.id] * 2


OCTETS6 = tuple(
    probe(
        ProbeKind.TLS_CLIENT_HELLO,
        id_=id_,
        way=Way.IP_STACK,
        hop_limit=id_ - 5,
        on=replace(flow(Protocol.TCP, port=443), source=OWN6, destination=HOST6),
    )
    for id_ in (6, 7)
)


@pytest.mark.parametrize("asked", OCTETS6, ids=lambda asked: f"probe {asked.id}")
@pytest.mark.parametrize(
    ("octets", "is_told"),
    [
        pytest.param(None, True, id="all of them"),
        pytest.param(68, True, id="as many as stand before extensions"),
        pytest.param(12, False, id="fewer than tell one hello from another"),
    ],
)
def test_without_an_ip_id_octets_of_a_connection_are_known_by_what_they_say(
    asked: Probe, octets: int | None, is_told: bool
) -> None:
    book = FlowBook()
    hellos = {rung.id: build(rung) for rung in OCTETS6}
    for rung in OCTETS6:
        book.add(Track(probe=rung, payload=hellos[rung.id], next_hop=None, due_s=0.0))
    payload = hellos[asked.id][:octets]
    said = TcpSegment(flags="PA", sequence=101, acknowledgement=1, window=1, payload=payload)
    leaving = Packet(flow=asked.flow, hop_limit=64, ip_id=None, payload=said)
    told = replace(quote(asked.flow, ip_id=None), sequence=101, payload=payload)
    owners = book.own(leaving, LATER_S), book.quoted(told, has_expired=True)
    assert ids(*owners) == [asked.id] * 2 * is_told


@pytest.mark.parametrize(
    "quoted",
    [
        pytest.param(quote6(LADDER6[1], octets=0), id="a datagram of which nothing is quoted"),
        pytest.param(
            replace(quote6(LADDER6[1]), payload=b"another"), id="a datagram we never sent"
        ),
        pytest.param(replace(quote6(ECHOES6[0]), sequence=99), id="an echo we never sent"),
    ],
)
def test_what_expired_in_ipv6_and_is_no_rung_is_nobodys(book6: FlowBook, quoted: Quote) -> None:
    assert book6.quoted(quoted, has_expired=True) is None
