"""A node that dials Raven's proxy with a certificate whose time is over."""

from typing import Final

from edgediag.inference.fault import Fault
from edgediag.inference.node_certificates import out_of_date
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.node_certificate import CertificateUse

ID: Final = "raven-certificate"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """The client certificate of Raven's agent on a node that dials the proxy is out of date.

    Holds because   the gateway takes whoever shows one only by a valid one, and this node is known
                    to be the one of its pool that dials
    Does not hold   where this node's role is another or not known: the file may be a relic; where
                    a time server's clock finds it valid; without a file, for then the agent may
                    have asked for its first one just now
    Asks for        the certificate in the agent's file, this node's role, the clocks
    source          raven pkg/proxyengine/proxyclient/proxyclient.go (waits until its certificate is
                    signed), proxyserver/servers.go (verifies what is given); RFC 5280 §6.1.3 (a.2)
    """
    return out_of_date(CertificateUse.RAVEN_PROXY, host)
