"""What is wrong with a certificate, by this node's clock, its anchors and the name asked for."""

from collections.abc import Mapping
from enum import Enum
from ipaddress import ip_address

from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Certificate, Chain, Http2, Presented, RegistryAnswer
from edgediag.model.pull import PullPart

_SERVER_ERRORS = range(500, 600)
_ASKED: Mapping[PullPart, str] = {
    PullPart.TOKEN: "for a token",
    PullPart.MANIFEST: "for the manifest of an image",
    PullPart.BLOB: "for a layer of an image",
}


class Flaw(Enum):
    """The first thing that makes a client refuse."""

    UNKNOWN_ISSUER = "unknown-issuer"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    OTHER_NAME = "other-name"


def flaw_of(presented: Presented, host: str) -> Flaw | None:
    """What a client that asks for `host` finds wrong, None for nothing.

    An issuer that nobody here knows may have written anything, so it comes first.
    """
    if presented.chain is Chain.UNKNOWN_ISSUER:
        return Flaw.UNKNOWN_ISSUER
    certificate = presented.certificate
    if presented.seen_s > certificate.not_after_s:
        return Flaw.EXPIRED
    if presented.seen_s < certificate.not_before_s:
        return Flaw.NOT_YET_VALID
    # Whose signers are not known, of them it is not known either by which name clients ask. Without
    # any name, old clients compare the subject instead.
    is_named = presented.chain is Chain.TRUSTED and bool(certificate.names)
    if is_named and not covers(certificate, host):
        return Flaw.OTHER_NAME
    return None


def is_refused(shown: Presented | NotChecked, host: str) -> bool:
    """True if a certificate was seen, and a client that asks for `host` finds anything wrong."""
    return isinstance(shown, Presented) and flaw_of(shown, host) is not None


def is_unavailable(shown: Presented | NotChecked) -> bool:
    """True if the server says of itself that it cannot serve."""
    return complaint_of(shown) is not None


def complaint_of(shown: Presented | NotChecked) -> tuple[str, int] | None:
    """What a server was asked, and the status by which it says that it cannot serve.

    source  RFC 9110 §15.6
    """
    answer = answer_of(shown)
    if answer is not None and answer.status in _SERVER_ERRORS:
        return "for /v2/", answer.status
    if isinstance(shown, NotChecked) or isinstance(shown.pulled, NotChecked):
        return None
    statuses = ((step.part, step.status) for step in shown.pulled)
    found = ((_ASKED[part], status) for part, status in statuses if status in _SERVER_ERRORS)
    return next(((asked, status) for asked, status in found if isinstance(status, int)), None)


def refuses_http2(shown: Presented | NotChecked) -> bool:
    """True if a handshake stands only where HTTP/2 is not offered, which its clients all offer."""
    return isinstance(shown, Presented) and shown.http2 is Http2.REFUSED


def answer_of(shown: Presented | NotChecked) -> RegistryAnswer | None:
    """What a registry answered above TLS, None where none was asked or nothing came."""
    if isinstance(shown, NotChecked) or isinstance(shown.registry, NotChecked):
        return None
    return shown.registry


def is_valid_at(certificate: Certificate, at_s: float) -> bool:
    """True if a moment lies between both dates of a certificate."""
    return certificate.not_before_s <= at_s <= certificate.not_after_s


def covers(certificate: Certificate, host: str) -> bool:
    """True if one of its names is the host, or stands for it by a "*" as the whole first label.

    source  RFC 6125 §6.4.3
    """
    if _is_address(host):
        return str(ip_address(host)) in certificate.names
    wanted = host.lower().removesuffix(".")
    _, _, parent = wanted.partition(".")
    names = {name.lower().removesuffix(".") for name in certificate.names}
    return wanted in names or (bool(parent) and f"*.{parent}" in names)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
