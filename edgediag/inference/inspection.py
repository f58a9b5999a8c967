"""The tables of this host that can be looked at, and what is wrong in one."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from edgediag.host.overlay_routes import RAVEN_TABLES
from edgediag.inference.fault import Fault
from edgediag.inference.states import (
    STATE_RULES,
    hub_gone,
    ike_daemon_gone,
    ipsec_differs,
    overlay_node_differs,
    overlay_peer_unknown,
    raven_set_differs,
    raven_unready,
    vxlan_source_gone,
    vxlan_vni_differs,
    wireguard_differs,
    wireguard_unanswered,
    wireguard_unready,
)
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState, Link
from edgediag.model.overlay import OverlayRoute, VxlanDevice
from edgediag.model.route import PolicyRule

# Entries are dataclasses of the model; those of one part are of one class.
Entries: TypeAlias = tuple[object, ...] | NotChecked

_RAVEN_DEVICES = ("raven0", "raven-wg0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A list of entries of one kind, out of the host's state."""

    title: str
    entries: Callable[[HostState], Entries]


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedTable:
    """What one word of the command line shows; `rules` are ids of the state rules that judge it."""

    name: str
    parts: tuple[Part, ...]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A table as it was read: its parts in order, and what is wrong."""

    table: str
    parts: tuple[tuple[str, Entries], ...]
    faults: tuple[Fault, ...]


def _is_ravens(entry: object) -> bool:
    match entry:
        case PolicyRule(table=table) | OverlayRoute(table=table):
            return table in RAVEN_TABLES
        case Link(name=name) | VxlanDevice(interface=name):
            return name in _RAVEN_DEVICES
        case _:
            return False


def _ravens(entries: Entries) -> Entries:
    return entries if isinstance(entries, NotChecked) else tuple(filter(_is_ravens, entries))


def _wireguards(host: HostState) -> Entries:
    """The devices without their peers, which are a part of their own."""
    if isinstance(host.wireguard, NotChecked):
        return host.wireguard
    return tuple(replace(device, peers=()) for device in host.wireguard)


def _wireguard_peers(host: HostState) -> Entries:
    if isinstance(host.wireguard, NotChecked):
        return host.wireguard
    return tuple(peer for device in host.wireguard for peer in device.peers)


TABLES: tuple[InspectedTable, ...] = (
    InspectedTable(name="links", parts=(Part(title="links", entries=lambda host: host.links),)),
    InspectedTable(
        name="addresses", parts=(Part(title="addresses", entries=lambda host: host.addresses),)
    ),
    InspectedTable(
        name="rules", parts=(Part(title="policy rules", entries=lambda host: host.rules),)
    ),
    InspectedTable(
        name="neighbours", parts=(Part(title="neighbours", entries=lambda host: host.neighbours),)
    ),
    InspectedTable(
        name="sockets", parts=(Part(title="sockets", entries=lambda host: host.listeners),)
    ),
    InspectedTable(
        name="sysctls", parts=(Part(title="sysctls", entries=lambda host: host.sysctls),)
    ),
    InspectedTable(
        name="xfrm",
        parts=(
            Part(title="policies", entries=lambda host: host.xfrm_policies),
            Part(title="security associations", entries=lambda host: host.xfrm_states),
            Part(title="error counters", entries=lambda host: host.xfrm_counts),
        ),
        rules=(ike_daemon_gone.ID,),
    ),
    InspectedTable(
        name="programs",
        parts=(
            Part(title="of control groups", entries=lambda host: host.cgroup_programs),
            Part(title="XDP", entries=lambda host: host.xdp_programs),
            Part(title="TCX", entries=lambda host: host.tcx_programs),
            Part(title="on netfilter", entries=lambda host: host.netfilter_programs),
        ),
    ),
    InspectedTable(
        name="vxlan",
        parts=(
            Part(title="VXLAN devices", entries=lambda host: host.vxlans),
            Part(title="forwarding entries", entries=lambda host: host.forwarding),
            Part(title="overlay routes", entries=lambda host: host.overlay_routes),
            Part(title="ends by node object", entries=lambda host: host.node_ends),
        ),
        rules=(
            vxlan_source_gone.ID,
            overlay_peer_unknown.ID,
            vxlan_vni_differs.ID,
            overlay_node_differs.ID,
        ),
    ),
    InspectedTable(
        name="raven",
        parts=(
            Part(title="policy rules", entries=lambda host: _ravens(host.rules)),
            Part(title="routes", entries=lambda host: _ravens(host.overlay_routes)),
            Part(title="links", entries=lambda host: _ravens(host.links)),
            Part(title="VXLAN devices", entries=lambda host: _ravens(host.vxlans)),
            Part(title="who holds the tunnels' ports", entries=lambda host: host.tunnel_sockets),
            Part(title="tracked connections", entries=lambda host: host.tunnel_connections),
            Part(title="IPsec policies", entries=lambda host: host.xfrm_policies),
            Part(title="security associations", entries=lambda host: host.xfrm_states),
            Part(title="IPsec error counters", entries=lambda host: host.xfrm_counts),
            Part(title="WireGuard devices", entries=_wireguards),
            Part(title="WireGuard peers", entries=_wireguard_peers),
            Part(title="sets of ipset", entries=lambda host: host.raven_sets),
            Part(title="members that no Gateway lists", entries=raven_set_differs.strangers),
            Part(title="tunnel ends by Gateway object", entries=lambda host: host.gateway_ends),
            Part(title="the hub by the kubelet's kubeconfig", entries=lambda host: host.hub_ends),
        ),
        rules=(
            ike_daemon_gone.ID,
            ipsec_differs.ID,
            raven_unready.ID,
            raven_set_differs.ID,
            wireguard_unready.ID,
            wireguard_differs.ID,
            wireguard_unanswered.ID,
            hub_gone.ID,
        ),
    ),
)


def inspect(table: InspectedTable, host: HostState) -> Inspection:
    """A table of this host, and what its rules find wrong, none twice."""
    return Inspection(
        table=table.name,
        parts=tuple((part.title, part.entries(host)) for part in table.parts),
        faults=tuple(dict.fromkeys(_faults(table.rules, host))),
    )


def _faults(rules: Iterable[str], host: HostState) -> Iterator[Fault]:
    for rule in STATE_RULES:
        for end in _tunnel_ends(host) if rule.id in rules else ():
            fault = rule.judge(end, host)
            if fault is not None:
                yield fault


def _tunnel_ends(host: HostState) -> tuple[Address | None, ...]:
    """Where the tunnels of the policies lead, and None: most rules ask for no destination."""
    policies = () if isinstance(host.xfrm_policies, NotChecked) else host.xfrm_policies
    ends = (item.destination for policy in policies for item in policy.templates)
    return (None, *dict.fromkeys(ends))
