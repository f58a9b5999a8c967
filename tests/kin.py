"""Certificates whose signatures nobody checks: of names and key identifiers alone."""

import base64


def tlv(tag: int, *parts: bytes) -> bytes:
    """An element in DER (X.690 §8.1)."""
    body = b"".join(parts)
    size = len(body)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + body


def named(text: str) -> bytes:
    """A distinguished name of one attribute, its common name."""
    pair = tlv(0x30, tlv(0x06, b"\x55\x04\x03"), tlv(0x0C, text.encode()))
    return tlv(0x30, tlv(0x31, pair))


def certificate(subject: str, issuer: str, key: bytes = b"", signer: bytes = b"") -> bytes:
    """A certificate in DER, valid in 2024 and 2025 (RFC 5280 §4.1).

    key, signer  identifiers of its own key and of the signer's, b"" for none
    """
    identifiers = (
        (b"\x55\x1d\x0e", tlv(0x04, key) if key else b""),
        (b"\x55\x1d\x23", tlv(0x30, tlv(0x80, signer)) if signer else b""),
    )
    extensions = (
        tlv(0x30, tlv(0x06, oid), tlv(0x04, value)) for oid, value in identifiers if value
    )
    algorithm = tlv(0x30, tlv(0x06, b"\x2a\x03"))
    dates = (tlv(0x17, b"240101000000Z"), tlv(0x17, b"260101000000Z"))
    signed = tlv(
        0x30,
        tlv(0xA0, tlv(0x02, b"\x02")),
        tlv(0x02, b"\x01"),
        algorithm,
        named(issuer),
        tlv(0x30, *dates),
        named(subject),
        tlv(0x30, algorithm, tlv(0x03, b"\0")),
        tlv(0xA3, tlv(0x30, *extensions)),
    )
    return tlv(0x30, signed, algorithm, tlv(0x03, b"\0"))


def pem(*ders: bytes) -> str:
    """Certificates as a file holds them (RFC 7468 §5.1)."""
    return "".join(
        "-----BEGIN CERTIFICATE-----\n"
        f"{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"
        for der in ders
    )
