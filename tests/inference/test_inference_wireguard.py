"""What Raven's WireGuard device says, beside Gateway objects, and when it says nothing."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.inspection import TABLES, inspect
from edgediag.inference.judge import judge
from edgediag.inference.states import STATE_RULES
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import RavenStateObject
from edgediag.model.endpoint import Direction, Omitted
from edgediag.model.evidence import OmittedEvidence, RunEvidence
from edgediag.model.host import HostState, Link
from edgediag.model.overlay import OverlayRoute
from edgediag.model.report import CheckReport
from edgediag.model.route import PolicyRule
from edgediag.model.tunnel import PassingCount, PassingKind
from edgediag.model.verdict import Mechanism, Place, Status
from edgediag.model.wireguard import GatewayEnd, WireguardDevice, WireguardPeer
from edgediag.report.values import from_text, to_text
from story import HOST, NEIGHBOUR_HOST, host_state, link, listened

READ_S = 1_700_000_600.0
KEY, OTHER_KEY = f"{'A' * 43}=", f"{'B' * 43}="
PODS = "203.0.113.128/25"
UNREAD = NotChecked(reason="EPERM")

PEER = WireguardPeer(
    interface="raven-wg0",
    public_key=KEY,
    endpoint=ip_address(HOST),
    port=4500,
    handshake_s=READ_S - 20.0,
    received_octets=4096,
    sent_octets=4096,
    keepalive_s=0,
    networks=(PODS,),
)
NEVER = replace(PEER, handshake_s=None, received_octets=0, sent_octets=296)
OLD = replace(PEER, handshake_s=READ_S - 600.0)
END = GatewayEnd(
    gateway="gw-cloud",
    address=ip_address(HOST),
    port=4500,
    public_key=KEY,
    networks=(PODS,),
    source="/cache/gw-cloud",
)
DEVICE: Link = replace(link(), name="raven-wg0", index=9, kind="wireguard", mtu=1420)
RULE = PolicyRule(priority=101, action="lookup", table=9028, text="from all lookup 9028")
ROUTE = OverlayRoute(
    interface="raven-wg0", type_="unicast", prefix=PODS, gateway=None, table=9028, mtu=0
)


def node(*peers: WireguardPeer, ends: tuple[GatewayEnd, ...] = (END,)) -> HostState:
    """A node whose Raven made a device with these peers, and all that belongs to it."""
    device = WireguardDevice(
        interface="raven-wg0",
        listen_port=4500,
        is_in_user_space=False,
        read_s=READ_S,
        peers=peers,
    )
    return replace(
        host_state(),
        links=(link(), DEVICE),
        rules=(RULE,),
        overlay_routes=(ROUTE,),
        wireguard=(device,),
        gateway_ends=ends,
    )


def handshakes(packets: int, *, is_sent: bool) -> PassingCount:
    return PassingCount(
        kind=PassingKind.WIREGUARD_HANDSHAKE, is_sent=is_sent, packets=packets
    )


def part(name: str, state: str) -> RavenStateObject:
    return RavenStateObject(part=f"wireguard-{name}", state=state)


STANDS = node(PEER)
MORE_PODS = replace(END, networks=(PODS, "192.0.2.0/26"))
ELSEWHERE = replace(PEER, endpoint=ip_address(NEIGHBOUR_HOST))
RELAY = replace(PEER, public_key=OTHER_KEY, networks=("192.0.2.0/24",))

# Rule, state, culprit; None where the rule must stay silent.
ROWS: list[tuple[str, str, HostState, RavenStateObject | None]] = [
    ("wireguard-unready", "all is there", STANDS, None),
    ("wireguard-unready", "nothing at all", host_state(), None),
    ("wireguard-unready", "no rule", replace(STANDS, rules=()), part("rule", "missing")),
    (
        "wireguard-unready",
        "down",
        replace(STANDS, links=(replace(DEVICE, is_up=False),)),
        part("device", "down"),
    ),
    ("wireguard-unready", "gone", replace(STANDS, links=(link(),)), part("device", "missing")),
    (
        "wireguard-unready",
        "no routes",
        replace(STANDS, overlay_routes=()),
        part("table", "empty"),
    ),
    ("wireguard-unready", "no peers yet", replace(node(), overlay_routes=()), None),
    (
        "wireguard-unready",
        "device alone",
        replace(STANDS, rules=(), overlay_routes=()),
        None,
    ),
    ("wireguard-unready", "rules unread", replace(STANDS, rules=UNREAD), None),
    ("wireguard-unready", "routes unread", replace(STANDS, overlay_routes=UNREAD), None),
    ("wireguard-unready", "links unread", replace(STANDS, links=UNREAD), None),
    ("wireguard-differs", "as the object wants it", STANDS, None),
    ("wireguard-differs", "no object", node(PEER, ends=()), None),
    ("wireguard-differs", "no peer", node(), part("peer", "missing")),
    (
        "wireguard-differs",
        "somebody else's peer alone",
        node(replace(ELSEWHERE, public_key=OTHER_KEY, networks=())),
        part("peer", "missing"),
    ),
    (
        "wireguard-differs",
        "a relay has its networks",
        node(replace(ELSEWHERE, public_key=OTHER_KEY)),
        None,
    ),
    (
        "wireguard-differs",
        "no key in the object: Raven makes no peer",
        node(ends=(replace(END, public_key=""),)),
        None,
    ),
    (
        "wireguard-differs",
        "another key",
        node(replace(NEVER, public_key=OTHER_KEY)),
        part("peer", "not public key AAAAAAAA..."),
    ),
    (
        "wireguard-differs",
        "another key that answers: the object is older",
        node(replace(PEER, public_key=OTHER_KEY)),
        None,
    ),
    (
        "wireguard-differs",
        "another address",
        node(replace(ELSEWHERE, handshake_s=None)),
        part("peer", f"not {HOST} port 4500"),
    ),
    (
        "wireguard-differs",
        "another port",
        node(replace(NEVER, port=51820)),
        part("peer", f"not {HOST} port 4500"),
    ),
    ("wireguard-differs", "another address that answers: it roamed", node(ELSEWHERE), None),
    (
        "wireguard-differs",
        "a network is missing",
        node(PEER, ends=(MORE_PODS,)),
        part("peer", "without 192.0.2.0/26"),
    ),
    (
        "wireguard-differs",
        "another peer has it",
        node(PEER, RELAY, ends=(MORE_PODS,)),
        None,
    ),
    (
        "wireguard-differs",
        "what is no network is none",
        node(replace(PEER, networks=("x/y", PODS))),
        None,
    ),
    ("wireguard-differs", "no device", replace(STANDS, wireguard=()), None),
    ("wireguard-differs", "devices unread", replace(STANDS, wireguard=UNREAD), None),
    ("wireguard-differs", "objects unread", replace(STANDS, gateway_ends=UNREAD), None),
]


@pytest.mark.parametrize(
    ("rule", "host", "culprit"),
    [pytest.param(rule, host, culprit, id=f"{rule}: {name}") for rule, name, host, culprit in ROWS],
)
def test_what_the_device_says(
    rule: str, host: HostState, culprit: RavenStateObject | None
) -> None:
    [judged] = [item for item in STATE_RULES if item.id == rule]
    for destination in (None, ip_address(HOST)):
        fault = judged.judge(destination, host)
        assert (None if fault is None else fault.claim.culprit) == culprit
        assert fault is None or fault.claim.where == (Place.LOCAL,)


@pytest.mark.parametrize(
    ("peer", "is_silent"),
    [
        pytest.param(NEVER, True, id="two initiations and nothing back"),
        pytest.param(replace(NEVER, sent_octets=148), False, id="one may be being answered"),
        pytest.param(replace(NEVER, sent_octets=0), False, id="nothing was sent"),
        pytest.param(
            replace(NEVER, received_octets=64), False, id="a cookie came: somebody is there"
        ),
        pytest.param(replace(NEVER, endpoint=None, port=0), False, id="it must come by itself"),
        pytest.param(PEER, False, id="it answered a moment ago"),
        pytest.param(OLD, False, id="an idle tunnel, read once"),
        pytest.param(replace(OLD, sent_meanwhile=0), False, id="an idle tunnel, read twice"),
        pytest.param(replace(OLD, sent_meanwhile=148), False, id="it has just begun to ask"),
        pytest.param(replace(OLD, sent_meanwhile=296), True, id="it asks, and none answers"),
        pytest.param(replace(OLD, keepalive_s=25), True, id="its keepalive would ask"),
        pytest.param(
            replace(OLD, handshake_s=READ_S + 5.0, keepalive_s=25), False, id="the clock was set"
        ),
    ],
)
def test_a_peer_that_does_not_answer(peer: WireguardPeer, is_silent: bool) -> None:
    [rule] = [item for item in STATE_RULES if item.id == "wireguard-unanswered"]
    fault = rule.judge(None, node(peer))
    assert (fault is not None) == is_silent
    if fault is not None:
        assert (fault.claim.where, fault.claim.mechanism) == (
            tuple(Place),
            Mechanism.SILENT_DROP,
        )


def test_a_peer_without_a_keepalive_may_have_lost_its_mapping() -> None:
    [rule] = [item for item in STATE_RULES if item.id == "wireguard-unanswered"]
    said = [
        rule.judge(None, node(replace(OLD, sent_meanwhile=500, keepalive_s=seconds)))
        for seconds in (0, 25)
    ]
    assert ["no keepalive is set" in fault.text for fault in said if fault] == [True, False]


@pytest.mark.parametrize(
    ("counts", "peer", "ending"),
    [
        pytest.param(
            (handshakes(3, is_sent=True),),
            HOST,
            "3 handshakes left for it and 0 came from it",
            id="none came back",
        ),
        pytest.param(
            (handshakes(3, is_sent=True), handshakes(2, is_sent=False)),
            HOST,
            "3 handshakes left for it and 2 came from it",
            id="what came did not do",
        ),
        pytest.param(
            (handshakes(3, is_sent=True),),
            NEIGHBOUR_HOST,
            "no handshake ever came to pass",
            id="of another gateway",
        ),
        pytest.param((), HOST, "no handshake ever came to pass", id="none passed meanwhile"),
    ],
)
def test_what_the_tap_saw_of_it_is_said(
    counts: tuple[PassingCount, ...], peer: str, ending: str
) -> None:
    [rule] = [item for item in STATE_RULES if item.id == "wireguard-unanswered"]
    host = replace(node(NEVER), tunnel_traffic=listened(*counts, peer=peer).tunnel_traffic)
    fault = rule.judge(None, host)
    assert fault is not None and fault.text.endswith(ending)


def test_a_peer_of_another_gateway_is_not_the_row_s() -> None:
    [rule] = [item for item in STATE_RULES if item.id == "wireguard-unanswered"]
    assert rule.judge(ip_address(NEIGHBOUR_HOST), node(NEVER)) is None


def row(host: HostState, endpoint: str = "raven-tunnel") -> CheckReport:
    """The report on a row that was not asked because nobody would answer."""
    omitted = Omitted(
        check=f"{endpoint}-4500",
        endpoint=endpoint,
        purpose="the tunnel",
        direction=Direction.OUTBOUND,
        is_required=True,
        because=NotChecked(reason="WireGuard answers no stranger"),
    )
    run = RunEvidence(host=host, checks=(OmittedEvidence(omitted=omitted),))
    (check,) = judge(from_text(RunEvidence, to_text(run))).checks
    return check


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param(STANDS, Status.OK, id="its gateway answered a moment ago"),
        pytest.param(node(OLD), Status.NOT_CHECKED, id="an idle tunnel is not known to work"),
        pytest.param(
            node(PEER, replace(OLD, public_key=OTHER_KEY)),
            Status.NOT_CHECKED,
            id="one of two peers is not",
        ),
        pytest.param(node(NEVER), Status.BLOCKED, id="nobody answers"),
        pytest.param(replace(STANDS, rules=()), Status.BLOCKED, id="no rule"),
        pytest.param(node(ends=()), Status.NOT_CHECKED, id="no peer, and no object that wants one"),
        pytest.param(host_state(), Status.NOT_CHECKED, id="no device"),
    ],
)
def test_a_tunnel_of_wireguard_is_judged_by_its_device(host: HostState, status: Status) -> None:
    assert row(host).status is status


def test_another_row_has_nothing_to_do_with_it() -> None:
    assert row(node(NEVER), "raven-proxy").status is Status.NOT_CHECKED


def test_what_is_known_of_a_standing_tunnel_is_said() -> None:
    said = f"WireGuard's last handshake with peer AAAAAAAA... at {HOST} port 4500: 20 s ago"
    assert row(STANDS).note == said


def test_inspect_shows_device_and_peers_and_what_is_wrong() -> None:
    table = next(item for item in TABLES if item.name == "raven")
    inspection = inspect(table, node(NEVER))
    parts = dict(inspection.parts)
    assert parts["WireGuard peers"] == (NEVER,)
    assert [fault.claim.mechanism for fault in inspection.faults] == [Mechanism.SILENT_DROP]
    unread = dict(inspect(table, replace(STANDS, wireguard=UNREAD)).parts)
    assert (unread["WireGuard devices"], unread["WireGuard peers"]) == (UNREAD, UNREAD)
