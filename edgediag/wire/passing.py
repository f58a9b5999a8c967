"""What a datagram on the tunnel's port is, by its first octets: IKE, ESP, WireGuard, a keep-alive.

Nothing here is decrypted. Section numbers are of RFC 7296 where no other RFC is named.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from edgediag.model.tunnel import (
    EspPacket,
    IkeExchange,
    IkeMessage,
    Keepalive,
    Proposal,
    Transform,
    TunnelDatagram,
    UnknownDatagram,
    WireguardMessage,
)

# RFC 3948 §2.2 and §2.3; port 500 knows no ESP and therefore no marker (§2.23).
_NON_ESP_MARKER: Final = bytes(4)
_KEEPALIVE: Final = b"\xff"

# §3.1: both SPIs, next payload, version, exchange, flags, message id, length.
_HEADER: Final = struct.Struct("!8s8sBBBBII")
_MAJOR_VERSION: Final = 2
_RESPONSE: Final = 0x20
_EXCHANGES: Final = {
    34: IkeExchange.SA_INIT,
    35: IkeExchange.AUTH,
    36: IkeExchange.CREATE_CHILD_SA,
    37: IkeExchange.INFORMATIONAL,
}

# §3.2: next payload, critical flag, length with this header. What follows SK (§3.14) is encrypted,
# and SKF (RFC 7383 §2.5) has the number of the fragment and how many there are.
_PAYLOAD: Final = struct.Struct("!BBH")
_LAST, _SA, _NOTIFY, _ENCRYPTED, _ENCRYPTED_FRAGMENT = 0, 33, 41, 46, 53
_FRAGMENT_NUMBER: Final = struct.Struct("!H")

# §3.10: protocol, size of the SPI, type.
_NOTIFICATION: Final = struct.Struct("!BBH")

# §3.3.1: last or more, reserved, length, number, protocol, size of the SPI, transforms; §3.3.2:
# last or more, reserved, length, type, reserved, id; §3.3.5: the attribute Key Length, in bits.
_PROPOSAL: Final = struct.Struct("!BBHBBBB")
_TRANSFORM: Final = struct.Struct("!BBHBBH")
_KEY_LENGTH: Final = struct.Struct("!HH")
_KEY_LENGTH_TYPE: Final = 0x800E

# RFC 4303 §2: SPI and sequence number; SPIs of 1 to 255 are reserved (§2.1).
_ESP: Final = struct.Struct("!4sI")

# A type in four octets, little-endian, and how long its message is ("WireGuard: Next Generation
# Kernel Network Tunnel", §5.4); data are padded to 16 octets behind a header of 16 and a tag of 16.
_WIREGUARD_OCTETS: Final = {1: 148, 2: 92, 3: 64}
_WIREGUARD_DATA: Final = 4
_WIREGUARD_BLOCK: Final = 16

_MOST_PAYLOADS: Final = 32
_MOST_PROPOSALS: Final = 8
_MOST_TRANSFORMS: Final = 32


class _Payload(NamedTuple):
    type_: int
    body: bytes


def read_passing(payload: bytes, octets: int, *, is_marked: bool) -> TunnelDatagram:
    """What a UDP payload on the tunnel's port is.

    payload    as much of it as was captured; what is cut off is taken for absent
    octets     how many it had
    is_marked  IKE has four zeros before it, as on port 4500
    """
    if is_marked and not payload.startswith(_NON_ESP_MARKER):
        return _unmarked(payload, octets)
    marker_octets = len(_NON_ESP_MARKER) if is_marked else 0
    message = _ike(payload[marker_octets:], octets - marker_octets)
    return message or UnknownDatagram(octets=octets)


def _unmarked(payload: bytes, octets: int) -> TunnelDatagram:
    if payload == _KEEPALIVE and octets == 1:
        return Keepalive()
    if len(payload) < _ESP.size:
        return UnknownDatagram(octets=octets)
    type_ = int.from_bytes(payload[:4], "little")
    is_data = type_ == _WIREGUARD_DATA and octets >= 2 * _WIREGUARD_BLOCK
    if _WIREGUARD_OCTETS.get(type_) == octets or (is_data and octets % _WIREGUARD_BLOCK == 0):
        return WireguardMessage(type_=type_, octets=octets)
    return EspPacket(spi=payload[:4].hex(), octets=octets)


def _ike(message: bytes, octets: int) -> IkeMessage | None:
    """The message, or None for what is no IKEv2."""
    if len(message) < _HEADER.size:
        return None
    spi, _, first, version, exchange, flags, message_id, length = _HEADER.unpack_from(message)
    if version >> 4 != _MAJOR_VERSION or length != octets:
        return None
    payloads = tuple(_payloads(first, message[_HEADER.size :]))
    bodies = [item.body for item in payloads if item.type_ == _SA]
    return IkeMessage(
        exchange=_EXCHANGES.get(exchange, IkeExchange.OTHER),
        initiator_spi=spi.hex(),
        message_id=message_id,
        is_response=bool(flags & _RESPONSE),
        octets=octets,
        is_first=_is_first(payloads),
        has_sa=bool(bodies),
        notifies=tuple(sorted({type_ for item in payloads for type_ in _notify(item)})),
        proposals=tuple(_proposals(bodies[0])) if bodies else (),
    )


def _payloads(first: int, octets: bytes) -> Iterator[_Payload]:
    """The payloads in the clear, in the order given, as far as their lengths fit."""
    type_, at = first, 0
    for _ in range(_MOST_PAYLOADS):
        if type_ == _LAST or at + _PAYLOAD.size > len(octets):
            return
        next_type, _, length = _PAYLOAD.unpack_from(octets, at)
        if length < _PAYLOAD.size:
            return
        yield _Payload(type_, octets[at + _PAYLOAD.size : at + length])
        if type_ in (_ENCRYPTED, _ENCRYPTED_FRAGMENT):
            return
        type_, at = next_type, at + length


def _is_first(payloads: tuple[_Payload, ...]) -> bool:
    for type_, body in payloads:
        if type_ == _ENCRYPTED_FRAGMENT and len(body) >= _FRAGMENT_NUMBER.size:
            return bool(_FRAGMENT_NUMBER.unpack_from(body)[0] == 1)
    return True


def _notify(payload: _Payload) -> tuple[int, ...]:
    if payload.type_ != _NOTIFY or len(payload.body) < _NOTIFICATION.size:
        return ()
    return (int(_NOTIFICATION.unpack_from(payload.body)[2]),)


def _proposals(body: bytes) -> Iterator[Proposal]:
    at = 0
    for _ in range(_MOST_PROPOSALS):
        if at + _PROPOSAL.size > len(body):
            return
        _, _, length, _, _, spi_octets, _ = _PROPOSAL.unpack_from(body, at)
        if length < _PROPOSAL.size:
            return
        transforms = body[at + _PROPOSAL.size + spi_octets : at + length]
        yield Proposal(transforms=tuple(_transforms(transforms)))
        at += length


def _transforms(octets: bytes) -> Iterator[Transform]:
    at = 0
    for _ in range(_MOST_TRANSFORMS):
        if at + _TRANSFORM.size > len(octets):
            return
        _, _, length, type_, _, id_ = _TRANSFORM.unpack_from(octets, at)
        if length < _TRANSFORM.size:
            return
        attribute = octets[at + _TRANSFORM.size : at + length]
        yield Transform(type_=type_, id_=id_, key_bits=_key_bits(attribute))
        at += length


def _key_bits(attribute: bytes) -> int:
    if len(attribute) < _KEY_LENGTH.size:
        return 0
    type_, bits = _KEY_LENGTH.unpack_from(attribute)
    return int(bits) if type_ == _KEY_LENGTH_TYPE else 0
