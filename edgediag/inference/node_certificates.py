"""What is wrong with a certificate by which an agent of this node is known: dates, or signer."""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Final

from edgediag.compat import assert_never
from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CertificateObject
from edgediag.model.endpoint import HostSource
from edgediag.model.host import HostState
from edgediag.model.node_certificate import CertificateUse, Moment, NodeCertificate, Signer
from edgediag.model.verdict import Claim, Mechanism


def out_of_date(use: CertificateUse, host: HostState) -> Fault | None:
    """The first certificate for this use that no clock of the run finds valid."""
    if isinstance(host.node_certificates, NotChecked) or isinstance(host.moment, NotChecked):
        return None
    for certificate in host.node_certificates:
        if certificate.use is use:
            said = _said(certificate, host.moment)
            if said:
                return _fault(certificate, host.moment, said)
    return None


def not_taken(use: CertificateUse, host: HostState) -> Fault | None:
    """The first certificate for this use that another authority signed and the API server refuses.

    Who signed it is told by names and key identifiers, so that alone is no proof; nor is a refusal,
    which has many causes.
    """
    if isinstance(host.node_certificates, NotChecked):
        return None
    for certificate in host.node_certificates:
        doubt = _doubt(certificate)
        if certificate.use is use and certificate.is_refused is True and doubt:
            return _fault_of_signer(certificate, doubt)
    return None


def signer_text(endpoint: str, host: HostState) -> str:
    """What is to be thought of the signer of a certificate that is shown to an endpoint.

    A cluster may have an authority for clients that this node has no file of, so it blames nobody.
    """
    if isinstance(host.node_certificates, NotChecked):
        return ""
    shown = (item for item in host.node_certificates if _ENDPOINTS[item.use] == endpoint)
    told = (item for item in shown if item.is_refused is not True)
    texts = (
        f"the certificate by which {item.agent} is known to it ({item.path}) {doubt}: no fault as "
        "long as it is taken"
        for item in told
        if (doubt := _doubt(item))
    )
    return "; ".join(texts)


_ENDPOINTS: Final[Mapping[CertificateUse, str]] = {
    CertificateUse.API_SERVER: HostSource.API_SERVER.value,
    CertificateUse.RAVEN_PROXY: HostSource.RAVEN_PROXY.value,
}


def _doubt(certificate: NodeCertificate) -> str:
    """How its signer differs from the authority that this node has, "" where nothing says so."""
    if isinstance(certificate.lineage, NotChecked):
        return ""
    signer, path = certificate.lineage.signer, certificate.lineage.authority_path
    match signer:
        case Signer.AUTHORITY:
            return ""
        case Signer.OTHER_KEY:
            return f"is signed in the name of the authority in {path} with another key"
        case Signer.STRANGER:
            return f"is signed by {certificate.issuer or 'nobody'}, who is not in {path}"
        case _:
            assert_never(signer)


def _fault_of_signer(certificate: NodeCertificate, doubt: str) -> Fault:
    agent, path = certificate.agent, certificate.path
    return Fault(
        claim=_on_file(certificate),
        text=f"the certificate by which {agent} is known to the cloud ({path}) {doubt}, and the "
        "API server answers it with status 401",
        remedy=f"see whether the cluster was built anew since this node joined it; let {agent} ask "
        "for another certificate with a fresh bootstrap token, or join the node again",
    )


def _on_file(certificate: NodeCertificate) -> Claim:
    culprit = CertificateObject(
        path=certificate.path, agent=certificate.agent, not_after=day(certificate.not_after_s)
    )
    return on_this_host(Mechanism.CERTIFICATE, culprit)


def _said(certificate: NodeCertificate, moment: Moment) -> str:
    every = (moment.here_s, *moment.others_s)
    if all(at_s > certificate.not_after_s for at_s in every):
        return f"expired on {day(certificate.not_after_s)}"
    if all(at_s < certificate.not_before_s for at_s in every):
        return f"is not valid before {day(certificate.not_before_s)}"
    return ""


def _fault(certificate: NodeCertificate, moment: Moment, said: str) -> Fault:
    agent, path = certificate.agent, certificate.path
    is_confirmed = bool(moment.others_s)
    by = "by every clock" if is_confirmed else "by this node's clock, which no other confirms"
    signer = f", signed by {certificate.issuer}," if certificate.issuer else ""
    first = "" if is_confirmed else "compare this node's clock first; "
    return Fault(
        claim=_on_file(certificate),
        text=f"the certificate by which {agent} is known to the cloud ({path}){signer} {said}, "
        f"{by}",
        remedy=f"{first}read the log of {agent} for why it was not renewed (kubectl get csr shows "
        "what waits to be signed), and restart it once it can be",
    )


def day(seconds: float) -> str:
    """A moment's day in UTC."""
    try:
        return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return "a day that no calendar has"
