"""The state of this host that decides what becomes of a packet."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CgroupProgramObject, TcFilterObject, XdpProgramObject
from edgediag.model.explained import Explained, RuleObject
from edgediag.model.flow import Address, Flow
from edgediag.model.hub import HUB_NOT_ASKED, NO_HUB, HubEnd, HubWord
from edgediag.model.listener import Listener
from edgediag.model.node_certificate import (
    NO_CERTIFICATES,
    NO_MOMENT,
    Moment,
    NodeCertificate,
)
from edgediag.model.overlay import (
    NO_NODES,
    ForwardingEntry,
    NodeEnd,
    OverlayRoute,
    VxlanDevice,
)
from edgediag.model.overlay_trial import NO_TRIALS, OverlayTrial
from edgediag.model.pod_echo import NO_ECHOES, PodEcho
from edgediag.model.program import NetfilterProgram
from edgediag.model.raven_set import NO_POOLS, NO_SETS, GatewayPool, RavenSet
from edgediag.model.route import PolicyRule
from edgediag.model.tunnel import TunnelTraffic
from edgediag.model.tunnel_object import NOT_INSPECTED, TunnelConnection, TunnelSocket
from edgediag.model.wireguard import NO_GATEWAYS, GatewayEnd, WireguardDevice
from edgediag.model.xfrm import XfrmCount, XfrmPolicy, XfrmState


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A network device.

    is_up        IFF_UP: administratively up
    has_carrier  IFF_LOWER_UP
    kind         "" for a physical device, else "veth", "bridge", "vxlan", ...
    mac          "" where the device has none
    xdp_program  id of the attached XDP program, None for none
    """

    name: str
    index: int
    is_up: bool
    has_carrier: bool
    mtu: int
    kind: str
    mac: str
    xdp_program: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceAddress:
    """An address of this host."""

    interface: str
    address: Address
    prefix_length: int


class NeighbourState(Enum):
    """NUD states of the kernel (include/uapi/linux/neighbour.h)."""

    INCOMPLETE = "incomplete"
    REACHABLE = "reachable"
    STALE = "stale"
    DELAY = "delay"
    PROBE = "probe"
    FAILED = "failed"
    NOARP = "noarp"
    PERMANENT = "permanent"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An entry of the neighbour table; `mac` is "" while unresolved."""

    interface: str
    address: Address
    mac: str
    state: NeighbourState


@dataclass(frozen=True, slots=True, kw_only=True)
class Sysctl:
    """One sysctl; the key in dotted form."""

    key: str
    value: str


NO_WIREGUARD: Final = NotChecked(reason="WireGuard was not looked at")

NOT_LOOKED_FOR = NotChecked(reason="what was asked through a tunnel was not looked for")

NOT_FOLLOWED = NotChecked(reason="what pods send was not followed")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """What was read of this host, each table or why it was not read.

    legacy_tables  of iptables-legacy and arptables-legacy, family first: "ip6 raw", "arp filter"
    tc_filters     of all devices
    forwarding     of all VXLAN devices
    overlay_routes  through VXLAN devices, and in Raven's tables
    xfrm_policies  in the kernel's order, without those of single sockets
    cgroup_programs  of this process's group and all above it, each kind in the order it runs
    tcx_programs   of all devices, in the order they run
    tunnel_traffic  of the daemon's own, while the run lasted
    before_exemption  what gives another source to what a pod sends to another site, before Raven's
                      exemption from NAT is asked
    before_marking  what accepts answers of this node's pods before Raven's chain can mark them
    to_pods        what becomes of what flannel's device brings for this node's pods
    pod_echoes     what a pod of this node asked through flannel's overlay
    overlay_trials  nodes that were asked through the overlay
    node_ends      what node objects say of flannel's overlay
    wireguard      all devices, those of daemons in user space too
    tunnel_sockets  of IKE, ESP in UDP, WireGuard and both overlays
    tunnel_connections  of the tunnels' own ports, as they are tracked
    asked_through  connections into a tunnel with ESP in one direction that drew no answer
    gateway_ends   what Gateway objects say of the tunnel's other ends
    hub_ends       where the kubelet is told to ask the hub
    raven_sets     of ipset, those that there are
    gateway_pools  what Gateway objects say of each pool
    hub_words      what the hub said when it was asked how it fares
    node_certificates  of the agents that show one to the cloud
    moment         at which these are judged
    """

    links: tuple[Link, ...] | NotChecked
    addresses: tuple[InterfaceAddress, ...] | NotChecked
    rules: tuple[PolicyRule, ...] | NotChecked
    neighbours: tuple[Neighbour, ...] | NotChecked
    listeners: tuple[Listener, ...] | NotChecked
    sysctls: tuple[Sysctl, ...] | NotChecked
    legacy_tables: tuple[str, ...] | NotChecked
    tc_filters: tuple[TcFilterObject, ...] | NotChecked
    vxlans: tuple[VxlanDevice, ...] | NotChecked
    forwarding: tuple[ForwardingEntry, ...] | NotChecked
    overlay_routes: tuple[OverlayRoute, ...] | NotChecked
    xfrm_policies: tuple[XfrmPolicy, ...] | NotChecked
    xfrm_states: tuple[XfrmState, ...] | NotChecked
    xfrm_counts: tuple[XfrmCount, ...] | NotChecked
    cgroup_programs: tuple[CgroupProgramObject, ...] | NotChecked
    xdp_programs: tuple[XdpProgramObject, ...] | NotChecked
    tcx_programs: tuple[TcFilterObject, ...] | NotChecked
    netfilter_programs: tuple[NetfilterProgram, ...] | NotChecked
    tunnel_traffic: TunnelTraffic | NotChecked
    before_exemption: tuple[RuleObject, ...] | NotChecked
    before_marking: tuple[RuleObject, ...] | NotChecked
    to_pods: Explained | NotChecked
    pod_echoes: tuple[PodEcho, ...] | NotChecked = NO_ECHOES
    overlay_trials: tuple[OverlayTrial, ...] | NotChecked = NO_TRIALS
    node_ends: tuple[NodeEnd, ...] | NotChecked = NO_NODES
    wireguard: tuple[WireguardDevice, ...] | NotChecked = NO_WIREGUARD
    gateway_ends: tuple[GatewayEnd, ...] | NotChecked = NO_GATEWAYS
    hub_ends: tuple[HubEnd, ...] | NotChecked = NO_HUB
    raven_sets: tuple[RavenSet, ...] | NotChecked = NO_SETS
    gateway_pools: tuple[GatewayPool, ...] | NotChecked = NO_POOLS
    hub_words: tuple[HubWord, ...] | NotChecked = HUB_NOT_ASKED
    node_certificates: tuple[NodeCertificate, ...] | NotChecked = NO_CERTIFICATES
    moment: Moment | NotChecked = NO_MOMENT
    asked_through: tuple[Flow, ...] | NotChecked = NOT_LOOKED_FOR
    tunnel_sockets: tuple[TunnelSocket, ...] | NotChecked = NOT_INSPECTED
    tunnel_connections: tuple[TunnelConnection, ...] | NotChecked = NOT_INSPECTED
