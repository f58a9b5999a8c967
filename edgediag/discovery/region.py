"""Region IDs, by pattern: a new region needs no new release."""

import re

# A label "aliacs-k8s-<region>" must stay within 63 octets (RFC 1035 §2.3.4).
_REGION = re.compile(r"(?=.{4,40}\Z)[a-z]{2}-[a-z]+(-[a-z0-9]+)*")

REGIONS: frozenset[str] = frozenset(
    (
        # Mainland and Hong Kong
        "cn-beijing cn-chengdu cn-fuzhou cn-guangzhou cn-hangzhou cn-heyuan cn-heyuan-acdr-1"
        " cn-hongkong cn-huhehaote cn-nanjing cn-qingdao cn-shanghai cn-shenzhen cn-wuhan-lr"
        " cn-wulanchabu cn-zhangjiakou cn-zhengzhou-jva cn-zhongwei"
        # Finance and government
        " cn-beijing-finance-1 cn-hangzhou-finance cn-shanghai-finance-1 cn-shenzhen-finance-1"
        # Elsewhere
        " ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3"
        " ap-southeast-5 ap-southeast-6 ap-southeast-7 ap-southeast-8 eu-central-1 eu-west-1"
        " eu-west-2 me-central-1 me-east-1 na-south-1 us-east-1 us-southeast-1 us-west-1"
    ).split()
)
"""The public region IDs of Alibaba Cloud ("Regions and zones", as of 2026-03)."""


def parse_region(text: str) -> str | None:
    """The region ID, or None where the text does not look like one."""
    return text if _REGION.fullmatch(text) else None


def region_warning(region: str) -> str | None:
    """What to tell about a region that has the right form but is not known, else None."""
    if region in REGIONS:
        return None
    return f"region {region} is not a known region ID; host names made from it may not exist"
