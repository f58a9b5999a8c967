"""URLs that name what to probe."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.probe_url import peers_of, targets_of
from edgediag.errors import UsageError
from edgediag.model.endpoint import USUAL_QUERY, Direction, ProbeKind
from edgediag.model.flow import Protocol

HOST = "198.51.100.21"


@pytest.mark.parametrize(
    ("url", "check", "protocol", "first_kind"),
    [
        ("tcp://198.51.100.21:6443", "tcp-6443", Protocol.TCP, ProbeKind.TCP_SYN),
        ("tls://198.51.100.21", "tls-443", Protocol.TCP, ProbeKind.TCP_SYN),
        ("ike://198.51.100.21", "ike-4500", Protocol.UDP, ProbeKind.IKE_SA_INIT),
        ("ike://198.51.100.21:500", "ike-500", Protocol.UDP, ProbeKind.IKE_SA_INIT),
        ("ntp://198.51.100.21/", "ntp-123", Protocol.UDP, ProbeKind.NTP),
        ("dns://198.51.100.21", "dns-53", Protocol.UDP, ProbeKind.DNS),
        ("icmp://198.51.100.21", "icmp", Protocol.ICMP, ProbeKind.ICMP_ECHO),
    ],
)
def test_a_url_is_a_target(
    url: str, check: str, protocol: Protocol, first_kind: ProbeKind
) -> None:
    (target,) = targets_of([url])
    found = (target.check, target.protocol, target.kinds[0], target.address)
    assert found == (check, protocol, first_kind, ip_address(HOST))


@pytest.mark.parametrize(
    ("url", "check"),
    [
        ("vxlan://192.0.2.11", "flannel-vxlan-8472"),
        ("vxlan://192.0.2.11:8472?vni=1", "flannel-vxlan-8472"),
        ("vxlan://192.0.2.11:4472?vni=200", "raven-vxlan-4472"),
        ("vxlan://192.0.2.11:4472/", "raven-vxlan-4472"),
    ],
)
def test_a_node_is_asked_through_an_overlay(url: str, check: str) -> None:
    (target,) = targets_of([url])
    assert (target.check, target.direction) == (check, Direction.INBOUND)
    assert peers_of([url, "icmp://198.51.100.21"]) == (ip_address("192.0.2.11"),)


def test_several_nodes_of_one_overlay_are_one_row() -> None:
    urls = ["vxlan://192.0.2.11", "vxlan://192.0.2.12"]
    assert (len(targets_of(urls)), len(peers_of(urls))) == (1, 2)


def test_a_name_is_resolved_later() -> None:
    (target,) = targets_of(["tls://API.example"])
    assert (target.host, target.address, target.query) == ("api.example", None, USUAL_QUERY)


def test_a_name_server_is_asked_for_the_name_given() -> None:
    (target,) = targets_of(["dns://198.51.100.21/oss.example"])
    assert target.query == "oss.example"


@pytest.mark.parametrize(
    ("urls", "checks"),
    [
        pytest.param(
            ("tcp://198.51.100.21:80", "tcp://198.51.100.22:80"),
            ("tcp-80@198.51.100.21", "tcp-80@198.51.100.22"),
            id="one port of two hosts",
        ),
        pytest.param(
            ("dns://198.51.100.21", "dns://198.51.100.21/oss.example"),
            ("dns-53@198.51.100.21", "dns-53@198.51.100.21/oss.example"),
            id="two questions to one name server",
        ),
        pytest.param(
            ("dns://198.51.100.21/oss.example", "dns://198.51.100.22/oss.example"),
            ("dns-53@198.51.100.21", "dns-53@198.51.100.22"),
            id="one question to two",
        ),
        pytest.param(
            ("tcp://198.51.100.21:80", "tcp://198.51.100.21:80"), ("tcp-80",), id="one URL twice"
        ),
    ],
)
def test_two_checks_have_two_names(urls: tuple[str, ...], checks: tuple[str, ...]) -> None:
    assert tuple(target.check for target in targets_of(urls)) == checks


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("198.51.100.21", id="no scheme"),
        pytest.param("gopher://198.51.100.21", id="a scheme that is not probed"),
        pytest.param("tcp://198.51.100.21", id="TCP without a port"),
        pytest.param("icmp://198.51.100.21:1", id="an echo with a port"),
        pytest.param("tls://198.51.100.21/path", id="a path that means nothing"),
        pytest.param("dns://198.51.100.21/not a name", id="a query that is no name"),
        pytest.param("tcp://user@198.51.100.21:80", id="a user"),
        pytest.param("tcp://:80", id="no host"),
        pytest.param("vxlan://node.example", id="a node by its name"),
        pytest.param("vxlan://[2001:db8::1]", id="a node of IPv6"),
        pytest.param("vxlan://224.0.0.1", id="a group"),
        pytest.param("vxlan://255.255.255.255", id="all hosts of a link"),
        pytest.param("vxlan://0.0.0.0", id="the address of no host"),
        pytest.param("vxlan://127.0.0.1", id="this node itself"),
        pytest.param("vxlan://192.0.2.11:4789", id="the port of no overlay"),
        pytest.param("vxlan://192.0.2.11?vni=2", id="the VNI of no overlay"),
        pytest.param("vxlan://192.0.2.11:4472?vni=1", id="the VNI of another one"),
        pytest.param("icmp://192.0.2.11?vni=1", id="an echo with a VNI"),
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="cannot probe"):
        targets_of([url])


@given(text=st.text(max_size=40))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    for url in (text, f"tcp://{text}", f"dns://198.51.100.21/{text}", f"vxlan://{text}"):
        try:
            assert len(targets_of([url])) == 1
        except UsageError as refusal:
            assert str(refusal).isprintable()
