"""The main job from end to end, against a network that a table describes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, ip_address

import pytest

from edgediag.diagnosis import Diagnosed, diagnose
from edgediag.inference.judge import Judgement, judge
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import NftRule
from edgediag.model.drops import TraceDropped, TraceResult
from edgediag.model.endpoint import Direction, Matrix, Omitted, ProbeKind, Target
from edgediag.model.evidence import FlowEvidence, OmittedEvidence, SparedEvidence
from edgediag.model.exchange import (
    Action,
    CloseStream,
    Delivered,
    Event,
    Handed,
    OpenStream,
    Refused,
    SendDatagram,
    SendPacket,
    StreamOpened,
    StreamReceived,
)
from edgediag.model.explained import Arrival, Disposition, Explained
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import InterfaceAddress
from edgediag.model.listener import Listener
from edgediag.model.packet import (
    IcmpEcho,
    IcmpError,
    Packet,
    Payload,
    Quote,
    Sighting,
    TcpSegment,
    UdpDatagram,
)
from edgediag.model.path import Ladder
from edgediag.model.probe import Purpose, Way
from edgediag.model.route import Route
from edgediag.model.verdict import Mechanism, Place, Status
from edgediag.plan import Supply
from edgediag.run import Loop
from edgediag.session.machine import Session
from edgediag.stages.assignment import Assignment
from edgediag.stages.other_rows import INTERRUPTED, OWN_ADDRESS
from rig import NO_ANCHORS, RigCertificates, RigHost, RigListening, RigPulls, RigWire, observed, rig
from story import GATEWAY, NEIGHBOUR_HOST, ROUTERS, host_state, route, target

HOPS = (GATEWAY, *ROUTERS)
OWN6, HOST6, OTHER6 = "2001:db8::10", "2001:db8:1::21", "2001:db8:1::22"
HOPS6 = ("2001:db8::1", "2001:db8:2::1", "2001:db8:2::5", "2001:db8:2::9")
RULE = NftRule(family="inet", table="f", chain="out", handle=3, text="drop")
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
STEP_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the fake network does.

    is_dropped_here     the stack of this host drops the packet before the wire
    is_answer_dropped   this host drops the answer after the tap
    dropped_behind      the hop that drops the flow when forwarding, None for none
    """

    is_dropped_here: Callable[[Flow], bool] = lambda flow: False
    is_answer_dropped: Callable[[Flow], bool] = lambda flow: False
    dropped_behind: Callable[[Flow], int | None] = lambda flow: None


class FakeWire:
    """Four routers and hosts behind them; every answer comes a millisecond after its question."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = 1000.0
        self.pending: list[Event] = []
        self.count = 0
        self.sent: list[Action] = []

    def now_s(self) -> float:
        return self.now

    def execute(self, action: Action) -> tuple[Event, ...]:
        self.sent.append(action)
        match action:
            case SendPacket(packet=packet, way=way):
                return self._packet(action.probe, packet, is_past_stack=way is Way.LINK)
            case SendDatagram(flow=flow, payload=payload):
                datagram = UdpDatagram(payload=payload)
                packet = Packet(flow=flow, hop_limit=64, ip_id=0, payload=datagram)
                return self._packet(action.probe, packet, is_past_stack=False)
            case OpenStream(flow=flow):
                self._stream(action.probe, flow)
                return ()
            case CloseStream():
                return ()

    def wait(self, timeout_s: float) -> tuple[Event, ...]:
        self.now += STEP_S if self.pending else max(STEP_S, timeout_s)
        events, self.pending = tuple(self.pending), []
        return events

    def dropped(self) -> int:
        return 0

    def close(self) -> None:
        pass

    def _packet(self, probe: int, packet: Packet, *, is_past_stack: bool) -> tuple[Event, ...]:
        self.count += 1
        handed = Handed(
            probe=probe, number=self.count, sighting=Sighting.HANDED_OVER, at_s=self.now
        )
        if self.world.is_dropped_here(packet.flow) and not is_past_stack:
            refusal = Refused(probe=probe, errno_name="EPERM", is_immediate=True, at_s=self.now)
            return (handed, refusal)
        self._see(packet, Sighting.TAP_OUT)
        answer = self._answer(packet)
        if answer is not None:
            self._see(answer, Sighting.TAP_IN)
            self._deliver(probe, answer)
        return (handed,)

    def _answer(self, packet: Packet) -> Packet | None:
        flow, wall = packet.flow, self.world.dropped_behind(packet.flow)
        if packet.hop_limit <= len(HOPS):
            if wall is not None and packet.hop_limit > wall:
                return None
            return self._expired(packet)
        payload = None if wall is not None else self._served(packet.payload)
        if payload is None:
            return None
        return Packet(flow=flow.reversed(), hop_limit=60, ip_id=1, payload=payload)

    def _expired(self, packet: Packet) -> Packet:
        segment = packet.payload
        sequence = segment.sequence if isinstance(segment, TcpSegment | IcmpEcho) else None
        is_six = packet.flow.source.version == 6
        octets = segment.payload[:80] if isinstance(segment, UdpDatagram) and is_six else b""
        quote = Quote(
            flow=packet.flow,
            hop_limit=1,
            ip_id=None if is_six else packet.ip_id,
            sequence=sequence,
            payload=octets,
        )
        back = Flow(
            protocol=Protocol.ICMP,
            source=ip_address((HOPS6 if is_six else HOPS)[packet.hop_limit - 1]),
            source_port=0,
            destination=packet.flow.source,
            destination_port=0,
        )
        error = IcmpError(type_=3 if is_six else 11, code=0, quote=quote)
        return Packet(flow=back, hop_limit=65 - packet.hop_limit, ip_id=1, payload=error)

    def _served(self, payload: Payload) -> Payload | None:
        match payload:
            case TcpSegment(flags="S", sequence=sequence):
                return replace(
                    payload, flags="SA", sequence=9, acknowledgement=(sequence + 1) % 2**32
                )
            case UdpDatagram(payload=octets) if octets[:4] == bytes(4):
                header = octets[4:12] + bytes(8) + bytes.fromhex("292022200000000000000024")
                return UdpDatagram(payload=bytes(4) + header + bytes.fromhex("000000080000000e"))
            case IcmpEcho():
                return replace(payload, is_reply=True)
            case _:
                return None

    def _stream(self, probe: int, flow: Flow) -> None:
        if self.world.is_dropped_here(flow):
            return
        syn = TcpSegment(flags="S", sequence=1, acknowledgement=0, window=9, payload=b"")
        self._see(Packet(flow=flow, hop_limit=64, ip_id=0, payload=syn), Sighting.TAP_OUT)
        if self.world.dropped_behind(flow) is not None:
            return
        answer = replace(syn, flags="SA", acknowledgement=2)
        back = Packet(flow=flow.reversed(), hop_limit=60, ip_id=1, payload=answer)
        self._see(back, Sighting.TAP_IN)
        if not self.world.is_answer_dropped(flow):
            self.pending.append(StreamOpened(probe=probe, at_s=self.now))
            self.pending.append(StreamReceived(probe=probe, payload=ALERT, at_s=self.now))

    def _see(self, packet: Packet, sighting: Sighting) -> None:
        self.count += 1
        self.pending.append(observed(packet, sighting, self.now, number=self.count))

    def _deliver(self, probe: int, answer: Packet) -> None:
        if isinstance(answer.payload, UdpDatagram) and not self.world.is_answer_dropped(
            answer.flow.reversed()
        ):
            octets = answer.payload.payload
            self.pending.append(
                Delivered(probe=probe, flow=answer.flow, payload=octets, at_s=self.now)
            )


def host_of(world: World) -> RigHost:
    """A host with one rule, which its trace knows."""

    def said(flow: Flow) -> TraceResult:
        is_reply = world.is_answer_dropped(flow)
        if not is_reply and not world.is_dropped_here(flow):
            return NotChecked(reason="no trace message came for the flow")
        hook = "input" if is_reply else "output"
        return TraceDropped(culprit=RULE, hook=hook, is_reject=False, is_reply=is_reply)

    def way(flow: Flow) -> Route:
        if flow.destination.version == 4:
            return route()
        return replace(route(HOPS6[0]), source=ip_address(OWN6))

    return RigHost(said=said, way=way)


API = target(
    "api-server-6443",
    kinds=(ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO),
    host=NEIGHBOUR_HOST,
    address=NEIGHBOUR_HOST,
    port=6443,
)
TUNNEL = target()
NAMED = target("cs-anony-443", kinds=API.kinds, host="cs.example", address=None, port=443)
KUBELET = target("kubelet-10250", kinds=(), port=10250, address=None, direction=Direction.INBOUND)


def assigned(matrix: Matrix) -> Assignment:
    return Assignment(
        matrix=matrix, hosts_entries=(), resolver_lines=(), timeout_s=2.0, anchors=NO_ANCHORS
    )


def run(
    world: World,
    *targets: Target,
    is_stopped: Callable[[FakeWire], bool] = lambda wire: False,
    rate_pps: float = 1000.0,
) -> tuple[Diagnosed, Judgement, FakeWire]:
    wire = FakeWire(world)
    loop = Loop(wire, Session(rate_pps=rate_pps), wire, is_stopped=lambda: is_stopped(wire))
    supply = Supply(
        tokens=iter(range(2**40, 2**41)), ports=iter(range(40000, 41000)), first_ip_id=0
    )
    host = host_of(world)
    bench = Bench(
        host=host,
        state=host.read(),
        loop=loop,
        supply=supply,
        certificates=RigCertificates(),
        pulls=RigPulls(),
        listening=RigListening(),
    )
    matrix = Matrix(targets=targets or (API, TUNNEL), omitted=(), not_applicable=())
    assignment = assigned(matrix)
    diagnosed = diagnose(bench, assignment)
    return diagnosed, judge(diagnosed.evidence), wire


def is_tunnel(flow: Flow) -> bool:
    return 4500 in (flow.source_port, flow.destination_port)


def is_api(flow: Flow) -> bool:
    return 6443 in (flow.source_port, flow.destination_port)


def test_a_healthy_network_passes_within_a_round_trip_and_is_not_walked() -> None:
    diagnosed, judged, wire = run(World())
    assert [check.status for check in judged.checks] == [Status.OK, Status.OK]
    assert judged.root_causes == ()
    assert wire.now < 1000.1
    purposes = {outcome.probe.purpose for outcome in diagnosed.outcomes}
    assert purposes == {Purpose.CHECK, Purpose.VARIATION}


@pytest.mark.parametrize("wall", [1, 2, 3])
def test_a_silent_drop_is_placed_between_two_hops(wall: int) -> None:
    _, judged, _ = run(World(dropped_behind=lambda flow: wall if is_tunnel(flow) else None))
    api, tunnel = judged.checks
    assert api.status is Status.OK
    assert tunnel.verdict is not None
    assert (tunnel.verdict.where, str(tunnel.verdict.after), str(tunnel.verdict.upto)) == (
        (Place.ON_PATH,),
        HOPS[wall - 1],
        HOPS[wall],
    )


def test_behind_the_last_router_nobody_can_tell() -> None:
    _, judged, _ = run(World(dropped_behind=lambda flow: 4 if is_api(flow) else None))
    verdict = judged.checks[0].verdict
    assert verdict is not None
    assert verdict.where == (Place.ON_PATH, Place.REMOTE)


def test_a_drop_of_our_own_is_proven_by_the_contrast_and_named_by_the_trace() -> None:
    diagnosed, judged, _ = run(World(is_dropped_here=is_tunnel))
    verdict = judged.checks[1].verdict
    assert verdict is not None
    assert (verdict.where, verdict.mechanism, verdict.culprit) == (
        (Place.LOCAL,),
        Mechanism.RULE_DROP,
        RULE,
    )
    rules = {finding.rule for finding in judged.checks[1].findings}
    assert {"traced-drop", "link-layer-answered", "never-left"} <= rules
    evidence = diagnosed.evidence.checks[1]
    assert isinstance(evidence, FlowEvidence)
    assert isinstance(evidence.ladder, NotChecked)


def test_an_answer_that_we_drop_ourselves() -> None:
    _, judged, _ = run(World(is_answer_dropped=is_api))
    check = judged.checks[0]
    assert check.verdict is not None
    assert (check.verdict.where, check.verdict.culprit) == ((Place.LOCAL,), RULE)
    assert "answer-not-delivered" in {finding.rule for finding in check.findings}


def test_a_name_without_a_resolver_is_said_so_and_nothing_is_sent_for_it() -> None:
    _, judged, wire = run(World(), NAMED)
    assert judged.checks[0].verdict is not None
    assert judged.checks[0].verdict.mechanism is Mechanism.DNS_FAILURE
    assert wire.sent == []


def test_half_silent_targets_cost_one_timeout_and_one_ladder() -> None:
    hosts = [str(IPv4Address(f"198.51.100.{n}")) for n in range(100, 110)]
    targets = [
        replace(API, check=f"api-{n}", host=host, address=ip_address(host))
        for n, host in enumerate(hosts)
    ]
    dark = {ip_address(host) for host in hosts[:5]}
    world = World(
        dropped_behind=lambda flow: 2 if {flow.source, flow.destination} & dark else None
    )
    _, judged, wire = run(world, *targets)
    assert [check.status for check in judged.checks].count(Status.BLOCKED) == 5
    assert wire.now - 1000.0 < 2.0 + 1.2 + 3 * 0.6 + 0.7 + 0.2


def test_at_a_slow_pace_nobody_is_blamed_for_what_was_not_sent_yet() -> None:
    targets = [
        replace(TUNNEL, check=f"tunnel-{n}", host=host, address=ip_address(host))
        for n, host in enumerate(f"198.51.100.{n}" for n in range(100, 110))
    ]
    _, judged, wire = run(World(), *targets, rate_pps=2.0)
    assert {check.status for check in judged.checks} == {Status.OK}
    # Five seconds for the targets, and two of them are asked in seven more packets each.
    assert 4.0 < wire.now - 1000.0 < 13.0


@pytest.mark.parametrize(
    ("row", "why"),
    [
        pytest.param(TUNNEL, OWN_ADDRESS, id="IKE at an address of this very node"),
        pytest.param(
            target("ntp-123", kinds=(ProbeKind.NTP,)), INTERRUPTED, id="another service there"
        ),
    ],
)
def test_why_a_check_has_no_outcome(row: Target, why: NotChecked) -> None:
    host = RigHost(way=lambda flow: route(None, interface="lo", is_local=True))
    bench = rig(RigWire(), host, is_stopped=lambda: True)
    matrix = Matrix(targets=(row,), omitted=(), not_applicable=())
    (evidence,) = diagnose(bench, assigned(matrix)).evidence.checks
    match evidence:
        case SparedEvidence(because=because) | OmittedEvidence(omitted=Omitted(because=because)):
            assert because == why
        case _:
            raise AssertionError(evidence)


@pytest.mark.parametrize(
    "after_s",
    [
        pytest.param(0.5, id="while checks wait"),
        pytest.param(2.3, id="while ladders are climbed"),
    ],
)
def test_an_interrupted_run_blames_nobody(after_s: float) -> None:
    world = World(dropped_behind=lambda flow: 2 if is_tunnel(flow) else None)
    diagnosed, judged, _ = run(
        world, API, TUNNEL, is_stopped=lambda wire: wire.now > 1000.0 + after_s
    )
    api, tunnel = judged.checks
    assert api.status is Status.OK
    assert tunnel.status in (Status.NOT_CHECKED, Status.UNDETERMINED)
    if tunnel.status is Status.NOT_CHECKED:
        assert isinstance(diagnosed.evidence.checks[1], OmittedEvidence)


def test_the_evidence_holds_the_walk_on_the_very_flow() -> None:
    diagnosed, _, _ = run(World(dropped_behind=lambda flow: 2 if is_tunnel(flow) else None))
    evidence = diagnosed.evidence.checks[1]
    assert isinstance(evidence, FlowEvidence)
    assert isinstance(evidence.ladder, Ladder)
    assert evidence.ladder.flow == evidence.flow == evidence.attempts[0].probe.flow


def test_rows_that_need_no_packet_come_along_in_order() -> None:
    diagnosed, judged, _ = run(World(), KUBELET, API)
    assert [check.id for check in judged.checks] == ["kubelet-10250", "api-server-6443"]
    assert judged.checks[0].verdict is not None
    assert judged.checks[0].verdict.mechanism is Mechanism.NOT_LISTENING


@pytest.mark.parametrize(
    ("closed", "status"),
    [
        pytest.param(("eth0", "eth1"), Status.BLOCKED, id="a rule closes the port to both"),
        pytest.param(("eth0",), Status.NOT_CHECKED, id="the site is let in, the WAN is not"),
    ],
)
def test_a_port_is_held_against_every_network_of_this_node(
    closed: tuple[str, ...], status: Status
) -> None:
    class TwoNetworks(RigHost):
        """A host whose one rule keeps out what comes by some devices."""

        def explain_arrival(self, arrival: Arrival) -> Explained | NotChecked:
            is_kept_out = arrival.interface in closed
            return Explained(
                disposition=Disposition.DROPPED if is_kept_out else Disposition.PASSES,
                deciders=(RULE,) if is_kept_out else (),
                translations=(),
                marks=(),
                hangs_on=(),
            )

    site = InterfaceAddress(
        interface="eth1", address=IPv4Address("203.0.113.200"), prefix_length=24
    )
    taken = Listener(protocol=Protocol.TCP, address=IPv4Address(0), port=10250, uid=0)
    state = host_state()
    assert not isinstance(state.addresses, NotChecked)
    state = replace(state, addresses=(*state.addresses, site), listeners=(taken,))
    matrix = Matrix(targets=(KUBELET,), omitted=(), not_applicable=())
    found = diagnose(rig(RigWire(), TwoNetworks(state=state)), assigned(matrix))
    (check,) = judge(found.evidence).checks
    assert check.status is status


def of_ipv6(row: Target, host: str) -> Target:
    return replace(row, host=host, address=ip_address(host))


ROWS6 = (of_ipv6(API, OTHER6), of_ipv6(TUNNEL, HOST6))


def test_hosts_of_ipv6_are_asked_as_others_are() -> None:
    diagnosed, judged, _ = run(World(), *ROWS6)
    assert [check.status for check in judged.checks] == [Status.OK, Status.OK]
    assert {str(outcome.probe.flow.source) for outcome in diagnosed.outcomes} == {OWN6}


@pytest.mark.parametrize(
    ("is_blocked", "row"),
    [pytest.param(is_api, 0, id="a SYN"), pytest.param(is_tunnel, 1, id="a datagram")],
)
@pytest.mark.parametrize("wall", [1, 2, 3])
def test_a_silent_drop_is_placed_between_two_hops_of_ipv6(
    is_blocked: Callable[[Flow], bool], row: int, wall: int
) -> None:
    _, judged, _ = run(World(dropped_behind=lambda on: wall if is_blocked(on) else None), *ROWS6)
    verdict = judged.checks[row].verdict
    assert judged.checks[1 - row].status is Status.OK
    assert verdict is not None
    assert (verdict.where, str(verdict.after), str(verdict.upto)) == (
        (Place.ON_PATH,),
        HOPS6[wall - 1],
        HOPS6[wall],
    )


def test_a_flow_that_works_in_ipv4_is_blamed_in_ipv6_alone() -> None:
    world = World(dropped_behind=lambda on: 2 if on.source.version == 6 else None)
    _, judged, _ = run(world, API, of_ipv6(API, OTHER6))
    assert [check.status for check in judged.checks] == [Status.OK, Status.BLOCKED]


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        pytest.param("fe80::1", "one link", id="of a link"),
        pytest.param("fe80::1%eth0", "one link", id="of a link that is named"),
        pytest.param("ff02::1", "a group", id="of a group"),
        pytest.param("::ffff:198.51.100.10", "198.51.100.10 of IPv4", id="of IPv4 in disguise"),
    ],
)
def test_what_is_no_destination_is_said_and_not_blamed(host: str, reason: str) -> None:
    _, judged, wire = run(World(), of_ipv6(API, host))
    assert judged.checks[0].status is Status.NOT_CHECKED
    assert reason in judged.checks[0].note
    assert wire.sent == []
