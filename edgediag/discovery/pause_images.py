"""The image that every pod of this node starts with, where it is pulled from its own registry."""

from collections.abc import Iterable
from typing import Final

from edgediag.discovery.images import POD_INFRA_IMAGE, SANDBOX_IMAGE, parse_image
from edgediag.discovery.mirrors import EVERY_REGISTRY, IMAGE_MIRROR
from edgediag.model.answer import NotChecked
from edgediag.model.image import Image
from edgediag.model.statement import Statement

MIRRORED: Final = NotChecked(reason="containerd of this node asks a mirror for its images")

# The name within a VPC; edge-hub makes the public one of it, so both are names of one registry.
_WITHIN_VPC: Final = "-vpc.ack.aliyuncs.com"
_PUBLIC: Final = ".ack.aliyuncs.com"


def pause_images(statements: Iterable[Statement]) -> tuple[Image, ...] | NotChecked:
    """What this node pulls before any pod starts, containerd's own word first.

    returns  of each image the public name of its registry
    source   Alibaba Cloud "edge-hub" (it rewrites the addresses of registries)
    """
    known = [item for item in statements if not item.node]
    found = [
        parse_image(item.value)
        for name in (SANDBOX_IMAGE, POD_INFRA_IMAGE)
        for item in known
        if item.name == name
    ]
    images = [image for image in found if image is not None]
    mirrored = {item.value for item in known if item.name == IMAGE_MIRROR}
    pulled = [
        public
        for image in images
        for public in (_by_public_name(image),)
        if not {EVERY_REGISTRY, image.registry, public.registry} & mirrored
    ]
    return tuple(dict.fromkeys(pulled)) if pulled or not images else MIRRORED


def _by_public_name(image: Image) -> Image:
    if not image.registry.endswith(_WITHIN_VPC):
        return image
    registry = image.registry.removesuffix(_WITHIN_VPC) + _PUBLIC
    return Image(registry=registry, repository=image.repository, reference=image.reference)
