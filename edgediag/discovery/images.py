"""References of container images: their parts, and the region that an image is pulled from."""

import re

from edgediag.discovery.host import format_host_port, parse_host_port
from edgediag.discovery.region import REGIONS
from edgediag.model.image import Image

SANDBOX_IMAGE = "sandbox-image"
"""The fact: what containerd pulls for each pod."""

POD_INFRA_IMAGE = "pod-infra-image"
"""The fact: what the kubelet takes for that, and keeps when it cleans up."""

_HTTPS = 443

_ACK_REGISTRY = re.compile(
    r"(?<![a-z0-9.-])registry-([a-z0-9-]{4,40}?)(?:-vpc)?\.ack\.aliyuncs\.com(?![a-z0-9.-])"
)
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"([^/]{{1,261}})/({_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?"
)
_MOST_OCTETS = 512


def parse_image(text: str) -> Image | None:
    """The image that a reference with a registry stands for, None for anything else.

    source  distribution reference/reference.go, reference/regexp.go; of digests sha256 alone
    """
    shape = _REFERENCE.fullmatch(text) if len(text) <= _MOST_OCTETS else None
    registry = None if shape is None else _registry(shape[1])
    if shape is None or registry is None:
        return None
    return Image(
        registry=registry, repository=shape[2], reference=shape[4] or shape[3] or "latest"
    )


def canonical_image(text: str) -> str | None:
    """The one spelling of a reference, None for what is none."""
    image = parse_image(text)
    return None if image is None else image.text


def _registry(text: str) -> str | None:
    """Host of the first part of a reference, which without a dot or a port is no host."""
    place = parse_host_port(text, _HTTPS)
    if place is None or not any(sign in text for sign in ".:"):
        return None
    return place.host if place.port == _HTTPS else format_host_port(place)


def region_of_image(reference: str) -> str | None:
    """The region of ACK's own registry in an image reference or another text, or None.

    Only registry-<region>[-vpc].ack.aliyuncs.com counts: images of registry.cn-hangzhou are
    pulled all over the world. A region nobody knows is not taken from an image.

    source  the endpoint table of ACK Edge, row "system component images"
    """
    shape = _ACK_REGISTRY.search(reference)
    return shape[1] if shape is not None and shape[1] in REGIONS else None
