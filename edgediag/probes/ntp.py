"""NTP client request: is the server reached, in step, and what does it say of our clock?

The transmit time stamp we send is the probe's token. A server returns it untouched as the origin
(RFC 5905 §7.3), so it serves as a nonce against forgers, and this host's clock stays private
(as draft-ietf-ntp-data-minimization asks of clients).
"""

from typing import Final

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, UdpDatagram
from edgediag.model.probe import Probe
from edgediag.model.reply import NtpReply, Reply
from edgediag.probes.codec import PacketCodec, Timing
from edgediag.probes.token import token_octets

# RFC 5905 §7.3, figure 8: leap 0, version 4, mode 3 in the first octet.
_PACKET_OCTETS: Final = 48
_CLIENT: Final = b"\x23"
_MODE_SERVER: Final = 4
_REFERENCE_ID: Final = slice(12, 16)
_ORIGIN: Final = slice(24, 32)
_RECEIVE: Final = slice(32, 40)
_TRANSMIT: Final = slice(40, 48)

# RFC 5905 §6: seconds since 1900 in 32.32 bits; an era of them; 1900 to 1970 (figure 4).
_FRACTION: Final = 2**32
_ERA_S: Final = 2**32
_UNIX_EPOCH_S: Final = 2208988800


def build(probe: Probe) -> UdpDatagram:
    """48 octets, all zero but the first and the nonce."""
    silence = bytes(_TRANSMIT.start - len(_CLIENT))
    return UdpDatagram(payload=_CLIENT + silence + token_octets(probe.token))


def match(probe: Probe, packet: Packet, timing: Timing) -> Reply | None:
    """A server's answer that returns our nonce as its origin.

    The offset is 0.0 where the answer holds no times: a kiss-o'-death leaves them undefined
    (RFC 5905 §7.4), and a server that has none sends zero.
    """
    datagram = packet.payload
    if packet.flow != probe.flow.reversed() or not isinstance(datagram, UdpDatagram):
        return None
    message = datagram.payload
    if len(message) < _PACKET_OCTETS or message[0] & 0x07 != _MODE_SERVER:
        return None
    if message[_ORIGIN] != token_octets(probe.token):
        return None
    stratum = message[1]
    return NtpReply(
        stratum=stratum,
        leap=message[0] >> 6,
        kiss=_printable(message[_REFERENCE_ID]) if stratum == 0 else "",
        offset_s=_offset_s(message, timing) if stratum else None,
        hop_limit=packet.hop_limit,
    )


def _offset_s(message: bytes, timing: Timing) -> float | None:
    """Server clock minus ours, half the sum of both differences (RFC 5905 §8)."""
    received = int.from_bytes(message[_RECEIVE], "big")
    sent = int.from_bytes(message[_TRANSMIT], "big")
    if not received or not sent:
        return None
    there_s = _unix_s(received, near_s=timing.sent_s) - timing.sent_s
    back_s = _unix_s(sent, near_s=timing.received_s) - timing.received_s
    return (there_s + back_s) / 2


def _unix_s(time_stamp: int, *, near_s: float) -> float:
    # The era is not sent: it is the one that comes nearest to our own clock (RFC 5905 §6).
    since_1970_s = time_stamp / _FRACTION - _UNIX_EPOCH_S
    eras = round((near_s - since_1970_s) / _ERA_S)
    return since_1970_s + eras * _ERA_S


def _printable(octets: bytes) -> str:
    # Kiss codes are ASCII, left-justified, padded with zeros (RFC 5905 §7.4).
    return "".join(
        chr(octet) if 0x20 <= octet < 0x7F else f"\\x{octet:02x}" for octet in octets.rstrip(b"\0")
    )


CODEC = PacketCodec(kind=ProbeKind.NTP, build=build, match=match)
