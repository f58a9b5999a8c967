"""An agent that asks the API server with a certificate that it does not take."""

from typing import Final

from edgediag.inference.fault import Fault
from edgediag.inference.hub import hub_listens, is_kubelet_up
from edgediag.inference.node_certificates import not_taken, out_of_date
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.node_certificate import CertificateUse

ID: Final = "agent-certificate"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """The client certificate of this node's hub, or of a kubelet without one, lets nobody in.

    Holds because   its time is over, or another authority signed it than this node has and the API
                    server answered it with 401; who has only that one cannot ask for another; the
                    agent runs, so that its file is no relic
    Does not hold   where a time server's clock finds it valid: the clock of this node is judged
                    elsewhere; for an agent that does not listen; of the kubelet where it asks a
                    hub, which shows its own; for a signer alone, or a refusal alone. By this node's
                    clock alone it is said so
    Asks for        the certificate in the agent's file, the clocks, the table of sockets, the
                    authority's file, what the API server said to this certificate
    source          RFC 5280 §6.1.3 (a.2); openyurt pkg/yurthub/certificate/token/token.go;
                    kubernetes.io "TLS bootstrapping" (rotation of client certificates); kubernetes
                    apiserver pkg/authentication/request/x509 (401 for who signed unknown)
    """
    if not (hub_listens(host) or (not host.hub_ends and is_kubelet_up(host))):
        return None
    return out_of_date(CertificateUse.API_SERVER, host) or not_taken(
        CertificateUse.API_SERVER, host
    )
