"""The IKE gateway's answers on UDP 4500, as octets (RFC 7296 §3.1, §3.10; RFC 3948 §2.2)."""

import hashlib
import socket
import struct

from edgediag.lab.services.catalog import Mode

NON_ESP_MARKER = bytes(4)
HEADER = struct.Struct("!8s8sBBBBII")
NOTIFY = struct.Struct("!BBHBBH")
VERSION_2 = 0x20
IKE_SA_INIT = 34
FLAG_INITIATOR, FLAG_RESPONSE = 0x08, 0x20
PAYLOAD_NOTIFY = 41
NO_PROPOSAL_CHOSEN, COOKIE = 14, 16390
NAT_DETECTION_SOURCE_IP, NAT_DETECTION_DESTINATION_IP = 16388, 16389
# Protocol, size of the SPI and type: how the notification begins that asks for it.
NAT_DETECTION_REQUEST = struct.pack("!BBH", 0, 0, NAT_DETECTION_SOURCE_IP)
COOKIE_DATA = b"edgediag-lab-cookie"


def answer(datagram: bytes, mode: Mode, sender: tuple[str, int]) -> bytes | None:
    """NO_PROPOSAL_CHOSEN to an IKE_SA_INIT request, or None where nothing is to be said.

    As libreswan's pluto does: what lacks the marker, is IKEv1, or has an SPI that begins with
    four zero octets (a second marker, it seems) is dropped in silence. In COOKIE mode the first
    request draws a cookie (RFC 7296 §2.6), its repetition with the cookie the answer. In
    TELLS_ORIGIN mode a request that asks for NAT detection is told of it beside (§2.23).

    sender  from where the datagram came
    """
    message = datagram[len(NON_ESP_MARKER) :]
    if mode is Mode.SILENT or not datagram.startswith(NON_ESP_MARKER):
        return None
    if not _is_initial_request(message):
        return None
    if mode is Mode.COOKIE and COOKIE_DATA not in message:
        return _notify(message[:8], COOKIE, COOKIE_DATA)
    asks = mode is Mode.TELLS_ORIGIN and NAT_DETECTION_REQUEST in message
    digest = _digest(message[:8], sender) if asks else b""
    return _notify(message[:8], NO_PROPOSAL_CHOSEN, b"", digest)


def _is_initial_request(message: bytes) -> bool:
    if len(message) < HEADER.size:
        return False
    initiator, responder, _, version, exchange, flags, number, length = HEADER.unpack_from(message)
    return (
        not initiator.startswith(NON_ESP_MARKER)
        and responder == bytes(8)
        and (version, exchange, number) == (VERSION_2, IKE_SA_INIT, 0)
        and flags & (FLAG_INITIATOR | FLAG_RESPONSE) == FLAG_INITIATOR
        and length == len(message)
    )


def _digest(initiator: bytes, sender: tuple[str, int]) -> bytes:
    """What RFC 7296 §2.23 has of an address and a port, without a responder's SPI."""
    address, port = sender
    octets = initiator + bytes(8) + socket.inet_aton(address) + struct.pack("!H", port)
    return hashlib.sha1(octets, usedforsecurity=False).digest()


def _notify(initiator: bytes, type_: int, data: bytes, digest: bytes = b"") -> bytes:
    """An IKE_SA_INIT response that holds one Notify payload, behind the marker.

    digest  of the client's address and port, which follows in another
    """
    more = PAYLOAD_NOTIFY if digest else 0
    payload = NOTIFY.pack(more, 0, NOTIFY.size + len(data), 0, 0, type_) + data
    if digest:
        length = NOTIFY.size + len(digest)
        payload += NOTIFY.pack(0, 0, length, 0, 0, NAT_DETECTION_DESTINATION_IP) + digest
    header = HEADER.pack(
        initiator,
        bytes(8),
        PAYLOAD_NOTIFY,
        VERSION_2,
        IKE_SA_INIT,
        FLAG_RESPONSE,
        0,
        HEADER.size + len(payload),
    )
    return NON_ESP_MARKER + header + payload
