"""WireGuard devices in user space as their daemons tell of them, in lines of KEY=VALUE.

Key material is passed over: no value of a line with a private or preshared key is ever looked at.

source  https://www.wireguard.com/xplatform/ ("Configuration Protocol")
"""

import base64
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Final, TypeAlias

from edgediag.model.flow import Address
from edgediag.model.wireguard import WireguardDevice, WireguardPeer

QUESTION: Final = b"get=1\n\n"
END: Final = b"\n\n"

_PUBLIC_KEY: Final = "public_key"
_NETWORK: Final = "allowed_ip"
_KEY_OCTETS: Final = 32
_MOST_DIGITS: Final = 20
_NANOSECOND: Final = 1e-9

# In the order of the answer; what is not here is not kept, and so no secret is.
_WANTED: Final = frozenset(
    (
        *("listen_port", "errno", _PUBLIC_KEY, _NETWORK, "endpoint", "rx_bytes", "tx_bytes"),
        *("last_handshake_time_sec", "last_handshake_time_nsec"),
        "persistent_keepalive_interval",
    )
)

_Lines: TypeAlias = tuple[tuple[str, str], ...]


def decode_answer(octets: bytes, interface: str, read_s: float) -> WireguardDevice | None:
    """The device of a whole answer, None for one that is cut off or says that it failed."""
    if not octets.endswith(END):
        return None
    lines = tuple(_lines(octets.decode("ascii", "replace")))
    alone, *peers = _split(lines)
    # The daemon says whether it failed last, behind the last peer.
    if dict(lines).get("errno") != "0":
        return None
    decoded = (_peer(interface, part) for part in peers)
    return WireguardDevice(
        interface=interface,
        listen_port=_number(dict(alone).get("listen_port", "")),
        is_in_user_space=True,
        read_s=read_s,
        peers=tuple(peer for peer in decoded if peer is not None),
    )


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key in _WANTED:
            yield key, value


def _split(lines: Iterable[tuple[str, str]]) -> tuple[_Lines, ...]:
    """What is said of the device, then of each peer; its public key begins a peer."""
    parts: list[list[tuple[str, str]]] = [[]]
    for line in lines:
        if line[0] == _PUBLIC_KEY:
            parts.append([])
        parts[-1].append(line)
    return tuple(map(tuple, parts))


def _peer(interface: str, lines: _Lines) -> WireguardPeer | None:
    said = dict(lines)
    try:
        key = bytes.fromhex(said[_PUBLIC_KEY])
    except ValueError:
        return None
    if len(key) != _KEY_OCTETS:
        return None
    endpoint, port = _endpoint(said.get("endpoint", ""))
    return WireguardPeer(
        interface=interface,
        public_key=base64.b64encode(key).decode("ascii"),
        endpoint=endpoint,
        port=port,
        handshake_s=_moment(said),
        received_octets=_number(said.get("rx_bytes", "")),
        sent_octets=_number(said.get("tx_bytes", "")),
        keepalive_s=_number(said.get("persistent_keepalive_interval", "")),
        networks=tuple(value for key, value in lines if key == _NETWORK),
    )


def _endpoint(text: str) -> tuple[Address | None, int]:
    host, _, port = text.rpartition(":")
    try:
        # A zone is this host's own name for a link.
        return ip_address(host.strip("[]").partition("%")[0]), _number(port)
    except ValueError:
        return None, 0


def _moment(said: dict[str, str]) -> float | None:
    seconds = _number(said.get("last_handshake_time_sec", ""))
    fraction = _number(said.get("last_handshake_time_nsec", "")) * _NANOSECOND
    return seconds + fraction if seconds else None


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else 0
