"""Certificates that this node's agents show to the cloud, of files that hold their keys as well.

Only the certificate is kept of such a file, and of the rest nothing is looked at.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from edgediag.discovery.hub_ends import hub_ends
from edgediag.discovery.kubeconfig import KUBELET_PATHS, client_certificate
from edgediag.discovery.reader import Reader
from edgediag.discovery.trust import pem_in
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Certificate
from edgediag.model.cluster import ClusterFacts
from edgediag.model.gateway import Role
from edgediag.model.node_certificate import CertificateUse, NodeCertificate
from edgediag.wire.x509 import decode_certificate

RAVEN_PATH: Final = "/var/lib/raven/proxy.client/pki/raven-proxy-client-current.pem"

_DIALLING: Final = (Role.GATEWAY, Role.SINGLE_NODE, Role.SOLO)


def node_certificates(reader: Reader, facts: ClusterFacts) -> tuple[NodeCertificate, ...]:
    """Those of the agents that need one on this node, by all that is known of it.

    The kubelet shows none where a hub asks in its stead; Raven's is needed by who dials the proxy.

    source  openyurt pkg/yurthub/certificate/token/token.go (NAME-current.pem below
            /var/lib/NAME/pki); raven pkg/proxyengine/proxyclient (certificate store);
            kubernetes.io "Certificates in the kubelet" (kubelet-client-current.pem)
    """
    hubs = hub_ends(facts.statements)
    wanted: list[tuple[str, CertificateUse, str]] = []
    if hubs:
        hub = hubs[0].hub
        wanted.append((hub, CertificateUse.API_SERVER, f"/var/lib/{hub}/pki/{hub}-current.pem"))
    else:
        paths = (client_certificate(reader, path) for path in KUBELET_PATHS)
        path = next(filter(None, paths), "")
        wanted += [("kubelet", CertificateUse.API_SERVER, path)] if path else []
    if facts.proxy_role in _DIALLING:
        wanted.append(("raven-agent-ds", CertificateUse.RAVEN_PROXY, RAVEN_PATH))
    return tuple(
        NodeCertificate(
            agent=agent,
            use=use,
            path=path,
            issuer=certificate.issuer,
            not_before_s=certificate.not_before_s,
            not_after_s=certificate.not_after_s,
        )
        for agent, use, path in wanted
        for certificate in _first_in(reader, path)
    )


def _first_in(reader: Reader, path: str) -> Iterator[Certificate]:
    """The first certificate of a file, which is the agent's own (RFC 8446 §4.4.2)."""
    pem = pem_in(reader, path)
    if isinstance(pem, NotChecked):
        return
    _, _, rest = pem.partition("-----BEGIN CERTIFICATE-----")
    try:
        der = base64.b64decode("".join(rest.partition("-----END")[0].split()), validate=True)
    except (binascii.Error, ValueError):
        return
    certificate = decode_certificate(der)
    if certificate is not None:
        yield certificate
