"""All facts, each from the strongest source that knows it."""

from ipaddress import ip_address

import pytest

from edgediag.discovery.cluster import discover
from edgediag.discovery.given import Given
from edgediag.discovery.version import parse_version
from edgediag.errors import UsageError
from edgediag.model.answer import Answer
from edgediag.model.cluster import (
    NO_UPSTREAMS,
    ClusterFacts,
    Fact,
    HostPort,
    HostsEntry,
    NameLookup,
    Phase,
    ResolverLine,
)
from node_files import Files

NODE = Files(
    {
        "/etc/resolv.conf": "nameserver 198.51.100.53\n",
        "/etc/nsswitch.conf": "hosts: files dns\n",
        "/etc/hosts": "127.0.0.1 localhost\n203.0.113.9 cs-anony.aliyuncs.com\n",
        "/etc/os-release": "ID=ubuntu\nVERSION_ID=22.04\n",
        "/etc/apt/sources.list": "deb http://mirror.example.com/ubuntu jammy main\n",
    }
)
BARE = Files({"/etc/resolv.conf": "", "/etc/hosts": ""})


def given_(*facts: tuple[str, str]) -> Given:
    stated = tuple(Fact(name=name, value=value, source=f"--{name}") for name, value in facts)
    return Given(stated=stated, root="/", saved=())


def test_everything_that_can_be_known() -> None:
    given = given_(
        ("region", "cn-hangzhou"),
        ("k8s-version", "v1.26.3-aliyun.1"),
        ("phase", "all"),
        ("api-server", "198.51.100.6"),
        ("raven-gateway", "198.51.100.7"),
        ("tunnel-server", "198.51.100.8"),
        ("peer", "192.0.2.2"),
        ("self-hosted-ntp", "yes"),
        ("proxy-mode", "yes"),
        ("tunnel-mode", "no"),
    )
    gateway = ("raven-proxy", "raven-tunnel")
    facts = discover(NODE, given)
    assert facts == ClusterFacts(
        region="cn-hangzhou",
        version=parse_version("v1.26.3-aliyun.1"),
        phases=(Phase.INSTALL, Phase.RUN),
        api_servers=(HostPort(host="198.51.100.6", port=6443),),
        raven_proxies=("198.51.100.7",),
        raven_tunnels=("198.51.100.7",),
        tunnel_servers=("198.51.100.8",),
        peers=(ip_address("192.0.2.2"),),
        self_hosted_ntp=Answer.YES,
        proxy_mode=Answer.YES,
        tunnel_mode=Answer.NO,
        package_sources=(HostPort(host="mirror.example.com", port=80),),
        resolvers=(ip_address("198.51.100.53"),),
        resolver_lines=(
            ResolverLine(
                address=ip_address("198.51.100.53"),
                path="/etc/resolv.conf",
                line=1,
                text="nameserver 198.51.100.53",
            ),
        ),
        hosts_entries=(
            HostsEntry(
                name="localhost", address=ip_address("127.0.0.1"), path="/etc/hosts", line=1
            ),
            HostsEntry(
                name="cs-anony.aliyuncs.com",
                address=ip_address("203.0.113.9"),
                path="/etc/hosts",
                line=2,
            ),
        ),
        facts=(
            *(fact for fact in given.stated if fact.name != "raven-gateway"),
            *(Fact(name=n, value="198.51.100.7", source="--raven-gateway") for n in gateway),
            Fact(name="os", value="ubuntu 22.04", source="/etc/os-release"),
            Fact(
                name="package-source", value="mirror.example.com:80", source="/etc/apt/sources.list"
            ),
            Fact(name="name-lookup", value="files dns", source="/etc/nsswitch.conf:1"),
            Fact(name="resolver", value="198.51.100.53", source="/etc/resolv.conf"),
            Fact(name="hosts-entry", value="127.0.0.1 localhost", source="/etc/hosts:1"),
            Fact(
                name="hosts-entry",
                value="203.0.113.9 cs-anony.aliyuncs.com",
                source="/etc/hosts:2",
            ),
        ),
        warnings=(),
        advertised_proxies=(),
        advertised_tunnels=(),
        proxy_role=None,
        tunnel_role=None,
        distribution=facts.distribution,
        vpn_driver=None,
        api_last_reached_s=None,
        gateways=(),
        statements=facts.statements,
        conflicts=(),
        missing=facts.missing,
        lookup=NameLookup(
            sources=("files", "dns"), path="/etc/nsswitch.conf", line=1, text="hosts: files dns"
        ),
        upstreams=NO_UPSTREAMS,
    )


def test_the_servers_behind_a_stub_are_facts_of_their_own() -> None:
    upstream = "/run/systemd/resolve/resolv.conf"
    node = Files(
        {"/etc/resolv.conf": "nameserver 127.0.0.53\n", upstream: "nameserver 198.51.100.53\n"}
    )
    facts = discover(node, given_())
    assert facts.resolvers == (ip_address("127.0.0.53"),)
    expected = Fact(name="upstream-resolver", value="198.51.100.53", source=upstream)
    assert expected in facts.facts


def test_a_hosts_file_that_nobody_reads_is_told() -> None:
    node = Files({**NODE.texts, "/etc/nsswitch.conf": "hosts: dns\n"})
    expected = (
        "line 1 of /etc/nsswitch.conf (hosts: dns) leaves the hosts file out: its 2 names count "
        "for nothing"
    )
    assert discover(node, given_()).warnings == (expected,)


def test_nothing_known_is_not_known_except_for_the_defaults() -> None:
    facts = discover(BARE, given_())
    assert (facts.region, facts.version, facts.api_servers) == (None, None, ())
    assert (facts.self_hosted_ntp, facts.proxy_mode) == (Answer.NOT_CHECKED, Answer.NOT_CHECKED)
    assert facts.phases == (Phase.RUN,)
    assert facts.resolvers == (ip_address("127.0.0.1"),)
    assert facts.facts == (
        Fact(name="phase", value="run", source="default"),
        Fact(name="resolver", value="127.0.0.1", source="default"),
    )


def test_files_that_cannot_be_read_are_told() -> None:
    assert discover(Files({}), given_()).warnings == (
        "name servers are not known, 127.0.0.1 is taken: cannot read /etc/resolv.conf: no such"
        " file",
        "names that a hosts file overrides are not known: cannot read /etc/hosts: no such file",
    )


def test_a_region_nobody_knows_is_taken_with_a_warning() -> None:
    facts = discover(BARE, given_(("region", "cn-atlantis")))
    assert facts.region == "cn-atlantis"
    assert facts.warnings == (
        "region cn-atlantis is not a known region ID; host names made from it may not exist",
    )


def test_os_release_has_a_second_place() -> None:
    node = Files({"/etc/resolv.conf": "", "/etc/hosts": "", "/usr/lib/os-release": "ID=debian\n"})
    fact = Fact(name="os", value="debian", source="/usr/lib/os-release")
    assert fact in discover(node, given_()).facts


def test_what_cannot_be_used_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--region: 'X' is not a region ID"):
        discover(BARE, given_(("region", "X")))
