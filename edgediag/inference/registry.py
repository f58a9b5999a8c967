"""What a registry that is reached says to a stranger, beside what one of this cluster would say."""

from collections.abc import Mapping

from edgediag.discovery.host import parse_address
from edgediag.flaw import answer_of, is_unavailable
from edgediag.inside import is_inside, is_on_link
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import RegistryAnswer
from edgediag.model.evidence import FlowEvidence
from edgediag.model.pull import BlobPlace, Pulled, PullPart, PullStep

_UNAUTHORIZED = 401
_SUCCESSES = range(200, 400)
_MIRROR = "a mirror, a proxy or a portal may answer in its place"


def registry_text(evidence: FlowEvidence) -> str:
    """Where a registry wants a token to be asked for, or that it wants none; "" for no registry.

    Who answers has a certificate that is trusted here, so a strange answer may be meant: it is told
    and blames nobody.

    source  OCI Distribution Specification 1.1 "Determining Support"; RFC 6750 §3; RFC 9110 §15.5.2
    """
    answer = answer_of(evidence.certificate)
    if answer is None or is_unavailable(evidence.certificate):
        return ""
    if answer.status != _UNAUTHORIZED:
        return f"answers GET /v2/ with status {answer.status} and asks for no token: {_MIRROR}"
    if not answer.token_host:
        return f"answers GET /v2/ with status 401 and names nobody who gives tokens: {_MIRROR}"
    asks = f"asks for a token at {answer.token_host}{_doubt(answer, evidence.target.host)}"
    return f"{asks}; {_pull_text(answer.pulled, evidence.target.host)}"


def _pull_text(pulled: Pulled | NotChecked, registry: str) -> str:
    """How far the pull of an image came, and where its layers lie.

    A registry need not give strangers anything, so what it refuses is told and blames nobody.
    """
    if isinstance(pulled, NotChecked):
        return f"where its layers lie is not judged: {pulled.reason}"
    if not isinstance(pulled.blobs, NotChecked):
        return f"gives a stranger {pulled.image}, {_place_text(pulled.blobs, registry)}"
    last = pulled.steps[-1] if pulled.steps else None
    why = pulled.blobs.reason if last is None else _end_text(last, pulled.blobs)
    return f"where its layers lie is not judged: {pulled.image} was asked for, and {why}"


def _place_text(blobs: BlobPlace, registry: str) -> str:
    if blobs.host == registry.lower():
        return "and has its layers itself"
    address = parse_address(blobs.host)
    if address is not None and (is_inside(address) or is_on_link(address)):
        return (
            f"and sends its clients for layers to {blobs.host}, which no public network carries:"
            " that host is not asked"
        )
    return f"whose layers are at {blobs.host}"


def _end_text(last: PullStep, blobs: NotChecked) -> str:
    asked = _PARTS[last.part]
    match last.status:
        case NotChecked(reason=reason):
            return f"of {asked} nothing can be said: {reason}"
        case 401 | 403:
            return f"a stranger is refused {asked} (status {last.status}), which is no fault"
        case 404:
            return f"{asked} is not there (status 404), which is no fault of the network"
        case status if status in _SUCCESSES:
            return blobs.reason
        case status:
            return f"{asked} is answered with status {status}"


_PARTS: Mapping[PullPart, str] = {
    PullPart.TOKEN: "a token for it",
    PullPart.MANIFEST: "its manifest",
    PullPart.BLOB: "its first layer",
}


def _doubt(answer: RegistryAnswer, registry: str) -> str:
    """What to think of a realm that is none of those expected; it has a row of its own."""
    if not answer.token_hosts or answer.token_host in answer.token_hosts:
        return ""
    expected = " or ".join(answer.token_hosts)
    domain = _domain(registry)
    if domain and _domain(answer.token_host) == domain:
        return f", and not at {expected}: another host of {domain}, which this node must reach too"
    return f", and not at {expected}: this node must reach that host too, or {_MIRROR}"


def _domain(host: str) -> str:
    """The last two labels, by which names of one holder are known; "" of an address."""
    labels = host.lower().rstrip(".").split(".")
    return "" if labels[-1].isdigit() else ".".join(labels[-2:])
