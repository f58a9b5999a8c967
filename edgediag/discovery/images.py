"""What the reference of a container image says of the region it is pulled from."""

import re

from edgediag.discovery.region import REGIONS

_ACK_REGISTRY = re.compile(
    r"(?<![a-z0-9.-])registry-([a-z0-9-]{4,40}?)(?:-vpc)?\.ack\.aliyuncs\.com(?![a-z0-9.-])"
)


def region_of_image(reference: str) -> str | None:
    """The region of ACK's own registry in an image reference or another text, or None.

    Only registry-<region>[-vpc].ack.aliyuncs.com counts: images of registry.cn-hangzhou are
    pulled all over the world. A region nobody knows is not taken from an image.

    source  the endpoint table of ACK Edge, row "system component images"
    """
    shape = _ACK_REGISTRY.search(reference)
    return shape[1] if shape is not None and shape[1] in REGIONS else None
