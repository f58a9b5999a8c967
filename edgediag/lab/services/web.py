"""The answers of the HTTP services, inside TLS or plain (RFC 9112)."""

from email.utils import formatdate

from edgediag.lab.services.catalog import Mode
from edgediag.lab.services.registry import Page, page_of

MAX_REQUEST_OCTETS = 16_384
FIRST_PRINTABLE = 0x20

_REFUSALS = {Mode.UNAVAILABLE: "503 Service Unavailable", Mode.REFUSED: "403 Forbidden"}


def answer(request: bytes, mode: Mode, now_s: float) -> bytes | None:
    """The response to a whole request head, or None while its end has not come.

    What cannot begin a request, a TLS record for one, is refused at once (RFC 9112 §2.2).
    now_s  seconds since 1970, for the Date field
    """
    head, separator, _ = request.partition(b"\r\n\r\n")
    is_whole = bool(separator) or len(request) >= MAX_REQUEST_OCTETS
    if not is_whole and (not request or request[0] >= FIRST_PRINTABLE):
        return None
    page = _page(head, mode)
    body = b"" if head.startswith(b"HEAD ") else page.content
    fields = (
        f"HTTP/1.1 {page.status}",
        f"Date: {formatdate(now_s, usegmt=True)}",
        "Server: edgediag-lab",
        *((page.field,) if page.field else ()),
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*fields, "", "")).encode() + body


def _page(head: bytes, mode: Mode) -> Page:
    refusal = _REFUSALS.get(mode)
    if refusal is not None:
        content = b"not ready\n" if mode is Mode.UNAVAILABLE else b"ok\n"
        return Page(status=refusal, field="", content=content)
    words = head.split(b"\r\n", 1)[0].split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
        return Page(status="400 Bad Request", field="", content=b"ok\n")
    plain = Page(status="200 OK", field="", content=b"ok\n")
    return page_of(head, words[1], mode) or plain
