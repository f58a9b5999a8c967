"""Check ids and host names, as far as they are known."""

import pytest

from edgediag.endpoints import ENDPOINTS
from edgediag.endpoints.naming import check_stem, host_name

ROWS = {row.id: row for row in ENDPOINTS}


@pytest.mark.parametrize(
    ("endpoint", "port", "stem"),
    [
        pytest.param("raven-tunnel", 4500, "raven-tunnel-4500", id="endpoint and port"),
        pytest.param("system-tools", 0, "system-tools", id="no port"),
    ],
)
def test_the_stem_of_a_check_id(endpoint: str, port: int, stem: str) -> None:
    assert check_stem(endpoint, port) == stem


@pytest.mark.parametrize(
    ("endpoint", "region", "host"),
    [
        pytest.param(
            "registry", None, "registry-{region}.ack.aliyuncs.com", id="the region stays open"
        ),
        pytest.param(
            "registry", "cn-heyuan", "registry-cn-heyuan.ack.aliyuncs.com", id="the region put in"
        ),
        pytest.param(
            "dockerauth",
            "cn-zhangjiakou",
            "dockerauth-cn-zhangjiakou.aliyuncs.com",
            id="the rule of one region",
        ),
        pytest.param("ntp-aliyun", "cn-heyuan", "ntp1.aliyun.com", id="no region in the name"),
        pytest.param("api-server", "cn-heyuan", "the cluster's API server", id="a fact in words"),
    ],
)
def test_a_host_name_as_far_as_it_is_known(endpoint: str, region: str | None, host: str) -> None:
    assert host_name(ROWS[endpoint], region) == host
