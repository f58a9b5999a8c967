"""The resolver's answers, as octets (RFC 1035 §4.1)."""

import socket
import struct
from collections.abc import Mapping
from types import MappingProxyType

from edgediag.lab.services.catalog import Mode

HEADER = struct.Struct("!6H")
QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
TYPE_A, CLASS_IN = 1, 1
TTL_S = 60
# The cloud's own, where no service listens.
WILDCARD_ADDRESS = "192.0.2.2"
# Of a network that nobody in the lab has (RFC 1918 §3).
PRIVATE_ADDRESS = "10.77.0.10"
# A pointer to the name of the question, which follows the header (RFC 1035 §4.1.4).
NAME_POINTER = 0xC000 | HEADER.size

# Where the mode alone decides; elsewhere the zone does.
CODES: Mapping[Mode, int] = MappingProxyType(
    {
        Mode.SERVFAIL: SERVFAIL,
        Mode.REFUSED: REFUSED,
        Mode.EMPTY: NOERROR,
        Mode.NXDOMAIN: NXDOMAIN,
    }
)


def answer(query: bytes, mode: Mode, zone: Mapping[str, str]) -> bytes | None:
    """The response in a datagram to a query with one question, None where nothing is to be said.

    zone  addresses by lower-case name without the final dot; other types of a known name are empty
    """
    question = _question(query)
    if mode is Mode.SILENT or question is None:
        return None
    name, type_, class_, end = question
    identifier, flags = HEADER.unpack_from(query)[:2]
    address = _address(name, mode, zone)
    code = CODES.get(mode, NOERROR if address else NXDOMAIN)
    has_record = code == NOERROR and type_ == TYPE_A and class_ == CLASS_IN
    is_cut_short = has_record and mode is Mode.TRUNCATED
    has_record = has_record and mode not in (Mode.EMPTY, Mode.TRUNCATED)
    reply_flags = QR | AA | (TC if is_cut_short else 0) | (flags & RD) | RA | code
    header = HEADER.pack(identifier, reply_flags, 1, int(has_record), 0, 0)
    record = _record(address) if has_record and address else b""
    return header + query[HEADER.size : end] + record


def answer_over_tcp(query: bytes, mode: Mode, zone: Mapping[str, str]) -> bytes | None:
    """The same on a connection, where there is room for everything."""
    return answer(query, Mode.NORMAL if mode is Mode.TRUNCATED else mode, zone)


def _address(name: str, mode: Mode, zone: Mapping[str, str]) -> str | None:
    if mode is Mode.WILDCARD:
        return WILDCARD_ADDRESS
    return PRIVATE_ADDRESS if mode is Mode.PRIVATE and name in zone else zone.get(name)


def _question(query: bytes) -> tuple[str, int, int, int] | None:
    """Name, type, class and end of the only question; None for anything else."""
    if len(query) < HEADER.size:
        return None
    _, flags, questions, *_ = HEADER.unpack_from(query)
    if flags & QR or questions != 1:
        return None
    labels = []
    position = HEADER.size
    while position < len(query) and 0 < query[position] < 64:
        end = position + 1 + query[position]
        labels.append(query[position + 1 : end].decode("ascii", "replace").lower())
        position = end
    if position + 5 > len(query) or query[position] != 0:
        return None
    type_, class_ = struct.unpack_from("!HH", query, position + 1)
    return ".".join(labels), type_, class_, position + 5


def _record(address: str) -> bytes:
    octets = socket.inet_aton(address)
    return struct.pack("!HHHIH", NAME_POINTER, TYPE_A, CLASS_IN, TTL_S, len(octets)) + octets
