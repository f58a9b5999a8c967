"""The kernel's own UDP sockets of a run: what they send, are given and are told."""

import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any, NamedTuple, TypeAlias

from edgediag.model.exchange import Delivered, Event, Refused, SendDatagram
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.net.clock import Clock
from edgediag.net.families import FAMILIES, Ancillary, arrived_at, source_info
from edgediag.net.ports import PortBlock
from edgediag.net.senders import attempt

Conversation: TypeAlias = tuple[int, Address, int]
"""Our port, the peer's address and port: what a socket knows of a flow in either direction."""

# Of one socket at one time, so that a flood at one port does not keep the others waiting.
_BATCH = 32

_DATAGRAM_OCTETS = 65535

# struct sock_extended_err up to the code (linux/errqueue.h).
_EXTENDED_ERROR = struct.Struct("=IBBB")


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
        held = (flow.source_port, flow.destination.version)
        earlier = self._refusals(self._queued(*held))
        self.expect(action.probe, flow)
        self._senders[_conversation(flow)] = action.probe
        name = self._send(flow, action.payload)
        later = self._queued(*held) if name else []
        if name in (error.name for error in later):
            # A pending error of an earlier datagram was told to this one, whatever its
            # destination, in place of sending it.
            earlier, later = (*earlier, *self._refusals(later)), []
            name = self._send(flow, action.payload)
        own = (self._refused(action.probe, name, is_immediate=True),) if name else ()
        # What is queued later a REJECT in OUTPUT made of this very datagram.
        return (*earlier, *own, *self._refusals(later))

    def read(self, port: int, version: int = 4) -> tuple[Event, ...]:
        """What waits at a port of one IP version: errors first, then datagrams.

        A datagram makes one event for each probe that may have asked for it, because only the
        payload tells whom it answers.
        """
        return (*self._refusals(self._queued(port, version)), *self._deliveries(port, version))

    def _send(self, flow: Flow, payload: bytes) -> str:
        sender = self._ports.udp(flow.source_port, flow.destination.version)
        ancillary = [source_info(flow.source)]
        target = (str(flow.destination), flow.destination_port)
        return attempt(sender, lambda: sender.sendmsg([payload], ancillary, 0, target))

    def _queued(self, port: int, version: int) -> list[_QueuedError]:
        """What the error queue of a port holds."""
        held = self._ports.udp(port, version)
        errors: list[_QueuedError] = []
        for _ in range(_BATCH):
            try:
                _, ancillary, _, peer = held.recvmsg(0, 256, socket.MSG_ERRQUEUE)
            except OSError:
                break
            if name := _icmp_errno(version, ancillary):
                errors.append(_QueuedError(name, _with_peer(port, peer)))
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

    def _deliveries(self, port: int, version: int) -> Iterator[Delivered]:
        held = self._ports.udp(port, version)
        for _ in range(_BATCH):
            try:
                payload, ancillary, _, peer = held.recvmsg(_DATAGRAM_OCTETS, 256)
            except OSError:
                # EAGAIN: all read. Else an error that the next look at the error queue explains.
                return
            conversation = _with_peer(port, peer)
            flow = _arrived(conversation, arrived_at(version, ancillary))
            for probe in self._askers.get(conversation, ()):
                at_s = self._clock.now_s()
                yield Delivered(probe=probe, flow=flow, payload=payload, at_s=at_s)


def _conversation(flow: Flow) -> Conversation:
    return flow.source_port, flow.destination, flow.destination_port


def _with_peer(port: int, peer: tuple[Any, ...]) -> Conversation:
    # Of IPv6 a flow label and a scope follow; a link-local address has the scope in it.
    return port, ip_address(peer[0]), int(peer[1])


def _icmp_errno(version: int, ancillary: Iterable[Ancillary]) -> str:
    """The errno name that an ICMP error was made into, "" for the kernel's own errors."""
    family = FAMILIES[version]
    for level, type_, value in ancillary:
        if (level, type_) == (family.level, family.receive_errors):
            number, origin, _, _ = _EXTENDED_ERROR.unpack_from(value)
            return errno.errorcode.get(number, "") if origin == family.icmp_origin else ""
    return ""


def _arrived(conversation: Conversation, destination: Address) -> Flow:
    port, peer, peer_port = conversation
    return Flow(
        protocol=Protocol.UDP,
        source=peer,
        source_port=peer_port,
        destination=destination,
        destination_port=port,
    )
