"""Certificates that this node's agents show to the cloud, of files that hold their keys as well.

Only the certificate is kept of such a file, and of the rest nothing is looked at.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from edgediag.discovery.hub_ends import hub_ends
from edgediag.discovery.kubeconfig import KUBELET_PATHS, client_certificate
from edgediag.discovery.lineage import signer_of
from edgediag.discovery.reader import Reader
from edgediag.discovery.trust import cluster_authority, ders_in, pem_in
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import ClusterFacts
from edgediag.model.gateway import Role
from edgediag.model.node_certificate import (
    NO_AUTHORITY,
    NOT_SHOWN,
    CertificateUse,
    Lineage,
    NodeCertificate,
)
from edgediag.model.statement import Gap
from edgediag.wire.x509 import decode_certificate

RAVEN_PATH: Final = "/var/lib/raven/proxy.client/pki/raven-proxy-client-current.pem"

_DIALLING: Final = (Role.GATEWAY, Role.SINGLE_NODE, Role.SOLO)


def node_certificates(
    reader: Reader, facts: ClusterFacts, fetched: Sequence[object] = ()
) -> tuple[NodeCertificate, ...]:
    """Those of the agents that need one on this node, by all that is known of it.

    The kubelet shows none where a hub asks in its stead; Raven's is needed by who dials the proxy.

    fetched  what the API server said to this node, if it was asked

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
    refused = {client_certificate(reader, path) for path in _refused(fetched)}
    return tuple(
        NodeCertificate(
            agent=agent,
            use=use,
            path=path,
            issuer=certificate.issuer,
            not_before_s=certificate.not_before_s,
            not_after_s=certificate.not_after_s,
            lineage=_lineage(reader, chain),
            is_refused=path in refused or NOT_SHOWN,
        )
        for agent, use, path in wanted
        for chain in _chains_in(reader, path)
        for certificate in filter(None, map(decode_certificate, chain[:1]))
    )


def _chains_in(reader: Reader, path: str) -> Iterator[tuple[bytes, ...]]:
    """The certificates of a file, the agent's own first (RFC 8446 §4.4.2)."""
    pem = pem_in(reader, path)
    if isinstance(pem, str):
        yield ders_in(pem)


def _lineage(reader: Reader, chain: Sequence[bytes]) -> Lineage | NotChecked:
    authority = cluster_authority(reader)
    if authority is None:
        return NO_AUTHORITY
    path, pem = authority
    signer = signer_of(chain, ders_in(pem))
    return signer if isinstance(signer, NotChecked) else Lineage(signer=signer, authority_path=path)


def _refused(fetched: Sequence[object]) -> Iterator[str]:
    yield from (gap.refused for gap in fetched if isinstance(gap, Gap) and gap.refused)
