"""The head of a response of HTTP/1.1: its status, and who gives tokens for what was asked."""

import re
from collections.abc import Iterator
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Challenge, RegistryAnswer
from edgediag.model.pull import NOT_PULLED

MAX_HEAD_OCTETS: Final = 4096

_END: Final = b"\r\n\r\n"
_STATUS: Final = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?")
# RFC 9110 §11.6.1: a list of schemes and parameters, where a comma inside quotes separates nothing.
_ITEM: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*")+')
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER: Final = re.compile(rf'(?:({_TOKEN}) +)?({_TOKEN})[ \t]*=[ \t]*"?([^"]*)"?')
# The user part may hold a password: it is matched to be thrown away.
_REALM: Final = re.compile(
    r"(https?)://([^/?#@\s]*@)?([a-z0-9.-]{1,253})(?::([0-9]{1,5}))?([/?][^#]*)?(?:#.*)?", re.I
)
# What may stand in the first line of a request without being another part of it.
_PATH: Final = re.compile(r"[!-~]{0,512}")
_SERVICE: Final = re.compile(r"[ -~]{0,256}")
_PORTS: Final = {"https": 443, "http": 80}
_LAST_PORT: Final = 65535
NO_REALM: Final = NotChecked(reason="it names nobody who gives tokens")
NO_CHALLENGE: Final = NotChecked(reason="its tokens are not to be had by TLS and without a name")


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
    wanted = (item for line in whole[1:] for item in _challenges(line))
    found = next(filter(None, (_asked_for(realm, service) for realm, service in wanted)), None)
    host, port, challenge = found or ("", NO_REALM, NO_CHALLENGE)
    return RegistryAnswer(
        status=status,
        token_host=host,
        token_hosts=(),
        token_port=port,
        challenge=challenge,
        pulled=NOT_PULLED,
    )


def decode_place(url: str) -> tuple[str, int] | None:
    """Host and port of a URL of HTTP by TLS, None where it is none, or names a user."""
    found = _REALM.fullmatch(url)
    if found is None or found[2] or found[1].lower() != "https":
        return None
    port = int(found[4] or _PORTS["https"])
    return (found[3].lower(), port) if 0 < port <= _LAST_PORT else None


def _asked_for(realm: str, service: str) -> tuple[str, int, Challenge | NotChecked] | None:
    """Host and port of a realm and how it is asked, None where it is no URL of HTTP."""
    found = _REALM.fullmatch(realm)
    port = found and int(found[4] or _PORTS[found[1].lower()])
    if not found or not port or port > _LAST_PORT:
        return None
    path = found[5] or "/"
    is_usable = decode_place(realm) and _PATH.fullmatch(path) and _SERVICE.fullmatch(service)
    rooted = path if path.startswith("/") else f"/{path}"
    challenge = Challenge(path=rooted, service=service) if is_usable else NO_CHALLENGE
    return found[3].lower(), port, challenge


def _challenges(line: str) -> Iterator[tuple[str, str]]:
    """Realm and service of each challenge of a line by the scheme Bearer, in their order."""
    name, _, value = line.partition(":")
    if name.lower() != "www-authenticate":
        return
    scheme, found = "", list[dict[str, str]]()
    for item in _ITEM.findall(value):
        shape = _PARAMETER.fullmatch(item.strip())
        if shape is None or shape[1]:
            scheme = item.strip() if shape is None else shape[1]
            found.append({})
        if shape is not None and scheme.lower() == "bearer":
            found[-1].setdefault(shape[2].lower(), shape[3])
    yield from ((item["realm"], item.get("service", "")) for item in found if "realm" in item)
