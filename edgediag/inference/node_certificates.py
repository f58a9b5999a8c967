"""What is wrong with the dates of a certificate by which an agent of this node is known."""

from datetime import datetime, timezone

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CertificateObject
from edgediag.model.host import HostState
from edgediag.model.node_certificate import CertificateUse, Moment, NodeCertificate
from edgediag.model.verdict import Mechanism


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
        claim=on_this_host(
            Mechanism.CERTIFICATE,
            CertificateObject(path=path, agent=agent, not_after=day(certificate.not_after_s)),
        ),
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
