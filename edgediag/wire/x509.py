"""A certificate in DER ↔ what a diagnosis needs of it; nothing here verifies a signature.

Section numbers are of RFC 5280.
"""

from dataclasses import dataclass
from datetime import datetime, timezone
from ipaddress import ip_address
from typing import Final

from edgediag.model.certificate import Certificate
from edgediag.wire.der import Element, elements

MAX_NAMES: Final = 100
MAX_TEXT: Final = 200

# X.690 §8: identifier octets; §4.1.2.1, §4.1.2.9, §4.2.1.6: the tagged fields.
_OCTET_STRING: Final = 0x04
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
_VERSION: Final = 0xA0
_EXTENSIONS: Final = 0xA3
_DNS_NAME: Final = 0x82
_IP_ADDRESS: Final = 0x87

_KEY_IDENTIFIER: Final = 0x80

# 2.5.29.14, .35, .17; 2.5.4.3, .10, .11, .6 (§4.2.1.2, §4.2.1.1, §4.2.1.6, §4.1.2.4).
_SUBJECT_KEY: Final = b"\x55\x1d\x0e"
_AUTHORITY_KEY: Final = b"\x55\x1d\x23"
_ALTERNATIVE_NAME: Final = b"\x55\x1d\x11"
_ATTRIBUTES: Final = {
    b"\x55\x04\x03": "CN",
    b"\x55\x04\x0a": "O",
    b"\x55\x04\x0b": "OU",
    b"\x55\x04\x06": "C",
}
_TIME_FORMATS: Final = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """By which names and keys a certificate and who signed it are known.

    subject, issuer      distinguished names as they are encoded
    key, authority_key   identifiers of the own key and of the signer's; empty where not stated
    """

    subject: bytes
    issuer: bytes
    key: bytes
    authority_key: bytes


def decode_kin(der: bytes) -> Kin | None:
    """Whose a certificate is and who signed it, or None for what is none.

    raises  nothing
    source  §4.1.2.4, §4.1.2.6, §4.2.1.1, §4.2.1.2
    """
    fields = _fields(der)
    if len(fields) < 6:
        return None
    _, _, issuer, _, subject, _, *rest = fields
    own = _inside_extension(rest, _SUBJECT_KEY)
    signers = (part for one in _inside_extension(rest, _AUTHORITY_KEY) for part in _inside(one))
    named = [part.body for part in signers if part.tag == _KEY_IDENTIFIER]
    return Kin(
        subject=subject.body,
        issuer=issuer.body,
        key=own[0].body if own else b"",
        authority_key=named[0] if named else b"",
    )


def decode_certificate(der: bytes) -> Certificate | None:
    """What a certificate says, or None for what is none.

    raises  nothing
    source  §4.1
    """
    fields = _fields(der)
    if len(fields) < 6:
        return None
    _, _, issuer, validity, subject, _, *rest = fields
    dates = tuple(map(_seconds, _inside(validity)))
    if len(dates) != 2 or dates[0] is None or dates[1] is None:
        return None
    return Certificate(
        subject=_name_text(subject),
        issuer=_name_text(issuer),
        names=_names(rest),
        not_before_s=dates[0],
        not_after_s=dates[1],
    )


def _fields(der: bytes) -> tuple[Element, ...]:
    """What is signed of a certificate, without its version; none of what is no certificate."""
    outer = elements(der) or ()
    signed = _inside(outer[0]) if len(outer) == 1 else ()
    fields = _inside(signed[0]) if len(signed) == 3 else ()
    return fields[1:] if fields and fields[0].tag == _VERSION else fields


def _inside(element: Element) -> tuple[Element, ...]:
    return elements(element.body) or ()


def _seconds(element: Element) -> float | None:
    shape = _TIME_FORMATS.get(element.tag)
    if shape is None or not element.body.isascii():
        return None
    try:
        moment = datetime.strptime(element.body.decode("ascii"), shape)
        return moment.replace(tzinfo=timezone.utc).timestamp()
    except (ValueError, OverflowError):
        return None


def _name_text(name: Element) -> str:
    """The known attributes of a distinguished name, the most special first (RFC 4514 §2.1)."""
    pairs = [pair for group in _inside(name) for pair in map(_inside, _inside(group))]
    texts = [
        f"{_ATTRIBUTES[pair[0].body]}={_text(pair[1].body)}"
        for pair in pairs
        if len(pair) == 2 and pair[0].body in _ATTRIBUTES
    ]
    return ", ".join(reversed(texts))[:MAX_TEXT]


def _names(rest: list[Element]) -> tuple[str, ...]:
    sequence = _inside_extension(rest, _ALTERNATIVE_NAME)
    found = _inside(sequence[0]) if sequence else ()
    texts = (_general_name(name) for name in found[:MAX_NAMES])
    return tuple(text for text in texts if text)


def _inside_extension(rest: list[Element], identifier: bytes) -> tuple[Element, ...]:
    """What the value of an extension holds, nothing where it is not there."""
    lists = [field for field in rest if field.tag == _EXTENSIONS]
    wrapped = _inside(lists[0]) if lists else ()
    for extension in _inside(wrapped[0]) if wrapped else ():
        parts = _inside(extension)
        is_wanted = len(parts) >= 2 and parts[0].body == identifier
        if is_wanted and parts[-1].tag == _OCTET_STRING:
            return _inside(parts[-1])
    return ()


def _general_name(name: Element) -> str:
    if name.tag == _DNS_NAME:
        return _text(name.body)
    if name.tag == _IP_ADDRESS and len(name.body) in (4, 16):
        return str(ip_address(name.body))
    return ""


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", errors="replace")[:MAX_TEXT]
