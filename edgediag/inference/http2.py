"""What a gateway of Raven's proxy made of HTTP/2, which is all that its clients speak."""

from collections.abc import Mapping
from typing import Final

from edgediag.flaw import is_refused
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Http2
from edgediag.model.evidence import FlowEvidence

_TEXTS: Final[Mapping[Http2, str]] = {
    Http2.SPOKEN: "begins to speak HTTP/2, as Raven's proxy does",
    Http2.CHOSEN: (
        "chooses HTTP/2 and says nothing before its client does, or wants a certificate of it"
        " first: no fault"
    ),
    Http2.STRANGE: (
        "chooses HTTP/2 and begins with what is none: something may answer in the stead of Raven's"
        " proxy"
    ),
    Http2.UNCHOSEN: (
        "speaks TLS and does not choose HTTP/2, as Raven's proxy would: a balancer that ends TLS,"
        " or somebody who inspects it, may answer in its place"
    ),
    # The rule of it says that.
    Http2.REFUSED: "",
}


def http2_text(evidence: FlowEvidence) -> str:
    """What stands beside the row, "" where nothing was offered or clients take no certificate.

    Clients with an older gRPC go on where no protocol is chosen, so it is told and blames nobody.

    source  raven pkg/proxyengine/proxyserver (gRPC over TLS); grpc-go credentials/tls.go (offers
            h2, and since 1.67 wants it chosen); RFC 9113 §3.2, §3.4
    """
    shown = evidence.certificate
    if isinstance(shown, NotChecked) or isinstance(shown.http2, NotChecked):
        return ""
    return "" if is_refused(shown, evidence.target.host) else _TEXTS[shown.http2]
