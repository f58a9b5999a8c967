"""Conditions of nft that hold of every packet on its way, so that they change nothing."""

from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType

from tests.lab.drawn.matches import Way
from tests.lab.drawn.networks import Network

_EITHER: Mapping[Way, tuple[str, ...]] = MappingProxyType(
    {
        Way.OUT: (
            'oifname "eth0"',
            "oif eth0",
            "meta mark 0",
            "meta skuid 0",
            "meta skgid < 1000",
            "meta length < 1400",
            "meta l4proto != icmp",
            "ct direction original",
            "ct state new,established",
            "ct mark 0",
            "fib daddr type unicast",
        ),
        Way.BACK: (
            'iifname "eth0"',
            "meta mark 0",
            "meta pkttype host",
            "meta length < 1600",
            "ct state established,related",
            "ct direction reply",
            "ct mark 0",
            "fib daddr type local",
        ),
    }
)
_OF_FOUR: Mapping[Way, tuple[str, ...]] = MappingProxyType(
    {
        Way.OUT: (
            "ip dscp 0",
            "ip ttl != 1",
            "ip version 4",
            "ip frag-off & 0x1fff == 0",
            "ip saddr 192.168.50.0/24",
            "ip saddr != 10.0.0.0/8",
            "rt classid 0",
        ),
        Way.BACK: ("ip daddr 192.168.50.10", "ip ttl > 10", "ip version 4"),
    }
)
_OF_SIX: Mapping[Way, tuple[str, ...]] = MappingProxyType(
    {
        Way.OUT: (
            "ip6 hoplimit != 1",
            "ip6 dscp 0",
            "ip6 version 6",
            "ip6 saddr 2001:db8:192:168:50::/96",
        ),
        Way.BACK: ("ip6 daddr 2001:db8:192:168:50::10", "ip6 hoplimit > 10"),
    }
)
_OF_TCP: Mapping[Way, tuple[str, ...]] = MappingProxyType(
    {
        Way.OUT: (
            "tcp flags syn / syn,ack",
            "tcp flags & (fin|syn|rst|ack) == syn",
            "tcp dport != 22",
        ),
        Way.BACK: ("tcp flags syn,ack / syn,ack",),
    }
)
# What a chain of a device does not have: neither a route nor a socket, and no connection.
_NOT_OF_A_DEVICE = ("ct ", "fib ", "meta sk", "meta pkttype", "rt ", "oif", "iif")
# Connection tracking begins at NF_IP_PRI_CONNTRACK, which is -200.
_TRACKED_FROM = -199


def draw_extras(
    dice: Random, network: Network, way: Way, *, protocol: str, priority: int | None
) -> Sequence[str]:
    """Up to two of them.

    priority  of the chain, None where it is a device's
    """
    of_version = (_OF_SIX if network.is_second else _OF_FOUR)[way]
    choice = [*_EITHER[way], *of_version, *(_OF_TCP[way] if protocol == "tcp" else ())]
    if priority is None:
        choice = [words for words in choice if not words.startswith(_NOT_OF_A_DEVICE)]
    elif priority < _TRACKED_FROM:
        choice = [words for words in choice if not words.startswith("ct ")]
    return dice.sample(choice, dice.choice((0, 0, 1, 1, 2)))


def mix(dice: Random, conditions: Sequence[str], extras: Sequence[str]) -> str:
    """The conditions in their order, each extra before or behind them."""
    mixed = list(conditions)
    for extra in extras:
        mixed.insert(dice.choice((0, len(mixed))), extra)
    return " ".join(mixed)
