"""The chains of iptables-legacy and arptables-legacy at the hooks of the kernel.

source  include/uapi/linux/netfilter_ipv4.h (enum nf_ip_hook_priorities); net/ipv4/netfilter/
        iptable_raw.c, iptable_mangle.c, iptable_nat.c, iptable_filter.c, iptable_security.c,
        arptable_filter.c
"""

from collections.abc import Iterator, Mapping
from typing import Final

from edgediag.host.netfilter.chains import Backend, BaseChain, ChainName
from edgediag.host.netfilter.legacy import LegacyEntries

# The module parameter raw_before_defrag would put raw at -450; nothing is called in between.
_PRIORITIES: Final = {"raw": -300, "mangle": -150, "filter": 0, "security": 50}
# Destination translation comes before the filter, source translation after it.
_NAT: Final[Mapping[str, int]] = {
    "PREROUTING": -100,
    "OUTPUT": -100,
    "INPUT": 100,
    "POSTROUTING": 100,
}
_TYPES: Final = {("nat", hook): "nat" for hook in _NAT} | {("mangle", "OUTPUT"): "route"}


def is_placed(table: LegacyEntries) -> bool:
    """Whether it is known where the kernel calls the table."""
    if table.family == "arp":
        return table.name == "filter"
    return table.name == "nat" or table.name in _PRIORITIES


def base_chains(table: LegacyEntries) -> Iterator[BaseChain]:
    """The built-in chains of a table that is placed."""
    for chain, found in table.built_in.items():
        yield BaseChain(
            name=chain_name(table, chain),
            hook=chain.lower(),
            priority=_NAT[chain] if table.name == "nat" else _PRIORITIES[table.name],
            type_=_TYPES.get((table.name, chain), "filter"),
            policy=found.policy or "",
            devices=(),
        )


def chain_name(table: LegacyEntries, chain: str) -> ChainName:
    """A chain of the table among all chains of this host."""
    return ChainName(backend=Backend.LEGACY, family=table.family, table=table.name, chain=chain)
