"""The transport layer of a packet: TCP, UDP, and the echoes and errors of ICMP."""

from dataclasses import dataclass

from edgediag.model.packet import IcmpEcho, Payload, TcpSegment, UdpDatagram
from edgediag.wire.assigned_numbers import (
    ICMP_NUMBER,
    ICMPV6_NUMBER,
    TCP_NUMBER,
    UDP_NUMBER,
)
from edgediag.wire.icmp import decode_icmp
from edgediag.wire.scapy_layers import TCP

# Without options (RFC 9293 §3.1); RFC 768 "Format".
_TCP_HEADER_OCTETS = 20
_UDP_HEADER_OCTETS = 8

# The flags of RFC 9293 §3.1 from the lowest bit up; scapy would name a ninth, reserved one.
_TCP_FLAGS = "FSRPAUEC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """A payload with its ports: those of a `Flow`, so an echo has its identifier twice."""

    source_port: int
    destination_port: int
    payload: Payload


def decode_transport(body: bytes, number: int) -> Transport | None:
    """What an unfragmented packet carries, or None if it is cut off or of no interest.

    body    from the first octet after the network header
    number  its IP protocol number
    """
    if number == TCP_NUMBER:
        return _tcp(body)
    if number == UDP_NUMBER:
        return _udp(body)
    if number in (ICMP_NUMBER, ICMPV6_NUMBER):
        return _icmp(body, number)
    return None


def _tcp(body: bytes) -> Transport | None:
    if len(body) < _TCP_HEADER_OCTETS:
        return None
    # The options are cut off unread: nothing here needs them, and they are where dissectors trip.
    header = TCP(body[:_TCP_HEADER_OCTETS])
    header_octets = header.dataofs * 4
    if not _TCP_HEADER_OCTETS <= header_octets <= len(body):
        return None
    return Transport(
        source_port=header.sport,
        destination_port=header.dport,
        payload=TcpSegment(
            flags=_letters(int(header.flags)),
            sequence=header.seq,
            acknowledgement=header.ack,
            window=header.window,
            payload=body[header_octets:],
        ),
    )


def _letters(flags: int) -> str:
    return "".join(letter for bit, letter in enumerate(_TCP_FLAGS) if flags >> bit & 1)


def _udp(body: bytes) -> Transport | None:
    if len(body) < _UDP_HEADER_OCTETS:
        return None
    source_port, destination_port, length = (
        int.from_bytes(body[at : at + 2], "big") for at in (0, 2, 4)
    )
    if length < _UDP_HEADER_OCTETS:
        return None
    payload = UdpDatagram(payload=body[_UDP_HEADER_OCTETS:length])
    return Transport(source_port=source_port, destination_port=destination_port, payload=payload)


def _icmp(body: bytes, number: int) -> Transport | None:
    message = decode_icmp(body, number)
    if message is None:
        return None
    port = message.identifier if isinstance(message, IcmpEcho) else 0
    return Transport(source_port=port, destination_port=port, payload=message)
