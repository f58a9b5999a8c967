"""What the kernel said of a packet that it dropped, as values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from edgediag.host.drop_program import NUMBERS, NUMBERS_6, RECORD
from edgediag.model.drops import KernelDrop
from edgediag.model.flow import Flow, Protocol

_PREFIX: Final = "SKB_DROP_REASON_"
# A flow is sent a few times; what is dropped more often is dropped for the same reasons.
MAX_KINDS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """Where a fixed header has what is read of it: octets from its beginning."""

    protocols: Mapping[int, Protocol]
    protocol: int
    source: int
    destination: int
    ports: int


# RFC 791 §3.1, RFC 8200 §3; an echo's identifier stands behind four octets.
_HEADERS: Final[Mapping[int, _Header]] = {
    version: _Header(
        protocols={number: item for item, number in numbers.items()},
        protocol=places[0],
        source=places[1],
        destination=places[2],
        ports=places[3],
    )
    for version, numbers, places in (
        (4, NUMBERS, (9, 12, 16, 20)),
        (6, NUMBERS_6, (6, 8, 24, 40)),
    )
}
_IDENTIFIER: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DropEvent:
    """One packet that was dropped.

    reason    its number in this kernel
    location  the address in the kernel's code where it was freed
    device    the interface's index, 0 where the packet had none
    """

    flow: Flow
    reason: int
    location: int
    device: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the numbers of events mean on this host.

    reasons    as BTF has them
    functions  by the addresses in them
    devices    by index
    """

    reasons: Mapping[int, str]
    functions: Mapping[int, str]
    devices: Mapping[int, str]


def decode_event(record: bytes) -> DropEvent | None:
    """The event in a record of the drop program, None where it is none of TCP, UDP or an echo."""
    if len(record) != RECORD.size:
        return None
    _, location, reason, device, _, _, packet = RECORD.unpack(record)
    flow = _flow(packet)
    if flow is None:
        return None
    return DropEvent(flow=flow, reason=reason, location=location, device=device)


def _flow(packet: bytes) -> Flow | None:
    header = _HEADERS.get(packet[0] >> 4)
    protocol = None if header is None else header.protocols.get(packet[header.protocol])
    if header is None or protocol is None:
        return None
    first = header.ports + (_IDENTIFIER if protocol is Protocol.ICMP else 0)
    second = first if protocol is Protocol.ICMP else first + 2
    source, destination = (
        packet[begin:end]
        for begin, end in (
            (header.source, header.destination),
            (header.destination, header.ports),
        )
    )
    return Flow(
        protocol=protocol,
        source=ip_address(source),
        source_port=int.from_bytes(packet[first : first + 2], "big"),
        destination=ip_address(destination),
        destination_port=int.from_bytes(packet[second : second + 2], "big"),
    )


def drops_of(flow: Flow, events: Iterable[DropEvent], names: Names) -> tuple[KernelDrop, ...]:
    """The drops of a flow and of its answers, each kind once, in the order of the events."""
    legs = {flow.reversed(): True, flow: False}
    found = (
        KernelDrop(
            reason=names.reasons.get(event.reason, f"0x{event.reason:x}").removeprefix(_PREFIX),
            location=names.functions.get(event.location, ""),
            interface=names.devices.get(event.device, str(event.device or "")),
            is_reply=legs[event.flow],
        )
        for event in events
        if event.flow in legs
    )
    return tuple(dict.fromkeys(found))[:MAX_KINDS]
