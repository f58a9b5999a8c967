"""The matrix as a truth table over version, region, phase, clock and Raven's modes."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.version import parse_version
from edgediag.matrix import build_matrix, with_addresses
from edgediag.model.answer import Answer, NotChecked
from edgediag.model.cluster import ClusterFacts, Distribution, HostPort, Phase
from edgediag.model.endpoint import Direction, Matrix, Omitted, ProbeKind, Target
from edgediag.model.flow import Address, Protocol
from edgediag.model.gateway import Role

NOTHING = ClusterFacts(
    region=None,
    version=None,
    phases=(Phase.INSTALL, Phase.RUN),
    api_servers=(),
    raven_proxies=(),
    raven_tunnels=(),
    tunnel_servers=(),
    peers=(),
    self_hosted_ntp=Answer.NOT_CHECKED,
    proxy_mode=Answer.NOT_CHECKED,
    tunnel_mode=Answer.NOT_CHECKED,
    package_sources=(),
    resolvers=(),
    resolver_lines=(),
    hosts_entries=(),
    facts=(),
    warnings=(),
    advertised_proxies=(),
    advertised_tunnels=(),
    proxy_role=None,
    tunnel_role=None,
    distribution=None,
    vpn_driver=None,
    api_last_reached_s=None,
    gateways=(),
    statements=(),
    conflicts=(),
    missing=(),
)
FULL = replace(
    NOTHING,
    region="cn-hangzhou",
    version=parse_version("v1.26.3-aliyun.1"),
    api_servers=(HostPort(host="198.51.100.6", port=6443),),
    raven_proxies=("198.51.100.7",),
    raven_tunnels=("198.51.100.7",),
    tunnel_servers=("198.51.100.8",),
    package_sources=(HostPort(host="mirror.example.com", port=80),),
    resolvers=(ip_address("198.51.100.53"),),
)
OLD = replace(FULL, version=parse_version("1.22.15-aliyunedge.1"))

INBOUND = {
    "kubelet-10250",
    "kubelet-10255",
    "node-exporter-9100",
    "node-exporter-9445",
    "flannel-vxlan-8472",
}
IMAGES = {"dockerauth-443", "dockerauth-ee-443", "registry-443"}
NTP = {"ntp-aliyun-123", "ntp-cn-pool-123"}
PROXY = {f"raven-proxy-{port}" for port in range(10280, 10285)}
TUNNEL = {"raven-tunnel-4500"}
OVERLAY = {"raven-vxlan-4472"}
CONTROL = {"cs-anony-443", "cs-anony-region-443"}
CONTROL_BEFORE = {"cs-anony-80", "cs-anony-region-80"}
TUNNEL_SERVER = {"tunnel-server-10262", "tunnel-server-10263"}
INSTALL = {"oss-443", "system-tools", "package-source-80"}
COMMON = {"api-server-6443", "resolver-53"} | IMAGES
SINCE = COMMON | CONTROL | PROXY | TUNNEL
BEFORE = COMMON | CONTROL_BEFORE | TUNNEL_SERVER


def checks(matrix: Matrix) -> set[str]:
    return {target.check for target in matrix.targets}


def omitted(matrix: Matrix) -> dict[str, str]:
    return {row.check: row.because.reason for row in matrix.omitted}


def target_of(facts: ClusterFacts, check: str) -> Target:
    return next(target for target in build_matrix(facts).targets if target.check == check)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(FULL, INBOUND | INSTALL | SINCE | NTP, id="since 1.26, all phases"),
        pytest.param(
            OLD,
            INBOUND | INSTALL | {"oss-80"} | BEFORE | NTP,
            id="before 1.26 there is plain HTTP, the tunnel server, and no Raven",
        ),
        pytest.param(
            replace(FULL, phases=(Phase.RUN,)),
            INBOUND | SINCE | NTP,
            id="a running node needs no packages",
        ),
        pytest.param(
            replace(FULL, phases=(Phase.INSTALL,)),
            INSTALL | SINCE | NTP,
            id="nothing listens on a node that is being installed",
        ),
        pytest.param(
            replace(OLD, phases=(Phase.RUN,)), INBOUND | BEFORE | NTP, id="before 1.26, running"
        ),
        pytest.param(
            replace(OLD, phases=(Phase.INSTALL,)),
            INSTALL | {"oss-80"} | BEFORE | NTP,
            id="before 1.26, installing",
        ),
        pytest.param(
            replace(FULL, self_hosted_ntp=Answer.YES),
            INBOUND | INSTALL | SINCE,
            id="a node with its own time server needs no other",
        ),
        pytest.param(
            replace(FULL, self_hosted_ntp=Answer.NO),
            INBOUND | INSTALL | SINCE | NTP,
            id="a node without a time server of its own needs both",
        ),
        pytest.param(
            replace(FULL, proxy_mode=Answer.NO),
            INBOUND | INSTALL | SINCE - PROXY | NTP,
            id="proxy mode off: no proxy ports",
        ),
        pytest.param(
            replace(FULL, tunnel_mode=Answer.NO),
            INBOUND | INSTALL | SINCE - TUNNEL | NTP,
            id="tunnel mode off: no UDP 4500, but flannel's port all the same",
        ),
        pytest.param(
            replace(FULL, proxy_mode=Answer.YES, tunnel_mode=Answer.YES),
            INBOUND | INSTALL | SINCE | NTP,
            id="both modes on",
        ),
        pytest.param(
            replace(FULL, version=parse_version("1.26.2")),
            INBOUND | INSTALL | SINCE - PROXY - TUNNEL | NTP,
            id="1.26.2 has neither Raven nor the tunnel server",
        ),
        pytest.param(
            replace(FULL, version=parse_version("1.26")),
            INBOUND | INSTALL | SINCE | NTP,
            id="1.26 without a patch has Raven",
        ),
        pytest.param(
            replace(FULL, version=parse_version("v1.32.1-aliyun.1")),
            INBOUND | INSTALL | SINCE | NTP,
            id="a later version is like 1.26.3",
        ),
    ],
)
def test_the_facts_decide_which_checks_there_are(facts: ClusterFacts, expected: set[str]) -> None:
    assert checks(build_matrix(facts)) == expected


NO_MEMBER = (
    "not needed on this node: another node of its pool is the gateway, which alone dials"
)
NO_PORT = "not needed: no Gateway or Service of this cluster advertises the port"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(FULL, {}, id="nothing is known of modes and role: all is checked"),
        pytest.param(
            replace(FULL, proxy_mode=Answer.NO),
            dict.fromkeys(PROXY, "not needed: proxy mode is off"),
            id="proxy mode off",
        ),
        pytest.param(
            replace(FULL, tunnel_mode=Answer.NO),
            dict.fromkeys(TUNNEL | OVERLAY, "not needed: tunnel mode is off"),
            id="tunnel mode off",
        ),
        pytest.param(
            replace(FULL, proxy_mode=Answer.YES, tunnel_mode=Answer.NO),
            dict.fromkeys(TUNNEL | OVERLAY, "not needed in proxy mode: tunnel mode is off"),
            id="proxy mode only",
        ),
        pytest.param(
            replace(FULL, proxy_role=Role.MEMBER, tunnel_role=Role.MEMBER),
            dict.fromkeys(PROXY | TUNNEL, NO_MEMBER),
            id="a member dials nothing",
        ),
        pytest.param(
            replace(FULL, proxy_role=Role.GATEWAY, tunnel_role=Role.GATEWAY),
            {},
            id="a gateway dials all",
        ),
        pytest.param(
            replace(FULL, proxy_role=Role.SINGLE_NODE, tunnel_role=Role.SINGLE_NODE),
            dict.fromkeys(OVERLAY, "not needed on this node: it is the only one of its pool"),
            id="so does the only node of a pool",
        ),
        pytest.param(
            replace(FULL, proxy_role=Role.SOLO, tunnel_role=Role.SOLO),
            dict.fromkeys(
                TUNNEL | OVERLAY,
                "not needed on this node: no Gateway lists it, so it has no tunnel",
            ),
            id="a solo node dials the proxy only",
        ),
        pytest.param(
            replace(FULL, advertised_proxies=(HostPort(host="198.51.100.7", port=10282),)),
            dict.fromkeys(PROXY - {"raven-proxy-10282"}, NO_PORT),
            id="only the advertised ports are needed",
        ),
        pytest.param(
            replace(FULL, advertised_proxies=(HostPort(host="198.51.100.99", port=10282),)),
            {},
            id="another host's ports say nothing of this one's",
        ),
        pytest.param(
            replace(NOTHING, tunnel_mode=Answer.NO, raven_tunnels=()),
            dict.fromkeys(TUNNEL | OVERLAY, "not needed: tunnel mode is off"),
            id="what is not needed is not asked for either",
        ),
    ],
)
def test_mode_and_role_decide_what_is_not_needed(
    facts: ClusterFacts, expected: dict[str, str]
) -> None:
    rows = [row for row in build_matrix(facts).omitted if row.because.reason.startswith("not need")]
    assert {row.check: row.because.reason for row in rows} == expected
    assert not any(row.is_required for row in rows)


ALIBABA = {"oss-443", *CONTROL, *IMAGES}
PLAIN = replace(FULL, distribution=Distribution.OPENYURT, region=None)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(PLAIN, ALIBABA | NTP, id="OpenYurt by itself needs nothing of Alibaba's"),
        pytest.param(
            replace(PLAIN, self_hosted_ntp=Answer.NO), ALIBABA, id="its clock may yet be set by it"
        ),
        pytest.param(replace(PLAIN, region="cn-hangzhou"), set(), id="a region says otherwise"),
        pytest.param(
            replace(PLAIN, distribution=Distribution.ACK_EDGE), set(), id="ACK Edge needs all"
        ),
    ],
)
def test_what_a_distribution_does_without(facts: ClusterFacts, expected: set[str]) -> None:
    rows = [row for row in build_matrix(facts).omitted if not row.is_required]
    assert {row.check for row in rows} == expected


def test_a_port_outside_the_table_is_checked_where_it_is_advertised() -> None:
    facts = replace(FULL, advertised_proxies=(HostPort(host="198.51.100.7", port=10262),))
    target = target_of(facts, "raven-proxy-10262")
    assert (target.port, target.is_required) == (10262, True)


def test_wireguard_is_not_asked_but_stays_required() -> None:
    row = build_matrix(replace(FULL, vpn_driver="wireguard")).omitted[0]
    assert (row.check, row.is_required) == ("raven-tunnel-4500", True)


@pytest.mark.parametrize(
    ("facts", "is_checked"),
    [
        pytest.param(
            replace(FULL, tunnel_mode=Answer.YES, tunnel_role=Role.GATEWAY), True, id="a gateway"
        ),
        pytest.param(
            replace(FULL, tunnel_mode=Answer.YES, tunnel_role=Role.MEMBER), True, id="a member"
        ),
        pytest.param(replace(FULL, tunnel_mode=Answer.YES), False, id="its role is not known"),
        pytest.param(replace(FULL, tunnel_role=Role.MEMBER), False, id="the mode is not known"),
    ],
)
def test_ravens_overlay_is_checked_where_it_is_known_to_be_needed(
    facts: ClusterFacts, is_checked: bool
) -> None:
    matrix = build_matrix(facts)
    assert ("raven-vxlan-4472" in checks(matrix)) is is_checked
    assert ("raven-vxlan-4472" in omitted(matrix)) is not is_checked


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(FULL, ("tunnel-server",), id="since 1.26"),
        pytest.param(
            OLD, ("raven-proxy", "raven-tunnel", "raven-vxlan"), id="before 1.26"
        ),
        pytest.param(
            replace(FULL, phases=(Phase.RUN,)),
            ("oss", "system-tools", "package-source", "tunnel-server"),
            id="a phase that was not asked for",
        ),
        pytest.param(
            replace(FULL, self_hosted_ntp=Answer.YES),
            ("tunnel-server", "ntp-aliyun", "ntp-cn-pool"),
            id="a time server of its own",
        ),
        pytest.param(NOTHING, (), id="nothing is ruled out where nothing is known"),
    ],
)
def test_what_the_facts_rule_out_is_named(facts: ClusterFacts, expected: tuple[str, ...]) -> None:
    assert build_matrix(facts).not_applicable == expected


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        pytest.param("registry-443", "region is not known; give --region", id="region"),
        pytest.param(
            "cs-anony-443", "cluster version is not known; give --k8s-version", id="version"
        ),
        pytest.param(
            "cs-anony-region-80",
            "region and cluster version are not known; give --region and --k8s-version",
            id="region and version",
        ),
        pytest.param(
            "api-server-6443", "API server is not known; give --api-server", id="API server"
        ),
        pytest.param(
            "raven-tunnel-4500",
            "Raven gateway and cluster version are not known;"
            " give --raven-gateway and --k8s-version",
            id="Raven gateway",
        ),
        pytest.param(
            "package-source",
            "apt or yum source is not known; give --root with the directory that holds the"
            " node's /etc",
            id="package source",
        ),
    ],
)
def test_a_row_that_lacks_a_fact_says_which_option_helps(check: str, reason: str) -> None:
    assert omitted(build_matrix(NOTHING))[check] == reason


def test_every_row_is_either_checked_or_omitted_where_nothing_is_known() -> None:
    matrix = build_matrix(NOTHING)
    rows = INBOUND | OVERLAY | SINCE | BEFORE | NTP
    rows |= {"oss-443", "oss-80", "system-tools", "package-source"}
    assert checks(matrix) | set(omitted(matrix)) == rows
    assert checks(matrix) == INBOUND | NTP | {"system-tools"}


def test_a_stated_gateway_is_checked_though_the_version_is_not_known() -> None:
    facts = replace(NOTHING, raven_tunnels=("198.51.100.7",))
    assert "raven-tunnel-4500" in checks(build_matrix(facts))


@pytest.mark.parametrize(
    ("region", "check", "host"),
    [
        pytest.param(
            "cn-hangzhou", "dockerauth-443", "dockerauth.cn-hangzhou.aliyuncs.com", id="a dot"
        ),
        pytest.param(
            "cn-zhangjiakou",
            "dockerauth-443",
            "dockerauth-cn-zhangjiakou.aliyuncs.com",
            id="Zhangjiakou: a hyphen",
        ),
        pytest.param(
            "cn-zhangjiakou",
            "dockerauth-ee-443",
            "dockerauth-ee.cn-zhangjiakou.aliyuncs.com",
            id="Zhangjiakou: the enterprise edition keeps the dot",
        ),
        pytest.param(
            "cn-zhangjiakou",
            "registry-443",
            "registry-cn-zhangjiakou.ack.aliyuncs.com",
            id="Zhangjiakou: the registry is like everywhere",
        ),
        pytest.param(
            "cn-wuhan-lr",
            "oss-443",
            "aliacs-k8s-cn-wuhan-lr.oss-cn-wuhan-lr.aliyuncs.com",
            id="the region stands twice in the bucket's name",
        ),
        pytest.param(
            "ap-southeast-1",
            "cs-anony-region-443",
            "cs-anony.ap-southeast-1.aliyuncs.com",
            id="a region abroad",
        ),
        pytest.param("cn-hangzhou", "cs-anony-443", "cs-anony.aliyuncs.com", id="no region in it"),
    ],
)
def test_the_region_makes_the_host_names(region: str, check: str, host: str) -> None:
    assert target_of(replace(FULL, region=region), check).host == host


def test_a_target_is_its_row_on_one_host() -> None:
    assert target_of(FULL, "raven-tunnel-4500") == Target(
        check="raven-tunnel-4500",
        endpoint="raven-tunnel",
        purpose="Raven tunnel (IKE and ESP in UDP)",
        direction=Direction.OUTBOUND,
        is_required=True,
        protocol=Protocol.UDP,
        host="198.51.100.7",
        address=ip_address("198.51.100.7"),
        port=4500,
        kinds=(ProbeKind.IKE_SA_INIT,),
    )


@pytest.mark.parametrize(
    ("check", "is_required"),
    [
        pytest.param("kubelet-10250", True, id="the kubelet must be reached"),
        pytest.param("kubelet-10255", False, id="its read-only port may be off"),
        pytest.param("node-exporter-9100", False, id="the exporter may not be deployed"),
        pytest.param("flannel-vxlan-8472", True, id="pods need the VXLAN"),
        pytest.param("raven-tunnel-4500", True, id="the tunnel"),
    ],
)
def test_a_row_is_required_or_not(check: str, is_required: bool) -> None:
    assert target_of(FULL, check).is_required is is_required


def test_an_api_server_on_another_port_is_believed() -> None:
    facts = replace(FULL, api_servers=(HostPort(host="api.example.com", port=7443),))
    assert target_of(facts, "api-server-7443").port == 7443


def test_a_package_source_on_443_is_spoken_to_in_tls() -> None:
    facts = replace(FULL, package_sources=(HostPort(host="mirror.example.com", port=443),))
    kinds = target_of(facts, "package-source-443").kinds
    assert kinds == (ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO)


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("mirror.example.com\n", id="a line end"),
        pytest.param("a b", id="a blank"),
        pytest.param("\x1b[31m", id="an escape sequence"),
        pytest.param("-o=evil.example.com", id="an option"),
        pytest.param("user@example.com", id="a user"),
    ],
)
def test_a_host_from_outside_that_is_none_is_omitted(host: str) -> None:
    place = HostPort(host=host, port=80)
    matrix = build_matrix(replace(FULL, package_sources=(*FULL.package_sources, place)))
    assert tuple(row for row in matrix.omitted if row.check not in OVERLAY) == (
        Omitted(
            check=f"package-source-80@{host!a}",
            endpoint="package-source",
            purpose="apt or yum source for missing system tools",
            direction=Direction.OUTBOUND,
            is_required=True,
            because=NotChecked(reason=f"{host!a} is neither a host name nor an address"),
        ),
    )
    assert "package-source-80" in checks(matrix)


def test_a_region_from_outside_cannot_make_another_host() -> None:
    matrix = build_matrix(replace(FULL, region="x.example.com/"))
    assert {row.endpoint for row in matrix.omitted} == {
        "oss",
        "cs-anony-region",
        "dockerauth",
        "dockerauth-ee",
        "registry",
        "raven-vxlan",
    }


NAMED = replace(FULL, raven_tunnels=("a.example.com", "b.example.com"))
ONE = (ip_address("198.51.100.1"),)
TWO = (ip_address("198.51.100.2"), ip_address("2001:db8::2"))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(
            {},
            {
                "raven-tunnel-4500@a.example.com": None,
                "raven-tunnel-4500@b.example.com": None,
            },
            id="no name is resolved: the hosts tell the checks apart",
        ),
        pytest.param(
            {"a.example.com": ONE, "b.example.com": ONE},
            {
                "raven-tunnel-4500@a.example.com": "198.51.100.1",
                "raven-tunnel-4500@b.example.com": "198.51.100.1",
            },
            id="two names of one address stay two checks",
        ),
        pytest.param(
            {"a.example.com": ONE, "b.example.com": TWO},
            {
                "raven-tunnel-4500@198.51.100.1": "198.51.100.1",
                "raven-tunnel-4500@198.51.100.2": "198.51.100.2",
                "raven-tunnel-4500@2001:db8::2": "2001:db8::2",
            },
            id="a name with two addresses is two checks, told apart by address",
        ),
        pytest.param(
            {"b.example.com": TWO},
            {
                "raven-tunnel-4500@a.example.com": None,
                "raven-tunnel-4500@198.51.100.2": "198.51.100.2",
                "raven-tunnel-4500@2001:db8::2": "2001:db8::2",
            },
            id="a name that is not resolved stays a check",
        ),
        pytest.param(
            {"a.example.com": TWO, "b.example.com": TWO},
            {
                "raven-tunnel-4500@a.example.com@198.51.100.2": "198.51.100.2",
                "raven-tunnel-4500@a.example.com@2001:db8::2": "2001:db8::2",
                "raven-tunnel-4500@b.example.com@198.51.100.2": "198.51.100.2",
                "raven-tunnel-4500@b.example.com@2001:db8::2": "2001:db8::2",
            },
            id="two names that share two addresses need both",
        ),
        pytest.param(
            {"a.example.com": ONE + ONE, "b.example.com": ()},
            {
                "raven-tunnel-4500@a.example.com": "198.51.100.1",
                "raven-tunnel-4500@b.example.com": None,
            },
            id="an address twice is one check, no address is one check",
        ),
    ],
)
def test_every_address_of_a_name_is_a_check(
    names: dict[str, tuple[Address, ...]], expected: dict[str, str | None]
) -> None:
    matrix = with_addresses(build_matrix(NAMED), names)
    found = {
        target.check: None if target.address is None else str(target.address)
        for target in matrix.targets
        if target.endpoint == "raven-tunnel"
    }
    assert found == expected


def test_a_single_address_leaves_the_id_plain() -> None:
    matrix = with_addresses(build_matrix(FULL), {"cs-anony.aliyuncs.com": ONE})
    target = next(target for target in matrix.targets if target.endpoint == "cs-anony")
    assert (target.check, target.address) == ("cs-anony-443", ONE[0])


def test_a_literal_address_is_not_resolved_again() -> None:
    matrix = with_addresses(build_matrix(FULL), {"198.51.100.7": TWO, "": TWO})
    assert matrix == build_matrix(FULL)


@given(
    names=st.dictionaries(
        st.sampled_from(("a.example.com", "b.example.com")),
        st.lists(st.ip_addresses(), max_size=4).map(tuple),
    )
)
def test_check_ids_are_unique_whatever_the_names_resolve_to(
    names: dict[str, tuple[Address, ...]],
) -> None:
    matrix = with_addresses(build_matrix(NAMED), names)
    ids = [target.check for target in matrix.targets] + [row.check for row in matrix.omitted]
    assert len(ids) == len(set(ids))
