"""The local object at fault, named so that it can be found and removed.

`edgediag.report.json` prints each class under its kind, the class's KIND.
"""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from edgediag.model.flow import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class NftRule:
    """A rule of native nftables; `text` in the words of nft(8)."""

    KIND: ClassVar[str] = "nft-rule"
    family: str
    table: str
    chain: str
    handle: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IptablesRule:
    """A rule of iptables; backend "nft" or "legacy", number counted from 1 within its chain."""

    KIND: ClassVar[str] = "iptables-rule"
    backend: str
    table: str
    chain: str
    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArptablesRule:
    """A rule of arptables-legacy, number counted from 1 within its chain."""

    KIND: ClassVar[str] = "arptables-rule"
    table: str
    chain: str
    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPolicy:
    """The policy of a base chain that no rule overruled."""

    KIND: ClassVar[str] = "chain-policy"
    family: str
    table: str
    chain: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteObject:
    """A route, or (type "missing") the one that should be there.

    type_   "blackhole", "unreachable", "prohibit", "throw", "unicast", "missing"
    prefix  "default" for 0.0.0.0/0 and ::/0
    """

    KIND: ClassVar[str] = "route"
    type_: str
    prefix: str
    table: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRuleObject:
    """A routing policy rule, as `ip rule` shows it."""

    KIND: ClassVar[str] = "ip-rule"
    priority: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SysctlObject:
    """A sysctl with the value found."""

    KIND: ClassVar[str] = "sysctl"
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourObject:
    """An entry of the neighbour table."""

    KIND: ClassVar[str] = "neighbour"
    interface: str
    address: Address
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkObject:
    """A network device; `state` in words: "down", "no carrier"."""

    KIND: ClassVar[str] = "link"
    interface: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class XdpProgramObject:
    """An XDP program on a device: it acts before any tap.

    program  its id
    mode     "offloaded", "native" or "generic"
    """

    KIND: ClassVar[str] = "xdp-program"
    interface: str
    program: int
    name: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CgroupProgramObject:
    """A BPF program on a control group, which judges the sockets of the processes in it.

    program  its id
    group    where it is attached, as /proc/self/cgroup writes it; "" where that cannot be seen
    attach   in the words of bpftool(8): "ingress", "egress", "connect4", ...
    """

    KIND: ClassVar[str] = "cgroup-program"
    program: int
    name: str
    group: str
    attach: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerObject:
    """A port that should be listened on; `address` is the one bound instead, "" for none."""

    KIND: ClassVar[str] = "listener"
    protocol: str
    port: int
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverObject:
    """A name server that this host asks, and the line that says so; line 0 where none does."""

    KIND: ClassVar[str] = "resolver"
    address: Address
    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameLookupObject:
    """The line that says where programs of this host look names up."""

    KIND: ClassVar[str] = "name-lookup"
    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostsFileObject:
    """A line of a hosts file that overrides the name service."""

    KIND: ClassVar[str] = "hosts-file"
    path: str
    line: int
    name: str
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockObject:
    """This host's clock; `offset_s` is what the servers agree it is off by."""

    KIND: ClassVar[str] = "clock"
    offset_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolObject:
    """Programs that the installation needs and that are not there."""

    KIND: ClassVar[str] = "tool"
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TcFilterObject:
    """A filter of traffic control; `direction` is "ingress" or "egress", `handle` as tc(8) has it.

    classifier  "tcx" for a BPF program without a discipline, whose id is the handle
    name        of the BPF program, "" for other classifiers
    """

    KIND: ClassVar[str] = "tc-filter"
    interface: str
    direction: str
    classifier: str
    preference: int
    handle: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QdiscObject:
    """A queueing discipline; `handle` as tc(8) writes it: "8001:"."""

    KIND: ClassVar[str] = "qdisc"
    interface: str
    discipline: str
    handle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VxlanObject:
    """A VXLAN device that does not fit its peers; `local` is None where the kernel chooses it."""

    KIND: ClassVar[str] = "vxlan-device"
    interface: str
    vni: int
    port: int
    local: Address | None


@dataclass(frozen=True, slots=True, kw_only=True)
class XfrmPolicyObject:
    """A policy of IPsec; `selector` in the words of ip-xfrm(8), `direction` "in" or "out"."""

    KIND: ClassVar[str] = "xfrm-policy"
    direction: str
    action: str
    priority: int
    selector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MtuObject:
    """The MTU of a device, larger than what it leads to carries."""

    KIND: ClassVar[str] = "mtu"
    interface: str
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConntrackObject:
    """The table of tracked connections, and how many it may hold."""

    KIND: ClassVar[str] = "conntrack"
    entries: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFlowObject:
    """A tracked connection of UDP by its first packet, and the source that it gives its packets."""

    KIND: ClassVar[str] = "conntrack-entry"
    source: Address
    source_port: int
    destination: Address
    destination_port: int
    given: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class RavenStateObject:
    """A part of what Raven leaves in the kernel; `state` in words.

    part  "rule", "device" or "table", of WireGuard with "wireguard-" before it; "wireguard-peer",
          "ipsec-policies"; the name of a set of ipset
    """

    KIND: ClassVar[str] = "raven-state"
    part: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateObject:
    """The file with the certificate by which an agent of this node is known, and its last day."""

    KIND: ClassVar[str] = "certificate-file"
    path: str
    agent: str
    not_after: str


Culprit: TypeAlias = (
    NftRule
    | IptablesRule
    | ArptablesRule
    | ChainPolicy
    | RouteObject
    | PolicyRuleObject
    | SysctlObject
    | NeighbourObject
    | LinkObject
    | XdpProgramObject
    | CgroupProgramObject
    | ListenerObject
    | ResolverObject
    | NameLookupObject
    | HostsFileObject
    | ClockObject
    | ToolObject
    | TcFilterObject
    | QdiscObject
    | VxlanObject
    | XfrmPolicyObject
    | MtuObject
    | RavenStateObject
    | ConntrackObject
    | TrackedFlowObject
    | CertificateObject
)
