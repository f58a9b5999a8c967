"""What is known of the cluster before a packet is sent, and who said so."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from edgediag.model.answer import Answer, NotChecked
from edgediag.model.flow import Address
from edgediag.model.gateway import Gateway, Role
from edgediag.model.statement import Conflict, Statement


class Phase(Enum):
    """When a row of the matrix is needed."""

    INSTALL = "install"
    RUN = "run"


class Distribution(Enum):
    """Whose software runs the edge of the cluster."""

    ACK_EDGE = "ack-edge"
    OPENYURT = "openyurt"


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
class NameLookup:
    """The line of nsswitch.conf that says where programs of this host look names up.

    sources  that are asked for a name, in their order: "files", "dns", "resolve"
    line     counted from 1, so that the line can be found and mended; text  as it stands there
    """

    sources: tuple[str, ...]
    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchList:
    """What resolv.conf has put behind names.

    domains        in their order, without the dot at their end; "" is the root
    ndots          how many dots a name has that is asked for as it is first
    is_never_bare  a name without a dot is asked for behind domains alone
    """

    domains: tuple[str, ...]
    ndots: int
    is_never_bare: bool = False


NO_SEARCH: Final = SearchList(domains=(), ndots=1)
NO_LOOKUP: Final = NotChecked(reason="no line of nsswitch.conf says how names are looked up")
NO_UPSTREAMS: Final = NotChecked(reason="no stub resolver is asked")


class Client(Enum):
    """A program of this node that may reach its hosts through a forward proxy."""

    CONTAINERD = "containerd"
    DOCKER = "docker"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardProxy:
    """A proxy (RFC 9110 §3.7) that a program of this node sends its connections to.

    is_plain  it is asked in HTTP; else by TLS or SOCKS, of which only the connection is tried
    direct    hosts and networks that the program reaches without it, as NO_PROXY lists them
    path      the file that names it; where  the variable
    """

    client: Client
    place: HostPort
    is_plain: bool
    direct: tuple[str, ...]
    path: str
    where: str


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
    package_sources     hosts of the node's own apt or yum sources
    resolvers           in the order the host asks them
    resolver_lines      that name them; empty where they are asked because no line names any
    facts               every value above once more with its source, in the order found
    advertised_proxies, advertised_tunnels  the ports of those hosts, where an object names them
    proxy_role, tunnel_role  this node's, for each mode of Raven
    distribution        None where the node does not tell
    vpn_driver          "libreswan" or "wireguard"
    api_last_reached_s  when this node last renewed its lease, in seconds since the epoch
    gateways            all Gateway objects, those of the cloud and those of pools
    statements          every discovered fact that holds, with its place and its time
    missing             files that were looked for and are not there
    lookup              where programs of this host look names up
    upstreams           that name the servers behind a stub resolver, in the order of its file
    search              what is put behind names that are asked for
    forward_proxies     one at most for each client
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
    advertised_proxies: tuple[HostPort, ...]
    advertised_tunnels: tuple[HostPort, ...]
    proxy_role: Role | None
    tunnel_role: Role | None
    distribution: Distribution | None
    vpn_driver: str | None
    api_last_reached_s: float | None
    gateways: tuple[Gateway, ...]
    statements: tuple[Statement, ...]
    conflicts: tuple[Conflict, ...]
    missing: tuple[str, ...]
    lookup: NameLookup | NotChecked = NO_LOOKUP
    upstreams: tuple[ResolverLine, ...] | NotChecked = NO_UPSTREAMS
    search: SearchList | NotChecked = NO_SEARCH
    forward_proxies: tuple[ForwardProxy, ...] = ()
