"""DNS query for the addresses of a name: does the resolver answer, and what?

Of IPv4 by RFC 1035; of IPv6 by RFC 3596, which is `dns_aaaa`, a kind of its own.
"""

import struct
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Address
from edgediag.model.packet import Packet, UdpDatagram
from edgediag.model.probe import Probe
from edgediag.model.reply import DnsReply, Reply
from edgediag.probes.codec import PacketCodec, Timing
from edgediag.probes.dns_message import (
    Name,
    Record,
    decode_name,
    decode_record,
    encode_name,
)

# RFC 1035 §4.1.1: id, flags, and the counts of questions, answers, authorities and additions.
_HEADER: Final = struct.Struct("!HHHHHH")
_RESPONSE: Final = 0x8000
_OPCODE: Final = 0x7800
_TRUNCATED: Final = 0x0200
_RECURSION_DESIRED: Final = 0x0100
_RCODE: Final = 0x000F

# RFC 1035 §3.2.2, §3.2.4; §3.4.1 for the data of an A record, RFC 3596 §2.2 of an AAAA record.
_TYPE_A: Final = 1
_TYPE_AAAA: Final = 28
_TYPES: Final[Mapping[ProbeKind, int]] = {
    ProbeKind.DNS: _TYPE_A,
    ProbeKind.DNS_TCP: _TYPE_A,
    ProbeKind.DNS_AAAA: _TYPE_AAAA,
}
_TYPE_CNAME: Final = 5
_CLASS_IN: Final = 1
_OCTETS_4: Final = 4
_OCTETS_6: Final = 16

# A query without EDNS is answered in 512 octets (RFC 1035 §4.2.1); far beyond is no resolver's.
_MOST_OCTETS: Final = 4096

_TOKEN_SHIFT: Final = 48


def build(probe: Probe) -> UdpDatagram:
    """A recursive query for the A or AAAA records of the probe's name; its id is of the token.

    raises  ValueError for a name that DNS cannot carry
    """
    header = _HEADER.pack(_id(probe), _RECURSION_DESIRED, 1, 0, 0, 0)
    question = encode_name(probe.name) + struct.pack("!HH", _TYPES[probe.kind], _CLASS_IN)
    return UdpDatagram(payload=header + question)


def match(probe: Probe, packet: Packet, timing: Timing) -> Reply | None:
    """A whole response to our query: same id, same question.

    A refusal may leave the question out: some servers cut it from FORMERR, NOTIMP and REFUSED.
    """
    datagram = packet.payload
    if packet.flow != probe.flow.reversed() or not isinstance(datagram, UdpDatagram):
        return None
    if len(datagram.payload) > _MOST_OCTETS:
        return None
    return read_response(probe, datagram.payload, packet.hop_limit)


def read_response(probe: Probe, message: bytes, hop_limit: int) -> DnsReply | None:
    """A whole response to the probe's question, whatever carried it; None for anything else."""
    if len(message) < _HEADER.size:
        return None
    id_, flags, questions, answers, _, _ = _HEADER.unpack_from(message)
    if id_ != _id(probe) or not flags & _RESPONSE or flags & _OPCODE:
        return None
    is_bare_refusal = questions == 0 and answers == 0 and flags & _RCODE != 0
    addresses = () if is_bare_refusal else _addresses(probe, message, questions, answers)
    if addresses is None:
        return None
    return DnsReply(
        rcode=flags & _RCODE,
        addresses=addresses,
        is_truncated=bool(flags & _TRUNCATED),
        hop_limit=hop_limit,
    )


def _id(probe: Probe) -> int:
    return probe.token >> _TOKEN_SHIFT


def _addresses(
    probe: Probe, message: bytes, questions: int, answers: int
) -> tuple[Address, ...] | None:
    asked = build(probe).payload[_HEADER.size :]
    at = _HEADER.size + len(asked)
    # Lengths of labels lie below the letters, so that lower() leaves them alone.
    if questions != 1 or message[_HEADER.size : at].lower() != asked.lower():
        return None
    records = []
    for _ in range(answers):
        step = decode_record(message, at)
        if step is None:
            return None
        record, at = step
        if record.class_ == _CLASS_IN:
            records.append(record)
    return _follow(message, records, _TYPES[probe.kind])


def _follow(
    message: bytes, records: list[Record], wanted: int
) -> tuple[Address, ...] | None:
    """The addresses at the end of the chain of aliases that begins at the name asked for."""
    question = decode_name(message, _HEADER.size)
    if question is None:
        return None
    name, _ = question
    aliases = _aliases(message, records)
    while name in aliases:
        # An alias is used up, so that a circle of them ends.
        name = aliases.pop(name)
    found = (
        _address(record, message)
        for record in records
        if record.owner == name and record.type_ == wanted
    )
    return tuple(address for address in found if address is not None)


def _address(record: Record, message: bytes) -> Address | None:
    data = message[record.data_at : record.data_at + record.data_octets]
    if (record.type_, len(data)) == (_TYPE_A, _OCTETS_4):
        return IPv4Address(data)
    if (record.type_, len(data)) == (_TYPE_AAAA, _OCTETS_6):
        return IPv6Address(data)
    return None


def _aliases(message: bytes, records: list[Record]) -> dict[Name, Name]:
    aliases = {}
    for record in records:
        target = decode_name(message, record.data_at) if record.type_ == _TYPE_CNAME else None
        if target is not None:
            aliases[record.owner], _ = target
    return aliases


CODEC = PacketCodec(kind=ProbeKind.DNS, build=build, match=match)
