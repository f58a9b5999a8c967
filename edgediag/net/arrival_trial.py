"""One packet that really comes in, and the kernel's own trace of it; only for a copy of a network.

It is sent by the other end of the device that it comes in by, and so meets whatever a packet from
outside meets, from the device's ingress on.
"""

import os
import socket
from dataclasses import dataclass, replace
from typing import Final

from edgediag.errors import CannotRunError
from edgediag.host.clone.links import far_name
from edgediag.host.walk.needs import NeedSocket
from edgediag.host.walk.parcel import Interface
from edgediag.model.answer import NotChecked
from edgediag.model.drops import TraceDropped, TracePassed
from edgediag.model.exchange import NextHop
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import Packet, TcpSegment, UdpDatagram
from edgediag.model.rehearsal import Sent
from edgediag.net.listening import taken
from edgediag.net.namespaces import enter_network, own_network
from edgediag.net.nftrace import open_tracer
from edgediag.net.senders import LinkSender
from edgediag.net.trial import TRACE_S, words
from edgediag.wire.headers import frame

_HOP_LIMIT: Final = 64
_WINDOW_OCTETS: Final = 64240
# IEEE 802c: no vendor gives such addresses out.
_NEIGHBOUR: Final = "02:00:00:00:00:fe"
# RFC 6335 §6: whoever sends has one of these where nothing else is known.
_FIRST_DYNAMIC: Final = 49152


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """The packet that comes in, and the device by which it does."""

    flow: Flow
    incoming: Interface


def inject_traced(arriving: Arriving, far: int) -> Sent | NotChecked:
    """Let one packet come in, and hear from the kernel what becomes of it.

    far  a descriptor of the namespace with the other ends of the devices
    """
    flow = arriving.flow
    if flow.protocol is Protocol.ICMP or not flow.destination_port:
        return NotChecked(reason="only TCP and UDP with a known port come in by the copy")
    if not flow.source_port:
        own = int.from_bytes(os.urandom(2), "big") | _FIRST_DYNAMIC
        flow = replace(flow, source_port=own)
    try:
        sender, mac = _sender_at(far), _mac_of(arriving.incoming.name)
    except (OSError, CannotRunError) as error:
        return NotChecked(reason=f"no packet can come in by the copy: {error}")
    try:
        return _injected(sender, flow, (arriving.incoming, mac))
    finally:
        sender.close()


def _injected(
    sender: LinkSender, flow: Flow, entry: tuple[Interface, str]
) -> Sent | NotChecked:
    device, mac = entry
    hop = NextHop(interface=device.name, source_mac=_NEIGHBOUR, destination_mac=mac)
    tracer = open_tracer([flow])
    if isinstance(tracer, NotChecked):
        return tracer
    with tracer:
        refusal = sender.send(frame(_packet(flow), hop), interface=far_name(device.index))
        tracer.read(TRACE_S)
        concluded, seen_as_answer = tracer.conclude(flow), tracer.conclude(flow.reversed())
    if refusal:
        return NotChecked(reason=f"the packet cannot come in by the copy: {refusal}")
    if isinstance(concluded, NotChecked):
        return concluded
    if isinstance(concluded, TraceDropped):
        return Sent(is_passed=False, by=words(concluded.culprit))
    if isinstance(seen_as_answer, TracePassed) and seen_as_answer.is_delivered:
        return _at_socket(flow, device)
    return Sent(is_passed=concluded.is_sent, by="")


def _at_socket(flow: Flow, device: Interface) -> Sent | NotChecked:
    """The end of what came through INPUT: the copy holds the ports that are listened on here."""
    found = taken(NeedSocket(flow=flow, incoming=device))
    if isinstance(found, NotChecked):
        return found
    return Sent(is_passed=found.is_taken, by="" if found.is_taken else found.text)


def _packet(flow: Flow) -> Packet:
    payload: TcpSegment | UdpDatagram = UdpDatagram(payload=b"")
    if flow.protocol is Protocol.TCP:
        payload = TcpSegment(
            flags="S", sequence=1, acknowledgement=0, window=_WINDOW_OCTETS, payload=b""
        )
    ip_id = 1 if flow.source.version == 4 else None
    return Packet(flow=flow, hop_limit=_HOP_LIMIT, ip_id=ip_id, payload=payload)


def _sender_at(far: int) -> LinkSender:
    """A sender on the other ends' side; the caller stays where it is."""
    near = own_network()
    try:
        enter_network(far)
        try:
            return LinkSender()
        finally:
            enter_network(near)
    finally:
        os.close(near)


def _mac_of(device: str) -> str:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as opened:
        opened.bind((device, 0))
        mac: bytes = opened.getsockname()[4]
    return mac.hex(":")
