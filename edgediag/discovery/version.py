"""Kubernetes versions as ACK Edge, OpenYurt and others write them."""

import re

from edgediag.model.cluster import Version

_VERSION = re.compile(
    r"(?=.{3,64}\Z)v?([0-9]{1,3})\.([0-9]{1,3})(?:\.([0-9]{1,4}))?(?:[-+][0-9A-Za-z.+-]*)?"
)


def parse_version(text: str) -> Version | None:
    """The version in "v1.26.3-aliyun.1", "1.22.15-aliyunedge.1", "1.26", "v1.28.9+k3s1", or None.

    A patch that is not stated reads as 0; `text` still tells it from one that is.

    source  Kubernetes "Version Skew Policy": x.y.z, major, minor and patch; "+" after a minor
            is what `kubectl version` prints for a build of a vendor
    """
    shape = _VERSION.fullmatch(text)
    if shape is None:
        return None
    return Version(
        major=int(shape[1]), minor=int(shape[2]), patch=int(shape[3] or "0"), text=text
    )
