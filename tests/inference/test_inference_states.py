"""What the state of an overlay proves, what it only supports, and when nothing is said of it."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.combine import find
from edgediag.inference.judge import judge
from edgediag.inference.states import STATE_RULES, StateRule, raven_set_differs
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import (
    ChainPolicy,
    Culprit,
    IptablesRule,
    ListenerObject,
    NeighbourObject,
    RavenStateObject,
    SysctlObject,
    VxlanObject,
)
from edgediag.model.endpoint import Direction
from edgediag.model.evidence import RunEvidence
from edgediag.model.explained import Disposition, Explained, RuleObject
from edgediag.model.flow import Protocol
from edgediag.model.host import HostState, InterfaceAddress, Link, Neighbour, NeighbourState, Sysctl
from edgediag.model.hub import HubClosed, HubEnd, HubSaid, HubSilent, HubWord
from edgediag.model.listener import Listener
from edgediag.model.outcome import Outcome
from edgediag.model.overlay import ForwardingEntry, OverlayRoute, VxlanDevice
from edgediag.model.raven_set import GatewayPool, RavenSet
from edgediag.model.route import PolicyRule
from edgediag.model.verdict import Mechanism, Place, Status, Strength
from edgediag.model.wireguard import GatewayEnd
from edgediag.model.xfrm import XfrmPolicy
from edgediag.stages.hub import DOORS
from story import (
    ASSOCIATION,
    EDGE,
    FLANNEL_DEVICE,
    HOST,
    NEIGHBOUR_HOST,
    answered,
    flow_evidence,
    host_state,
    ike_reply,
    link,
    listener_evidence,
    probe,
    target,
    tunnel_policy,
    unanswered,
)

UNREAD = NotChecked(reason="not recorded")
PEER = "192.0.2.11"
PEER_END = ip_address("203.0.113.200")
PEER_MAC = "02:00:00:00:02:00"

# Raven's overlay.
RAVEN0 = replace(FLANNEL_DEVICE, interface="raven0", vni=200, port=4472)
RAVEN_LINK = replace(link(), name="raven0", index=7, kind="vxlan", mtu=1436)
RAVEN_RULE = PolicyRule(
    priority=100, action="lookup", table=9027, text="from all fwmark 0x40 lookup 9027"
)
RAVEN_ROUTE = OverlayRoute(
    interface="raven0",
    type_="unicast",
    prefix="203.0.113.128/25",
    gateway=PEER_END,
    table=9027,
    mtu=1436,
)
RAVEN = replace(
    host_state(),
    links=(link(), RAVEN_LINK),
    rules=(RAVEN_RULE,),
    vxlans=(RAVEN0,),
    overlay_routes=(RAVEN_ROUTE,),
)

# flannel's.
FLANNEL = replace(RAVEN0, interface="flannel.1", vni=1, port=8472)
FLANNEL_LINK = replace(RAVEN_LINK, name="flannel.1", index=8)
KNOWN = Neighbour(
    interface="flannel.1", address=PEER_END, mac=PEER_MAC, state=NeighbourState.PERMANENT
)
ENTRY = ForwardingEntry(interface="flannel.1", mac=PEER_MAC, destination=ip_address(PEER))
POD_NET = replace(
    host_state(),
    links=(link(), FLANNEL_LINK),
    vxlans=(FLANNEL,),
    neighbours=(KNOWN,),
    forwarding=(ENTRY,),
    overlay_routes=(replace(RAVEN_ROUTE, interface="flannel.1", table=254),),
)

# The policies of an IKE daemon.
POLICY = tunnel_policy()
IKE_SOCKET = Listener(protocol=Protocol.UDP, address=ip_address("0.0.0.0"), port=4500, uid=0)
LEFT_BEHIND = replace(host_state(), xfrm_policies=(POLICY,))
ELSEWHERE = replace(
    POLICY, templates=(replace(POLICY.templates[0], destination=ip_address(NEIGHBOUR_HOST)),)
)


# The hub, through which the kubelet asks.
HUB_END = HubEnd(
    hub="edge-hub",
    address=ip_address("127.0.0.1"),
    port=10261,
    source="/etc/kubernetes/kubelet.conf",
)
KUBELET = Listener(protocol=Protocol.TCP, address=ip_address("0.0.0.0"), port=10250, uid=0)
HUB_GONE = replace(host_state(), listeners=(KUBELET,), hub_ends=(HUB_END,))


def at_hub(address: str) -> Listener:
    """A socket with the hub's port."""
    return replace(KUBELET, address=ip_address(address), port=HUB_END.port)


OVER_UDP = replace(at_hub("127.0.0.1"), protocol=Protocol.UDP)
LIVES, READY = DOORS
AT_HEALTH = replace(at_hub("127.0.0.1"), port=LIVES.port)
MUTE = HubSilent(door=LIVES, waited_s=2.0)
HEALTH = ListenerObject(protocol="tcp", port=LIVES.port, address="127.0.0.1")


def hub_said(status: int, text: str = "") -> HubSaid:
    return HubSaid(door=READY, status=status, text=text)


def hub_with(*words: HubWord) -> HostState:
    """A hub that listens at both of its ports and says this of itself."""
    listeners = (KUBELET, at_hub("127.0.0.1"), AT_HEALTH)
    return replace(HUB_GONE, listeners=listeners, hub_words=words)


def raven(**changed: object) -> VxlanDevice:
    return replace(RAVEN0, **changed)  # type: ignore[arg-type]  # fields of a story


def with_raven0(device: VxlanDevice | None, shown: Link | None = RAVEN_LINK) -> HostState:
    links = (link(),) if shown is None else (link(), shown)
    return replace(RAVEN, links=links, vxlans=() if device is None else (device,))


def with_flannel(**changed: object) -> HostState:
    device = replace(FLANNEL, **changed)  # type: ignore[arg-type]  # fields of a story
    shown = replace(FLANNEL_LINK, name=device.interface)
    return replace(POD_NET, vxlans=(device,), links=(link(), shown))


def sysctl(interface: str, value: str = "1") -> SysctlObject:
    return SysctlObject(key=f"net.ipv4.conf.{interface}.rp_filter", value=value)


def strict(own: str, of_all: str) -> HostState:
    """Raven's node with these values of the reverse-path filter."""
    values = (sysctl("raven0", own), sysctl("all", of_all))
    return replace(RAVEN, sysctls=tuple(Sysctl(key=it.key, value=it.value) for it in values))


def ports(range_: str, reserved: str) -> HostState:
    """A host that may choose from a range, without those reserved."""
    return replace(
        host_state(),
        sysctls=(
            Sysctl(key="net.ipv4.ip_local_port_range", value=range_),
            Sysctl(key=RESERVED.key, value=reserved),
        ),
    )


def forwarding(of_all: str, own: str) -> HostState:
    """Flannel's node with these values."""
    values = {"net.ipv4.ip_forward": of_all, OWN_FORWARDING: own}
    return replace(
        POD_NET, sysctls=tuple(Sysctl(key=key, value=value) for key, value in values.items())
    )


def beside_another_vxlan(host: HostState) -> HostState:
    """The node with a VXLAN device of somebody else, by which nothing is forwarded."""
    assert not isinstance(host.sysctls, NotChecked)
    other = replace(FLANNEL, interface="vxlan-lab")
    forwards = Sysctl(key="net.ipv4.conf.vxlan-lab.forwarding", value="0")
    return replace(
        host,
        vxlans=(other, FLANNEL),
        links=(link(), replace(FLANNEL_LINK, name="vxlan-lab"), FLANNEL_LINK),
        sysctls=(*host.sysctls, forwards),
    )


def off(key: str) -> SysctlObject:
    return SysctlObject(key=key, value="0")


def part(name: str, state: str) -> RavenStateObject:
    return RavenStateObject(part=name, state=state)


def device_of(host: HostState) -> VxlanObject:
    assert not isinstance(host.vxlans, NotChecked)
    [device] = host.vxlans
    return VxlanObject(
        interface=device.interface, vni=device.vni, port=device.port, local=device.local
    )


NO_MAC = NeighbourObject(interface="flannel.1", address=PEER_END, state="missing")
FAILED = replace(KNOWN, mac="", state=NeighbourState.FAILED)
FLOOD = replace(ENTRY, mac="00:00:00:00:00:00")
STALE = with_flannel(local=ip_address("192.0.2.77"))
DOWN = replace(RAVEN_LINK, is_up=False)
NOT_LISTENING = ListenerObject(protocol="udp", port=4500, address="")

OVERTAKING = IptablesRule(
    backend="nft", table="nat", chain="POSTROUTING", number=1, text="-j FLANNEL-POSTRTG"
)
FORWARD = ChainPolicy(family="ip", table="filter", chain="FORWARD", policy="drop")
HUB_SILENT = ListenerObject(protocol="tcp", port=10261, address="")
RESERVED = SysctlObject(key="net.ipv4.ip_local_reserved_ports", value="1024-65535")
OWN_FORWARDING = "net.ipv4.conf.flannel/1.forwarding"


def closed_off(disposition: Disposition, *deciders: RuleObject) -> HostState:
    """A node that does so with what flannel's device brings for its pods."""
    explained = Explained(
        disposition=disposition, deciders=deciders, translations=(), marks=(), hangs_on=()
    )
    return replace(POD_NET, to_pods=explained)


def to_network(address: str, length: int) -> XfrmPolicy:
    """The policy, for another network."""
    selector = replace(POLICY.selector, destination=(ip_address(address), length))
    return replace(POLICY, selector=selector)


END = GatewayEnd(
    gateway="gw-cloud",
    address=ip_address(HOST),
    port=4500,
    public_key="",
    networks=("203.0.113.128/25",),
    source="/cache/gw-cloud",
)
LACKING = replace(
    host_state(),
    xfrm_policies=(POLICY,),
    gateway_ends=(replace(END, networks=(*END.networks, "192.0.2.0/26")),),
)

OWN_POOL = GatewayPool(
    gateway="gw-edge",
    nodes=(ip_address(EDGE),),
    networks=("192.0.2.64/26",),
    source="/cache/gw-edge",
)


def with_set(*members: tuple[str, ...], name: str = "raven-mark-set") -> HostState:
    """A node of its own pool, whose tunnel's other end has one network, and one of Raven's sets."""
    own = InterfaceAddress(interface="eth0", address=ip_address(EDGE), prefix_length=24)
    return replace(
        host_state(),
        addresses=(own,),
        gateway_ends=(END,),
        gateway_pools=(OWN_POOL,),
        raven_sets=(RavenSet(name=name, members=members),),
    )


def test_members_that_no_gateway_lists_are_shown() -> None:
    listed = replace(OWN_POOL, networks=("192.0.2.64/26", "203.0.113.128/25"))
    host = with_set(("203.0.113.128/25",), (f"{EDGE}/32",), ("198.51.100.128/26",))
    told = raven_set_differs.strangers(replace(host, gateway_pools=(listed,)))
    assert told == (RavenSet(name="raven-mark-set", members=(("198.51.100.128/26",),)),)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param(replace(with_set(), raven_sets=UNREAD), UNREAD, id="sets unread"),
        pytest.param(
            replace(with_set(("192.0.2.0/26",)), gateway_pools=()), (), id="no object at all"
        ),
    ],
)
def test_without_sets_or_objects_no_member_is_a_stranger(
    host: HostState, expected: tuple[RavenSet, ...] | NotChecked
) -> None:
    assert raven_set_differs.strangers(host) == expected


# Rule, state, culprit; None where the rule must stay silent.
ROWS: list[tuple[str, str, HostState, Culprit | None]] = [
    ("raven-unready", "all is there", RAVEN, None),
    ("raven-unready", "device alone", replace(RAVEN, rules=(), overlay_routes=()), None),
    ("raven-unready", "nothing at all", host_state(), None),
    ("raven-unready", "no rule", replace(RAVEN, rules=()), part("rule", "missing")),
    ("raven-unready", "no routes", replace(RAVEN, overlay_routes=()), part("table", "empty")),
    ("raven-unready", "no device", with_raven0(None, None), part("device", "missing")),
    ("raven-unready", "down", with_raven0(RAVEN0, DOWN), part("device", "down")),
    ("raven-unready", "a bridge", with_raven0(None), part("device", "no VXLAN device")),
    ("raven-unready", "old port", with_raven0(raven(port=8472)), part("device", "port 8472")),
    ("raven-unready", "other VNI", with_raven0(raven(vni=1)), part("device", "VNI 1")),
    ("raven-unready", "rules unread", replace(RAVEN, rules=UNREAD), None),
    ("raven-unready", "routes unread", replace(RAVEN, overlay_routes=UNREAD), None),
    ("raven-unready", "links unread", replace(RAVEN, links=UNREAD), None),
    ("raven-strict", "the stricter of both counts", strict("0", "1"), sysctl("all")),
    ("raven-strict", "its own", strict("1", "0"), sysctl("raven0")),
    ("raven-strict", "loose, as Raven sets it", strict("2", "1"), None),
    ("raven-strict", "off", strict("0", "0"), None),
    ("raven-strict", "no rule: proxy mode", replace(strict("1", "1"), rules=()), None),
    ("raven-strict", "sysctls unread", replace(RAVEN, sysctls=UNREAD), None),
    ("raven-masquerade", "before", replace(RAVEN, before_exemption=(OVERTAKING,)), OVERTAKING),
    ("raven-masquerade", "behind, or never", replace(RAVEN, before_exemption=()), None),
    ("raven-masquerade", "not followed", RAVEN, None),
    ("raven-mark-overtaken", "before", replace(RAVEN, before_marking=(OVERTAKING,)), OVERTAKING),
    ("raven-mark-overtaken", "behind, or never", replace(RAVEN, before_marking=()), None),
    ("raven-mark-overtaken", "not followed", RAVEN, None),
    ("ike-daemon-gone", "policies left behind", LEFT_BEHIND, NOT_LISTENING),
    ("ike-daemon-gone", "no policy: off", host_state(), None),
    (
        "ike-daemon-gone",
        "a tunnel to somebody else",
        replace(LEFT_BEHIND, xfrm_policies=(ELSEWHERE,)),
        None,
    ),
    ("ike-daemon-gone", "a daemon", replace(LEFT_BEHIND, listeners=(IKE_SOCKET,)), None),
    ("ike-daemon-gone", "standing", replace(LEFT_BEHIND, xfrm_states=(ASSOCIATION,)), None),
    (
        "ike-daemon-gone",
        "only wished for",
        replace(LEFT_BEHIND, xfrm_states=(replace(ASSOCIATION, spi=0),)),
        NOT_LISTENING,
    ),
    ("ike-daemon-gone", "states unread", replace(LEFT_BEHIND, xfrm_states=UNREAD), None),
    ("ike-daemon-gone", "sockets unread", replace(LEFT_BEHIND, listeners=UNREAD), None),
    ("ike-daemon-gone", "policies unread", replace(LEFT_BEHIND, xfrm_policies=UNREAD), None),
    ("ipsec-differs", "a pair is missing", LACKING, part("ipsec-policies", "without 192.0.2.0/26")),
    ("ipsec-differs", "all are there", replace(LACKING, gateway_ends=(END,)), None),
    (
        "ipsec-differs",
        "a wider one has it",
        replace(LACKING, xfrm_policies=(POLICY, to_network("192.0.2.0", 24))),
        None,
    ),
    ("ipsec-differs", "no tunnel to it", replace(LACKING, xfrm_policies=(ELSEWHERE,)), None),
    (
        "ipsec-differs",
        "what comes in sends nothing",
        replace(LACKING, xfrm_policies=(replace(POLICY, direction="in"),)),
        None,
    ),
    ("ipsec-differs", "no object", replace(LACKING, gateway_ends=()), None),
    ("ipsec-differs", "objects unread", replace(LACKING, gateway_ends=UNREAD), None),
    ("ipsec-differs", "policies unread", replace(LACKING, xfrm_policies=UNREAD), None),
    ("raven-set-differs", "all are there", with_set(("203.0.113.128/25",)), None),
    ("raven-set-differs", "a wider one has it", with_set(("203.0.113.0/24",)), None),
    (
        "raven-set-differs",
        "one is missing",
        with_set(("192.0.2.0/26",)),
        part("raven-mark-set", "without 203.0.113.128/25"),
    ),
    ("raven-set-differs", "empty", with_set(), part("raven-mark-set", "without 203.0.113.128/25")),
    (
        "raven-set-differs",
        "of pairs, one way alone",
        with_set(("192.0.2.0/26", "203.0.113.128/25"), name="raven-skip-nat-set"),
        part("raven-skip-nat-set", "without 203.0.113.128/25"),
    ),
    (
        "raven-set-differs",
        "of pairs, both ways",
        with_set(
            ("192.0.2.0/26", "203.0.113.128/25"),
            ("203.0.113.128/25", "192.0.2.0/26"),
            name="raven-skip-nat-set",
        ),
        None,
    ),
    (
        "raven-set-differs",
        "its own pool's",
        with_set(("203.0.113.128/25",), ("192.0.2.64/26",)),
        part("raven-mark-set", "with 192.0.2.64/26 of its own pool"),
    ),
    (
        "raven-set-differs",
        "nobody's: an object may not have been read",
        with_set(("203.0.113.128/25",), ("198.51.100.128/26",)),
        None,
    ),
    (
        "raven-set-differs",
        "which pool is its own is not known",
        replace(with_set(("203.0.113.128/25",), ("192.0.2.64/26",)), addresses=UNREAD),
        None,
    ),
    ("raven-set-differs", "no set: off", replace(with_set(), raven_sets=()), None),
    ("raven-set-differs", "sets unread", replace(with_set(), raven_sets=UNREAD), None),
    ("raven-set-differs", "no object", replace(with_set(), gateway_ends=()), None),
    ("raven-set-differs", "objects unread", replace(with_set(), gateway_ends=UNREAD), None),
    ("vxlan-source-gone", "own address", POD_NET, None),
    ("vxlan-source-gone", "another address", STALE, device_of(STALE)),
    ("vxlan-source-gone", "the kernel's choice", with_flannel(local=None), None),
    ("vxlan-source-gone", "addresses unread", replace(STALE, addresses=UNREAD), None),
    ("vxlan-source-gone", "no address below", replace(STALE, addresses=()), None),
    ("overlay-peer-unknown", "both entries", POD_NET, None),
    ("overlay-peer-unknown", "no neighbour", replace(POD_NET, neighbours=()), NO_MAC),
    (
        "overlay-peer-unknown",
        "neighbour failed",
        replace(POD_NET, neighbours=(FAILED,)),
        replace(NO_MAC, state="failed"),
    ),
    (
        "overlay-peer-unknown",
        "no forwarding entry",
        replace(POD_NET, forwarding=()),
        device_of(POD_NET),
    ),
    ("overlay-peer-unknown", "floods", replace(POD_NET, forwarding=(FLOOD,)), None),
    *(
        (
            "overlay-peer-unknown",
            f"finds out: {name}",
            replace(with_flannel(**{name: value}), forwarding=(), neighbours=()),
            None,
        )
        for name, value in (
            ("is_learning", True),
            ("is_asking", True),
            ("is_external", True),
            ("remote", ip_address(PEER)),
        )
    ),
    ("overlay-peer-unknown", "tables unread", replace(POD_NET, forwarding=UNREAD), None),
    ("overlay-peer-unknown", "neighbours unread", replace(POD_NET, neighbours=UNREAD), None),
    (
        "overlay-peer-unknown",
        "routes unread",
        replace(POD_NET, overlay_routes=UNREAD, neighbours=()),
        None,
    ),
    ("pods-not-forwarded", "all", forwarding(of_all="0", own="0"), off("net.ipv4.ip_forward")),
    ("pods-not-forwarded", "one", forwarding(of_all="1", own="0"), off(OWN_FORWARDING)),
    ("pods-not-forwarded", "it does", forwarding(of_all="1", own="1"), None),
    (
        "pods-not-forwarded",
        "somebody else's device",
        beside_another_vxlan(forwarding(of_all="1", own="1")),
        None,
    ),
    ("pods-not-forwarded", "no pods", replace(forwarding("0", "0"), vxlans=()), None),
    ("pods-not-forwarded", "unread", replace(forwarding("0", "0"), sysctls=UNREAD), None),
    ("pods-not-forwarded", "devices unread", replace(POD_NET, vxlans=UNREAD), None),
    ("pods-closed-off", "a policy", closed_off(Disposition.DROPPED, FORWARD), FORWARD),
    ("pods-closed-off", "a reject", closed_off(Disposition.REJECTED, OVERTAKING), OVERTAKING),
    ("pods-closed-off", "one port passes", closed_off(Disposition.UNDETERMINED), None),
    ("pods-closed-off", "all pass", closed_off(Disposition.PASSES), None),
    (
        "pods-closed-off",
        "one of two rules",
        closed_off(Disposition.DROPPED, FORWARD, OVERTAKING),
        None,
    ),
    ("pods-closed-off", "not followed", POD_NET, None),
    ("no-ephemeral-port", "all reserved", ports("32768\t60999", "1024-65535"), RESERVED),
    (
        "no-ephemeral-port",
        "in parts",
        ports("9 12", "1-10,11,12"),
        replace(RESERVED, value="1-10,11,12"),
    ),
    ("no-ephemeral-port", "one is left", ports("9 12", "1-10,12"), None),
    ("no-ephemeral-port", "none reserved", ports("32768\t60999", ""), None),
    ("no-ephemeral-port", "no range", ports("", "1024-65535"), None),
    ("no-ephemeral-port", "no numbers", ports("a\tb", "c-d"), None),
    ("no-ephemeral-port", "huge", ports("1 99999999", "1-99999999"), None),
    ("no-ephemeral-port", "unread", replace(host_state(), sysctls=UNREAD), None),
    ("hub-gone", "nothing listens", HUB_GONE, HUB_SILENT),
    ("hub-gone", "elsewhere", replace(HUB_GONE, listeners=(KUBELET, at_hub(HOST))), HUB_SILENT),
    ("hub-gone", "there", replace(HUB_GONE, listeners=(KUBELET, at_hub("127.0.0.1"))), None),
    ("hub-gone", "everywhere", replace(HUB_GONE, listeners=(KUBELET, at_hub("0.0.0.0"))), None),
    ("hub-gone", "UDP", replace(HUB_GONE, listeners=(KUBELET, OVER_UDP)), HUB_SILENT),
    (
        "hub-gone",
        "at one of two places",
        replace(
            HUB_GONE,
            hub_ends=(HUB_END, replace(HUB_END, port=10268)),
            listeners=(KUBELET, replace(at_hub("127.0.0.1"), port=10268)),
        ),
        None,
    ),
    ("hub-gone", "no kubelet: not joined", replace(HUB_GONE, listeners=()), None),
    ("hub-gone", "no hub known", replace(HUB_GONE, hub_ends=()), None),
    ("hub-gone", "not looked for", replace(HUB_GONE, hub_ends=UNREAD), None),
    ("hub-gone", "sockets unread", replace(HUB_GONE, listeners=UNREAD), None),
    ("hub-unready", "its own word", hub_with(hub_said(500, "could not ready")), HEALTH),
    ("hub-unready", "one", hub_with(replace(hub_said(200), door=LIVES), hub_said(503)), HEALTH),
    ("hub-unready", "well", hub_with(hub_said(200, "OK")), None),
    ("hub-unready", "an old one", hub_with(hub_said(404)), None),
    ("hub-unready", "silent", hub_with(MUTE), None),
    ("hub-unready", "another's", replace(hub_with(hub_said(500)), listeners=(KUBELET,)), None),
    ("hub-unready", "not asked", replace(hub_with(), hub_words=UNREAD), None),
    ("hub-silent", "to all", hub_with(MUTE, replace(MUTE, door=READY)), HEALTH),
    ("hub-silent", "one is answered", hub_with(MUTE, hub_said(200)), None),
    ("hub-silent", "refused", hub_with(HubClosed(door=LIVES, is_refused=True)), None),
    ("hub-silent", "closed", hub_with(HubClosed(door=LIVES, is_refused=False)), None),
    (
        "hub-silent",
        "another port",
        replace(hub_with(MUTE), listeners=(KUBELET, at_hub("127.0.0.1"))),
        None,
    ),
    ("hub-silent", "gone", replace(hub_with(MUTE), listeners=(KUBELET, AT_HEALTH)), None),
    ("hub-silent", "sockets unread", replace(hub_with(MUTE), listeners=UNREAD), None),
    ("hub-silent", "no question", hub_with(), None),
    ("hub-silent", "not asked", replace(hub_with(), hub_words=UNREAD), None),
    ("vxlan-vni-differs", "as named", POD_NET, None),
    ("vxlan-vni-differs", "another name", with_flannel(interface="flannel.x", vni=2), None),
    ("vxlan-vni-differs", "not flannel's", with_flannel(interface="vxlan.1", vni=2), None),
]


@pytest.mark.parametrize(
    ("rule", "host", "culprit"),
    [pytest.param(rule, host, culprit, id=f"{rule}: {name}") for rule, name, host, culprit in ROWS],
)
def test_what_a_state_says(rule: str, host: HostState, culprit: Culprit | None) -> None:
    [judged] = [item for item in STATE_RULES if item.id == rule]
    fault = judged.judge(ip_address(HOST), host)
    assert (None if fault is None else fault.claim.culprit) == culprit
    assert fault is None or fault.claim.where == (Place.LOCAL,)


def test_only_what_a_connection_is_opened_for_needs_a_port_of_the_kernels_choice() -> None:
    host = ports("32768 60999", "1024-65535")
    asked = {
        check: [
            found.rule
            for found in find(flow_evidence(answered(probe(check=check), ike_reply())), host)
        ]
        for check in ("api-server-6443", "raven-tunnel-4500")
    }
    assert asked == {"api-server-6443": ["no-ephemeral-port"], "raven-tunnel-4500": []}


def test_which_side_has_the_wrong_vni_is_not_told() -> None:
    check = listener_row(with_flannel(vni=2))
    assert (check[0], check[1]) == (Status.BLOCKED, (Place.LOCAL, Place.REMOTE))


@pytest.mark.parametrize("host", [POD_NET, replace(POD_NET, vxlans=UNREAD), host_state()])
def test_an_overlay_in_order_leaves_its_row_as_it_was(host: HostState) -> None:
    assert listener_row(host) == (Status.NOT_CHECKED, ())


def test_an_inbound_row_is_blocked_by_what_its_device_lacks() -> None:
    assert listener_row(replace(POD_NET, forwarding=())) == (Status.BLOCKED, (Place.LOCAL,))


def listener_row(host: HostState) -> tuple[Status, tuple[Place, ...]]:
    """Status and places of flannel's row on a host whose VXLAN port is taken."""
    row = target("flannel-vxlan-8472", kinds=(), port=8472, direction=Direction.INBOUND)
    socket = replace(IKE_SOCKET, port=8472)
    evidence = listener_evidence(row, socket)
    [check] = judge(RunEvidence(host=host, checks=(evidence,))).checks
    return check.status, () if check.verdict is None else check.verdict.where


def test_where_the_flow_is_served_the_state_proves() -> None:
    evidence = flow_evidence(answered(probe(), ike_reply()))
    host = replace(RAVEN, rules=())
    assert [item.strength for item in find(evidence, host)] == [Strength.PROVES]
    [check] = judge(RunEvidence(host=host, checks=(evidence,))).checks
    assert check.status is Status.BLOCKED
    assert check.verdict is not None
    assert check.verdict.mechanism is Mechanism.RAVEN_NOT_READY


def test_where_the_flow_fails_the_state_supports_and_the_flow_decides() -> None:
    evidence = flow_evidence(unanswered(probe()))
    broken, sound = replace(RAVEN, rules=()), RAVEN
    found = {item.rule: item.strength for item in find(evidence, broken)}
    assert found["raven-unready"] is Strength.SUPPORTS
    [one] = judge(RunEvidence(host=broken, checks=(evidence,))).checks
    [other] = judge(RunEvidence(host=sound, checks=(evidence,))).checks
    assert (one.status, one.verdict) == (other.status, other.verdict)


def test_the_state_of_one_row_is_not_held_against_another() -> None:
    evidence = flow_evidence(answered(probe(check="raven-proxy-10280"), ike_reply()))
    assert find(evidence, replace(RAVEN, rules=())) == ()


@pytest.mark.parametrize("rule", STATE_RULES, ids=lambda rule: rule.id)
def test_every_rule_says_when_it_holds_and_when_it_does_not(rule: StateRule) -> None:
    text = str(rule.judge.__doc__)
    heads = ("Holds because", "Does not hold", "Asks for", "source  ")
    positions = [text.index(head) for head in heads]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    ("outcome", "strength"),
    [
        pytest.param(answered(probe(check="api-server-6443"), ike_reply()), Strength.PROVES),
        pytest.param(unanswered(probe(check="api-server-6443")), Strength.SUPPORTS),
    ],
    ids=["the API server is reached", "the API server fails by itself, and the hub is not blamed"],
)
def test_a_hub_is_blamed_only_where_the_api_server_is_reached(
    outcome: Outcome, strength: Strength
) -> None:
    found = {item.rule: item.strength for item in find(flow_evidence(outcome), HUB_GONE)}
    assert found["hub-gone"] is strength
