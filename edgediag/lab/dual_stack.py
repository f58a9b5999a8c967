"""Build the lab's second network beside the first, on the same cables."""

import socket
from collections.abc import Iterable

from pyroute2 import IPRoute

from edgediag.lab import kernel
from edgediag.lab.topology import NODES, ROUTERS
from edgediag.lab.topology6 import ADDRESSES_6, ROUTES_6

# <linux/if_addr.h>: it may be used at once.
IFA_F_NODAD = 0x02

# Nobody else is on these cables: addresses need no defence, and there is no router to be asked for.
# The link-local addresses, which come with IPv6 itself, are what a node asks its neighbours from.
_QUIET = {"accept_dad": "0", "router_solicitations": "0", "accept_ra": "0", "disable_ipv6": "0"}


def add_second_network(prefix: str) -> None:
    """Every node has its addresses and routes of IPv6 from now on."""
    for node in NODES:
        name = f"{prefix}-{node}"
        with kernel.netlink(name) as ipr:
            devices = [str(link.get("ifname")) for link in ipr.get_links()]
            _wake(name, devices, is_router=node in ROUTERS)
            for (owner, device), addresses in ADDRESSES_6.items():
                if owner == node:
                    _add_addresses(ipr, device, addresses)
            for owner, route in ROUTES_6:
                if owner == node:
                    ipr.route("add", **kernel.route_request(ipr, route))


def _wake(name: str, devices: Iterable[str], *, is_router: bool) -> None:
    kernel.balance_by_ports(name, 6)
    # "all" counts beside each device, and what it is set to is handed on to them.
    for device in ("all", "default", *devices):
        for key, value in _QUIET.items():
            kernel.write_device_sysctl(name, device, key, value)
    if is_router:
        kernel.write_sysctl(name, "net.ipv6.conf.all.forwarding", "1")


def _add_addresses(ipr: IPRoute, device: str, addresses: Iterable[str]) -> None:
    index = kernel.interface_index(ipr, device)
    for address in addresses:
        host, _, length = address.partition("/")
        ipr.addr(
            "replace",
            index=index,
            address=host,
            prefixlen=int(length),
            family=socket.AF_INET6,
            flags=IFA_F_NODAD,
        )
