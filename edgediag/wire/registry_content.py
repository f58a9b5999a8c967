"""What a registry and its giver of tokens answer to a pull: a token and manifests.

A token is handed on to the next request and to nobody else: no value of the model holds one.
"""

import re
from dataclasses import dataclass
from typing import Final

from edgediag.discovery.document import at, items_at, parse_json, text_at
from edgediag.model.answer import NotChecked

_MOST_TOKEN_OCTETS: Final = 16_384
# RFC 6750 §2.1: nothing else may stand in the field that carries it.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What a manifest leads to.

    is_manifest  another manifest, for one platform; else a blob
    """

    digest: str
    is_manifest: bool


def decode_token(content: bytes) -> str | None:
    """The token in an answer, None where there is none that a request could carry.

    raises  nothing
    source  the token authentication of the distribution registry: "token", or "access_token" as
            OAuth has it
    """
    document = _document(content)
    for name in ("token", "access_token"):
        token = at(document, name)
        if isinstance(token, str) and len(token) <= _MOST_TOKEN_OCTETS and _TOKEN.fullmatch(token):
            return token
    return None


def decode_pointer(content: bytes, architecture: str) -> Pointer | None:
    """The manifest of this platform in a list of them, or the first layer; None for neither.

    architecture  as Go names it; where the list has none for it, the first of the list counts
    raises  nothing
    source  OCI Image Format Specification 1.1 "Image Index", "Image Manifest"; the manifest list of
            Docker has the same parts
    """
    document = _document(content)
    manifests = items_at(document, "manifests")
    fitting = (item for item in manifests if _is_for(item, architecture))
    blobs = (*items_at(document, "layers"), at(document, "config"))
    pointers = (
        *(Pointer(digest=text_at(item, "digest"), is_manifest=True) for item in fitting),
        *(Pointer(digest=text_at(item, "digest"), is_manifest=True) for item in manifests),
        *(Pointer(digest=text_at(item, "digest"), is_manifest=False) for item in blobs),
    )
    return next((each for each in pointers if _DIGEST.fullmatch(each.digest)), None)


def _is_for(item: object, architecture: str) -> bool:
    platform = text_at(item, "platform", "os"), text_at(item, "platform", "architecture")
    return platform == ("linux", architecture)


def _document(content: bytes) -> object:
    documents = parse_json(content.decode("utf-8", errors="replace"))
    return None if isinstance(documents, NotChecked) else documents[0]
