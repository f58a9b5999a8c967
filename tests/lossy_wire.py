"""A wire with four routers and, behind them, hosts that answer SYNs; a segment loses some."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from edgediag.model.exchange import Action, Event, SendPacket
from edgediag.model.flow import Protocol
from edgediag.model.packet import IcmpEcho, IcmpError, Packet, Quote, Sighting, TcpSegment
from rig import RigWire, observed
from story import GATEWAY, ROUTERS, addresses

HOPS = addresses(GATEWAY, *ROUTERS)
ROUTERS_6 = addresses(*(f"2001:db8::{hop}" for hop in range(1, 5)))


def never(host: str, count: int) -> bool:
    """Nothing is lost."""
    return False


def a_third(host: str, count: int) -> bool:
    """Of what goes to one host a third is lost, in no order that a walk could follow."""
    return count * 7919 % 101 < 33


def lossy(is_lost: Callable[[str, int], bool], *, behind: int = 0) -> RigWire:
    """What goes farther than a router is lost as the story says, by its host and its place."""
    passed: Counter[str] = Counter()

    def answers(action: Action, at_s: float) -> Iterable[Event]:
        if not isinstance(action, SendPacket):
            return ()
        packet = action.packet
        left = observed(packet, Sighting.TAP_OUT, at_s)
        host = str(packet.flow.destination)
        if _is_reset(packet):
            return (left,)
        if packet.hop_limit > behind:
            passed[host] += 1
            if is_lost(host, passed[host]):
                return (left,)
        back = _expired(packet) if packet.hop_limit <= len(HOPS) else _answer(packet)
        return (left,) if back is None else (left, observed(back, Sighting.TAP_IN, at_s))

    return RigWire(answers)


def _is_reset(packet: Packet) -> bool:
    return isinstance(packet.payload, TcpSegment) and "R" in packet.payload.flags


def _expired(packet: Packet) -> Packet:
    payload = packet.payload
    sequence = payload.sequence if isinstance(payload, TcpSegment | IcmpEcho) else None
    quote = Quote(flow=packet.flow, hop_limit=1, ip_id=packet.ip_id, sequence=sequence)
    is_six = packet.flow.destination.version == 6
    router = (ROUTERS_6 if is_six else HOPS)[packet.hop_limit - 1]
    way = replace(packet.flow.reversed(), source=router, protocol=Protocol.ICMP)
    error = IcmpError(type_=3 if is_six else 11, code=0, quote=quote)
    return Packet(flow=way, hop_limit=60, ip_id=1, payload=error)


def _answer(packet: Packet) -> Packet | None:
    segment = packet.payload
    if not isinstance(segment, TcpSegment) or segment.flags != "S":
        return None
    number = (segment.sequence + 1) % 2**32
    payload = replace(segment, flags="SA", sequence=9, acknowledgement=number)
    return replace(packet, flow=packet.flow.reversed(), hop_limit=60, payload=payload)
