"""IKEv2 IKE_SA_INIT: does the gateway's IKE daemon hear us? It will not remember us.

The one cipher proposed has a number for private use, so that no gateway can accept it: it says
NO_PROPOSAL_CHOSEN and forgets. A proposal it could accept would leave a half-open SA there for
minutes. IKEv1, keep-alives and text are no alternative: a healthy libreswan ignores them, and on
port 4500 it takes what comes without the non-ESP marker for ESP.

Measured: strongSwan 5.9.8 and libreswan 4.10, with and without a connection loaded, answer in
less than 2 ms and list no state after. Never to be sent to an address of this host itself: there
libreswan 4.10 fails an assertion ("both sides are our interface") and ends.

Section numbers are of RFC 7296 where no other RFC is named.
"""

import hashlib
import struct
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Address
from edgediag.model.packet import Packet, UdpDatagram
from edgediag.model.probe import Probe, Purpose
from edgediag.model.reply import NOT_TOLD, IkeAnswer, IkeReply, Reply, SeenAs
from edgediag.probes.codec import PacketCodec, Timing
from edgediag.probes.token import derived_octets, token_octets

# RFC 3948 §2.2; port 500 knows no ESP and therefore no marker (§2.23).
_NON_ESP_MARKER: Final = bytes(4)
PORT_WITHOUT_ESP: Final = 500

# §3.1: both SPIs, next payload, version, exchange, flags, message id, length.
_HEADER: Final = struct.Struct("!8s8sBBBBII")
_NO_SPI: Final = bytes(8)
_VERSION_2: Final = 0x20
_IKE_SA_INIT: Final = 34
_INITIATOR: Final = 0x08
_RESPONSE: Final = 0x20

# §3.2: next payload, critical flag, length with this header.
_PAYLOAD: Final = struct.Struct("!BBH")
_LAST, _SA, _KE, _NONCE, _NOTIFY, _VENDOR_ID = 0, 33, 34, 40, 41, 43

# §3.3.1: last proposal, length, number 1, protocol IKE, no SPI, four transforms.
_PROPOSAL: Final = struct.Struct("!BBHBBBB")
_PROTOCOL_IKE: Final = 1

# §3.3.2: more or last, length, type, id. The ids: 1200 lies in the private range of the IANA
# registry "Transform Type 1"; RFC 4868 §4 for 5 and 12; RFC 3526 §3 for group 14.
_TRANSFORM: Final = struct.Struct("!BBHBBH")
_MORE_TRANSFORMS: Final = 3
_ENCR, _PRF, _INTEG, _DH = 1, 2, 3, 4
_GROUP_2048: Final = 14
_TRANSFORMS: Final = ((_ENCR, 1200), (_PRF, 5), (_INTEG, 12), (_DH, _GROUP_2048))

# §3.4; §3.9 asks for 16 to 256 octets of nonce.
_KEY_EXCHANGE: Final = struct.Struct("!HH")
_PUBLIC_VALUE_OCTETS: Final = 256
_NONCE_OCTETS: Final = 32

# Without options, and UDP (RFC 791 §3.1, RFC 8200 §3, RFC 768), by IP version.
_HEADERS_OCTETS: Final = {4: 28, 6: 48}

# §3.10: protocol, size of the SPI, type; §3.10.1 for the types.
_NOTIFICATION: Final = struct.Struct("!BBH")
_NAT_DETECTION_SOURCE: Final = 16388
_NAT_DETECTION_DESTINATION: Final = 16389
_DIGEST_OCTETS: Final = 20
_ANSWERS: Final = {
    7: IkeAnswer.INVALID_SYNTAX,
    14: IkeAnswer.NO_PROPOSAL_CHOSEN,
    17: IkeAnswer.INVALID_KE_PAYLOAD,
    16390: IkeAnswer.COOKIE,
}


def build(probe: Probe) -> UdpDatagram:
    """376 octets: marker, header, one proposal, a key exchange that no one computes, a nonce.

    Where it is to be longer, a vendor ID that nobody knows and all pass over (§3.12) fills it up.
    Where it shall tell of idle mappings, it asks for NAT detection (§2.23).
    """
    key_exchange = _KEY_EXCHANGE.pack(_GROUP_2048, 0) + derived_octets(
        probe.token, label="ike-ke", count=_PUBLIC_VALUE_OCTETS
    )
    nonce = derived_octets(probe.token, label="ike-nonce", count=_NONCE_OCTETS)
    payloads = _payload(_KE, _proposal()) + _payload(_NONCE, key_exchange)
    marker = b"" if probe.flow.destination_port == PORT_WITHOUT_ESP else _NON_ESP_MARKER
    octets = len(marker) + _HEADER.size + len(payloads) + _PAYLOAD.size + len(nonce)
    vendor_id = _vendor_id(probe, octets)
    detection = _nat_detection(probe) if probe.purpose is Purpose.IDLE else b""
    after_nonce = _VENDOR_ID if vendor_id else _NOTIFY if detection else _LAST
    payloads += _payload(after_nonce, nonce) + vendor_id + detection
    header = _HEADER.pack(
        _spi(probe),
        _NO_SPI,
        _SA,
        _VERSION_2,
        _IKE_SA_INIT,
        _INITIATOR,
        0,
        _HEADER.size + len(payloads),
    )
    return UdpDatagram(payload=marker + header + payloads)


def match(probe: Probe, packet: Packet, timing: Timing) -> Reply | None:
    """A whole IKE_SA_INIT response to our SPI, behind the marker or without it.

    An SA payload outweighs all notifications, and a notification that says why there is none
    outweighs those about NAT or capabilities beside it.
    """
    datagram = packet.payload
    if packet.flow != probe.flow.reversed() or not isinstance(datagram, UdpDatagram):
        return None
    # Our SPI never begins with zeros, so that a marker cannot be mistaken for it.
    message = datagram.payload.removeprefix(_NON_ESP_MARKER)
    if len(message) < _HEADER.size:
        return None
    spi, responder, first, _, exchange, flags, _, length = _HEADER.unpack_from(message)
    if spi != _spi(probe) or exchange != _IKE_SA_INIT or length != len(message):
        return None
    if flags & (_INITIATOR | _RESPONSE) != _RESPONSE:
        return None
    payloads = _split_payloads(first, message[_HEADER.size :])
    if payloads is None:
        return None
    answer, notify = _answer(payloads)
    return IkeReply(
        answer=answer,
        notify=notify,
        hop_limit=packet.hop_limit,
        seen_as=_seen_as(probe, responder, payloads),
    )


def _spi(probe: Probe) -> bytes:
    octets = token_octets(probe.token)
    # A receiver takes four leading zeros for a marker and drops the packet (RFC 3948 §2.2).
    is_like_marker = octets.startswith(_NON_ESP_MARKER)
    return b"\x01" + octets[1:] if is_like_marker else octets


def _vendor_id(probe: Probe, octets: int) -> bytes:
    if isinstance(probe.padding, NotChecked):
        return b""
    headers = _HEADERS_OCTETS[probe.flow.destination.version]
    missing = probe.padding.size_octets - headers - octets - _PAYLOAD.size
    if missing <= 0:
        return b""
    return _payload(_LAST, derived_octets(probe.token, label="ike-vendor-id", count=missing))


def _nat_detection(probe: Probe) -> bytes:
    """Both notifications, of the ends as this host has them."""
    flow = probe.flow
    source = _digest(_spi(probe) + _NO_SPI, flow.source, flow.source_port)
    destination = _digest(_spi(probe) + _NO_SPI, flow.destination, flow.destination_port)
    return _payload(
        _NOTIFY, _NOTIFICATION.pack(0, 0, _NAT_DETECTION_SOURCE) + source
    ) + _payload(_LAST, _NOTIFICATION.pack(0, 0, _NAT_DETECTION_DESTINATION) + destination)


def _digest(spis: bytes, address: Address, port: int) -> bytes:
    """What §2.23 asks for; SHA-1 hides nothing here, it only names."""
    octets = spis + address.packed + port.to_bytes(2, "big")
    return hashlib.sha1(octets, usedforsecurity=False).digest()


def _seen_as(
    probe: Probe, responder: bytes, payloads: list[tuple[int, bytes]]
) -> SeenAs | NotChecked:
    for type_, body in payloads:
        is_whole = len(body) == _NOTIFICATION.size + _DIGEST_OCTETS
        if type_ != _NOTIFY or not is_whole:
            continue
        if _NOTIFICATION.unpack_from(body)[2] == _NAT_DETECTION_DESTINATION:
            digest = body[_NOTIFICATION.size :]
            own = _digest(_spi(probe) + responder, probe.flow.source, probe.flow.source_port)
            return SeenAs(spi=responder.hex(), digest=digest.hex(), is_own=digest == own)
    return NOT_TOLD


def _proposal() -> bytes:
    transforms = b"".join(
        _TRANSFORM.pack(
            _LAST if type_ == _DH else _MORE_TRANSFORMS, 0, _TRANSFORM.size, type_, 0, id_
        )
        for type_, id_ in _TRANSFORMS
    )
    length = _PROPOSAL.size + len(transforms)
    return _PROPOSAL.pack(_LAST, 0, length, 1, _PROTOCOL_IKE, 0, len(_TRANSFORMS)) + transforms


def _payload(next_payload: int, body: bytes) -> bytes:
    return _PAYLOAD.pack(next_payload, 0, _PAYLOAD.size + len(body)) + body


def _split_payloads(first: int, octets: bytes) -> list[tuple[int, bytes]] | None:
    """Types and bodies in the order given, or None if a length does not fit."""
    payloads = []
    type_ = first
    at = 0
    while type_ != _LAST:
        if at + _PAYLOAD.size > len(octets):
            return None
        next_type, _, length = _PAYLOAD.unpack_from(octets, at)
        if length < _PAYLOAD.size or at + length > len(octets):
            return None
        payloads.append((type_, octets[at + _PAYLOAD.size : at + length]))
        type_ = next_type
        at += length
    return payloads


def _answer(payloads: list[tuple[int, bytes]]) -> tuple[IkeAnswer, int]:
    if any(type_ == _SA for type_, _ in payloads):
        return IkeAnswer.SA_INIT, 0
    notifies = [
        _NOTIFICATION.unpack_from(body)[2]
        for type_, body in payloads
        if type_ == _NOTIFY and len(body) >= _NOTIFICATION.size
    ]
    for notify in notifies:
        if notify in _ANSWERS:
            return _ANSWERS[notify], notify
    return IkeAnswer.OTHER_NOTIFY, notifies[0] if notifies else 0


CODEC = PacketCodec(kind=ProbeKind.IKE_SA_INIT, build=build, match=match)
