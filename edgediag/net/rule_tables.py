"""The rule sets of this host as a walk asks for them: chain by chain, set by set."""

import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edgediag.host.attributes import attributes, big, string
from edgediag.host.ipset import Ipset
from edgediag.host.netfilter.base_chain import (
    decode_base_chain,
    decode_contents,
    decode_dormant,
)
from edgediag.host.netfilter.chains import (
    Backend,
    BaseChain,
    Chain,
    ChainName,
    SetContents,
)
from edgediag.host.netfilter.legacy import LegacyEntries
from edgediag.host.netfilter.legacy_chains import LegacyChains
from edgediag.host.netfilter.nft_chain import NftChain
from edgediag.host.netfilter.register import Names
from edgediag.host.netfilter.rule import FAMILY_NUMBERS, FilterRule
from edgediag.host.walk.needs import NeedChain, NeedSet
from edgediag.model.answer import NotChecked
from edgediag.net.ipset import read_ipset, set_name, with_set_names
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket, Refusal
from edgediag.net.nfnetlink import anonymous_sets

_NFTABLES: Final = 10 << 8
_GETTABLE, _GETCHAIN, _GETRULE, _GETSET, _GETSETELEM, _GETGEN = 1, 4, 7, 10, 13, 16


class RuleTables:
    """Rules and sets as they are now; those of iptables-legacy were read before.

    legacy  its tables
    """

    def __init__(self, netlink: NetlinkSocket, legacy: Sequence[LegacyEntries]) -> None:
        self._netlink = netlink
        self._legacy = {(table.family, table.name): LegacyChains(table) for table in legacy}
        self._dumped: dict[ChainName, NftChain] = {}

    def chain(self, need: NeedChain) -> Chain | NotChecked:
        """The rules of a chain that the packet may match."""
        if need.name.backend is Backend.LEGACY:
            return self._legacy_chain(need)
        return self._nft_chain(need)

    def _legacy_chain(self, need: NeedChain) -> Chain | NotChecked:
        name = need.name
        table = self._legacy.get((name.family, name.table))
        chain = None if table is None else table.chain(name.chain, need.ends)
        if chain is None:
            return NotChecked(reason=f"iptables-legacy has no chain {name.table} {name.chain}")
        return replace(chain, rules=with_set_names(self._netlink, chain.rules))

    def _nft_chain(self, need: NeedChain) -> Chain | NotChecked:
        dumped = self._dumped.get(need.name) or self._dump(need.name)
        if isinstance(dumped, Refusal):
            return NotChecked(reason=f"cannot read it: {dumped.errno_name}")
        # Packets with other ends ask for other rules of it.
        self._dumped[need.name] = dumped
        chain = dumped.met_by(need.ends)
        return replace(chain, rules=with_set_names(self._netlink, chain.rules))

    def _dump(self, name: ChainName) -> NftChain | Refusal:
        keys = string(1, name.table) + string(2, name.chain)
        dump = self._netlink.dump(_NFTABLES | _GETRULE, _head(name.family) + keys)
        if isinstance(dump, Refusal):
            return dump
        return NftChain(name, (message.payload for message in dump.messages))

    def set_contents(self, need: NeedSet) -> SetContents | NotChecked:
        """The members of a set of nf_tables."""
        head = _head(need.family) + string(1, need.table) + string(2, need.name)
        described = self._netlink.request(_NFTABLES | _GETSET, head)
        elements = self._netlink.dump(_NFTABLES | _GETSETELEM, head)
        if isinstance(described, Refusal) or isinstance(elements, Refusal):
            return NotChecked(reason=f"cannot read set {need.name}")
        payloads = (message.payload for message in elements.messages)
        return decode_contents(described.payload, payloads)

    def ipset(self, key: int | str) -> Ipset | NotChecked:
        """What an ipset is, by its index or its name."""
        name = set_name(self._netlink, key) if isinstance(key, int) else key
        return read_ipset(self._netlink, name) if name else NotChecked(reason=f"ipset {key}")


def nft_base_chains(netlink: NetlinkSocket) -> tuple[BaseChain, ...] | Refusal:
    """Every chain of nf_tables that the kernel calls itself."""
    tables = netlink.dump(_NFTABLES | _GETTABLE, _head(""))
    if isinstance(tables, Refusal):
        return tables
    dump = netlink.dump(_NFTABLES | _GETCHAIN, _head(""))
    if isinstance(dump, Refusal):
        return dump
    # The chains of a dormant table are told with their hooks, and nobody calls them.
    dormant = {decode_dormant(message.payload) for message in tables.messages}
    decoded = (decode_base_chain(message.payload) for message in dump.messages)
    found = (chain for chain in decoded if chain is not None)
    return tuple(c for c in found if (c.name.family, c.name.table) not in dormant)


def generation(netlink: NetlinkSocket) -> int | None:
    """A number that every change of nf_tables makes another; None where it is not told."""
    answer = netlink.request(_NFTABLES | _GETGEN, _head(""))
    if isinstance(answer, Refusal):
        return None
    return big(attributes(answer.payload[4:]).get(1))


def names_in(rule: FilterRule) -> Names:
    """What the rule holds only by number, as far as it can be read.

    raises  OSError where no netlink socket can be had
    """
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        sets = anonymous_sets(netlink, rule)
    return Names(sets=sets, interfaces=dict(socket.if_nameindex()))


def _head(family: str) -> bytes:
    return bytes([FAMILY_NUMBERS.get(family, 0), 0, 0, 0])
