"""What a registry, who gives its tokens and who has its blobs answer (OCI Distribution 1.1)."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final

from edgediag.lab.services.catalog import Mode

IMAGE: Final = "acs/pause:3.9"
"""The image that the registry has."""

TOKEN: Final = "bGFiLXRva2VuLW9mLWEtc3RyYW5nZXI"
"""What a stranger is given; nothing that a diagnosis writes may hold it."""

# The token authentication of the distribution registry; RFC 6750 §3.
_CHALLENGE: Final = (
    'WWW-Authenticate: Bearer realm="https://{1}/auth",service="registry.aliyuncs.com:{0}"'
)
_TOKENS: Final = "dockerauth-ee.{0}.aliyuncs.com"
_TOKENS_ELSEWHERE: Final = "tokens.lab.example"
_BLOBS: Final = "layers.oss-{0}.aliyuncs.com"
_BLOBS_NOWHERE: Final = "layers.nowhere.example"
_REGISTRY_HOST: Final = re.compile(
    rb"\r\nHost: registry-([a-z0-9-]+)\.ack\.aliyuncs\.com(?:\r\n|$)", re.I
)
_TOKEN_PATH: Final = re.compile(
    rb"/auth\?service=registry\.aliyuncs\.com%3A[a-z0-9-]+&scope=repository%3Aacs%2Fpause%3Apull"
)
_BEARER: Final = re.compile(rb"\r\nAuthorization: Bearer " + TOKEN.encode() + rb"(?:\r\n|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A status with its reason, one more field or "", and the content."""

    status: str
    field: str
    content: bytes


def page_of(head: bytes, path: bytes, mode: Mode) -> Page | None:
    """What is at a path of a registry or of who gives its tokens; None for every other path."""
    if path.startswith(b"/auth?"):
        return _token(path, mode)
    if not path.startswith(b"/v2"):
        return None
    if path == b"/v2/" or not _BEARER.search(head):
        return Page(status="401 Unauthorized", field=_challenge(head, mode), content=b"ok\n")
    if path == f"/v2/acs/pause/blobs/{_digest(_LAYER)}".encode():
        host = _BLOBS_NOWHERE if mode is Mode.BLOBS_NOWHERE else _BLOBS.format(_region(head))
        place = f"Location: https://{host}/{_digest(_LAYER)}?Signature=of-the-lab"
        return Page(status="307 Temporary Redirect", field=place, content=b"")
    content = _MANIFESTS.get(path)
    if content is None:
        return Page(status="404 Not Found", field="", content=b"{}")
    return Page(status="200 OK", field="Content-Type: application/json", content=content)


def _token(path: bytes, mode: Mode) -> Page:
    if mode is Mode.NO_STRANGERS:
        return Page(status="401 Unauthorized", field="", content=b'{"errors": []}')
    if not _TOKEN_PATH.fullmatch(path):
        return Page(status="400 Bad Request", field="", content=b"{}")
    content = json.dumps({"token": TOKEN, "expires_in": 300}).encode()
    return Page(status="200 OK", field="Content-Type: application/json", content=content)


def _challenge(head: bytes, mode: Mode) -> str:
    region = _region(head)
    host = _TOKENS_ELSEWHERE if mode is Mode.TOKEN_ELSEWHERE else _TOKENS.format(region)
    return _CHALLENGE.format(region, host)


def _region(head: bytes) -> str:
    found = _REGISTRY_HOST.search(head)
    return found[1].decode() if found else "cn-hangzhou"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _pointer(kind: str, content: bytes, **more: object) -> dict[str, object]:
    media_type = f"application/vnd.oci.image.{kind}"
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content), **more}


_LAYER: Final = b"the only layer"
_MANIFEST: Final = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _pointer("config.v1+json", b"{}"),
        "layers": [_pointer("layer.v1.tar+gzip", _LAYER)],
    }
).encode()
_INDEX: Final = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            _pointer(
                "manifest.v1+json",
                _MANIFEST,
                platform={"os": "linux", "architecture": architecture},
            )
            for architecture in ("amd64", "arm64")
        ],
    }
).encode()
_MANIFESTS: Final = {
    b"/v2/acs/pause/manifests/3.9": _INDEX,
    f"/v2/acs/pause/manifests/{_digest(_MANIFEST)}".encode(): _MANIFEST,
}
