"""What the lab is made of: nodes, cables, addresses and routes, as data.

    pod -- edge --+                         +-- isp2a --+
                  +-- cpe (NAT) -- isp1 ----+           +-- border -- cloud
           peer --+                         +-- isp2b --+

Hop 1 of the edge node is cpe, hop 2 isp1, hop 3 one of the twins isp2a and isp2b, hop 4 border.
All addresses outside the site are for documentation (RFC 5737).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NODES = ("edge", "pod", "peer", "cpe", "isp1", "isp2a", "isp2b", "border", "cloud")
ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType({"isp2": ("isp2a", "isp2b")})
ROUTERS = ("edge", "peer", "cpe", "isp1", "isp2a", "isp2b", "border")
# Those that have two equal routes.
BALANCERS = ("isp1", "border")
# The places a truth may name, from the edge node to the destination.
LANDMARKS = ("edge", "cpe", "isp1", "isp2", "border", "host")

MAIN_TABLE = 254
UPLINK = "eth0"
EDGE_ADDRESS = "192.168.50.10"
PEER_ADDRESS = "192.168.50.11"

HOSTS: Mapping[str, str] = MappingProxyType(
    {
        "api-server": "198.51.100.10",
        "raven-proxy": "198.51.100.20",
        "raven-tunnel": "198.51.100.21",
        "tunnel-server": "198.51.100.22",
        "cs-anony": "198.51.100.30",
        "cs-anony-region": "198.51.100.31",
        "oss": "198.51.100.32",
        "dockerauth": "198.51.100.33",
        "dockerauth-ee": "198.51.100.34",
        "registry": "198.51.100.35",
        "token-service": "198.51.100.36",
        "blob-store": "198.51.100.37",
        "package-source": "198.51.100.40",
        "forward-proxy": "198.51.100.50",
        "resolver": "192.0.2.53",
        "ntp-aliyun": "192.0.2.123",
        "ntp-cn-pool": "192.0.2.124",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a cable; `bridge` is the bridge of the same node it is plugged into, or ""."""

    node: str
    interface: str
    addresses: tuple[str, ...]
    bridge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A bridge with the node's own address on it."""

    node: str
    interface: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vtep:
    """One side of a VXLAN with a single partner, programmed by hand as flannel and Raven do."""

    node: str
    interface: str
    vni: int
    port: int
    address: str
    mac: str
    underlay: str
    partner_address: str
    partner_mac: str
    partner_underlay: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route; several gateways share the load, a device alone means on the link."""

    destination: str
    gateways: tuple[str, ...]
    device: str = ""
    type_: str = "unicast"
    table: int = MAIN_TABLE


def _end(node: str, interface: str, *addresses: str, bridge: str = "") -> End:
    return End(node=node, interface=interface, addresses=addresses, bridge=bridge)


def _tunnel(
    interface: str, vni_and_port: tuple[int, int], *, edge: tuple[str, str], peer: tuple[str, str]
) -> tuple[Vtep, Vtep]:
    """Both sides of a VXLAN; of each side the address with its length, and the MAC."""
    sides = (("edge", EDGE_ADDRESS, *edge), ("peer", PEER_ADDRESS, *peer))
    vni, port = vni_and_port
    near, far = (
        Vtep(
            node=own[0],
            interface=interface,
            vni=vni,
            port=port,
            address=own[2],
            mac=own[3],
            underlay=own[1],
            partner_address=other[2].partition("/")[0],
            partner_mac=other[3],
            partner_underlay=other[1],
        )
        for own, other in (sides, sides[::-1])
    )
    return near, far


BRIDGES = (
    Bridge(node="edge", interface="cni0", addresses=("10.244.1.1/24",)),
    Bridge(node="peer", interface="cni0", addresses=("10.244.2.1/24",)),
    Bridge(node="cpe", interface="lan", addresses=("192.168.50.1/24",)),
)

# The host addresses are /32: then removing one does not take the others of its prefix away.
CABLES = (
    (_end("edge", UPLINK, f"{EDGE_ADDRESS}/24"), _end("cpe", "port1", bridge="lan")),
    (_end("peer", UPLINK, f"{PEER_ADDRESS}/24"), _end("cpe", "port2", bridge="lan")),
    (_end("pod", UPLINK, "10.244.1.2/24"), _end("edge", "vethpod", bridge="cni0")),
    (_end("cpe", "wan", "203.0.113.2/30"), _end("isp1", "site", "203.0.113.1/30")),
    (_end("isp1", "to2a", "203.0.113.5/30"), _end("isp2a", "to1", "203.0.113.6/30")),
    (_end("isp1", "to2b", "203.0.113.9/30"), _end("isp2b", "to1", "203.0.113.10/30")),
    (_end("isp2a", "border", "203.0.113.13/30"), _end("border", "to2a", "203.0.113.14/30")),
    (_end("isp2b", "border", "203.0.113.17/30"), _end("border", "to2b", "203.0.113.18/30")),
    (
        _end("border", "cloud", "198.51.100.1/24", "192.0.2.1/24"),
        _end(
            "cloud",
            UPLINK,
            "198.51.100.2/24",
            "192.0.2.2/24",
            *(f"{address}/32" for address in HOSTS.values()),
        ),
    ),
)
ENDS = tuple(end for cable in CABLES for end in cable)
PORTS: tuple[Bridge | End, ...] = (*BRIDGES, *ENDS)

ROUTES: Mapping[str, tuple[Route, ...]] = MappingProxyType(
    {
        "edge": (
            Route(destination="default", gateways=("192.168.50.1",)),
            Route(destination="10.244.2.0/24", gateways=("10.244.2.0",), device="flannel.1"),
        ),
        "peer": (
            Route(destination="default", gateways=("192.168.50.1",)),
            Route(destination="10.244.1.0/24", gateways=("10.244.1.0",), device="flannel.1"),
        ),
        "pod": (Route(destination="default", gateways=("10.244.1.1",)),),
        "cpe": (Route(destination="default", gateways=("203.0.113.1",)),),
        "isp1": (Route(destination="default", gateways=("203.0.113.6", "203.0.113.10")),),
        "isp2a": (
            Route(destination="203.0.113.0/30", gateways=("203.0.113.5",)),
            Route(destination="default", gateways=("203.0.113.14",)),
        ),
        "isp2b": (
            Route(destination="203.0.113.0/30", gateways=("203.0.113.9",)),
            Route(destination="default", gateways=("203.0.113.18",)),
        ),
        "border": (Route(destination="203.0.113.0/30", gateways=("203.0.113.13", "203.0.113.17")),),
        "cloud": (Route(destination="default", gateways=("198.51.100.1",)),),
    }
)

# flannel: VNI 1 on 8472, the device's address is the network address of the node's pod CIDR.
# Raven: VNI 200 on 4472, the device's address is the node's with its first octet made 240.
VTEPS = (
    *_tunnel(
        "flannel.1",
        (1, 8472),
        edge=("10.244.1.0/32", "02:00:0a:f4:01:00"),
        peer=("10.244.2.0/32", "02:00:0a:f4:02:00"),
    ),
    *_tunnel(
        "raven0",
        (200, 4472),
        edge=("240.168.50.10/8", "02:00:f0:a8:32:0a"),
        peer=("240.168.50.11/8", "02:00:f0:a8:32:0b"),
    ),
)

# The machine's own defaults would seep into new namespaces (devconf_inherit_init_net, ip-sysctl).
# Without IPv6 no neighbour discovery disturbs a capture. icmp_ratelimit stays the kernel's own.
SYSCTLS: Mapping[str, str] = MappingProxyType(
    {
        "net.ipv4.conf.all.rp_filter": "0",
        "net.ipv4.conf.default.rp_filter": "0",
        "net.ipv6.conf.all.disable_ipv6": "1",
        "net.ipv6.conf.default.disable_ipv6": "1",
    }
)
ROUTER_SYSCTLS: Mapping[str, str] = MappingProxyType({"net.ipv4.ip_forward": "1"})

RULESETS: Mapping[str, str] = MappingProxyType(
    {
        "cpe": """
            table ip nat {
                chain postrouting {
                    type nat hook postrouting priority srcnat
                    oifname "wan" masquerade
                }
            }
        """,
        "edge": """
            table ip flannel-ipv4 {
                chain postrtg {
                    type nat hook postrouting priority srcnat
                    ip saddr 10.244.1.0/24 ip daddr != 10.244.0.0/16 masquerade
                }
            }
        """,
    }
)


def expand(node: str) -> tuple[str, ...]:
    """The nodes that a name stands for: itself, or both twins of isp2."""
    return ALIASES.get(node, (node,))


def addresses_of(node: str) -> tuple[str, ...]:
    """Every address of a node or of the nodes an alias stands for, without prefix length."""
    members = expand(node)
    own = [address for port in PORTS if port.node in members for address in port.addresses]
    inside = [vtep.address for vtep in VTEPS if vtep.node in members]
    return tuple(address.partition("/")[0] for address in (*own, *inside))


def landmarks() -> dict[str, str]:
    """The landmark that each address of the lab belongs to."""
    nodes = {landmark: landmark for landmark in LANDMARKS} | {"host": "cloud"}
    return {
        address: landmark for landmark, node in nodes.items() for address in addresses_of(node)
    }
