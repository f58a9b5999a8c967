"""Versions as ACK Edge and OpenYurt write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.version import parse_version
from edgediag.model.cluster import Version


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        pytest.param("v1.26.3-aliyun.1", (1, 26, 3), id="ACK Edge since 1.26"),
        pytest.param("1.22.15-aliyunedge.1", (1, 22, 15), id="ACK Edge before 1.26"),
        pytest.param("1.26", (1, 26, 0), id="no patch"),
        pytest.param("v1.28.9+k3s1", (1, 28, 9), id="k3s"),
        pytest.param("v1.28.9+k3s", (1, 28, 9), id="k3s without a number"),
        pytest.param("1.26+", (1, 26, 0), id="a vendor's build"),
        pytest.param("v1.30.0-rc.1", (1, 30, 0), id="a release candidate"),
    ],
)
def test_a_version_is_understood(text: str, numbers: tuple[int, int, int]) -> None:
    major, minor, patch = numbers
    assert parse_version(text) == Version(major=major, minor=minor, patch=patch, text=text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("1", id="a major alone"),
        pytest.param("latest", id="a word"),
        pytest.param("1.26.x", id="a wildcard"),
        pytest.param("1.26.3.4", id="four numbers"),
        pytest.param("V1.26.3", id="a capital V"),
        pytest.param("1.26.3\n", id="a line end"),
        pytest.param("1.26.3-\x1b[31m", id="an escape sequence"),
        pytest.param("1.٢٦", id="digits that are not ASCII"),
        pytest.param("1.26.3-" + "a" * 60, id="longer than any version"),
    ],
)
def test_what_is_no_version_is_none(text: str) -> None:
    assert parse_version(text) is None


@given(st.text() | st.from_regex(r"v?[0-9]+\.[0-9]+.*"))
def test_any_text_is_a_version_or_none(text: str) -> None:
    version = parse_version(text)
    assert version is None or (version.text == text and text.isascii() and text.isprintable())
