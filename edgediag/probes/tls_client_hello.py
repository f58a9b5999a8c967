"""TLS ClientHello over a connection that stands: does a TLS server speak, for this very name?

Versions 1.2 and 1.3 are offered with what every server has, so that the answer is a ServerHello
or an alert. Section numbers are of RFC 8446 where no other RFC is named.
"""

from ipaddress import ip_address
from typing import Final

from edgediag.model.endpoint import ProbeKind
from edgediag.model.probe import Probe
from edgediag.model.reply import Reply, TlsAnswer, TlsReply
from edgediag.probes.codec import StreamCodec
from edgediag.probes.token import derived_octets

# §5.1, §4, §6; the first record claims version 1.0 as §5.1 allows, hellos 1.2 (§4.1.2).
_HANDSHAKE: Final = 22
_ALERT: Final = 21
_CLIENT_HELLO: Final = 1
_SERVER_HELLO: Final = 2
_VERSION_1_0: Final = b"\x03\x01"
_VERSION_1_2: Final = b"\x03\x03"
_VERSION_1_3: Final = b"\x03\x04"

# §5.2: a record holds at most 2^14 + 256 octets.
_RECORD_HEADER_OCTETS: Final = 5
_MOST_RECORD_OCTETS: Final = 2**14 + 256
_VERSION_MAJOR: Final = 3

# Behind the headers of record and message and the version (§5.1, §4, §4.1.2): from here on two
# hellos may be alike again.
RANDOM_ENDS_AT: Final = _RECORD_HEADER_OCTETS + 4 + 2 + 32

# §B.4; RFC 5289 §3 and RFC 7905 §2 for TLS 1.2 with forward secrecy; RFC 5288 §3 and RFC 5246 §A.5
# for old servers that have RSA alone.
_CIPHER_SUITES: Final = (
    (0x1301, 0x1302, 0x1303)
    + (0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8)
    + (0xC013, 0xC014, 0x009C, 0x009D, 0x002F, 0x0035)
)

# §4.2, §4.2.7, §4.2.3; RFC 8422 §5.1.2; RFC 7627 §5.1; RFC 5746 §3.4.
_SERVER_NAME: Final = 0
_SUPPORTED_GROUPS: Final = 10
_POINT_FORMATS: Final = 11
_SIGNATURE_ALGORITHMS: Final = 13
_EXTENDED_MASTER_SECRET: Final = 23
_SUPPORTED_VERSIONS: Final = 43
_PSK_KEY_EXCHANGE_MODES: Final = 45
_KEY_SHARE: Final = 51
_RENEGOTIATION_INFO: Final = 0xFF01
_X25519: Final = 0x001D
_GROUPS: Final = (_X25519, 0x0017, 0x0018)
_SIGNATURES: Final = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)


def build(probe: Probe) -> bytes:
    """One record with a ClientHello; every random field follows from the token.

    raises  ValueError for a server name that is not ASCII
    """
    hello = b"".join(
        (
            _VERSION_1_2,
            derived_octets(probe.token, label="tls-random", count=32),
            _vector(derived_octets(probe.token, label="tls-session", count=32), prefix_octets=1),
            _vector(_words(_CIPHER_SUITES), prefix_octets=2),
            # No compression (§4.1.2).
            _vector(b"\0", prefix_octets=1),
            _vector(_extensions(probe), prefix_octets=2),
        )
    )
    handshake = bytes([_CLIENT_HELLO]) + _vector(hello, prefix_octets=3)
    return bytes([_HANDSHAKE]) + _VERSION_1_0 + _vector(handshake, prefix_octets=2)


def match(probe: Probe, octets: bytes) -> Reply | None:
    """A ServerHello, an alert with its number, or something that is not TLS.

    A HelloRetryRequest is a ServerHello too (§4.1.4). Our own ClientHello sent back is not TLS.
    """
    if not _may_be_record(octets):
        return TlsReply(answer=TlsAnswer.NOT_TLS, alert=0, hop_limit=None)
    fragment = octets[_RECORD_HEADER_OCTETS:]
    if octets[:1] == bytes([_ALERT]) and len(fragment) >= 2:
        return TlsReply(answer=TlsAnswer.ALERT, alert=fragment[1], hop_limit=None)
    if octets[:1] == bytes([_HANDSHAKE]) and fragment:
        is_hello = fragment[0] == _SERVER_HELLO
        answer = TlsAnswer.SERVER_HELLO if is_hello else TlsAnswer.NOT_TLS
        return TlsReply(answer=answer, alert=0, hop_limit=None)
    return None


def _may_be_record(octets: bytes) -> bool:
    """True while the octets so far can be the beginning of a handshake or alert record."""
    is_type = octets[:1] in (b"", bytes([_HANDSHAKE]), bytes([_ALERT]))
    is_version = octets[1:2] in (b"", bytes([_VERSION_MAJOR]))
    length = octets[3:_RECORD_HEADER_OCTETS]
    is_length = len(length) < 2 or 0 < int.from_bytes(length, "big") <= _MOST_RECORD_OCTETS
    return is_type and is_version and is_length


def _extensions(probe: Probe) -> bytes:
    key = derived_octets(probe.token, label="tls-x25519", count=32)
    share = _words((_X25519,)) + _vector(key, prefix_octets=2)
    bodies = (
        (_EXTENDED_MASTER_SECRET, b""),
        (_RENEGOTIATION_INFO, _vector(b"", prefix_octets=1)),
        (_SUPPORTED_GROUPS, _vector(_words(_GROUPS), prefix_octets=2)),
        # Uncompressed points alone.
        (_POINT_FORMATS, _vector(b"\0", prefix_octets=1)),
        (_SIGNATURE_ALGORITHMS, _vector(_words(_SIGNATURES), prefix_octets=2)),
        (_SUPPORTED_VERSIONS, _vector(_VERSION_1_3 + _VERSION_1_2, prefix_octets=1)),
        # With a Diffie-Hellman exchange (§4.2.9).
        (_PSK_KEY_EXCHANGE_MODES, _vector(b"\1", prefix_octets=1)),
        (_KEY_SHARE, _vector(share, prefix_octets=2)),
    )
    return _server_name(probe.name) + b"".join(_extension(*body) for body in bodies)


def _server_name(name: str) -> bytes:
    """The extension of RFC 6066 §3, or b"" for an address: it may not stand there."""
    if not name or _is_address(name):
        return b""
    # A list of one name of type 0, without the final dot.
    entry = b"\0" + _vector(name.removesuffix(".").encode("ascii"), prefix_octets=2)
    return _extension(_SERVER_NAME, _vector(entry, prefix_octets=2))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _extension(type_: int, body: bytes) -> bytes:
    return _words((type_,)) + _vector(body, prefix_octets=2)


def _words(numbers: tuple[int, ...]) -> bytes:
    return b"".join(number.to_bytes(2, "big") for number in numbers)


def _vector(body: bytes, *, prefix_octets: int) -> bytes:
    return len(body).to_bytes(prefix_octets, "big") + body


CODEC = StreamCodec(kind=ProbeKind.TLS_CLIENT_HELLO, build=build, match=match)
