"""The elements of a set (NFT_MSG_NEWSETELEM; include/uapi/linux/netfilter/nf_tables.h)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edgediag.host.attributes import attribute_list, attributes, big, nested
from edgediag.host.netfilter.nft import Attributes, decode_verdict
from edgediag.host.netfilter.register import SetElement
from edgediag.host.netfilter.statement_text import verdict_text

_NFGENMSG_OCTETS: Final = 4
_LIST_ELEMENTS, _LIST_ELEMENT = 3, 1
_KEY, _DATA, _FLAGS, _KEY_END = 1, 2, 3, 10
_VALUE, _VERDICT = 1, 2
_FLAG_INTERVAL_END: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """One element as the kernel stores it: an interval is two of them, start and end."""

    key: bytes
    is_end: bool
    key_end: bytes | None
    data: str


def decode_elements(
    payloads: Iterable[bytes], *, is_interval: bool | None = None
) -> tuple[SetElement, ...]:
    """The members in the messages of one dump, by ascending key; a catch-all has an empty key.

    is_interval  as the set's own flags say; None where they were not read: then an end tells
    """
    marks = [_mark(element) for payload in payloads for element in _elements(payload)]
    if is_interval is None:
        is_interval = any(mark.is_end for mark in marks)
    # Where one interval ends another may begin: the end comes first.
    ordered = sorted(marks, key=lambda mark: (mark.key, not mark.is_end))
    following: list[_Mark | None] = [*ordered[1:], None]
    return tuple(
        SetElement(first=mark.key, last=_last(mark, after, is_interval), data=mark.data)
        for mark, after in zip(ordered, following)
        if not mark.is_end
    )


def _elements(payload: bytes) -> Iterable[Attributes]:
    found = attributes(payload[_NFGENMSG_OCTETS:])
    listed = attribute_list(found.get(_LIST_ELEMENTS, b""))
    return [attributes(value) for type_, value in listed if type_ == _LIST_ELEMENT]


def _mark(element: Attributes) -> _Mark:
    return _Mark(
        key=nested(element, _KEY).get(_VALUE, b""),
        is_end=bool(big(element.get(_FLAGS)) & _FLAG_INTERVAL_END),
        key_end=nested(element, _KEY_END).get(_VALUE),
        data=_data(nested(element, _DATA)),
    )


def _data(data: Attributes) -> str:
    if _VERDICT in data:
        return verdict_text(decode_verdict(nested(data, _VERDICT)))
    return f"0x{data[_VALUE].hex()}" if _VALUE in data else ""


def _last(mark: _Mark, after: _Mark | None, is_interval: bool) -> bytes:
    if mark.key_end is not None:
        return mark.key_end
    if not is_interval or not mark.key:
        return mark.key
    if after is None:
        return b"\xff" * len(mark.key)
    # The end is the first key that is outside; in a map the next interval may begin without one.
    return max(int.from_bytes(after.key, "big") - 1, 0).to_bytes(len(after.key), "big")
