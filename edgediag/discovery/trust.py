"""Where a node keeps the certificates of the authorities it trusts."""

import re
from collections.abc import Sequence

from edgediag.discovery.reader import Reader
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Anchors

CLUSTER_PATHS = ("/etc/kubernetes/pki/ca.crt", "/var/lib/yurthub/pki/ca.crt")
"""The kubelet's clientCAFile, which is the cluster's authority, and the hub's copy of it."""

PUBLIC_PATHS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)
"""As Debian, Red Hat and SUSE with their kin have it; all programs of a node read one of them."""

_BLOCK = re.compile(
    "-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]{1,65536}-----END CERTIFICATE-----", re.ASCII
)

NOT_STATED = NotChecked(reason="no file of authorities was stated")


def read_anchors(reader: Reader, stated: str | NotChecked) -> Anchors:
    """What was stated, and what the node has."""
    return Anchors(
        stated=stated,
        cluster=_first(reader, CLUSTER_PATHS),
        public=_first(reader, PUBLIC_PATHS),
    )


def pem_in(reader: Reader, path: str) -> str | NotChecked:
    """The certificates of a PEM file without the text around them, which may be anything.

    source  RFC 7468 §2, §5
    """
    text = reader.read_text(path)
    if isinstance(text, NotChecked):
        return text
    blocks = _BLOCK.findall(text)
    return "\n".join(blocks) + "\n" if blocks else NotChecked(reason=f"{path} has no certificate")


def _first(reader: Reader, paths: Sequence[str]) -> str | NotChecked:
    found = (pem_in(reader, path) for path in paths)
    known = (pem for pem in found if isinstance(pem, str))
    return next(known, NotChecked(reason=f"no certificate in {' or '.join(paths)}"))
