"""Which services there are, where each listens, and the ways each can misbehave."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from edgediag.lab.topology import HOSTS
from edgediag.lab.topology6 import HOSTS_6

ANY_ADDRESS = "0.0.0.0"
LOOPBACK = "127.0.0.1"
# systemd-resolved(8).
STUB_ADDRESS = "127.0.0.53"


class Kind(Enum):
    """What a service speaks; TLS has HTTP/1.1 inside, and HTTP2 what gRPC needs."""

    TLS = "tls"
    HTTP2 = "http2"
    HTTP = "http"
    PORT = "port"
    DNS = "dns"
    NTP = "ntp"
    IKE = "ike"


class Mode(Enum):
    """How a service behaves.

    DOWN            nothing listens: the kernel answers with a reset or port unreachable
    SILENT          datagrams are taken and never answered; streams are accepted and never answered
    CLOSE           streams are accepted and closed at once
    MUTE            streams are accepted and never answered
    RESET           streams are accepted, and reset when the client has spoken
    LOOPBACK        listens on 127.0.0.1 alone
    PLAIN           HTTP without TLS
    UNAVAILABLE     HTTP status 503
    REFUSED         HTTP status 403; a resolver's REFUSED
    TOKEN_ELSEWHERE  a registry sends its clients for tokens to a host that no table lists
    NO_STRANGERS    who gives tokens gives strangers none
    NO_HTTP2        HTTP/1.1 inside TLS, and no protocol is chosen
    BLOBS_NOWHERE   a registry sends its clients for blobs to a name that nobody has
    EXPIRED, NOT_YET_VALID, OTHER_NAME, UNKNOWN_ISSUER  what is wrong with the certificate
    EMPTY           every name exists and has no record
    NXDOMAIN        no name exists
    WILDCARD        every name has one and the same address
    TRUNCATED       datagrams have no room for a record; over TCP it is there
    PRIVATE         every name of the zone has one and the same private address
    KISS, KISS_DENY  a kiss-o'-death, RATE or DENY
    AHEAD           the server's clock is AHEAD_S ahead
    TELLS_ORIGIN    the gateway says by NAT detection from where it sees the client
    """

    NORMAL = "normal"
    DOWN = "down"
    SILENT = "silent"
    CLOSE = "close"
    MUTE = "mute"
    RESET = "reset"
    LOOPBACK = "loopback"
    PLAIN = "plain"
    UNAVAILABLE = "unavailable"
    TOKEN_ELSEWHERE = "token-elsewhere"
    NO_STRANGERS = "no-strangers"
    NO_HTTP2 = "no-http2"
    BLOBS_NOWHERE = "blobs-nowhere"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    OTHER_NAME = "other-name"
    UNKNOWN_ISSUER = "unknown-issuer"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    EMPTY = "empty"
    NXDOMAIN = "nxdomain"
    WILDCARD = "wildcard"
    TRUNCATED = "truncated"
    PRIVATE = "private"
    UNSYNCHRONISED = "unsynchronised"
    KISS = "kiss"
    KISS_DENY = "kiss-deny"
    AHEAD = "ahead"
    COOKIE = "cookie"
    TELLS_ORIGIN = "tells-origin"


FAULTY_CERTIFICATES = frozenset(
    {Mode.EXPIRED, Mode.NOT_YET_VALID, Mode.OTHER_NAME, Mode.UNKNOWN_ISSUER}
)
# Those that show the certificate of the normal one.
TRUSTED_MODES = frozenset(
    {
        Mode.UNAVAILABLE,
        Mode.TOKEN_ELSEWHERE,
        Mode.NO_STRANGERS,
        Mode.BLOBS_NOWHERE,
        Mode.NO_HTTP2,
    }
)
_STREAM_MODES = frozenset({Mode.NORMAL, Mode.DOWN, Mode.CLOSE, Mode.MUTE, Mode.RESET})
MODES: Mapping[Kind, frozenset[Mode]] = MappingProxyType(
    {
        Kind.TLS: _STREAM_MODES | FAULTY_CERTIFICATES | TRUSTED_MODES | {Mode.PLAIN},
        Kind.HTTP2: _STREAM_MODES | FAULTY_CERTIFICATES | {Mode.NO_HTTP2},
        Kind.HTTP: _STREAM_MODES | {Mode.UNAVAILABLE, Mode.REFUSED},
        Kind.PORT: _STREAM_MODES | {Mode.LOOPBACK},
        Kind.DNS: frozenset(
            {
                Mode.NORMAL,
                Mode.DOWN,
                Mode.SILENT,
                Mode.SERVFAIL,
                Mode.REFUSED,
                Mode.EMPTY,
                Mode.NXDOMAIN,
                Mode.WILDCARD,
                Mode.TRUNCATED,
                Mode.PRIVATE,
            }
        ),
        Kind.NTP: frozenset(
            {
                Mode.NORMAL,
                Mode.DOWN,
                Mode.SILENT,
                Mode.UNSYNCHRONISED,
                Mode.KISS,
                Mode.KISS_DENY,
                Mode.AHEAD,
            }
        ),
        Kind.IKE: frozenset(
            {Mode.NORMAL, Mode.DOWN, Mode.SILENT, Mode.COOKIE, Mode.TELLS_ORIGIN}
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service of a node; DNS listens on both UDP and TCP.

    addresses  that it listens on, of IPv6 too where it is one of the cloud's
    at_first  its mode in a fresh lab
    """

    name: str
    kind: Kind
    addresses: tuple[str, ...]
    ports: tuple[int, ...]
    at_first: Mode


def _service(name: str, kind: Kind, *ports: int, host: str = "") -> Service:
    addresses = (HOSTS[host or name], HOSTS_6[host or name])
    return Service(name=name, kind=kind, addresses=addresses, ports=ports, at_first=Mode.NORMAL)


def _port(name: str, port: int) -> Service:
    return Service(
        name=name, kind=Kind.PORT, addresses=(ANY_ADDRESS,), ports=(port,), at_first=Mode.NORMAL
    )


def _interceptor(
    name: str, kind: Kind, *ports: int, address: str = ANY_ADDRESS
) -> Service:
    """What a node answers itself once a story wants it, as redirected packets; down until then."""
    return Service(name=name, kind=kind, addresses=(address,), ports=ports, at_first=Mode.DOWN)


SERVICES: Mapping[str, tuple[Service, ...]] = MappingProxyType(
    {
        "cloud": (
            _service("api-server", Kind.TLS, 6443),
            _service("raven-proxy", Kind.HTTP2, 10280, 10281, 10282, 10283, 10284),
            _service("raven-tunnel", Kind.IKE, 4500),
            _service("tunnel-server", Kind.TLS, 10262, 10263),
            _service("cs-anony", Kind.TLS, 443),
            _service("cs-anony-http", Kind.HTTP, 80, host="cs-anony"),
            _service("cs-anony-region", Kind.TLS, 443),
            _service("cs-anony-region-http", Kind.HTTP, 80, host="cs-anony-region"),
            _service("oss", Kind.TLS, 443),
            _service("oss-http", Kind.HTTP, 80, host="oss"),
            _service("dockerauth", Kind.TLS, 443),
            _service("dockerauth-ee", Kind.TLS, 443),
            _service("registry", Kind.TLS, 443),
            _service("token-service", Kind.TLS, 443),
            _service("blob-store", Kind.TLS, 443),
            _service("package-source", Kind.HTTP, 80),
            _service("forward-proxy", Kind.HTTP, 3128),
            _service("resolver", Kind.DNS, 53),
            _service("ntp-aliyun", Kind.NTP, 123),
            _service("ntp-cn-pool", Kind.NTP, 123),
        ),
        "edge": (
            _port("kubelet", 10250),
            _port("kubelet-read-only", 10255),
            _port("node-exporter", 9100),
            _port("node-exporter-gpu", 9445),
            _interceptor("stub-resolver", Kind.DNS, 53, address=STUB_ADDRESS),
            # Proxy and health of edge-hub, which a node that it is unknown of does without.
            _interceptor("hub", Kind.HTTP, 10261, 10267, address=LOOPBACK),
        ),
        "peer": (_port("kubelet", 10250), _port("node-exporter", 9100)),
        "isp1": (
            _interceptor("dns-interceptor", Kind.DNS, 53),
            _interceptor("tls-interceptor", Kind.TLS, 3129),
            _interceptor("proxy", Kind.PORT, 3128),
        ),
    }
)


def service_of(node: str, name: str) -> Service | None:
    """The service of that name on the node, None if it has none."""
    return next((service for service in SERVICES.get(node, ()) if service.name == name), None)


# Names for use inside a VPC, whose addresses public zones give out all the same (RFC 6598).
VPC_NAMES: Mapping[str, str] = MappingProxyType(
    {"mirrors-internal.aliyuncs.com": "100.100.2.148"}
)


def _zone() -> dict[str, str]:
    zone = {
        "cs-anony.aliyuncs.com": "cs-anony",
        "dockerauth.cn-hangzhou.aliyuncs.com": "dockerauth",
        # A hyphen stands before this one region; the dotted name does not exist.
        "dockerauth-cn-zhangjiakou.aliyuncs.com": "dockerauth",
        "ntp1.aliyun.com": "ntp-aliyun",
        "cn.ntp.org.cn": "ntp-cn-pool",
        "mirror.lab.example": "package-source",
        "tokens.lab.example": "token-service",
    }
    for region in ("cn-hangzhou", "cn-zhangjiakou"):
        zone |= {
            f"cs-anony.{region}.aliyuncs.com": "cs-anony-region",
            f"aliacs-k8s-{region}.oss-{region}.aliyuncs.com": "oss",
            f"dockerauth-ee.{region}.aliyuncs.com": "dockerauth-ee",
            f"registry-{region}.ack.aliyuncs.com": "registry",
            f"layers.oss-{region}.aliyuncs.com": "blob-store",
        }
    return zone


# By name, the host whose addresses it has.
_HOST_OF: Mapping[str, str] = MappingProxyType(_zone())
ZONE: Mapping[str, str] = MappingProxyType(
    {name: HOSTS[host] for name, host in _HOST_OF.items()} | dict(VPC_NAMES)
)
ZONE_6: Mapping[str, str] = MappingProxyType(
    {name: HOSTS_6[host] for name, host in _HOST_OF.items()}
)
