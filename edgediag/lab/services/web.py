"""The answers of the HTTP services, inside TLS or plain (RFC 9112)."""

import re
from email.utils import formatdate

from edgediag.lab.services.catalog import Mode

MAX_REQUEST_OCTETS = 16_384
FIRST_PRINTABLE = 0x20

# The token authentication of the distribution registry; RFC 6750 §3.
_CHALLENGE = (
    'WWW-Authenticate: Bearer realm="https://{1}/auth",service="registry.aliyuncs.com:{0}"'
)
_REFUSALS = {Mode.UNAVAILABLE: "503 Service Unavailable", Mode.REFUSED: "403 Forbidden"}
_TOKENS = "dockerauth-ee.{0}.aliyuncs.com"
_TOKENS_ELSEWHERE = "tokens.lab.example"
_REGISTRY_HOST = re.compile(
    rb"\r\nHost: registry-([a-z0-9-]+)\.ack\.aliyuncs\.com(?:\r\n|$)", re.I
)


def answer(request: bytes, mode: Mode, now_s: float) -> bytes | None:
    """The response to a whole request head, or None while its end has not come.

    What cannot begin a request, a TLS record for one, is refused at once (RFC 9112 §2.2).
    now_s  seconds since 1970, for the Date field
    """
    head, separator, _ = request.partition(b"\r\n\r\n")
    is_whole = bool(separator) or len(request) >= MAX_REQUEST_OCTETS
    if not is_whole and (not request or request[0] >= FIRST_PRINTABLE):
        return None
    status = _REFUSALS.get(mode) or _status(head)
    text = b"not ready\n" if mode is Mode.UNAVAILABLE else b"ok\n"
    body = b"" if head.startswith(b"HEAD ") else text
    challenge = (_challenge(head, mode),) if status.startswith("401") else ()
    fields = (
        f"HTTP/1.1 {status}",
        f"Date: {formatdate(now_s, usegmt=True)}",
        "Server: edgediag-lab",
        *challenge,
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*fields, "", "")).encode() + body


def _challenge(head: bytes, mode: Mode) -> str:
    region = _region(head)
    host = _TOKENS_ELSEWHERE if mode is Mode.TOKEN_ELSEWHERE else _TOKENS.format(region)
    return _CHALLENGE.format(region, host)


def _region(head: bytes) -> str:
    found = _REGISTRY_HOST.search(head)
    return found[1].decode() if found else "cn-hangzhou"


def _status(head: bytes) -> str:
    words = head.split(b"\r\n", 1)[0].split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
        return "400 Bad Request"
    # A registry asks for a token first; that is how a working one answers a stranger.
    if words[1].startswith(b"/v2"):
        return "401 Unauthorized"
    return "200 OK"
