"""Region IDs go by pattern, so that a new region needs no new release."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.region import REGIONS, parse_region, region_warning


@pytest.mark.parametrize(
    "region",
    [
        pytest.param("cn-hangzhou", id="a mainland region"),
        pytest.param("ap-southeast-1", id="a region abroad"),
        pytest.param("cn-wuhan-lr", id="letters after the city"),
        pytest.param("cn-zhengzhou-jva", id="a partner's region"),
        pytest.param("cn-heyuan-acdr-1", id="four parts"),
        pytest.param("cn-shanghai-finance-1", id="a finance region"),
        pytest.param("cn-hangzhou-finance", id="a finance region without a number"),
    ],
)
def test_a_known_region_is_taken_without_a_word(region: str) -> None:
    assert parse_region(region) == region
    assert region_warning(region) is None


def test_an_unknown_region_is_taken_with_a_warning() -> None:
    assert parse_region("cn-atlantis") == "cn-atlantis"
    assert region_warning("cn-atlantis") == (
        "region cn-atlantis is not a known region ID; host names made from it may not exist"
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("hangzhou", id="no country"),
        pytest.param("CN-HANGZHOU", id="upper case"),
        pytest.param("cn_hangzhou", id="an underscore"),
        pytest.param("cn-hangzhou-", id="a hyphen last"),
        pytest.param("cn-hangzhou.example.com", id="a dot"),
        pytest.param("cn-hangzhou\n", id="a line end"),
        pytest.param("cn-" + "a" * 60, id="longer than a label allows"),
    ],
)
def test_what_is_no_region_is_refused(text: str) -> None:
    assert parse_region(text) is None


def test_every_known_region_fits_the_pattern() -> None:
    assert {parse_region(region) for region in REGIONS} == REGIONS


@given(st.text() | st.from_regex(r"[a-z]{2}(-[a-z0-9]+)+"))
def test_any_text_is_a_region_that_makes_a_host_name_or_none(text: str) -> None:
    region = parse_region(text)
    assert region is None or re.fullmatch(r"[a-z0-9-]{4,40}", region)
