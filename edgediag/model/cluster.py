"""What is known of the cluster before a packet is sent, and who said so."""

from dataclasses import dataclass
from enum import Enum

from edgediag.model.answer import Answer, NotChecked
from edgediag.model.flow import Address


class Phase(Enum):
    """When a row of the matrix is needed."""

    INSTALL = "install"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A Kubernetes version as a cluster states it.

    text  as given, such as "v1.26.3-aliyun.1" or "1.22.15-aliyunedge.1"
    """

    major: int
    minor: int
    patch: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPort:
    """A name or an address in text form, with a port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostsEntry:
    """One name of one line of a hosts file.

    line  counted from 1, so that the line can be found and removed
    """

    name: str
    address: Address
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverLine:
    """The line that makes this host ask a name server.

    line  counted from 1, so that the line can be found and mended; text  as it stands there
    """

    address: Address
    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that was found out.

    source  an option ("--region"), a file ("/etc/resolv.conf") or "default"
    """

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """All that the matrix needs to know; None and empty tuples mean "not known".

    raven_proxies, raven_tunnels, tunnel_servers  names or addresses in text form
    package_sources  hosts of the node's own apt or yum sources
    resolvers        in the order the host asks them
    resolver_lines   that name them; empty where they are asked because no line names any
    facts            every value above once more with its source, in the order found
    """

    region: str | None
    version: Version | None
    phases: tuple[Phase, ...]
    api_servers: tuple[HostPort, ...]
    raven_proxies: tuple[str, ...]
    raven_tunnels: tuple[str, ...]
    tunnel_servers: tuple[str, ...]
    peers: tuple[Address, ...]
    self_hosted_ntp: Answer
    proxy_mode: Answer
    tunnel_mode: Answer
    package_sources: tuple[HostPort, ...]
    resolvers: tuple[Address, ...]
    resolver_lines: tuple[ResolverLine, ...] | NotChecked
    hosts_entries: tuple[HostsEntry, ...]
    facts: tuple[Fact, ...]
    warnings: tuple[str, ...]
