"""Copies of the packet that is walked, to be put before programs.

What nobody knows of it and a program rarely asks for is made up: hop limit, identifiers, numbers.
"""

from dataclasses import replace
from typing import Final

from edgediag.compat import assert_never
from edgediag.host.attributes import native
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.routing import flow_of
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import IcmpEcho, Packet, Payload, TcpSegment, UdpDatagram

# Of the ports that Linux gives to whoever asks for none (net.ipv4.ip_local_port_range): three that
# have no factor in common.
EPHEMERAL: Final = (32771, 46811, 60973)
_HOP_LIMIT: Final = 64
_WINDOW: Final = 64240
REWRITTEN: Final = NotChecked(reason="a rule has rewritten its header")


def copies_of(parcel: Parcel) -> tuple[Packet, ...] | NotChecked:
    """The packet, once for each port of its beginner that stands for one that is not known."""
    for octets, word in ((parcel.source, "source"), (parcel.destination, "destination")):
        if not octets.is_known:
            return NotChecked(reason=f"its {word} is not known")
    if parcel.blurred or parcel.arp is not None:
        return REWRITTEN
    flow = flow_of(parcel)
    own, other = parcel.source_port, parcel.destination_port
    if parcel.is_reply:
        own, other = other, own
    if not other.is_known and parcel.protocol is not Protocol.ICMP:
        return NotChecked(reason=f"its port is not known: {other.reason}")
    flows = (flow,) if own.is_known else tuple(_begun_by(flow, parcel, n) for n in EPHEMERAL)
    return tuple(
        Packet(flow=each, hop_limit=_HOP_LIMIT, ip_id=1, payload=_payload(parcel, each))
        for each in flows
    )


def mark_of(parcel: Parcel) -> int | NotChecked:
    """The mark that the packet has."""
    mark = parcel.mark
    if not mark.is_known:
        return NotChecked(reason=f"its mark is not known: {mark.reason}")
    return native(mark.value)


def _begun_by(flow: Flow, parcel: Parcel, port: int) -> Flow:
    if parcel.protocol is Protocol.ICMP:
        return replace(flow, source_port=port, destination_port=port)
    if parcel.is_reply:
        return replace(flow, destination_port=port)
    return replace(flow, source_port=port)


def _payload(parcel: Parcel, flow: Flow) -> Payload:
    match parcel.protocol:
        case Protocol.UDP:
            return UdpDatagram(payload=b"")
        case Protocol.ICMP:
            return IcmpEcho(
                is_reply=parcel.is_reply, identifier=flow.source_port, sequence=1, payload=b""
            )
        case Protocol.TCP:
            flags = "SA" if parcel.is_reply else "S" if parcel.is_opening else "A"
            number = 0 if flags == "S" else 1
            return TcpSegment(
                flags=flags,
                sequence=1,
                acknowledgement=number,
                window=_WINDOW,
                payload=b"",
            )
        case _ as never:
            assert_never(never)
