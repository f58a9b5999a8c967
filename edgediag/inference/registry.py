"""What a registry that is reached says to a stranger, beside what one of this cluster would say."""

from edgediag.flaw import answer_of, is_unavailable
from edgediag.model.certificate import RegistryAnswer
from edgediag.model.evidence import FlowEvidence

_UNAUTHORIZED = 401
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
    return f"asks for a token at {answer.token_host}{_doubt(answer, evidence.target.host)}"


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
