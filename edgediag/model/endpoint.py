"""The endpoint matrix as values: what an edge node must reach and be reached on."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.cluster import Phase
from edgediag.model.flow import Address, Protocol


class Direction(Enum):
    """Who opens the conversation; ON_HOST rows need no conversation at all."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    ON_HOST = "on-host"


class Generation(Enum):
    """The cluster versions a row holds for; the line is Kubernetes 1.26."""

    ANY = "any"
    SINCE_1_26 = ">=1.26"
    BEFORE_1_26 = "<1.26"


class ProbeKind(Enum):
    """One protocol that edgediag speaks; the value names it in reports and in the man page."""

    TCP_SYN = "tcp-syn"
    TCP_CONNECT = "tcp-connect"
    TLS_CLIENT_HELLO = "tls-client-hello"
    TLS_FLIGHT = "tls-flight"
    HTTP_CONNECT = "http-connect"
    IKE_SA_INIT = "ike-sa-init"
    IKE_AUTH = "ike-auth"
    ESP_IN_UDP = "esp-in-udp"
    NTP = "ntp"
    DNS = "dns"
    DNS_TCP = "dns-tcp"
    DNS_AAAA = "dns-aaaa"
    ICMP_ECHO = "icmp-echo"
    VXLAN = "vxlan"


class HostSource(Enum):
    """Where the host of a row comes from; NAME rows carry a pattern, the others a fact."""

    NAME = "name"
    API_SERVER = "api-server"
    RAVEN_PROXY = "raven-proxy"
    RAVEN_TUNNEL = "raven-tunnel"
    TUNNEL_SERVER = "tunnel-server"
    PACKAGE_SOURCE = "package-source"
    RESOLVER = "resolver"
    THIS_NODE = "this-node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One row of the matrix, or one host of a row that lists several.

    id            kebab-case, stable; the stem of its check ids
    host_pattern  for NAME: a host name with an optional {region}; else the fact in words
    ports         in ascending order; empty where the fact itself carries the port
    kinds         the probes that check it, in the order of their worth
    note          what the row adds in words, or ""
    source        the document and section the row is from
    """

    id: str
    purpose: str
    direction: Direction
    protocol: Protocol
    host_source: HostSource
    host_pattern: str
    ports: tuple[int, ...]
    phases: tuple[Phase, ...]
    generation: Generation
    is_required: bool
    kinds: tuple[ProbeKind, ...]
    note: str
    source: str


USUAL_QUERY: Final = NotChecked(reason="a name server is asked for the usual name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One check: an endpoint on one host and port.

    check    the check's id: "raven-tunnel-4500", or "…@host" where one id would mean two hosts
    host     as the matrix or the fact names it; "" for this node itself
    address  None until the name is resolved, and for this node itself
    query    what a name server is asked for; HOST:PORT that a forward proxy is asked for
    """

    check: str
    endpoint: str
    purpose: str
    direction: Direction
    is_required: bool
    protocol: Protocol
    host: str
    address: Address | None
    port: int
    kinds: tuple[ProbeKind, ...]
    query: str | NotChecked = USUAL_QUERY


@dataclass(frozen=True, slots=True, kw_only=True)
class Omitted:
    """A row that cannot be checked with these facts, and what would make it checkable."""

    check: str
    endpoint: str
    purpose: str
    direction: Direction
    is_required: bool
    because: NotChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The endpoint matrix for one cluster: what to check, what cannot be, what does not apply.

    targets, omitted  in the order of the matrix
    not_applicable    endpoint ids that these facts rule out
    """

    targets: tuple[Target, ...]
    omitted: tuple[Omitted, ...]
    not_applicable: tuple[str, ...]
