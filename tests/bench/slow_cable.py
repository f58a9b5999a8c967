"""A cable of the lab that takes its time, laid in the place of one that does not.

This kernel has no netem, so the cable is a process: both ends are TAP devices, and each frame that
comes out of one goes into the other a fixed time later. `python -m tests.bench.slow_cable PREFIX
NODE DELAY_S` says "ready" and carries frames until it is ended; the devices end with it.
"""

import fcntl
import os
import select
import socket
import struct
import sys
import time
from collections import deque
from ipaddress import ip_address, ip_interface

from edgediag.lab import kernel, namespace
from edgediag.lab.topology import CABLES, ROUTES, End

# <linux/if_tun.h>
TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000

FRAME_OCTETS = 2048


def main(prefix: str, node: str, delay_s: str) -> None:
    """Replace the uplink cable of a router, and be it."""
    near, far = next(cable for cable in CABLES if cable[0].node == node)
    with kernel.netlink(f"{prefix}-{near.node}") as ipr:
        # Its other end goes with it.
        ipr.link("del", index=kernel.interface_index(ipr, near.interface))
    descriptors = [_tap(prefix, end) for end in (near, far)]
    for end in (near, far):
        _set_up(prefix, end)
    print("ready", flush=True)
    _carry(descriptors, float(delay_s))


def _tap(prefix: str, end: End) -> int:
    with namespace.entered(f"{prefix}-{end.node}"):
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        name = end.interface.encode()
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name, IFF_TAP | IFF_NO_PI))
    return descriptor


def _set_up(prefix: str, end: End) -> None:
    """The device has the addresses and routes of the one that it stands for."""
    with kernel.netlink(f"{prefix}-{end.node}") as ipr:
        index = kernel.interface_index(ipr, end.interface)
        for address in end.addresses:
            host, _, length = address.partition("/")
            ipr.addr("add", index=index, address=host, prefixlen=int(length), family=socket.AF_INET)
        ipr.link("set", index=index, state="up")
        networks = [ip_interface(address).network for address in end.addresses]
        for route in ROUTES[end.node]:
            if any(ip_address(hop) in network for hop in route.gateways for network in networks):
                ipr.route("replace", **kernel.route_request(ipr, route))


def _carry(descriptors: list[int], delay_s: float) -> None:
    near, far = descriptors
    other = {near: far, far: near}
    # The delay is one for all, so that what came first is due first.
    waiting: deque[tuple[float, int, bytes]] = deque()
    while True:
        wait_s = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for descriptor in select.select(descriptors, [], [], wait_s)[0]:
            frame = os.read(descriptor, FRAME_OCTETS)
            waiting.append((time.monotonic() + delay_s, other[descriptor], frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, descriptor, frame = waiting.popleft()
            os.write(descriptor, frame)


if __name__ == "__main__":
    main(*sys.argv[1:])
