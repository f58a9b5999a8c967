"""The resolver's answers, as octets (RFC 1035 §4.1)."""

import struct
from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType

from edgediag.lab.services.catalog import Mode

HEADER = struct.Struct("!6H")
QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
TYPE_A, TYPE_AAAA, CLASS_IN = 1, 28, 1
TTL_S = 60
# The cloud's own, where no service listens.
WILDCARD_ADDRESS = "192.0.2.2"
# A domain that has it for every name.
WILD_DOMAIN = ".sites.example"
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


def answer(
    query: bytes, mode: Mode, zone: Mapping[str, str], zone_6: Mapping[str, str]
) -> bytes | None:
    """The response in a datagram to a query with one question, None where nothing is to be said.

    zone    addresses by lower-case name without the final dot; types but A and AAAA are empty
    zone_6  addresses of IPv6 of the same names
    """
    question = _question(query)
    if mode is Mode.SILENT or question is None:
        return None
    name, type_, class_, end = question
    identifier, flags = HEADER.unpack_from(query)[:2]
    if name.endswith(WILD_DOMAIN):
        zone, zone_6 = {name: WILDCARD_ADDRESS}, {}
    is_known = mode is Mode.WILDCARD or name in zone
    code = CODES.get(mode, NOERROR if is_known else NXDOMAIN)
    record = b""
    if code == NOERROR and class_ == CLASS_IN and mode is not Mode.EMPTY:
        record = _record(name, type_, mode, {TYPE_A: zone, TYPE_AAAA: zone_6})
    cut_short = TC if record and mode is Mode.TRUNCATED else 0
    record = b"" if cut_short else record
    reply_flags = QR | AA | cut_short | (flags & RD) | RA | code
    header = HEADER.pack(identifier, reply_flags, 1, int(bool(record)), 0, 0)
    return header + query[HEADER.size : end] + record


def answer_over_tcp(
    query: bytes, mode: Mode, zone: Mapping[str, str], zone_6: Mapping[str, str]
) -> bytes | None:
    """The same on a connection, where there is room for everything."""
    return answer(query, Mode.NORMAL if mode is Mode.TRUNCATED else mode, zone, zone_6)


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


def _record(
    name: str, type_: int, mode: Mode, zones: Mapping[int, Mapping[str, str]]
) -> bytes:
    """The record of a type that the name has, b"" for none."""
    stand_in = {Mode.WILDCARD: WILDCARD_ADDRESS, Mode.PRIVATE: PRIVATE_ADDRESS}.get(mode)
    address = zones.get(type_, {}).get(name)
    if stand_in is not None:
        is_given = type_ == TYPE_A and (mode is Mode.WILDCARD or name in zones[TYPE_A])
        address = stand_in if is_given else None
    if address is None:
        return b""
    octets = ip_address(address).packed
    return struct.pack("!HHHIH", NAME_POINTER, type_, CLASS_IN, TTL_S, len(octets)) + octets
