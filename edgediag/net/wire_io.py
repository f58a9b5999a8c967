"""The wire as it is: actions go to the kernel, and what sockets and taps report comes back."""

import selectors
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from functools import partial
from typing import TypeAlias

from edgediag.compat import assert_never
from edgediag.model.exchange import (
    Action,
    CloseStream,
    Event,
    Handed,
    NextHop,
    Observed,
    OpenStream,
    Refused,
    SendDatagram,
    SendPacket,
)
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import Observation, Packet, Sighting, UdpDatagram
from edgediag.model.probe import Way
from edgediag.net.capture import Capture, SightedFrame
from edgediag.net.clock import Clock
from edgediag.net.closing import Closing
from edgediag.net.datagrams import Datagrams
from edgediag.net.ports import PortBlock
from edgediag.net.senders import IpStackSender, LinkSender
from edgediag.net.streams import Streams
from edgediag.net.tap import Tap
from edgediag.net.tunnel_tap import Listening
from edgediag.wire.bpf import tap_filter
from edgediag.wire.fragments import fragments
from edgediag.wire.headers import decode, encode, frame
from edgediag.wire.link_type import LinkType

Reader: TypeAlias = Callable[[], tuple[Event, ...]]
"""What is called when a socket is ready."""

# Frames that one call of `wait` takes from the tap. To decode one takes 0.1 ms, and what is due
# meanwhile waits no longer than the burst that the pace allows (10 ms).
_BATCH = 64

# What the kernel puts in the header of a datagram (net.ipv4.ip_default_ttl).
_HOP_LIMIT = 64


class WireIo(Closing):
    """The tap and the senders of one run, in the network namespace of the caller.

    ports    the run's source ports; the tap follows their flows and all of ICMP
    capture  is given every packet sent and every frame tapped
    listening  is read whenever anything is, and told of what the run itself sends
    raises   CannotRunError without CAP_NET_RAW
    """

    def __init__(
        self,
        ports: PortBlock,
        capture: Capture,
        clock: Clock,
        *,
        listening: Listening | None = None,
        interfaces: Collection[str] = (),
    ) -> None:
        self._capture = capture
        self._clock = clock
        self._ports = ports
        self._listening = listening
        self._heeded: set[tuple[int, int]] = set()
        with ExitStack() as undo:
            instructions = tap_filter(ports.numbers[0], ports.numbers[-1])
            self._tap = Tap(instructions, clock=clock, interfaces=interfaces)
            undo.callback(self._tap.close)
            self._ip_stack = {version: IpStackSender(version) for version in ports.versions}
            for sender in self._ip_stack.values():
                undo.callback(sender.close)
            self._link = LinkSender()
            undo.callback(self._link.close)
            self._selector = undo.enter_context(selectors.DefaultSelector())
            self._selector.register(self._tap, selectors.EVENT_READ)
            if listening is not None:
                self._selector.register(listening, selectors.EVENT_READ, listening.read)
            self._datagrams = Datagrams(ports, clock)
            self._streams = Streams(ports, clock, self._selector)
            undo.callback(self._streams.close_all)
            self._undo = undo.pop_all()

    def execute(self, action: Action) -> tuple[Event, ...]:
        """Carry out one action; a packet is recorded before the kernel may refuse it.

        A flow of an IP version that no ports are held for is refused as a kernel without it would.
        """
        flow = _flow(action)
        if flow is not None and flow.destination.version not in self._ports.versions:
            return (self._refused(action.probe, "EAFNOSUPPORT"),)
        match action:
            case SendPacket():
                return self._send_packet(action)
            case SendDatagram():
                return self._send_datagram(action)
            case OpenStream():
                return self._streams.open(action)
            case CloseStream(probe=probe):
                self._streams.close(probe)
                return ()
            case _:
                assert_never(action)

    def wait(self, timeout_s: float) -> tuple[Event, ...]:
        """What happened since, in bounded number; () when nothing did within the time.

        Frames stand before what sockets report: the kernel showed an answer to the tap first, and
        an observer should learn of it in this order.
        """
        ready = self._selector.select(max(0.0, timeout_s))
        readers: list[Reader] = [key.data for key, _ in ready if key.data is not None]
        reported = [event for read in readers for event in read()]
        return (*self._observed(), *reported)

    def dropped(self) -> int:
        """How many frames the tap lost so far because they were read too slowly."""
        return self._tap.dropped()

    def close(self) -> None:
        """Give back every descriptor but the ports; a second call does nothing."""
        self._undo.close()

    def _send_packet(self, action: SendPacket) -> tuple[Event, ...]:
        flow, payload = action.packet.flow, action.packet.payload
        if self._listening is not None and isinstance(payload, UdpDatagram):
            self._listening.leave_out(flow, payload.payload)
        if flow.protocol is Protocol.UDP and flow.source_port in self._ports.numbers:
            # The held socket is given the answer, as an application's would be.
            self._listen(flow)
            self._datagrams.expect(action.probe, flow)
        if action.way is not Way.LINK:
            return self._send_to_stack(action)
        if action.next_hop is None:
            return (self._refused(action.probe, "EDESTADDRREQ"),)
        return self._send_to_link(action, action.next_hop)

    def _send_to_stack(self, action: SendPacket) -> tuple[Event, ...]:
        octets, most = encode(action.packet), action.fragment_octets
        pieces = fragments(octets, most) if most else (octets,)
        handed = self._handed(action.probe, pieces[0])
        flow = action.packet.flow
        stack = self._ip_stack[flow.destination.version]
        for piece in pieces:
            name = stack.send(piece, source=flow.source, destination=flow.destination)
            if name:
                return handed, self._refused(action.probe, name)
        return (handed,)

    def _send_to_link(self, action: SendPacket, next_hop: NextHop) -> tuple[Event, ...]:
        octets = frame(action.packet, next_hop)
        handed = self._handed(action.probe, octets, interface=next_hop.interface)
        name = self._link.send(octets, interface=next_hop.interface)
        return (handed, self._refused(action.probe, name)) if name else (handed,)

    def _send_datagram(self, action: SendDatagram) -> tuple[Event, ...]:
        # What is recorded has a header of ours; the kernel chooses its own IP ID and hop limit.
        packet = Packet(
            flow=action.flow,
            hop_limit=_HOP_LIMIT,
            ip_id=0,
            payload=UdpDatagram(payload=action.payload),
        )
        self._listen(action.flow)
        handed = self._handed(action.probe, encode(packet))
        return (handed, *self._datagrams.send(action))

    def _handed(self, probe: int, octets: bytes, *, interface: str = "") -> Handed:
        """Record what is about to be sent: a frame where it has an interface, else a packet."""
        sighting = Sighting.FRAMED if interface else Sighting.HANDED_OVER
        sighted = SightedFrame(
            octets=octets,
            seen_s=self._clock.now_s(),
            sighting=sighting,
            interface=interface,
            link_type=LinkType.ETHERNET if interface else LinkType.RAW,
        )
        number = self._capture.record(sighted)
        return Handed(probe=probe, number=number, sighting=sighting, at_s=sighted.seen_s)

    def _refused(self, probe: int, name: str) -> Refused:
        at_s = self._clock.now_s()
        return Refused(probe=probe, errno_name=name, is_immediate=True, at_s=at_s)

    def _listen(self, flow: Flow) -> None:
        held = (flow.source_port, flow.destination.version)
        if held not in self._heeded:
            self._heeded.add(held)
            read = partial(self._datagrams.read, *held)
            self._selector.register(self._ports.udp(*held), selectors.EVENT_READ, read)

    def _observed(self) -> Iterator[Observed]:
        for sighted in self._tap.read(_BATCH):
            number = self._capture.record(sighted)
            packet = decode(sighted.octets, sighted.link_type)
            if packet is not None:
                yield Observed(
                    observation=Observation(
                        number=number,
                        seen_s=sighted.seen_s,
                        sighting=sighted.sighting,
                        interface=sighted.interface,
                        packet=packet,
                    )
                )


def _flow(action: Action) -> Flow | None:
    match action:
        case SendPacket(packet=packet):
            return packet.flow
        case SendDatagram(flow=flow) | OpenStream(flow=flow):
            return flow
        case CloseStream():
            return None
        case _:
            assert_never(action)
