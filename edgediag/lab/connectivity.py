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

ECHO_REQUEST, ECHO_REPLY = 8, 0
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


def require_connectivity(prefix: str) -> None:
    """Every destination has answered within DEADLINE_S."""
    for node, destinations in DESTINATIONS.items():
        missing = _unanswered(f"{prefix}-{node}", set(destinations))
        if missing:
            names = ", ".join(sorted(missing))
            raise CannotRunError(
                f"cannot build the lab {prefix}: no echo reply on {node} from {names} "
                f"within {DEADLINE_S} s; lab down, lab up"
            )


def _unanswered(name: str, waiting: set[str]) -> set[str]:
    deadline_s = time.monotonic() + DEADLINE_S
    sequence = 0
    with raw_icmp_socket(name) as sock:
        while waiting and time.monotonic() < deadline_s:
            sequence += 1
            for destination in waiting:
                _send(sock, destination, sequence)
            _collect(sock, waiting)
    return waiting


def _send(sock: socket.socket, destination: str, sequence: int) -> None:
    try:
        sock.sendto(_echo_request(os.getpid() & 0xFFFF, sequence), (destination, 0))
    except OSError:
        # ENOBUFS from a device whose queue is still shut: the next round asks again.
        return


def _collect(sock: socket.socket, waiting: set[str]) -> None:
    """Those that answer within the round are waited for no longer."""
    end_s = time.monotonic() + ROUND_S
    while waiting and select.select([sock], [], [], max(0.0, end_s - time.monotonic()))[0]:
        datagram, (sender, _) = sock.recvfrom(2048)
        if datagram[IP_HEADER_OCTETS] == ECHO_REPLY:
            waiting.discard(sender)


def _echo_request(identifier: int, sequence: int) -> bytes:
    """An empty echo request (RFC 792 "Echo or Echo Reply Message")."""
    # One's complement sum of three words whose fourth, the checksum, is zero (RFC 1071 §1).
    total = (ECHO_REQUEST << 8) + identifier + sequence
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!BBHHH", ECHO_REQUEST, 0, ~total & 0xFFFF, identifier, sequence)
