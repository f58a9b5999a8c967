"""What the kernel said of a packet that it dropped, as values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from edgediag.host.drop_program import NUMBERS, RECORD
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import KernelDrop

_PROTOCOLS: Final[Mapping[int, Protocol]] = {number: item for item, number in NUMBERS.items()}
_PREFIX: Final = "SKB_DROP_REASON_"
# A flow is sent a few times; what is dropped more often is dropped for the same reasons.
MAX_KINDS: Final = 16

# RFC 791 §3.1.
_PROTOCOL, _SOURCE, _DESTINATION, _PORTS, _IDENTIFIER = 9, 12, 16, 20, 24


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
    protocol = _PROTOCOLS.get(packet[_PROTOCOL])
    if protocol is None:
        return None
    at = (_IDENTIFIER, _IDENTIFIER) if protocol is Protocol.ICMP else (_PORTS, _PORTS + 2)
    ports = [int.from_bytes(packet[begin : begin + 2], "big") for begin in at]
    flow = Flow(
        protocol=protocol,
        source=IPv4Address(packet[_SOURCE:_DESTINATION]),
        source_port=ports[0],
        destination=IPv4Address(packet[_DESTINATION:_PORTS]),
        destination_port=ports[1],
    )
    return DropEvent(flow=flow, reason=reason, location=location, device=device)


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
