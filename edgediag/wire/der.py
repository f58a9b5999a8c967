"""DER, as far as certificates need it: octets become elements, one level at a time."""

from dataclasses import dataclass

# A certificate has some ten extensions and as many names; what has more is not worth reading.
MAX_ELEMENTS = 1024

_LONG_FORM = 0x80
_MAX_LENGTH_OCTETS = 3
_HIGH_TAG = 0x1F


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element; `tag` is its identifier octet, `whole` the element with it and its length."""

    tag: int
    body: bytes
    whole: bytes


def elements(octets: bytes) -> tuple[Element, ...] | None:
    """All elements that the octets consist of, or None if they do not.

    raises  nothing; an indefinite length, a tag of several octets or a cut is None
    source  ITU-T X.690 §8.1, §10.1
    """
    found: list[Element] = []
    start = 0
    while start < len(octets):
        element = _element_at(octets, start)
        if element is None or len(found) == MAX_ELEMENTS:
            return None
        found.append(element)
        start += len(element.whole)
    return tuple(found)


def _element_at(octets: bytes, start: int) -> Element | None:
    header = octets[start : start + 2]
    if len(header) < 2 or header[0] & _HIGH_TAG == _HIGH_TAG:
        return None
    length, body_at = header[1], start + 2
    if length >= _LONG_FORM:
        count = length - _LONG_FORM
        if not 0 < count <= _MAX_LENGTH_OCTETS or body_at + count > len(octets):
            return None
        length = int.from_bytes(octets[body_at : body_at + count], "big")
        body_at += count
    end = body_at + length
    if end > len(octets):
        return None
    return Element(tag=header[0], body=octets[body_at:end], whole=octets[start:end])
