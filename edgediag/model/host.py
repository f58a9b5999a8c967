"""The state of this host that decides what becomes of a packet."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import (
    CgroupProgramObject,
    ChainPolicy,
    IptablesRule,
    NftRule,
    TcFilterObject,
    XdpProgramObject,
)
from edgediag.model.explained import Explained, RuleObject
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.hub import HUB_NOT_ASKED, NO_HUB, HubEnd, HubWord
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
class Listener:
    """A socket that takes what arrives on a port; an unspecified address means all."""

    protocol: Protocol
    address: Address
    port: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sysctl:
    """One sysctl; the key in dotted form."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceDropped:
    """nf_tables itself said which rule or policy dropped the packet.

    hook        the hook of the base chain: "output", "input", ...; "" where it was gone already
    is_reject   the rule answers with an error instead of silence
    is_reply    the packet dropped was the answer on its way in
    """

    culprit: NftRule | IptablesRule | ChainPolicy
    hook: str
    is_reject: bool
    is_reply: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePassed:
    """nf_tables let the packet and its answer pass as far as it saw them.

    chains        as "family table chain", in the order visited
    is_sent       the packet came to the end of POSTROUTING
    is_received   an answer came to nf_tables
    is_delivered  an answer came to the end of INPUT
    """

    chains: tuple[str, ...]
    is_sent: bool
    is_received: bool
    is_delivered: bool


class Drop(Enum):
    """What of this host counts its drops without naming a packet.

    QDISC         a queueing discipline
    TC_FILTER     the filters of a device, by the clsact or ingress discipline that holds them
    REVERSE_PATH  the reverse-path filter
    CONNTRACK     connection tracking, of packets that it cannot track
    """

    QDISC = "qdisc"
    TC_FILTER = "tc-filter"
    REVERSE_PATH = "reverse-path"
    CONNTRACK = "conntrack"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropCount:
    """A counter of drops, or by how much it rose.

    interface   "" where the counter is the whole host's
    discipline  kind of the queueing discipline, "" for none
    handle      of the discipline, as tc(8) writes it, "" for none
    """

    drop: Drop
    interface: str
    discipline: str
    handle: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetfilterProgram:
    """A BPF program on a hook of netfilter, in some network namespace.

    program  its id
    family   "ip" or "ip6"
    """

    program: int
    name: str
    family: str
    hook: str
    priority: int


# What a copy of a packet can be put before.
PacketProgram: TypeAlias = CgroupProgramObject | XdpProgramObject | TcFilterObject

# How the reason begins for which the kernel's word on drops was not heard.
UNWATCHED = "cannot watch for drops"


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelDrop:
    """A packet of a flow that the kernel said it dropped, and where in its code it did.

    reason     as enum skb_drop_reason has it: "NETFILTER_DROP"; a number where it has no name
    location   the function, "" where the kernel keeps its addresses secret
    interface  the packet's device then, "" where it had none yet
    """

    reason: str
    location: str
    interface: str
    is_reply: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessDrop:
    """A packet that the kernel dropped while this process sent; whose it was is not told.

    reason, location  as of KernelDrop
    """

    reason: str
    location: str


KernelDrops: TypeAlias = tuple[KernelDrop | ProcessDrop, ...]

NO_WIREGUARD: Final = NotChecked(reason="WireGuard was not looked at")

TraceResult: TypeAlias = TraceDropped | TracePassed | NotChecked


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
