"""The second stage: what is sent to locate what failed, and what is read back."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.evidence import Located
from edgediag.instruments import Bench
from edgediag.locate.masked import with_masked
from edgediag.locate.planned import Confirmation, Search
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import Action, Event, OpenStream, SendDatagram, SendPacket
from edgediag.model.explained import Disposition, Explained
from edgediag.model.flow import Protocol
from edgediag.model.host import HostState, Link, NeighbourState
from edgediag.model.outcome import Unanswered
from edgediag.model.packet import IcmpError, Packet, Quote, Sighting, TcpSegment
from edgediag.model.path import Ladder
from edgediag.model.probe import Purpose, Way
from edgediag.model.reply import ConnectedMute
from edgediag.model.route import RouteAnswer, RouteRefused
from edgediag.path import RUNG_TIMEOUT_S, Walk
from edgediag.plan import CONFIRM_TIMEOUT_S, CONTRAST_SCHEDULE, TRACE_TIMEOUT_S
from edgediag.stages.alternative import Doubts
from edgediag.stages.search import (
    HANDSHAKE_PASSES,
    NO_ROUTE,
    RECONFIRM_TRIES,
    Sought,
    read_back,
    seek,
)
from rig import NEXT_HOP, UNEXPLAINED, RigHost, RigWire, observed, rig, silence
from story import (
    EDGE,
    GATEWAY,
    NEIGHBOUR_HOST,
    addresses,
    answered,
    flow,
    host_state,
    ike_reply,
    link,
    neighbour,
    passed,
    probe,
    refused,
    route,
    syn_ack,
    target,
    unanswered,
)

NAME = "raven-tunnel-4500"
STUCK = Checked(target=target(), attempts=(refused(probe(id_=9001)),), nobody=())
LOST = Checked(target=target(), attempts=(unanswered(probe(id_=9001)),), nobody=())
WALK = Walk(
    check=NAME,
    purpose=Purpose.LADDER,
    kind=ProbeKind.IKE_SA_INIT,
    flow=LOST.attempts[0].probe.flow,
    name="",
    hops=4,
    start_s=0.0,
)


NO_DOUBTS = Doubts(alternatives=(), next_hops=())


def search(
    *suspects: Checked,
    walks: tuple[Walk, ...] = (),
    confirmations: tuple[Confirmation, ...] = (),
) -> Search:
    return Search(
        suspects=suspects,
        confirmations=confirmations,
        walks=walks,
        walked={},
        controls={},
        conversations=(),
        handshakes=(),
        denial=None,
    )


def first_hop_answers(action: Action, at_s: float) -> Iterable[Event]:
    """The gateway says that a probe expired; whatever goes farther is lost."""
    if not isinstance(action, SendPacket) or action.packet.hop_limit > 1:
        return ()
    quote = Quote(flow=action.packet.flow, hop_limit=1, ip_id=action.packet.ip_id, sequence=None)
    back = replace(
        flow(Protocol.ICMP, host=EDGE, port=0, source_port=0), source=addresses(GATEWAY)[0]
    )
    error = IcmpError(type_=11, code=0, quote=quote)
    answer = Packet(flow=back, hop_limit=64, ip_id=1, payload=error)
    return (observed(answer, Sighting.TAP_IN, at_s),)


def located(
    bench: Bench, planned: Search, check: Checked, way: RouteAnswer, state: HostState
) -> tuple[Sought, Located]:
    routes = {NAME: way}
    sought = seek(bench, planned, routes, NO_DOUBTS)
    return sought, read_back(bench, [check], sought, (state, routes))


def sought_from(
    wire: RigWire, *, host: RigHost | None = None, way: RouteAnswer | None = None
) -> Located:
    """What is located of a suspect."""
    _, found = located(rig(wire, host), search(STUCK), STUCK, way or route(), host_state())
    return found


def test_where_nothing_failed_nothing_is_sent() -> None:
    wire, host = RigWire(), RigHost()
    works = replace(LOST, attempts=(answered(probe(id_=9001), ike_reply()),))
    sought, found = located(rig(wire, host), search(), works, route(), host_state())
    assert (wire.sent, wire.passed_s(), host.traced) == ([], 0.0, [])
    assert sought == Sought(
        contrasts={},
        confirmations={},
        rungs={},
        learnt={},
        repeats=(),
        traces={},
        drops=(),
        kernel_drops={},
        conversations=(),
        handshakes=(),
        waited_for={},
        alternatives=(),
        link_answers={},
    )
    assert (found.neighbours, found.links) == ({}, {NAME: link()})


# Suspects.


def test_a_suspect_is_repeated_under_the_trace_and_then_sent_past_the_stack() -> None:
    wire, host = RigWire(), RigHost()
    bench = rig(wire, host)
    sought, found = located(bench, search(STUCK), STUCK, route(), host_state())
    contrast = found.contrasts[NAME]
    (repeat,) = sought.repeats
    assert isinstance(contrast, Unanswered)
    assert (repeat.way, contrast.probe.way) == (Way.SOCKET, Way.LINK)
    assert host.traced == [repeat.flow] == [contrast.probe.flow] == [STUCK.attempts[0].probe.flow]
    assert found.traces == {NAME: passed()}
    frames = [action.next_hop for _, action in wire.sent if isinstance(action, SendPacket)]
    assert frames == [NEXT_HOP] * len(CONTRAST_SCHEDULE.offsets_s)
    wanted_s = TRACE_TIMEOUT_S + CONTRAST_SCHEDULE.timeout_s
    assert wire.passed_s() == pytest.approx(wanted_s, abs=0.01)


def test_of_what_stays_here_the_rules_are_followed_and_of_what_left_as_asked_they_are_not() -> None:
    explained = Explained(
        disposition=Disposition.PASSES, deciders=(), translations=(), marks=(), hangs_on=()
    )
    host = RigHost(rules=explained)
    found = sought_from(RigWire(), host=host)
    _, left = located(rig(RigWire(), host), search(), LOST, route(), host_state())
    assert (found.explained, left.explained) == ({NAME: explained}, {})
    assert host.explained == [STUCK.attempts[0].probe.flow]


def test_of_what_left_by_another_device_than_is_routed_the_rules_are_followed_too() -> None:
    works = replace(LOST, attempts=(answered(probe(id_=9001), ike_reply()),))
    host = RigHost(rules=UNEXPLAINED)
    elsewhere = replace(route(), interface="raven0")
    _, found = located(rig(RigWire(), host), search(), works, elsewhere, host_state())
    assert found.explained == {NAME: UNEXPLAINED}


@pytest.mark.parametrize(
    ("host", "way", "reason"),
    [
        pytest.param(
            RigHost(),
            RouteRefused(errno_name="ENETUNREACH", culprit=None),
            NO_ROUTE,
            id="no route, no next hop",
        ),
        pytest.param(
            RigHost(hop=NotChecked(reason="the link-layer address is not known")),
            route(),
            NotChecked(reason="the link-layer address is not known"),
            id="a next hop that nobody resolves",
        ),
    ],
)
def test_why_there_is_no_contrast(host: RigHost, way: RouteAnswer, reason: NotChecked) -> None:
    wire = RigWire()
    assert sought_from(wire, host=host, way=way).contrasts == {NAME: reason}
    assert not any(isinstance(action, SendPacket) for _, action in wire.sent)


def test_without_a_trace_nothing_is_repeated_for_it() -> None:
    wire = RigWire()
    why = NotChecked(reason="CAP_NET_ADMIN is missing")
    assert sought_from(wire, host=RigHost(said=why)).traces == {NAME: why}
    assert wire.passed_s() == pytest.approx(CONTRAST_SCHEDULE.timeout_s, abs=0.01)


def test_octets_that_stay_here_are_sent_again_behind_a_handshake_of_their_own() -> None:
    wire, host = RigWire(), RigHost()
    on = flow(Protocol.TCP, port=6443, source_port=39998)
    hello = probe(ProbeKind.TLS_CLIENT_HELLO, on=replace(on, source_port=39999), offsets_s=(0.0,))
    mute = ConnectedMute(has_left=False, is_acknowledged=False, hop_limit=60)
    kept = replace(
        STUCK,
        attempts=(answered(probe(ProbeKind.TCP_SYN, on=on), syn_ack()), answered(hello, mute)),
    )
    sought, found = located(rig(wire, host), search(kept), kept, route(), host_state())
    (repeat,) = sought.repeats
    assert (repeat.kind, repeat.way) == (ProbeKind.TLS_CLIENT_HELLO, Way.SOCKET)
    assert host.traced == [repeat.flow]
    assert repeat.flow not in (on, hello.flow)
    assert found.contrasts == {NAME: HANDSHAKE_PASSES}
    assert [type(action) for _, action in wire.sent] == [OpenStream]


def test_a_connection_that_fails_beside_a_packet_that_is_served_is_opened_under_the_trace() -> None:
    wire, host = RigWire(), RigHost()
    on = flow(Protocol.TCP, port=6443, source_port=39998)
    connect = probe(ProbeKind.TCP_CONNECT, on=replace(on, source_port=39999))
    half = replace(
        STUCK,
        attempts=(
            answered(probe(ProbeKind.TCP_SYN, on=on), syn_ack()),
            unanswered(connect, has_come_back=True),
        ),
    )
    sought, found = located(rig(wire, host), search(half), half, route(), host_state())
    assert [item.kind for item in sought.repeats] == [ProbeKind.TCP_SYN, ProbeKind.TCP_CONNECT]
    assert sorted(item.source_port for item in host.traced) == sorted(
        item.flow.source_port for item in sought.repeats
    )
    assert (found.traces, found.kernel_drops) == ({NAME: passed()}, {NAME: ()})


def test_what_a_program_of_the_device_may_hide_is_sent_once_more_for_its_drops() -> None:
    wire, host = RigWire(), RigHost()
    masked = with_masked(search(), [LOST], {NAME: link(xdp_program=7)})
    sought, found = located(rig(wire, host), masked, LOST, route(), host_state())
    assert [item.flow for item in sought.repeats] == [LOST.attempts[0].probe.flow]
    assert (found.traces, found.kernel_drops) == ({}, {NAME: ()})


@pytest.mark.parametrize(
    ("planned", "check", "uplink"),
    [
        pytest.param(search(), LOST, link(), id="no program"),
        pytest.param(search(), STUCK, link(xdp_program=7), id="nothing was sent"),
        pytest.param(search(LOST), LOST, link(xdp_program=7), id="looked for on this host anyway"),
        pytest.param(search(), LOST, NotChecked(reason="no interface"), id="no device is known"),
    ],
)
def test_what_no_program_hides(
    planned: Search, check: Checked, uplink: Link | NotChecked
) -> None:
    assert with_masked(planned, [check], {NAME: uplink}).masked == ()


# Walks.


def test_a_walk_becomes_the_ladder_of_its_flow() -> None:
    wire = RigWire(first_hop_answers)
    _, found = located(rig(wire), search(walks=(WALK,)), LOST, route(), host_state())
    hops = found.ladders[WALK.flow].hops
    assert [str(hop.sender) for hop in hops] == [GATEWAY, "None", "None", "None"]
    assert wire.passed_s() == pytest.approx(RUNG_TIMEOUT_S, abs=0.01)


def test_all_walks_are_climbed_at_once_and_the_staggered_ones_after_them() -> None:
    others = [flow(source_port=40001), flow(source_port=40002)]
    walks = (WALK, replace(WALK, flow=others[0]), replace(WALK, flow=others[1], start_s=1.0))
    wire = RigWire()
    _, found = located(rig(wire), search(walks=walks), LOST, route(), host_state())
    assert set(found.ladders) == {WALK.flow, *others}
    assert wire.passed_s() == pytest.approx(1.0 + RUNG_TIMEOUT_S, abs=0.02)


def test_a_destination_that_answers_a_rung_is_among_those_that_answer() -> None:
    near = replace(WALK, flow=flow(host=GATEWAY, source_port=40001))
    _, found = located(
        rig(RigWire(first_hop_answers)), search(walks=(near,)), LOST, route(), host_state()
    )
    assert found.surroundings.answering == addresses(GATEWAY)


# Confirmations.


def test_a_silent_flow_is_asked_once_more_at_its_moment_and_once() -> None:
    wire = RigWire()
    planned = search(confirmations=(Confirmation(check=LOST, start_s=1.6),))
    sought, found = located(rig(wire), planned, LOST, route(), host_state())
    (moment_s, action), *others = wire.sent
    asked, confirmation = sought.confirmations[NAME], found.confirmations[NAME]
    assert (type(action), others) == (SendDatagram, [])
    assert moment_s == pytest.approx(1.6, abs=0.01)
    assert (asked.flow, asked.way) == (LOST.attempts[0].probe.flow, Way.SOCKET)
    assert isinstance(confirmation, Unanswered) and confirmation.tries == 1
    assert wire.passed_s() == pytest.approx(1.6 + CONFIRM_TIMEOUT_S, abs=0.01)


def test_a_confirmation_that_was_interrupted_is_no_silence() -> None:
    planned = search(confirmations=(Confirmation(check=LOST, start_s=1.6),))
    _, found = located(stopping(1.0), planned, LOST, route(), host_state())
    assert isinstance(found.confirmations[NAME], NotChecked)


@pytest.mark.parametrize("is_lossy", [True, False])
def test_silence_is_asked_again_where_others_were_answered_late(is_lossy: bool) -> None:
    wire = RigWire(silence)
    planned = search(confirmations=(Confirmation(check=LOST, start_s=0.6),))
    seek(rig(wire), replace(planned, is_lossy=is_lossy), {NAME: route()}, NO_DOUBTS)
    asked = [action for _, action in wire.sent if isinstance(action, SendDatagram)]
    assert len(asked) == 1 + RECONFIRM_TRIES * is_lossy


def test_what_is_still_silent_is_asked_again_where_another_was_served_in_the_end() -> None:
    other = Checked(
        target=target("ntp", host=NEIGHBOUR_HOST),
        attempts=(unanswered(probe(ProbeKind.TCP_SYN, id_=9002, check="ntp")),),
        nobody=(),
    )
    planned = search(
        confirmations=(
            Confirmation(check=LOST, start_s=0.6), Confirmation(check=other, start_s=1.2)
        )
    )

    def serves_syns(action: Action, at_s: float) -> Iterable[Event]:
        if not isinstance(action, SendPacket):
            return ()
        synack = TcpSegment(
            flags="SA",
            sequence=7,
            acknowledgement=getattr(action.packet.payload, "sequence", 0) + 1,
            window=1,
            payload=b"",
        )
        back = Packet(
            flow=action.packet.flow.reversed(), hop_limit=60, ip_id=1, payload=synack
        )
        return (observed(back, Sighting.TAP_IN, at_s),)

    wire = RigWire(serves_syns)
    sought = seek(rig(wire), planned, {NAME: route(), "ntp": route()}, NO_DOUBTS)
    asked = [at_s for at_s, action in wire.sent if isinstance(action, SendDatagram)]
    assert len(asked) == 1 + RECONFIRM_TRIES
    assert len(sought.repeats) == 1 and set(sought.confirmations) == {NAME, "ntp"}


# What is read of this host.


def test_the_next_hop_is_read_of_failing_checks_alone() -> None:
    works = Checked(
        target=target("other", host=NEIGHBOUR_HOST),
        attempts=(answered(probe(id_=1), ike_reply()),),
        nobody=(),
    )
    bench = rig(RigWire(), RigHost(entry=neighbour(NeighbourState.FAILED)))
    routes: dict[str, RouteAnswer] = {NAME: route(), "other": route()}
    sought = seek(bench, search(), routes, NO_DOUBTS)
    found = read_back(bench, [LOST, works], sought, (host_state(), routes))
    assert found.neighbours == {NAME: neighbour(NeighbourState.FAILED)}
    assert set(found.links) == {NAME, "other"}


@pytest.mark.parametrize(
    ("way", "state", "expected"),
    [
        pytest.param(route(), host_state(), link(), id="the device of the route"),
        pytest.param(
            route(interface="eth1"),
            host_state(),
            NotChecked(reason="no such device: eth1"),
            id="it is gone",
        ),
        pytest.param(
            route(),
            replace(host_state(), links=NotChecked(reason="no netlink")),
            NotChecked(reason="no netlink"),
            id="no device was read",
        ),
        pytest.param(
            RouteRefused(errno_name="EACCES", culprit=None), host_state(), NO_ROUTE, id="no route"
        ),
    ],
)
def test_the_link_of_a_check(way: RouteAnswer, state: HostState, expected: object) -> None:
    _, found = located(rig(RigWire()), search(), LOST, way, state)
    assert found.links == {NAME: expected}


# Interrupted.


def stopping(
    after_s: float, answer: Callable[[Action, float], Iterable[Event]] = silence
) -> Bench:
    wire = RigWire(answer)
    return rig(wire, is_stopped=lambda: wire.passed_s() >= after_s)


def test_a_ladder_that_was_not_climbed_to_its_end_is_none() -> None:
    bench = stopping(0.5, first_hop_answers)
    _, found = located(bench, search(walks=(WALK,)), LOST, route(), host_state())
    assert found.ladders == {}


def test_a_ladder_that_was_is_kept() -> None:
    nearest = replace(WALK, hops=1)
    far = replace(WALK, flow=flow(source_port=40001))
    bench = stopping(0.5, first_hop_answers)
    _, found = located(bench, search(walks=(nearest, far)), LOST, route(), host_state())
    assert {type(found.ladders[nearest.flow])} == {Ladder}
    assert far.flow not in found.ladders


def test_a_contrast_that_was_not_waited_for_is_no_silence() -> None:
    _, found = located(stopping(0.7), search(STUCK), STUCK, route(), host_state())
    assert isinstance(found.contrasts[NAME], NotChecked)


def test_a_failed_next_hop_that_the_kernel_forgets_is_remembered() -> None:
    host = RigHost(entry=neighbour(NeighbourState.FAILED))
    bench = rig(RigWire(), host)
    routes: dict[str, RouteAnswer] = {NAME: route()}
    sought = seek(bench, replace(search(), suspects=(STUCK,)), routes, NO_DOUBTS)
    host.entry = NotChecked(reason="no such entry")
    found = read_back(bench, [STUCK], sought, (host_state(), routes))
    assert found.neighbours[NAME] == neighbour(NeighbourState.FAILED)
