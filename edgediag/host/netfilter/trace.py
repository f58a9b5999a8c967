"""The kernel's trace of a packet through nf_tables (NFT_MSG_TRACE), decoded.

source  include/uapi/linux/netfilter/nf_tables.h NFTA_TRACE_*; net/netfilter/nf_tables_trace.c
"""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from edgediag.host.attributes import attributes, big, nested, text
from edgediag.host.messages import Message
from edgediag.host.netfilter.nft import decode_verdict
from edgediag.host.netfilter.rule import family_of
from edgediag.model.flow import Address, Flow, Protocol

MESSAGE_TYPE: Final = 10 << 8 | 17
_NFGENMSG_OCTETS: Final = 4
_TABLE, _CHAIN, _HANDLE, _TYPE, _VERDICT, _ID = 1, 2, 3, 4, 5, 6
_NETWORK_HEADER, _TRANSPORT_HEADER, _POLICY = 8, 9, 16
_NF_DROP: Final = 0
_PROTOCOLS: Final = {1: Protocol.ICMP, 6: Protocol.TCP, 17: Protocol.UDP, 58: Protocol.ICMP}
_ECHO_TYPES: Final = frozenset({(4, 0), (4, 8), (6, 128), (6, 129)})


class Step(Enum):
    """What a trace message is about (enum nft_trace_types)."""

    POLICY = 1
    RETURN = 2
    RULE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceMessage:
    """One step of one packet.

    id       the same for all steps of a packet, until it is sent on through a device
    handle   of the rule, 0 at the end of a chain
    is_drop  the packet ends here
    flow     the packet's, in the first message of every base chain; else None
    """

    id: int
    step: Step
    family: str
    table: str
    chain: str
    handle: int
    is_drop: bool
    flow: Flow | None


def decode_trace(message: Message) -> TraceMessage | None:
    """The step a message tells, or None where it is none or of no known type."""
    if message.type_ != MESSAGE_TYPE:
        return None
    found = attributes(message.payload[_NFGENMSG_OCTETS:])
    type_ = big(found.get(_TYPE))
    if type_ not in {step.value for step in Step}:
        return None
    step = Step(type_)
    return TraceMessage(
        id=big(found.get(_ID)),
        step=step,
        family=family_of(message.payload),
        table=text(found.get(_TABLE)),
        chain=text(found.get(_CHAIN)),
        handle=big(found.get(_HANDLE)),
        is_drop=_is_drop(step, found),
        flow=decode_flow(found.get(_NETWORK_HEADER, b""), found.get(_TRANSPORT_HEADER, b"")),
    )


def decode_flow(network: bytes, transport: bytes) -> Flow | None:
    """The flow of a packet's two headers, None where it is no TCP, UDP or echo packet.

    source  RFC 791 §3.1; RFC 8200 §3; RFC 792 "Echo or Echo Reply Message"; RFC 4443 §4
    """
    addresses = _addresses(network)
    if addresses is None or len(transport) < 8:
        return None
    number, source, destination = addresses
    protocol = _PROTOCOLS.get(number)
    if protocol is None:
        return None
    ports = int.from_bytes(transport[:2], "big"), int.from_bytes(transport[2:4], "big")
    if protocol is Protocol.ICMP:
        if (source.version, transport[0]) not in _ECHO_TYPES:
            return None
        ports = (int.from_bytes(transport[4:6], "big"),) * 2
    return Flow(
        protocol=protocol,
        source=source,
        source_port=ports[0],
        destination=destination,
        destination_port=ports[1],
    )


def _addresses(network: bytes) -> tuple[int, Address, Address] | None:
    version = network[0] >> 4 if network else 0
    if version == 4 and len(network) >= 20:
        return network[9], IPv4Address(network[12:16]), IPv4Address(network[16:20])
    if version == 6 and len(network) >= 40:
        return network[6], IPv6Address(network[8:24]), IPv6Address(network[24:40])
    return None


def _is_drop(step: Step, found: dict[int, bytes]) -> bool:
    if step is Step.POLICY:
        return _POLICY in found and big(found[_POLICY]) == _NF_DROP
    verdict = nested(found, _VERDICT)
    code = decode_verdict(verdict).code
    # The low octet is the verdict; above it may stand the errno that the sender is given.
    return step is Step.RULE and bool(verdict) and code >= 0 and code & 0xFF == _NF_DROP
