"""The head of a response of HTTP/1.1: its status, and who gives tokens for what was asked."""

import re
from collections.abc import Iterator
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.certificate import RegistryAnswer

MAX_HEAD_OCTETS: Final = 4096

_END: Final = b"\r\n\r\n"
_STATUS: Final = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?")
# RFC 9110 §11.6.1: a list of schemes and parameters, where a comma inside quotes separates nothing.
_ITEM: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*")+')
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER: Final = re.compile(rf'(?:({_TOKEN}) +)?({_TOKEN})[ \t]*=[ \t]*"?([^"]*)"?')
# The user part may hold a password: it is matched to be thrown away.
_REALM: Final = re.compile(
    r"(https?)://(?:[^/?#@\s]*@)?([a-z0-9.-]{1,253})(?::([0-9]{1,5}))?(?:[/?#].*)?", re.I
)
_PORTS: Final = {"https": 443, "http": 80}
_LAST_PORT: Final = 65535
NO_REALM: Final = NotChecked(reason="it names nobody who gives tokens")


def is_whole(octets: bytes) -> bool:
    """True if the head has come to its end, or to where reading ends."""
    return _END in octets or len(octets) >= MAX_HEAD_OCTETS


def decode_status(line: str) -> int | None:
    """The status in the first line of a response, None if it is no HTTP (RFC 9112 §4)."""
    found = _STATUS.fullmatch(line)
    return None if found is None else int(found[1])


def decode_registry_answer(octets: bytes) -> RegistryAnswer | None:
    """What a registry answered, out of the whole lines that have come; None if that is no HTTP.

    raises  nothing
    source  RFC 9112 §4, §5; RFC 9110 §11.6.1; RFC 6750 §3; the token authentication of the
            distribution registry: the realm is the URL that clients ask for a token
    """
    head, end, _ = octets[:MAX_HEAD_OCTETS].partition(_END)
    lines = head.decode("latin-1").split("\r\n")
    # What stands behind the last end of a line may be half of one.
    whole = lines if end else lines[:-1]
    status = decode_status(whole[0]) if whole else None
    if status is None:
        return None
    realms = (realm for line in whole[1:] for realm in _realms(line))
    host, port = next(filter(None, map(_place, realms)), ("", NO_REALM))
    return RegistryAnswer(status=status, token_host=host, token_hosts=(), token_port=port)


def _place(realm: str) -> tuple[str, int] | None:
    """Host and port of a realm, None where it is no URL of HTTP."""
    found = _REALM.fullmatch(realm)
    port = found and int(found[3] or _PORTS[found[1].lower()])
    return (found[2].lower(), port) if found and port and port <= _LAST_PORT else None


def _realms(line: str) -> Iterator[str]:
    """The realms that a line of the head challenges with by the scheme Bearer, in their order."""
    name, _, value = line.partition(":")
    if name.lower() != "www-authenticate":
        return
    scheme = ""
    for item in _ITEM.findall(value):
        shape = _PARAMETER.fullmatch(item.strip())
        scheme = item.strip() if shape is None else shape[1] or scheme
        if shape is not None and (scheme.lower(), shape[2].lower()) == ("bearer", "realm"):
            yield shape[3]
