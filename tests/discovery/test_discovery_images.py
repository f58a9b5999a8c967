"""Image references: their parts, and that ACK's own registry tells the region."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.images import parse_image, region_of_image
from edgediag.model.image import Image

DIGEST = "sha256:" + "0f" * 32
PAUSE = Image(registry="registry.example", repository="acs/pause", reference="3.9")


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


@pytest.mark.parametrize(
    ("text", "image"),
    [
        pytest.param("registry.example/acs/pause:3.9", PAUSE, id="a tag"),
        pytest.param(
            f"Registry.example:443/acs/pause:3.9@{DIGEST}",
            Image(registry="registry.example", repository="acs/pause", reference=DIGEST),
            id="a digest beside a tag, and the port that is meant anyway",
        ),
        pytest.param(
            "localhost:5000/a",
            Image(registry="localhost:5000", repository="a", reference="latest"),
            id="a registry by its port",
        ),
        pytest.param("acs/pause:3.9", None, id="no registry"),
        pytest.param("registry.example/acs/Pause:3.9", None, id="a capital in the repository"),
        pytest.param("registry.example/acs/../x", None, id="a way out of the path"),
        pytest.param("registry.example/a?b=c", None, id="a query"),
        pytest.param("registry.example/a b", None, id="a space"),
        pytest.param("u:p@registry.example/a", None, id="a password"),
        pytest.param("registry.example/a\r\nb", None, id="another line"),
        pytest.param("registry.example/" + "a" * 600, None, id="longer than any"),
        pytest.param("", None, id="empty"),
    ],
)
def test_a_reference_has_its_parts(text: str, image: Image | None) -> None:
    assert parse_image(text) == image


@given(st.text(max_size=200), st.text(max_size=40))
def test_any_text_is_an_image_or_none(host: str, rest: str) -> None:
    for text in (host, f"registry.example/{rest}"):
        image = parse_image(text)
        assert image is None or parse_image(image.text) == image
