"""Read the host's own tables; each that cannot be read says why, and the others stand.

Links, addresses, neighbours and sockets by pyroute2. Policy rules by hand, as in
`edgediag.net.fib`: one reading of a rule serves both its text and the search for a culprit.
"""

import errno
import socket
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from edgediag.host.addresses import decode_address
from edgediag.host.inet_sockets import LISTENING, UNCONNECTED
from edgediag.host.links import decode_link
from edgediag.host.listeners import listeners_of
from edgediag.host.neighbours import decode_neighbour, next_hop
from edgediag.host.rule_text import policy_rule
from edgediag.host.sysctls import sysctl_keys, sysctl_path
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import TcFilterObject, XdpProgramObject
from edgediag.model.exchange import NextHop
from edgediag.model.flow import Address, Protocol
from edgediag.model.host import NOT_FOLLOWED, HostState, InterfaceAddress, Link, Neighbour, Sysctl
from edgediag.model.listener import Listener
from edgediag.model.route import PolicyRule, Route
from edgediag.model.tunnel import NOT_LISTENED
from edgediag.net.bpf_programs import (
    read_cgroup_programs,
    read_netfilter_programs,
    read_tcx_programs,
)
from edgediag.net.degraded import degraded
from edgediag.net.fib import read_rules
from edgediag.net.inet_sockets import read_inet_sockets
from edgediag.net.ipset import read_raven_sets
from edgediag.net.link_programs import read_xdp_programs
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket, Refusal
from edgediag.net.overlay import read_forwarding, read_overlay_routes, read_vxlans
from edgediag.net.plain import interface_names, plain_all
from edgediag.net.tc_filters import read_tc_filters
from edgediag.net.wireguard import read_wireguard
from edgediag.net.xfrm import read_counts, read_policies, read_states
from edgediag.net.xtables import legacy_names

_SYSCTLS: Final = Path("/proc/sys")
_SOCKET_KINDS: Final = (
    (Protocol.TCP, LISTENING),
    (Protocol.UDP, UNCONNECTED),
)


def read_host() -> HostState:
    """Every table of this network namespace, as it is now."""
    links = degraded("links", _links)
    addresses = degraded("addresses", _addresses)
    interfaces: tuple[str, ...] = ()
    if not isinstance(addresses, NotChecked):
        # The devices of pods have link-local addresses alone, and there are hundreds of them.
        routable = (entry for entry in addresses if not entry.address.is_link_local)
        interfaces = tuple(dict.fromkeys(entry.interface for entry in routable))
    return HostState(
        links=links,
        addresses=addresses,
        rules=degraded("policy rules", _rules),
        neighbours=degraded("neighbours", _neighbours),
        listeners=read_listeners(),
        sysctls=degraded("sysctls", lambda: _sysctls(interfaces)),
        legacy_tables=degraded("legacy tables", _legacy_tables),
        tc_filters=degraded("tc filters", read_tc_filters),
        vxlans=degraded("VXLAN devices", read_vxlans),
        forwarding=degraded("forwarding tables", read_forwarding),
        overlay_routes=degraded("routes of the overlay", read_overlay_routes),
        xfrm_policies=degraded("xfrm policies", read_policies),
        xfrm_states=degraded("xfrm states", read_states),
        xfrm_counts=degraded("xfrm counters", read_counts),
        cgroup_programs=degraded("programs of control groups", read_cgroup_programs),
        xdp_programs=_xdp_programs(links),
        tcx_programs=_tcx_programs(links, interfaces),
        netfilter_programs=degraded("netfilter programs", read_netfilter_programs),
        tunnel_traffic=NOT_LISTENED,
        before_exemption=NOT_FOLLOWED,
        before_marking=NOT_FOLLOWED,
        to_pods=NOT_FOLLOWED,
        wireguard=degraded("WireGuard devices", lambda: read_wireguard(links)),
        raven_sets=degraded("sets of ipset", read_raven_sets),
    )


def neighbour_for(route: Route, destination: Address) -> Neighbour | NotChecked:
    """The neighbour table's entry for the route's gateway, or for a destination on the link."""
    target = route.gateway or destination
    found = degraded("neighbours", lambda: _neighbours_like(route.interface, target))
    if isinstance(found, NotChecked):
        return found
    wanted = (route.interface, target)
    match = (entry for entry in found if (entry.interface, entry.address) == wanted)
    reason = f"no neighbour entry for {target} on {route.interface}"
    return next(match, NotChecked(reason=reason))


def next_hop_for(route: Route, destination: Address) -> NextHop | NotChecked:
    """Where a link-layer frame on this route goes, or why it cannot be addressed."""
    link = degraded(route.interface, lambda: _link(route.interface))
    neighbour = neighbour_for(route, destination)
    if isinstance(link, NotChecked):
        return link
    if isinstance(neighbour, NotChecked):
        return neighbour
    return next_hop(link, neighbour)


def read_listeners() -> tuple[Listener, ...] | NotChecked:
    """Every TCP port that is listened on and every UDP socket that takes packets of anybody."""
    found: list[Listener] = []
    for protocol, state in _SOCKET_KINDS:
        sockets = read_inet_sockets(protocol, (state,))
        if isinstance(sockets, NotChecked):
            return sockets
        for each in sockets:
            found += listeners_of(each, protocol)
    return tuple(found)


def _links() -> tuple[Link, ...]:
    with IPRoute() as netlink:
        found = (decode_link(message) for message in plain_all(netlink.get_links()))
        return tuple(link for link in found if link is not None)


def _xdp_programs(
    links: tuple[Link, ...] | NotChecked,
) -> tuple[XdpProgramObject, ...] | NotChecked:
    if isinstance(links, NotChecked):
        return links
    with_program = {link.index: link.name for link in links if link.xdp_program is not None}
    return degraded("XDP programs", lambda: read_xdp_programs(with_program))


def _tcx_programs(
    links: tuple[Link, ...] | NotChecked, interfaces: Collection[str]
) -> tuple[TcFilterObject, ...] | NotChecked:
    if isinstance(links, NotChecked):
        return links
    # What this host's ends of pods' devices have is the pods' own, and there are hundreds of them.
    asked = {
        link.index: link.name for link in links if link.kind != "veth" or link.name in interfaces
    }
    return degraded("TCX programs", lambda: read_tcx_programs(asked))


def _link(interface: str) -> Link:
    with IPRoute() as netlink:
        answer = netlink.link("get", index=socket.if_nametoindex(interface))
    found = (decode_link(message) for message in plain_all(answer))
    link = next((link for link in found if link is not None), None)
    if link is None:
        raise OSError(errno.ENODEV, interface)
    return link


def _addresses() -> tuple[InterfaceAddress, ...]:
    names = interface_names()
    with IPRoute() as netlink:
        found = (decode_address(message, names) for message in plain_all(netlink.get_addr()))
        return tuple(entry for entry in found if entry is not None)


def _neighbours() -> tuple[Neighbour, ...]:
    names = interface_names()
    with IPRoute() as netlink:
        messages = plain_all(netlink.get_neighbours())
    found = (decode_neighbour(message, names) for message in messages)
    return tuple(entry for entry in found if entry is not None)


def _neighbours_like(interface: str, target: Address) -> tuple[Neighbour, ...]:
    """The entries that may be the wanted one: itself, or the whole table before Linux 5.0."""
    names = interface_names()
    indexes = [index for index, name in names.items() if name == interface]
    with IPRoute() as netlink:
        try:
            answer = netlink.neigh("get", dst=str(target), ifindex=indexes[0]) if indexes else ()
        except NetlinkError as error:
            return () if error.code == errno.ENOENT else _neighbours()
    found = (decode_neighbour(message, names) for message in plain_all(answer))
    return tuple(entry for entry in found if entry is not None)


def _rules() -> tuple[PolicyRule, ...]:
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        found: list[PolicyRule] = []
        for version in (4, 6):
            rules = read_rules(netlink, version)
            if isinstance(rules, Refusal):
                raise OSError(getattr(errno, rules.errno_name, 0), rules.text)
            found += [policy_rule(rule) for rule in rules]
        return tuple(found)


def _sysctls(interfaces: Iterable[str]) -> tuple[Sysctl, ...]:
    if not (_SYSCTLS / "net").is_dir():
        raise OSError(errno.ENOENT, "no sysctls")
    found = ((key, _read(_SYSCTLS / sysctl_path(key))) for key in sysctl_keys(interfaces))
    return tuple(Sysctl(key=key, value=value) for key, value in found if value is not None)


def _legacy_tables() -> tuple[str, ...]:
    return tuple(f"{family} {table}" for family, table in legacy_names())


def _read(path: Path) -> str | None:
    """What a file of the kernel says, None where the kernel has no such file."""
    try:
        return path.read_text(encoding="utf-8", errors="backslashreplace").strip()
    except FileNotFoundError:
        return None
