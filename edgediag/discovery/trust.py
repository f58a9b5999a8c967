"""Where a node keeps the certificates of the authorities it trusts."""

import base64
import binascii
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

MAX_CERTIFICATES = 64

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


def ders_in(pem: str) -> tuple[bytes, ...]:
    """The first MAX_CERTIFICATES of a PEM text, in DER; b"" for one that is no base64.

    source  RFC 7468 §3, §5.1
    """
    blocks = pem.split("-----BEGIN CERTIFICATE-----")[1 : MAX_CERTIFICATES + 1]
    return tuple(_der("".join(block.partition("-----END")[0].split())) for block in blocks)


def cluster_authority(reader: Reader) -> tuple[str, str] | None:
    """The first file of the cluster's authority, and its certificates as PEM; None without one."""
    found = ((path, pem_in(reader, path)) for path in CLUSTER_PATHS)
    return next(((path, pem) for path, pem in found if isinstance(pem, str)), None)


def _der(base64_text: str) -> bytes:
    try:
        return base64.b64decode(base64_text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _first(reader: Reader, paths: Sequence[str]) -> str | NotChecked:
    found = (pem_in(reader, path) for path in paths)
    known = (pem for pem in found if isinstance(pem, str))
    return next(known, NotChecked(reason=f"no certificate in {' or '.join(paths)}"))
