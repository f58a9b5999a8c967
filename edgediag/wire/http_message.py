"""A response of HTTP/1.1 with its fields and as much of its content as anybody here reads."""

import re
from dataclasses import dataclass
from typing import Final

from edgediag.wire.http_head import decode_status

MAX_FIELDS_OCTETS: Final = 16_384
MAX_CONTENT_OCTETS: Final = 1 << 18
MAX_MESSAGE_OCTETS: Final = MAX_FIELDS_OCTETS + MAX_CONTENT_OCTETS

_END: Final = b"\r\n\r\n"
_LINE: Final = b"\r\n"
_LENGTH: Final = re.compile(r"[0-9]{1,9}")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,256})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A response as far as it has come.

    fields    their names in lower case, in the order given
    is_whole  nothing of the content is to be waited for; never true where only the end of the
              connection ends it
    """

    status: int
    fields: tuple[tuple[str, str], ...]
    content: bytes
    is_whole: bool

    def field(self, name: str) -> str:
        """The value of a field, "" where it is not there or there twice."""
        found = [value for own, value in self.fields if own == name]
        return found[0] if len(found) == 1 else ""


def decode_message(octets: bytes) -> Message | None:
    """The response in what has come of it, None while its head has no end or if it is no HTTP.

    octets  of which MAX_MESSAGE_OCTETS are looked at
    raises  nothing
    source  RFC 9112 §4, §5, §6.3, §7.1
    """
    head, end, rest = octets[:MAX_MESSAGE_OCTETS].partition(_END)
    if not end or len(head) > MAX_FIELDS_OCTETS:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    status = decode_status(first)
    if status is None:
        return None
    pairs = (line.partition(":") for line in lines)
    fields = tuple((name.lower(), value.strip(" \t")) for name, _, value in pairs)
    bare = Message(status=status, fields=fields, content=b"", is_whole=False)
    content, is_whole = _content(bare, rest)
    return Message(
        status=status,
        fields=fields,
        content=content[:MAX_CONTENT_OCTETS],
        is_whole=is_whole or len(content) >= MAX_CONTENT_OCTETS,
    )


def _content(message: Message, rest: bytes) -> tuple[bytes, bool]:
    if message.field("transfer-encoding").lower() == "chunked":
        return _unchunked(rest)
    length = message.field("content-length")
    if not _LENGTH.fullmatch(length):
        return rest, False
    return rest[: int(length)], len(rest) >= int(length)


def _unchunked(rest: bytes) -> tuple[bytes, bool]:
    """The content of the chunks that have come, and whether the last one has."""
    parts: list[bytes] = []
    at = 0
    while True:
        end = rest.find(_LINE, at)
        size = None if end < 0 else _CHUNK.fullmatch(rest, at, end)
        if size is None:
            return b"".join(parts), False
        octets = int(size[1], 16)
        if octets == 0:
            return b"".join(parts), True
        begin = end + len(_LINE)
        parts.append(rest[begin : begin + octets])
        at = begin + octets + len(_LINE)
        if at > len(rest):
            return b"".join(parts), False
