"""What a node looks like to its kernel, as text: equal before and after, or something is left."""

import socket
from collections.abc import Iterator, Mapping

from pyroute2 import IPRoute

from edgediag.lab import kernel, netfilter, state
from edgediag.lab.files import TEXTS, edge_folder, read_edge_file
from edgediag.lab.services import control
from edgediag.lab.services.catalog import SERVICES
from edgediag.lab.topology import NODES

IFF_UP = 1

# A fault may set these and no other, so that the fingerprint sees whether they are back.
WATCHED_SYSCTLS = (
    "net.ipv4.ip_forward",
    "net.ipv4.fib_multipath_hash_policy",
    "net.ipv4.icmp_echo_ignore_all",
    "net.ipv4.icmp_errors_use_inbound_ifaddr",
    "net.ipv4.icmp_ratelimit",
    "net.ipv4.icmp_ratemask",
    "net.ipv4.ip_default_ttl",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.default.rp_filter",
    "net.ipv4.fwmark_reflect",
    "net.netfilter.nf_conntrack_udp_timeout",
    "net.netfilter.nf_conntrack_udp_timeout_stream",
)


def take(prefix: str) -> dict[str, str]:
    """The fingerprint of every node, by node."""
    rulesets = netfilter.rulesets([f"{prefix}-{node}" for node in NODES])
    return {node: _of_node(prefix, node, rulesets[f"{prefix}-{node}"]) for node in NODES}


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The lines that came (+) or went (-), with their node, in the order of the topology."""
    return tuple(
        f"{node} {line}"
        for node in NODES
        for line in _changed_lines(before.get(node, ""), after.get(node, ""))
    )


def _changed_lines(before: str, after: str) -> list[str]:
    old, new = before.splitlines(), after.splitlines()
    was, is_now = set(old), set(new)
    gone = [f"- {line}" for line in old if line not in is_now]
    come = [f"+ {line}" for line in new if line not in was]
    return gone + come or (["lines in another order"] if before != after else [])


def _of_node(prefix: str, node: str, ruleset: str) -> str:
    name = f"{prefix}-{node}"
    with kernel.netlink(name) as ipr:
        lines = sorted(_kernel_lines(ipr))
    lines += [f"sysctl {key} {kernel.read_sysctl(name, key)}" for key in WATCHED_SYSCTLS]
    if node in SERVICES:
        modes = control.ask(state.control_socket(prefix, node), {})
        lines += [f"service {service} {mode}" for service, mode in sorted(modes.items())]
    if node == "edge":
        lines += _file_lines(prefix)
    return "\n".join((*lines, ruleset))


def _file_lines(prefix: str) -> list[str]:
    texts = {name: read_edge_file(edge_folder(prefix) / name) for name in TEXTS}
    return [f"file {name} {text!r}" for name, text in texts.items()]


def _kernel_lines(ipr: IPRoute) -> Iterator[str]:
    """Links, addresses, routes, rules and what was put into the neighbour tables by hand."""
    for link in ipr.get_links():
        yield (
            f"link {link.get('ifname')} up={link['flags'] & IFF_UP} mtu={link.get('mtu')} "
            f"mac={link.get('address')} master={link.get('master')}"
        )
    for address in ipr.get_addr(family=socket.AF_INET):
        yield f"address {address['index']} {address.get('local')}/{address['prefixlen']}"
    for route in ipr.get_routes(family=socket.AF_INET):
        yield (
            f"route {route.get('dst', 'default')}/{route['dst_len']} table={route.get('table')} "
            f"type={route['type']} gateway={route.get('gateway')} device={route.get('oif')} "
            f"source={route.get('prefsrc')} priority={route.get('priority')} "
            f"over={[hop.get('gateway') for hop in route.get('multipath') or ()]}"
        )
    for rule in ipr.get_rules(family=socket.AF_INET):
        yield (
            f"rule {rule.get('priority')} action={rule['action']} table={rule.get('table')} "
            f"to={rule.get('dst')}/{rule['dst_len']} protocol={rule.get('ip_proto')} "
            f"ports={rule.get('dport_range')} mark={rule.get('fwmark')}"
        )
    for family in (socket.AF_INET, socket.AF_BRIDGE):
        for entry in ipr.get_neighbours(family=family):
            if entry["state"] & kernel.NUD_PERMANENT and entry.get("dst"):
                yield f"neighbour {entry['ifindex']} {entry.get('dst')} {entry.get('lladdr')}"
