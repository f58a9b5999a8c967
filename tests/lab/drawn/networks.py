"""The lab's two networks as faults are drawn in them: the checks of each, and its words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edgediag.lab.files import Value
from edgediag.lab.topology import EDGE_ADDRESS, HOSTS
from edgediag.lab.topology6 import EDGE_ADDRESS_6, SITE, six

# What goes out in the lab's usual phase. Without a resolver every name fails, so it is spared.
_ENDPOINTS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("cs-anony", "tcp", (443,)),
    ("cs-anony-region", "tcp", (443,)),
    ("api-server", "tcp", (6443,)),
    ("raven-proxy", "tcp", tuple(range(10280, 10285))),
    ("raven-tunnel", "udp", (4500,)),
    ("dockerauth", "tcp", (443,)),
    ("dockerauth-ee", "tcp", (443,)),
    ("registry", "tcp", (443,)),
    ("ntp-aliyun", "udp", (123,)),
    ("ntp-cn-pool", "udp", (123,)),
)
# Those have one address each in the second network, as OPTIONS state; a name has two.
_OF_ONE_ADDRESS = ("api-server", "raven-tunnel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A check of the report, and where its packets go."""

    check: str
    protocol: str
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One of the two.

    family    of nft's tables, and its word before an address
    iptables  what the names of the programs begin with
    ip        how ip(8) begins
    unused    an address beside the cloud's hosts that nobody has
    options   facts that make the checks use this network
    """

    rows: tuple[Row, ...]
    family: str
    iptables: str
    ip: tuple[str, ...]
    edge: str
    site: str
    unused: str
    is_second: bool
    options: Mapping[str, Value]


def _rows(*, is_second: bool) -> Iterable[Row]:
    for endpoint, protocol, ports in _ENDPOINTS:
        address = six(HOSTS[endpoint]) if is_second else HOSTS[endpoint]
        is_told_apart = is_second and endpoint not in _OF_ONE_ADDRESS
        for port in ports:
            check = f"{endpoint}-{port}{f'@{address}' if is_told_apart else ''}"
            yield Row(check=check, protocol=protocol, address=address, port=port)


FOUR = Network(
    rows=tuple(_rows(is_second=False)),
    family="ip",
    iptables="iptables",
    ip=("ip",),
    edge=EDGE_ADDRESS,
    site="192.168.50.0/24",
    unused="198.51.100.121",
    is_second=False,
    options=MappingProxyType({}),
)
SIX = Network(
    rows=tuple(_rows(is_second=True)),
    family="ip6",
    iptables="ip6tables",
    ip=("ip", "-6"),
    edge=EDGE_ADDRESS_6,
    site=SITE,
    unused=six("198.51.100.121"),
    is_second=True,
    options=MappingProxyType(
        {
            "api-server": f"[{six(HOSTS['api-server'])}]:6443",
            "raven-proxy": [HOSTS["raven-proxy"], six(HOSTS["raven-proxy"])],
            "raven-tunnel": [six(HOSTS["raven-tunnel"])],
            "tunnel-server": [six(HOSTS["tunnel-server"])],
        }
    ),
)
