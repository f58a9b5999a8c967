"""The kernel of one namespace, by netlink and /proc/sys: links, addresses, routes, sysctls."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pyroute2 import IPRoute

from edgediag.errors import CannotRunError
from edgediag.lab import namespace
from edgediag.lab.topology import Route

# <linux/neighbour.h>, <linux/rtnetlink.h>
NUD_PERMANENT = 0x80
RTNH_F_ONLINK = 4

# Bits 0, 1, 2, 4 and 5 of fib_multipath_hash_fields (Documentation/networking/ip-sysctl.rst).
_FIVE_TUPLE = 0x37

_ICMP = {
    4: (socket.AF_INET, socket.IPPROTO_ICMP),
    6: (socket.AF_INET6, socket.IPPROTO_ICMPV6),
}


@contextmanager
def netlink(name: str) -> Iterator[IPRoute]:
    """A netlink socket that belongs to the namespace; the thread itself stays where it is."""
    with namespace.entered(name):
        ipr = IPRoute()
    with ipr:
        yield ipr


def interface_index(ipr: IPRoute, interface: str) -> int:
    """The index of a device of that namespace."""
    found = ipr.link_lookup(ifname=interface)
    if not found:
        raise CannotRunError(f"cannot find interface {interface} in the lab; lab down, lab up")
    return int(found[0])


def route_request(ipr: IPRoute, route: Route) -> Mapping[str, object]:
    """The arguments of IPRoute.route() for one route of the topology or of a fault."""
    # The family is given because pyroute2 0.9.7 fails to find it out for several gateways.
    is_six = any(":" in text for text in (route.destination, *route.gateways))
    request: dict[str, object] = {
        "family": socket.AF_INET6 if is_six else socket.AF_INET,
        "dst": route.destination,
        "table": route.table,
        "type": route.type_,
    }
    if len(route.gateways) > 1:
        request["multipath"] = [{"gateway": gateway} for gateway in route.gateways]
    if len(route.gateways) == 1:
        request["gateway"] = route.gateways[0]
    if route.device:
        request["oif"] = interface_index(ipr, route.device)
    if route.device and route.gateways:
        # flannel's gateways lie in no connected network; ip-route(8) calls that "onlink".
        request["flags"] = RTNH_F_ONLINK
    return request


def read_sysctl(name: str, key: str) -> str:
    """The value of a sysctl of the namespace's own network stack."""
    with namespace.entered(name):
        return _sysctl_path(key).read_text().strip()


def write_sysctl(name: str, key: str, value: str) -> None:
    """The sysctl has the value from now on; a kernel without IPv6 has no IPv6 sysctl to set."""
    with namespace.entered(name):
        path = _sysctl_path(key)
        if path.exists() or not key.startswith("net.ipv6."):
            # Without the newline an empty value would be no write(2) at all.
            path.write_text(f"{value}\n")


def balance_by_ports(name: str, version: int) -> None:
    """Of several equal routes each flow takes one, by its addresses, protocol and ports.

    Policy 1 says so too, but takes the hash that a packet brings along, and those of a local TCP
    socket bring a random one through every veth, drawn anew when a SYN is repeated: of 100
    connections from one port 147 packets took the one path and 153 the other (Linux 6.18). Policy 3
    reads the packet itself; it came with Linux 5.13.
    """
    key = f"net.ipv{version}.fib_multipath_hash"
    with namespace.entered(name):
        has_fields = _sysctl_path(f"{key}_fields").exists()
    if has_fields:
        write_sysctl(name, f"{key}_fields", str(_FIVE_TUPLE))
    write_sysctl(name, f"{key}_policy", "3" if has_fields else "1")


def write_device_sysctl(name: str, device: str, key: str, value: str) -> None:
    """A device's sysctl of IPv6 has the value from now on; its name may have dots in it."""
    with namespace.entered(name):
        (Path("/proc/sys/net/ipv6/conf") / device / key).write_text(value)


def raw_icmp_socket(name: str, version: int = 4) -> socket.socket:
    """A raw socket of the namespace for ICMP or ICMPv6, not blocking."""
    family, protocol = _ICMP[version]
    with namespace.entered(name):
        sock = socket.socket(family, socket.SOCK_RAW, protocol)
    sock.setblocking(False)
    return sock


def _sysctl_path(key: str) -> Path:
    return Path("/proc/sys") / key.replace(".", "/")
