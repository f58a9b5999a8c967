"""The IKE gateway's answers on UDP 4500, as octets (RFC 7296 §3.1, §3.10; RFC 3948 §2.2)."""

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
COOKIE_DATA = b"edgediag-lab-cookie"


def answer(datagram: bytes, mode: Mode) -> bytes | None:
    """NO_PROPOSAL_CHOSEN to an IKE_SA_INIT request, or None where nothing is to be said.

    As libreswan's pluto does: what lacks the marker, is IKEv1, or has an SPI that begins with
    four zero octets (a second marker, it seems) is dropped in silence. In COOKIE mode the first
    request draws a cookie (RFC 7296 §2.6), its repetition with the cookie the answer.
    """
    message = datagram[len(NON_ESP_MARKER) :]
    if mode is Mode.SILENT or not datagram.startswith(NON_ESP_MARKER):
        return None
    if not _is_initial_request(message):
        return None
    if mode is Mode.COOKIE and COOKIE_DATA not in message:
        return _notify(message[:8], COOKIE, COOKIE_DATA)
    return _notify(message[:8], NO_PROPOSAL_CHOSEN, b"")


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


def _notify(initiator: bytes, type_: int, data: bytes) -> bytes:
    """An IKE_SA_INIT response that holds one Notify payload, behind the marker."""
    payload = NOTIFY.pack(0, 0, NOTIFY.size + len(data), 0, 0, type_) + data
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
