"""Who is asked through an overlay, with what in the frames, and what is asked next."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.inference.overlay_trials import lengths, ports
from edgediag.model.exchange import Action, Event, SendPacket
from edgediag.model.flow import Flow
from edgediag.model.host import HostState, InterfaceAddress, Neighbour, NeighbourState
from edgediag.model.overlay import Encapsulation, ForwardingEntry
from edgediag.model.overlay_trial import OverlayTrial
from edgediag.model.packet import IcmpEcho, Packet, Sighting, UdpDatagram
from edgediag.model.probe import Padding
from edgediag.model.route import Route, RouteAnswer, RouteRefused
from edgediag.tunnel.overlay_peers import MAX_PEERS
from edgediag.tunnel.overlay_sweep import AT_ONCE, LEGS, ROUNDS, between
from edgediag.tunnel.overlay_trials import begin, finish
from rig import RigHost, RigWire, observed, rig
from story import EDGE, FLANNEL_DEVICE, FLANNEL_LINK, host_state, route

FLANNEL_ROW = {"flannel-vxlan"}
PEER, OTHER, THIRD = (ip_address(f"192.0.2.{last}") for last in (11, 12, 13))
PEER_MAC, OTHER_MAC = "02:00:00:00:00:0b", "02:00:00:00:00:0c"
PEER_END, OTHER_END = ip_address("203.0.113.130"), ip_address("203.0.113.140")

LINK = FLANNEL_LINK
DEVICE = FLANNEL_DEVICE
ENTRIES = tuple(
    ForwardingEntry(interface="flannel.1", mac=mac, destination=node)
    for mac, node in ((PEER_MAC, PEER), (OTHER_MAC, OTHER))
)
ENDS = tuple(
    Neighbour(interface="flannel.1", address=end, mac=mac, state=NeighbourState.PERMANENT)
    for mac, end in ((PEER_MAC, PEER_END), (OTHER_MAC, OTHER_END))
)
OWN_END = InterfaceAddress(
    interface="flannel.1", address=ip_address("203.0.113.120"), prefix_length=32
)
STATE = replace(
    host_state(),
    links=(LINK,),
    vxlans=(DEVICE,),
    forwarding=ENTRIES,
    neighbours=ENDS,
    addresses=(
        InterfaceAddress(interface="eth0", address=ip_address(EDGE), prefix_length=24),
        OWN_END,
    ),
)


def on_link(_: Flow) -> RouteAnswer:
    """All nodes are on the link."""
    return Route(
        interface="eth0",
        gateway=None,
        source=ip_address(EDGE),
        table=254,
        prefix="192.0.2.0/24",
        mtu=None,
        is_local=False,
    )


def all_pass(_: Packet) -> bool:
    return True


def answers(*kinds: str, passes: Callable[[Packet], bool] = all_pass) -> object:
    """A wire that answers plain frames, echoes or neither, of what passes."""

    def answer(action: Action, at_s: float) -> Iterable[Event]:
        if not isinstance(action, SendPacket):
            return
        packet = action.packet
        yield observed(packet, Sighting.TAP_OUT, at_s)
        if not passes(packet):
            return
        if isinstance(packet.payload, IcmpEcho) and "echo" in kinds:
            back = replace(packet.payload, is_reply=True)
            yield observed(
                replace(packet, flow=packet.flow.reversed(), payload=back), Sighting.TAP_IN, at_s
            )
        elif isinstance(packet.payload, UdpDatagram) and "frame" in kinds:
            yield observed(framed_answer(packet), Sighting.TAP_IN, at_s)

    return answer


def framed_answer(packet: Packet) -> Packet:
    """What the peer's kernel makes of a frame: ends exchanged, a reply, a port of its own."""
    assert isinstance(packet.payload, UdpDatagram)
    octets = bytearray(packet.payload.payload)
    octets[34:38], octets[38:42] = octets[38:42], octets[34:38]
    octets[42] = 0
    flow = replace(
        packet.flow.reversed(), source_port=51234, destination_port=packet.flow.destination_port
    )
    return replace(packet, flow=flow, payload=UdpDatagram(payload=bytes(octets)))


def tried(
    *kinds: str,
    state: HostState = STATE,
    peers: tuple[object, ...] = (PEER,),
    host: RigHost | None = None,
    passes: Callable[[Packet], bool] = all_pass,
) -> tuple[tuple[OverlayTrial, ...], RigWire, RigHost]:
    wire = RigWire(answers(*kinds, passes=passes))  # type: ignore[arg-type]  # a story's answers
    host = host or RigHost(state=state, way=on_link)
    bench = rig(wire, host)
    trials = begin(bench, state, peers, FLANNEL_ROW)  # type: ignore[arg-type]  # peers of a story
    found, _ = finish(bench, trials)
    return found, wire, host


def forms(trial: OverlayTrial) -> list[str]:
    return [item.form.value for item in trial.asked]


def test_a_frame_has_what_the_tables_have_for_the_node() -> None:
    (trial,), _, _ = tried("frame", "echo")
    probe = trial.asked[0].outcome.probe
    assert probe.encapsulation == Encapsulation(
        vni=1,
        has_checksum=True,
        source_mac=LINK.mac,
        destination_mac=PEER_MAC,
        source=OWN_END.address,
        destination=PEER_END,
        identifier=probe.flow.source_port,
    )
    assert (probe.flow.destination, probe.flow.destination_port) == (PEER, 8472)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        pytest.param(
            ("frame", "echo"),
            ["plain", "echo", "source-port", "checksum", *["leg"] * LEGS, "size"],
            id="a node that answers is asked in three forms and from four ports more",
        ),
        pytest.param(
            ("echo",),
            [
                *("plain", "echo", "source-port", "checksum", *["leg"] * LEGS),
                *("bare-answer", "other-port", *["vni"] * 4),
            ],
            id="a silent one in all that may tell why",
        ),
        pytest.param((), ["plain", "echo", "echo"], id="a dark one once more"),
    ],
)
def test_what_is_asked_of_a_node(kinds: tuple[str, ...], expected: list[str]) -> None:
    (trial,), _, _ = tried(*kinds)
    assert forms(trial) == expected


def test_a_dark_node_on_the_link_is_asked_for_by_arp() -> None:
    macs = ("02:00:00:00:00:99",)
    (trial,), _, host = tried(host=RigHost(state=STATE, way=on_link, macs=macs))
    assert host.solicited == [("eth0", PEER)]
    assert trial.link_answers == macs


def test_a_dark_node_behind_a_router_is_not() -> None:
    _, _, host = tried(host=RigHost(state=STATE, way=lambda flow: route()))
    assert host.solicited == []


@pytest.mark.parametrize(
    ("state", "peers"),
    [
        pytest.param(STATE, (), id="no node was stated"),
        pytest.param(STATE, (ip_address(EDGE),), id="this very node"),
        pytest.param(STATE, (ip_address("2001:db8::1"),), id="of IPv6"),
        pytest.param(STATE, (THIRD,), id="two entries are left, and either may be its"),
        pytest.param(replace(STATE, forwarding=()), (PEER,), id="no entry"),
        pytest.param(replace(STATE, neighbours=()), (PEER,), id="no address behind the MAC"),
        pytest.param(replace(STATE, addresses=()), (PEER,), id="no address of its own there"),
        pytest.param(
            replace(STATE, links=(replace(LINK, is_up=False),)), (PEER,), id="the device is down"
        ),
        pytest.param(
            replace(STATE, vxlans=(replace(DEVICE, interface="cilium_vxlan"),)),
            (PEER,),
            id="a device of others",
        ),
    ],
)
def test_whom_nobody_asks(state: HostState, peers: tuple[object, ...]) -> None:
    found, wire, _ = tried("frame", "echo", state=state, peers=peers)
    assert (found, wire.sent) == ((), [])


def test_a_node_without_a_way_is_not_asked() -> None:
    refused = RouteRefused(errno_name="ENETUNREACH", culprit=None)
    found, wire, _ = tried(host=RigHost(state=STATE, way=lambda flow: refused))
    assert (found, wire.sent) == ((), [])


def test_the_node_and_the_entry_that_are_left_over_may_belong_together() -> None:
    found, _, _ = tried("frame", "echo", peers=(PEER, THIRD))
    assert [(trial.peer, trial.listed) for trial in found] == [
        (PEER, PEER),
        (THIRD, OTHER),
        (OTHER, OTHER),
    ]


@pytest.mark.parametrize("kinds", [("frame", "echo"), ("echo",)])
def test_of_an_address_that_the_table_alone_names_little_is_asked(kinds: tuple[str, ...]) -> None:
    found, _, _ = tried(*kinds, peers=(PEER, THIRD))
    assert forms(found[-1]) == ["plain", "echo"]


def test_without_a_way_to_the_node_nothing_goes_to_the_address_in_the_table() -> None:
    host = RigHost(
        state=STATE,
        way=lambda flow: RouteRefused(errno_name="ENETUNREACH", culprit=None)
        if flow.destination == THIRD
        else on_link(flow),
    )
    found, _, _ = tried("frame", "echo", peers=(PEER, THIRD), host=host)
    assert [trial.peer for trial in found] == [PEER]


DOUBLE = (*ENTRIES, replace(ENTRIES[0], mac="02:00:00:00:00:99"))


@pytest.mark.parametrize(
    ("ends", "asked_for"),
    [
        pytest.param(ENDS, [PEER_MAC], id="the end behind one of them is known"),
        pytest.param(
            (*ENDS, replace(ENDS[0], address=ip_address("203.0.113.190"), mac=DOUBLE[2].mac)),
            [],
            id="either may be meant",
        ),
    ],
)
def test_of_several_entries_of_one_address(
    ends: tuple[Neighbour, ...], asked_for: list[str]
) -> None:
    found, _, _ = tried(
        "frame", "echo", state=replace(STATE, forwarding=DOUBLE, neighbours=ends)
    )
    inside = [trial.asked[0].outcome.probe.encapsulation for trial in found]
    assert [item.destination_mac for item in inside if isinstance(item, Encapsulation)] == asked_for


@pytest.mark.parametrize("mtu", [65485, 65486, 65535])
def test_no_packet_is_longer_than_ipv4_allows(mtu: int) -> None:
    state = replace(STATE, links=(replace(LINK, mtu=mtu),))
    (trial,), _, _ = tried("frame", "echo", state=state)
    sizes = [
        item.outcome.probe.padding.size_octets
        for item in trial.asked
        if isinstance(item.outcome.probe.padding, Padding)
    ]
    assert sizes == [65535]


NOBODY = ("224.0.0.1", "255.255.255.255", "0.0.0.0", "127.0.0.1")


@pytest.mark.parametrize("text", NOBODY)
def test_what_is_no_address_of_another_host_is_not_asked(text: str) -> None:
    nobody = ip_address(text)
    state = replace(STATE, forwarding=(replace(ENTRIES[0], destination=nobody),))
    found, wire, _ = tried("frame", "echo", state=state, peers=(nobody,))
    assert (found, wire.sent) == ((), [])


def test_nor_is_it_where_the_table_alone_names_it() -> None:
    group = replace(ENTRIES[1], destination=ip_address("239.1.1.1"))
    state = replace(STATE, forwarding=(ENTRIES[0], group))
    found, _, _ = tried("frame", "echo", state=state, peers=(PEER, THIRD))
    assert [trial.peer for trial in found] == [PEER, THIRD]


def test_of_a_large_pool_a_few_are_asked() -> None:
    nodes = tuple(ip_address(f"192.0.2.{last}") for last in range(20, 40))
    state = replace(
        STATE, forwarding=tuple(replace(ENTRIES[0], destination=node) for node in nodes)
    )
    found, _, _ = tried("frame", "echo", state=state, peers=nodes)
    assert len(found) == MAX_PEERS


def test_an_overlay_whose_row_is_left_out_is_left_alone() -> None:
    wire = RigWire()
    assert begin(rig(wire, RigHost(way=on_link)), STATE, (PEER,), {"kubelet"}) == ()


def test_no_more_than_a_few_packets_go_to_a_node() -> None:
    _, wire, _ = tried("echo")
    assert len(wire.sent) <= 3 + 1 + 2 * (8 + LEGS)


def no_longer_than(octets: int) -> Callable[[Packet], bool]:
    """Frames up to so many octets outside pass, and all echoes do."""

    def passes(packet: Packet) -> bool:
        payload = packet.payload
        return not isinstance(payload, UdpDatagram) or len(payload.payload) + 28 <= octets

    return passes


@pytest.mark.parametrize("limit", [135, 600, 1419, 1420, 1499])
def test_where_long_frames_are_lost_the_longest_that_comes_back_is_found(limit: int) -> None:
    (trial,), wire, _ = tried("frame", "echo", passes=no_longer_than(limit))
    assert lengths(trial) == (limit, limit + 1)
    assert len(wire.sent) <= 7 + LEGS + 2 * AT_ONCE * ROUNDS


def test_of_the_longest_packets_it_is_found_to_a_few_octets() -> None:
    state = replace(STATE, links=(replace(LINK, mtu=65535),))
    (trial,), _, _ = tried("frame", "echo", state=state, passes=no_longer_than(9000))
    found = lengths(trial)
    assert found is not None and found[0] <= 9000 < found[1] <= found[0] + 12


def test_where_none_but_the_short_one_comes_back_no_length_is_told() -> None:
    (trial,), _, _ = tried("frame", "echo", passes=no_longer_than(134))
    assert lengths(trial) is None


def test_where_long_frames_pass_no_length_is_asked() -> None:
    (trial,), _, _ = tried("frame", "echo")
    assert "length" not in forms(trial)


def from_even_ports(packet: Packet) -> bool:
    return isinstance(packet.payload, IcmpEcho) or packet.flow.source_port % 2 == 0


def test_ports_that_differ_are_each_asked_twice() -> None:
    (trial,), _, _ = tried("frame", "echo", passes=from_even_ports)
    assert forms(trial).count("leg") == LEGS + LEGS + 1
    served, lost = ports(trial)
    assert len(served) + len(lost) == LEGS + 1
    assert ({port % 2 for port in served}, {port % 2 for port in lost}) == ({0}, {1})


@given(st.integers(min_value=0, max_value=65535), st.integers(min_value=0, max_value=65535))
def test_lengths_lie_between(low: int, more: int) -> None:
    asked = between(low, low + more)
    assert len(asked) <= AT_ONCE and all(low < octets < low + more for octets in asked)
    assert asked or more <= 1
