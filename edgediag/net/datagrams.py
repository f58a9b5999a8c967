"""The kernel's own UDP sockets of a run: what they send, are given and are told."""

import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from typing import NamedTuple, TypeAlias

from edgediag.model.exchange import Delivered, Event, Refused, SendDatagram
from edgediag.model.flow import Flow, Protocol
from edgediag.net.clock import Clock
from edgediag.net.ports import IP_PKTINFO, IP_RECVERR, PortBlock
from edgediag.net.senders import attempt, source_info

Conversation: TypeAlias = tuple[int, str, int]
"""Our port, the peer's address and port: what a socket knows of a flow in either direction."""

# Of one socket at one time, so that a flood at one port does not keep the others waiting.
_BATCH = 32

_DATAGRAM_OCTETS = 65535

# struct sock_extended_err up to the code; its origins (linux/errqueue.h).
_EXTENDED_ERROR = struct.Struct("=IBBB")
_ORIGIN_ICMP = 2


class _QueuedError(NamedTuple):
    name: str
    conversation: Conversation


class Datagrams:
    """The held UDP sockets, and which probe asked what through them.

    They stay unconnected, so that one port serves several peers and an answer from a wrong address
    or port is delivered all the same. With IP_RECVERR that costs nothing: sendmsg() reports EPERM,
    EINVAL, EACCES and ENETUNREACH at once, and the error queue has ECONNREFUSED and EHOSTUNREACH
    with the destination that drew them (measured on 6.18; a plain socket sees none of the latter).
    """

    def __init__(self, ports: PortBlock, clock: Clock) -> None:
        self._ports = ports
        self._clock = clock
        self._askers: dict[Conversation, list[int]] = {}
        self._senders: dict[Conversation, int] = {}

    def expect(self, probe: int, flow: Flow) -> None:
        """Report what is delivered on this flow to the probe, however it was sent."""
        askers = self._askers.setdefault(_conversation(flow), [])
        if probe not in askers:
            askers.append(probe)

    def send(self, action: SendDatagram) -> tuple[Event, ...]:
        """Send a datagram; what is returned are refusals, of this one or of those before it."""
        flow = action.flow
        earlier = self._refusals(self._queued(flow.source_port))
        self.expect(action.probe, flow)
        self._senders[_conversation(flow)] = action.probe
        name = self._send(flow, action.payload)
        later = self._queued(flow.source_port) if name else []
        if name in (error.name for error in later):
            # A pending error of an earlier datagram was told to this one, whatever its
            # destination, in place of sending it.
            earlier, later = (*earlier, *self._refusals(later)), []
            name = self._send(flow, action.payload)
        own = (self._refused(action.probe, name, is_immediate=True),) if name else ()
        # What is queued later a REJECT in OUTPUT made of this very datagram.
        return (*earlier, *own, *self._refusals(later))

    def read(self, port: int) -> tuple[Event, ...]:
        """What waits at a port: errors first, then datagrams.

        A datagram makes one event for each probe that may have asked for it, because only the
        payload tells whom it answers.
        """
        return (*self._refusals(self._queued(port)), *self._deliveries(port))

    def _send(self, flow: Flow, payload: bytes) -> str:
        sender = self._ports.udp(flow.source_port)
        ancillary = [source_info(flow.source)]
        target = (str(flow.destination), flow.destination_port)
        return attempt(sender, lambda: sender.sendmsg([payload], ancillary, 0, target))

    def _queued(self, port: int) -> list[_QueuedError]:
        """What the error queue of a port holds."""
        held = self._ports.udp(port)
        errors: list[_QueuedError] = []
        for _ in range(_BATCH):
            try:
                _, ancillary, _, peer = held.recvmsg(0, 256, socket.MSG_ERRQUEUE)
            except OSError:
                break
            if name := _icmp_errno(ancillary):
                errors.append(_QueuedError(name, (port, *peer)))
        return errors

    def _refusals(self, errors: Iterable[_QueuedError]) -> tuple[Refused, ...]:
        """Those of the errors that are about a datagram sent here, not about a raw packet."""
        return tuple(
            self._refused(probe, error.name, is_immediate=False)
            for error in errors
            if (probe := self._senders.get(error.conversation)) is not None
        )

    def _refused(self, probe: int, name: str, *, is_immediate: bool) -> Refused:
        at_s = self._clock.now_s()
        return Refused(probe=probe, errno_name=name, is_immediate=is_immediate, at_s=at_s)

    def _deliveries(self, port: int) -> Iterator[Delivered]:
        held = self._ports.udp(port)
        for _ in range(_BATCH):
            try:
                payload, ancillary, _, peer = held.recvmsg(_DATAGRAM_OCTETS, 256)
            except OSError:
                # EAGAIN: all read. Else an error that the next look at the error queue explains.
                return
            flow = _arrived(ancillary, peer, port)
            for probe in self._askers.get((port, *peer), ()):
                at_s = self._clock.now_s()
                yield Delivered(probe=probe, flow=flow, payload=payload, at_s=at_s)


def _conversation(flow: Flow) -> Conversation:
    return flow.source_port, str(flow.destination), flow.destination_port


def _icmp_errno(ancillary: list[tuple[int, int, bytes]]) -> str:
    """The errno name that an ICMP error was made into, "" for the kernel's own errors."""
    for level, type_, value in ancillary:
        if (level, type_) == (socket.IPPROTO_IP, IP_RECVERR):
            number, origin, _, _ = _EXTENDED_ERROR.unpack_from(value)
            return errno.errorcode.get(number, "") if origin == _ORIGIN_ICMP else ""
    return ""


def _arrived(
    ancillary: list[tuple[int, int, bytes]], peer: tuple[str, int], port: int
) -> Flow:
    destination = IPv4Address(0)
    for level, type_, value in ancillary:
        if (level, type_) == (socket.IPPROTO_IP, IP_PKTINFO):
            destination = IPv4Address(value[8:12])
    return Flow(
        protocol=Protocol.UDP,
        source=IPv4Address(peer[0]),
        source_port=peer[1],
        destination=destination,
        destination_port=port,
    )
