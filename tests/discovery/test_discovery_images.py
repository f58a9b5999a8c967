"""Image references: only ACK's own registry tells the region."""

import pytest

from edgediag.discovery.images import region_of_image


@pytest.mark.parametrize(
    ("reference", "region"),
    [
        ("registry-cn-hangzhou.ack.aliyuncs.com/acs/pause:3.9", "cn-hangzhou"),
        ("registry-cn-hangzhou-vpc.ack.aliyuncs.com/acs/pause:3.9", "cn-hangzhou"),
        ("registry-cn-wuhan-lr-vpc.ack.aliyuncs.com/acs/pause", "cn-wuhan-lr"),
        ('sandbox_image = "registry-us-west-1.ack.aliyuncs.com/acs/pause"', "us-west-1"),
        ("registry.cn-hangzhou.aliyuncs.com/openyurt/yurthub:v1.4.0", None),
        ("registry-cn-atlantis.ack.aliyuncs.com/acs/pause", None),
        ("registry-cn-hangzhou.ack.aliyuncs.com.example/acs/pause", None),
        ("my-registry-cn-hangzhou.ack.aliyuncs.com/acs/pause", None),
        ("", None),
    ],
)
def test_the_region_of_an_image(reference: str, region: str | None) -> None:
    assert region_of_image(reference) == region
