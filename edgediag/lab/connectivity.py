"""Packets flow: every address of the lab answers an echo request, from three nodes.

Echo replies are not rate-limited by Linux (icmp_ratemask), so asking uses up nothing that a
diagnosis needs later.
"""

import os
import select
import socket
import struct
import time
from collections.abc import Mapping

from edgediag.errors import CannotRunError
from edgediag.lab.kernel import raw_icmp_socket
from edgediag.lab.topology import HOSTS, addresses_of
from edgediag.lab.topology6 import ADDRESSES_6, EDGE_ADDRESS_6, HOSTS_6

ECHO_REQUEST, ECHO_REPLY = 8, 0
ECHO_REQUEST_6, ECHO_REPLY_6 = 128, 129
IP_HEADER_OCTETS = 20
ROUND_S = 0.02
DEADLINE_S = 5.0

DESTINATIONS: Mapping[str, tuple[str, ...]] = {
    "edge": tuple(
        address
        for node in ("pod", "peer", "cpe", "isp1", "isp2", "border", "cloud")
        for address in addresses_of(node)
    ),
    "pod": (HOSTS["api-server"], *addresses_of("edge")),
    "peer": (HOSTS["api-server"], *addresses_of("edge")),
}
DESTINATIONS_6: Mapping[str, tuple[str, ...]] = {
    "edge": tuple(
        address.partition("/")[0]
        for (node, _), addresses in ADDRESSES_6.items()
        if node != "edge"
        for address in addresses
    ),
    "peer": (HOSTS_6["api-server"], EDGE_ADDRESS_6),
}


def require_connectivity(prefix: str, version: int = 4) -> None:
    """Every destination of the network of this IP version has answered within DEADLINE_S."""
    by_node = DESTINATIONS if version == 4 else DESTINATIONS_6
    for node, destinations in by_node.items():
        missing = _unanswered(f"{prefix}-{node}", set(destinations), version)
        if missing:
            names = ", ".join(sorted(missing))
            raise CannotRunError(
                f"cannot build the lab {prefix}: no echo reply on {node} from {names} "
                f"within {DEADLINE_S} s; lab down, lab up"
            )


def _unanswered(name: str, waiting: set[str], version: int) -> set[str]:
    deadline_s = time.monotonic() + DEADLINE_S
    sequence = 0
    with raw_icmp_socket(name, version) as sock:
        while waiting and time.monotonic() < deadline_s:
            sequence += 1
            for destination in waiting:
                _send(sock, destination, sequence)
            _collect(sock, waiting, version)
    return waiting


def _send(sock: socket.socket, destination: str, sequence: int) -> None:
    try:
        version = 6 if ":" in destination else 4
        request = _echo_request(version, os.getpid() & 0xFFFF, sequence)
        sock.sendto(request, (destination, 0))
    except OSError:
        # ENOBUFS from a device whose queue is still shut: the next round asks again.
        return


def _collect(sock: socket.socket, waiting: set[str], version: int) -> None:
    """Those that answer within the round are waited for no longer."""
    end_s = time.monotonic() + ROUND_S
    while waiting and select.select([sock], [], [], max(0.0, end_s - time.monotonic()))[0]:
        datagram, (sender, *_) = sock.recvfrom(2048)
        # A raw socket of IPv6 is given no header (RFC 3542 §3).
        at, reply = (IP_HEADER_OCTETS, ECHO_REPLY) if version == 4 else (0, ECHO_REPLY_6)
        if datagram[at] == reply:
            waiting.discard(sender)


def _echo_request(version: int, identifier: int, sequence: int) -> bytes:
    """An empty echo request (RFC 792 "Echo or Echo Reply Message"; RFC 4443 §4.1)."""
    if version == 6:
        # The kernel puts the checksum in (RFC 3542 §3.1).
        return struct.pack("!BBHHH", ECHO_REQUEST_6, 0, 0, identifier, sequence)
    # One's complement sum of three words whose fourth, the checksum, is zero (RFC 1071 §1).
    total = (ECHO_REQUEST << 8) + identifier + sequence
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!BBHHH", ECHO_REQUEST, 0, ~total & 0xFFFF, identifier, sequence)
