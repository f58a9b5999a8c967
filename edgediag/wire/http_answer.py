"""A short answer of HTTP: its status, and how its text begins."""

from typing import Final

from edgediag.wire.http_head import decode_status

MAX_ANSWER_OCTETS: Final = 4096
MAX_TEXT: Final = 200

_END: Final = b"\r\n\r\n"


def decode_answer(octets: bytes) -> tuple[int, str] | None:
    """Status and first line of the text of an answer, None if it is no HTTP.

    octets  what came until the server closed, of which MAX_ANSWER_OCTETS are looked at
    returns the text cut off behind MAX_TEXT characters, "" where none came
    raises  nothing
    source  RFC 9112 §4, §6; to a client of HTTP/1.0 no text comes in chunks (§7.1)
    """
    head, _, body = octets[:MAX_ANSWER_OCTETS].partition(_END)
    status = decode_status(head.partition(b"\r\n")[0].decode("latin-1"))
    if status is None:
        return None
    lines = body.decode("utf-8", errors="replace").strip().splitlines()
    return status, lines[0].strip()[:MAX_TEXT] if lines else ""
