"""The services and the names that lead to them."""

import pytest

from edgediag.lab.services.catalog import (
    FAULTY_CERTIFICATES,
    MODES,
    SERVICES,
    ZONE,
    Kind,
    Mode,
    service_of,
)
from edgediag.lab.topology import HOSTS
from edgediag.lab.topology6 import HOSTS_6


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("cs-anony.aliyuncs.com", "cs-anony"),
        ("cs-anony.cn-hangzhou.aliyuncs.com", "cs-anony-region"),
        ("aliacs-k8s-cn-zhangjiakou.oss-cn-zhangjiakou.aliyuncs.com", "oss"),
        ("dockerauth.cn-hangzhou.aliyuncs.com", "dockerauth"),
        ("dockerauth-cn-zhangjiakou.aliyuncs.com", "dockerauth"),
        ("dockerauth-ee.cn-zhangjiakou.aliyuncs.com", "dockerauth-ee"),
        ("registry-cn-hangzhou.ack.aliyuncs.com", "registry"),
        ("ntp1.aliyun.com", "ntp-aliyun"),
        ("cn.ntp.org.cn", "ntp-cn-pool"),
        ("mirror.lab.example", "package-source"),
    ],
)
def test_a_name_leads_to_its_host(name: str, host: str) -> None:
    assert ZONE[name] == HOSTS[host]


def test_zhangjiakou_has_no_dotted_dockerauth() -> None:
    assert "dockerauth.cn-zhangjiakou.aliyuncs.com" not in ZONE


def test_every_host_of_the_cloud_has_a_service() -> None:
    addresses = {address for service in SERVICES["cloud"] for address in service.addresses}
    assert addresses == {*HOSTS.values(), *HOSTS_6.values()}


@pytest.mark.parametrize("node", SERVICES)
def test_service_names_are_unique_on_a_node(node: str) -> None:
    names = [service.name for service in SERVICES[node]]
    assert sorted(names) == sorted(set(names))


def test_no_router_answers_for_others_at_first() -> None:
    assert {service.at_first for service in SERVICES["isp1"]} == {Mode.DOWN}


def test_only_who_speaks_tls_has_a_certificate_to_be_wrong() -> None:
    found = [kind for kind, modes in MODES.items() if modes & FAULTY_CERTIFICATES]
    assert found == [Kind.TLS, Kind.HTTP2]


def test_an_unknown_service_is_none() -> None:
    assert service_of("border", "api-server") is None
