"""Build the lab's network out of the topology, by netlink."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pyroute2 import IPRoute

from edgediag.lab import kernel, namespace, netfilter
from edgediag.lab.topology import (
    BALANCERS,
    BRIDGES,
    CABLES,
    ENDS,
    NODES,
    PORTS,
    ROUTER_SYSCTLS,
    ROUTERS,
    ROUTES,
    RULESETS,
    SYSCTLS,
    UPLINK,
    VTEPS,
    Bridge,
    End,
    Route,
    Vtep,
)

LOOPBACK_INDEX = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Handles on every node while the lab is built.

    sockets      a netlink socket for each node
    descriptors  each node's namespace, open
    """

    sockets: Mapping[str, IPRoute]
    descriptors: Mapping[str, int]


def create_nodes(prefix: str) -> None:
    """A namespace stands for each node, with a loopback device and nothing else.

    Services may bind to their addresses from now on, before these exist (IP_FREEBIND). Not before:
    a namespace without any address has no local routing table, every address in it counts as a
    broadcast address, and a datagram socket bound to one of those answers from another source
    (net/ipv4/fib_frontend.c, __inet_dev_addr_type; net/ipv4/af_inet.c, __inet_bind).
    """
    for node in NODES:
        namespace.create(f"{prefix}-{node}")
        with kernel.netlink(f"{prefix}-{node}") as ipr:
            ipr.link("set", index=LOOPBACK_INDEX, state="up")


def build_network(prefix: str) -> None:
    """All cables, addresses, routes and rules stand in the namespaces of this prefix.

    The nodes were created before.
    """
    for node in NODES:
        for key, value in sysctls_of(node).items():
            kernel.write_sysctl(f"{prefix}-{node}", key, value)
    for node in BALANCERS:
        kernel.balance_by_ports(f"{prefix}-{node}", 4)
    with _site(prefix) as site:
        _add_devices(site)
        for port in PORTS:
            _set_up(site.sockets[port.node], port)
        for vtep in VTEPS:
            _add_vtep(site.sockets[vtep.node], vtep)
        for node, routes in ROUTES.items():
            _add_routes(site.sockets[node], routes)
    settle_network(prefix)
    for node, script in RULESETS.items():
        netfilter.run_script(f"{prefix}-{node}", script)


def settle_network(prefix: str) -> None:
    """Every device of every cable carries packets now.

    After a veth comes up the kernel keeps its queue shut until its link watch has run, up to a
    second later (measured: 1.02 s). From Linux 6.9 on an RTM_GETLINK for the one device runs it
    at once (rtnl_getlink calls linkwatch_sync_dev; measured: 1.2 ms). Older kernels just take
    their second.
    """
    with _site(prefix) as site:
        for end in ENDS:
            ipr = site.sockets[end.node]
            ipr.get_links(kernel.interface_index(ipr, end.interface))


def sysctls_of(node: str) -> dict[str, str]:
    """The sysctls a node is built with."""
    values = dict(SYSCTLS)
    if node in ROUTERS:
        values |= ROUTER_SYSCTLS
    return values


@contextmanager
def _site(prefix: str) -> Iterator[Site]:
    with ExitStack() as stack:
        sockets = {}
        descriptors = {}
        for node in NODES:
            name = f"{prefix}-{node}"
            sockets[node] = stack.enter_context(kernel.netlink(name))
            descriptors[node] = os.open(namespace.RUN_DIRECTORY / name, os.O_RDONLY)
            stack.callback(os.close, descriptors[node])
        yield Site(sockets=sockets, descriptors=descriptors)


def _add_devices(site: Site) -> None:
    for bridge in BRIDGES:
        site.sockets[bridge.node].link("add", ifname=bridge.interface, kind="bridge")
    for near, far in CABLES:
        _lay_cable(site, near, far)


def _lay_cable(site: Site, near: End, far: End) -> None:
    """Both ends appear in their own namespaces at once: nothing is ever seen in the machine's."""
    peer = {"ifname": far.interface, "net_ns_fd": site.descriptors[far.node]}
    site.sockets[near.node].link("add", ifname=near.interface, kind="veth", peer=peer)


def _set_up(ipr: IPRoute, port: Bridge | End) -> None:
    index = kernel.interface_index(ipr, port.interface)
    if isinstance(port, End) and port.bridge:
        ipr.link("set", index=index, master=kernel.interface_index(ipr, port.bridge))
    for address in port.addresses:
        _add_address(ipr, index, address)
    ipr.link("set", index=index, state="up")


def _add_address(ipr: IPRoute, index: int, address: str) -> None:
    """The device has the address, given as address/length."""
    host, _, length = address.partition("/")
    ipr.addr("replace", index=index, address=host, prefixlen=int(length), family=socket.AF_INET)


def _add_vtep(ipr: IPRoute, vtep: Vtep) -> None:
    underlay = kernel.interface_index(ipr, UPLINK)
    ipr.link(
        "add",
        ifname=vtep.interface,
        kind="vxlan",
        address=vtep.mac,
        vxlan_id=vtep.vni,
        vxlan_port=vtep.port,
        vxlan_local=vtep.underlay,
        vxlan_link=underlay,
        vxlan_learning=False,
    )
    index = kernel.interface_index(ipr, vtep.interface)
    _add_address(ipr, index, vtep.address)
    ipr.link("set", index=index, state="up")
    ipr.neigh(
        "add",
        dst=vtep.partner_address,
        lladdr=vtep.partner_mac,
        ifindex=index,
        state=kernel.NUD_PERMANENT,
    )
    ipr.fdb("add", lladdr=vtep.partner_mac, dst=vtep.partner_underlay, ifindex=index)


def _add_routes(ipr: IPRoute, routes: Sequence[Route]) -> None:
    for route in routes:
        ipr.route("add", **kernel.route_request(ipr, route))
