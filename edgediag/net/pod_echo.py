"""Echoes from inside a pod of this node, by a process that enters the pod's network.

Nothing of the pod is changed, and no process of it is touched.
"""

import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.packet import IcmpEcho, Packet
from edgediag.model.pod_echo import NO_ECHOES, PodEcho, PodQuestion
from edgediag.net.errand import answer_of
from edgediag.net.namespaces import enter_network
from edgediag.net.pod_namespaces import pod_behind
from edgediag.net.polling import is_readable
from edgediag.report.values import ValueCodecError, from_text, to_text
from edgediag.wire.headers import decode, encode
from edgediag.wire.link_type import LinkType

TRIES: Final = 3
_SPACING_S: Final = 0.25
_LIMIT_S: Final = 3.0
_SMALL_OCTETS: Final = 84
_HEADERS_OCTETS: Final = 28
_HOP_LIMIT: Final = 64
_RECEIVE_OCTETS: Final = 0xFFFF
# <linux/in.h>
_IP_MTU: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the process inside writes back."""

    echoes: tuple[PodEcho, ...] | NotChecked


@dataclass(slots=True, kw_only=True)
class _Echo:
    """Echoes of one length to one destination, and which of them were answered."""

    flow: Flow
    octets: int
    answered: set[int]

    def packet(self, sequence: int) -> Packet:
        """One of them."""
        payload = bytes(self.octets - _HEADERS_OCTETS)
        return Packet(
            flow=self.flow,
            hop_limit=_HOP_LIMIT,
            ip_id=sequence,
            payload=IcmpEcho(
                is_reply=False,
                identifier=self.flow.source_port,
                sequence=sequence,
                payload=payload,
            ),
        )

    def take(self, packet: Packet) -> None:
        """An answer, if it is one to these."""
        echo = packet.payload
        is_own = packet.flow.source == self.flow.destination and isinstance(echo, IcmpEcho)
        if is_own and isinstance(echo, IcmpEcho) and echo.is_reply:
            if echo.identifier == self.flow.source_port:
                self.answered.add(echo.sequence)


def echo_from_pod(question: PodQuestion) -> tuple[PodEcho, ...] | NotChecked:
    """Ask the destinations from the first pod on the bridge, in short echoes and in long ones.

    returns  in the order of the destinations, the short ones first
    """
    try:
        said = answer_of(lambda _: to_text(_Said(echoes=_inside(question))), _LIMIT_S)
        return from_text(_Said, said).echoes
    except OSError as error:
        return NotChecked(reason=f"no process to ask from a pod: {error.strerror}")
    except ValueCodecError:
        return NotChecked(reason="asking from a pod took too long")


def _inside(question: PodQuestion) -> tuple[PodEcho, ...] | NotChecked:
    try:
        descriptor = pod_behind(socket.if_nametoindex(question.bridge))
        if descriptor is None:
            return NO_ECHOES
        enter_network(descriptor)
        echoes = [
            one
            for each in question.destinations
            for one in _echoes(each, question.most_octets)
        ]
        _ask(echoes)
    except OSError as error:
        return NotChecked(reason=f"cannot ask from a pod: {error.strerror}")
    return tuple(
        PodEcho(
            pod=one.flow.source,
            destination=one.flow.destination,
            octets=one.octets,
            asked=TRIES,
            answered=len(one.answered),
        )
        for one in echoes
    )


def _echoes(destination: Address, most_octets: int) -> Iterator[_Echo]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        # Nothing is sent: the kernel chooses route and source.
        way.connect((str(destination), 9))
        source = IPv4Address(way.getsockname()[0])
        mtu = way.getsockopt(socket.IPPROTO_IP, _IP_MTU)
    for octets in dict.fromkeys((_SMALL_OCTETS, max(_SMALL_OCTETS, min(mtu, most_octets)))):
        identifier = int.from_bytes(os.urandom(2), "big")
        flow = Flow(
            protocol=Protocol.ICMP,
            source=source,
            source_port=identifier,
            destination=destination,
            destination_port=identifier,
        )
        yield _Echo(flow=flow, octets=octets, answered=set())


def _ask(echoes: Sequence[_Echo]) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sending,
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as taking,
    ):
        taking.setblocking(False)
        for sequence in range(1, TRIES + 1):
            for one in echoes:
                # What is refused, as for its length, is not answered.
                with suppress(OSError):
                    target = (str(one.flow.destination), 0)
                    sending.sendto(encode(one.packet(sequence)), target)
            _take(taking, echoes, sequence)


def _take(taking: socket.socket, echoes: Sequence[_Echo], sequence: int) -> None:
    """Take answers until all have theirs or the time for it is up."""
    deadline_s = time.monotonic() + _SPACING_S
    while any(sequence not in one.answered for one in echoes):
        left_s = deadline_s - time.monotonic()
        if left_s <= 0 or not is_readable(taking.fileno(), left_s):
            return
        packet = decode(taking.recv(_RECEIVE_OCTETS), LinkType.RAW)
        if packet is not None:
            for one in echoes:
                one.take(packet)
