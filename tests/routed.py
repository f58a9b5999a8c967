"""Four routers and a host behind the rig's wire, and a wall at one of them."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from edgediag.model.exchange import Action, Event, SendPacket
from edgediag.model.flow import Protocol
from edgediag.model.packet import (
    IcmpError,
    Packet,
    Payload,
    Quote,
    Sighting,
    TcpSegment,
    UdpDatagram,
)
from rig import RigWire, observed
from story import GATEWAY, ROUTERS, addresses

HOPS = addresses(GATEWAY, *ROUTERS)

# An answer of NO_PROPOSAL_CHOSEN, behind both SPIs.
REFUSAL = "292022200000000000000024" + "000000080000000e"


def reply_to(payload: Payload) -> Payload | None:
    match payload:
        case TcpSegment(sequence=sequence):
            return replace(payload, flags="SA", acknowledgement=(sequence + 1) % 2**32)
        case UdpDatagram(payload=octets) if octets[:4] == bytes(4):
            header = octets[:12] + bytes(8)
            return UdpDatagram(payload=header + bytes.fromhex(REFUSAL))
        case _:
            return None


def network(
    wall: Callable[[SendPacket], int | None], silent_hops: tuple[int, ...] = ()
) -> RigWire:
    """Four routers and a host; `wall` is the hop that drops the packet when forwarding it."""

    def answers(action: Action, at_s: float) -> Iterable[Event]:
        if not isinstance(action, SendPacket):
            return ()
        packet, stop = action.packet, wall(action)
        left = observed(packet, Sighting.TAP_OUT, at_s)
        if stop is not None and packet.hop_limit > stop:
            return (left,)
        back: Payload | None = reply_to(packet.payload)
        way = packet.flow.reversed()
        if packet.hop_limit <= len(HOPS):
            if packet.hop_limit in silent_hops:
                return (left,)
            sequence = getattr(packet.payload, "sequence", None)
            quote = Quote(flow=packet.flow, hop_limit=1, ip_id=packet.ip_id, sequence=sequence)
            back = IcmpError(type_=11, code=0, quote=quote)
            way = replace(way, source=HOPS[packet.hop_limit - 1], protocol=Protocol.ICMP)
        if back is None:
            return (left,)
        answer = Packet(flow=way, hop_limit=60, ip_id=1, payload=back)
        return (left, observed(answer, Sighting.TAP_IN, at_s))

    return RigWire(answers)
