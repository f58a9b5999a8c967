"""The matrix holds the whole table, and every row of it is well made."""

import re

import pytest

from edgediag.endpoints import (
    APPLIES,
    ENDPOINTS,
    KINDS_BY_PORT,
    NOT_ASKED,
    NOT_NEEDED,
    PATTERNS_BY_REGION,
)
from edgediag.endpoints.system_tools import TOOL_GROUPS
from edgediag.model.cluster import Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource, ProbeKind
from edgediag.model.flow import Protocol

ALWAYS = (Phase.INSTALL, Phase.RUN)
INSTALL = (Phase.INSTALL,)
RUN = (Phase.RUN,)
SINCE = Generation.SINCE_1_26
BEFORE = Generation.BEFORE_1_26
ANY = Generation.ANY
OSS = "aliacs-k8s-{region}.oss-{region}.aliyuncs.com"

# Written from the published table by hand, so that it does not agree with the code by itself:
# host, protocol, port, phases, cluster versions.
OUTBOUND = {
    (OSS, "tcp", 443, INSTALL, ANY),
    (OSS, "tcp", 80, INSTALL, BEFORE),
    ("cs-anony.aliyuncs.com", "tcp", 443, ALWAYS, SINCE),
    ("cs-anony.aliyuncs.com", "tcp", 80, ALWAYS, BEFORE),
    ("cs-anony.{region}.aliyuncs.com", "tcp", 443, ALWAYS, SINCE),
    ("cs-anony.{region}.aliyuncs.com", "tcp", 80, ALWAYS, BEFORE),
    (HostSource.API_SERVER, "tcp", 6443, ALWAYS, ANY),
    (HostSource.RAVEN_PROXY, "tcp", 10280, ALWAYS, SINCE),
    (HostSource.RAVEN_PROXY, "tcp", 10281, ALWAYS, SINCE),
    (HostSource.RAVEN_PROXY, "tcp", 10282, ALWAYS, SINCE),
    (HostSource.RAVEN_PROXY, "tcp", 10283, ALWAYS, SINCE),
    (HostSource.RAVEN_PROXY, "tcp", 10284, ALWAYS, SINCE),
    (HostSource.RAVEN_TUNNEL, "udp", 4500, ALWAYS, SINCE),
    (HostSource.TUNNEL_SERVER, "tcp", 10262, ALWAYS, BEFORE),
    (HostSource.TUNNEL_SERVER, "tcp", 10263, ALWAYS, BEFORE),
    ("dockerauth.{region}.aliyuncs.com", "tcp", 443, ALWAYS, ANY),
    ("dockerauth-ee.{region}.aliyuncs.com", "tcp", 443, ALWAYS, ANY),
    ("registry-{region}.ack.aliyuncs.com", "tcp", 443, ALWAYS, ANY),
    ("ntp1.aliyun.com", "udp", 123, ALWAYS, ANY),
    ("cn.ntp.org.cn", "udp", 123, ALWAYS, ANY),
    # Not in the table, but what its names hang on.
    (HostSource.RESOLVER, "udp", 53, ALWAYS, ANY),
}
INBOUND = {
    ("tcp", 10250, True),
    ("tcp", 10255, False),
    ("tcp", 9100, False),
    ("tcp", 9445, False),
    ("udp", 8472, True),
    # Not in the table, but between the nodes of a pool in tunnel mode.
    ("udp", 4472, True),
}
every_endpoint = pytest.mark.parametrize(
    "endpoint", [pytest.param(row, id=f"{row.id}:{row.ports}") for row in ENDPOINTS]
)


def test_every_outbound_row_of_the_table_is_there_and_no_other() -> None:
    rows = [
        (
            row.host_pattern if row.host_source is HostSource.NAME else row.host_source,
            row.protocol.value,
            port,
            row.phases,
            row.generation,
        )
        for row in ENDPOINTS
        if row.direction is Direction.OUTBOUND
        for port in row.ports
    ]
    assert set(rows) == OUTBOUND
    assert len(rows) == len(OUTBOUND)


def test_every_inbound_row_of_the_table_is_there_and_no_other() -> None:
    inbound = [row for row in ENDPOINTS if row.direction is Direction.INBOUND]
    rows = [(row.protocol.value, port, row.is_required) for row in inbound for port in row.ports]
    assert sorted(rows) == sorted(INBOUND)
    assert {row.phases for row in inbound} == {RUN}


def test_the_tools_are_checked_on_the_host_and_their_sources_over_the_network() -> None:
    rows = [
        (row.id, row.direction, row.host_source, row.phases) for row in ENDPOINTS if not row.ports
    ]
    assert rows == [
        ("system-tools", Direction.ON_HOST, HostSource.THIS_NODE, INSTALL),
        ("package-source", Direction.OUTBOUND, HostSource.PACKAGE_SOURCE, INSTALL),
    ]


@pytest.mark.parametrize(
    "program",
    "ifconfig netstat ip chronyd ntpdate crontab lspci socat ebtables iptables conntrack".split(),
)
def test_every_tool_of_the_table_is_in_one_group(program: str) -> None:
    assert sum(program in group for group in TOOL_GROUPS) == 1


def test_either_time_program_will_do() -> None:
    assert ("chronyd", "chronyc", "ntpdate") in TOOL_GROUPS


@every_endpoint
def test_a_row_says_what_it_is_for_and_where_it_is_from(endpoint: Endpoint) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", endpoint.id)
    assert endpoint.purpose
    assert endpoint.host_pattern
    assert endpoint.source
    assert endpoint.phases == tuple(phase for phase in Phase if phase in endpoint.phases)
    assert endpoint.ports == tuple(sorted(endpoint.ports))


@every_endpoint
def test_what_is_sent_out_is_probed_and_what_comes_in_is_not(endpoint: Endpoint) -> None:
    assert bool(endpoint.kinds) == (endpoint.direction is Direction.OUTBOUND)


@every_endpoint
def test_a_probe_speaks_the_transport_of_its_row(endpoint: Endpoint) -> None:
    over_tcp = {ProbeKind.TCP_SYN, ProbeKind.TCP_CONNECT, ProbeKind.TLS_CLIENT_HELLO}
    assert all((kind in over_tcp) == (endpoint.protocol is Protocol.TCP) for kind in endpoint.kinds)


@every_endpoint
def test_values_that_share_an_id_are_one_row_on_other_ports(endpoint: Endpoint) -> None:
    twins = [row for row in ENDPOINTS if row.id == endpoint.id]
    assert {
        (row.direction, row.protocol, row.host_source, row.host_pattern, row.phases)
        for row in twins
    } == {
        (
            endpoint.direction,
            endpoint.protocol,
            endpoint.host_source,
            endpoint.host_pattern,
            endpoint.phases,
        )
    }
    ports = [port for row in twins for port in row.ports]
    assert len(ports) == len(set(ports))


def test_a_rule_of_its_own_belongs_to_a_row_there_is() -> None:
    ids = {row.id for row in ENDPOINTS}
    assert {*APPLIES, *NOT_NEEDED, *NOT_ASKED} <= ids
    assert {id_ for id_, _ in (*PATTERNS_BY_REGION, *KINDS_BY_PORT)} <= ids
