"""What a walk asks of the running kernel: chains as the packet visits them, sets, routes.

Nothing is written and nothing is sent. The rules may change meanwhile: a walk that began with one
generation of nf_tables and ended with another is made again.
"""

import socket
import struct
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address
from typing import Final, TypeAlias

from edgediag.host.attributes import attributes, big, native, string
from edgediag.host.ipset import Ipset
from edgediag.host.netfilter.base_chain import decode_base_chain, decode_contents
from edgediag.host.netfilter.chains import Backend, BaseChain, Chain, ChainName, SetContents
from edgediag.host.netfilter.legacy import LegacyTable
from edgediag.host.netfilter.legacy_rule import chain_rules
from edgediag.host.netfilter.register import Names
from edgediag.host.netfilter.rule import FAMILY_NUMBERS, FilterRule, decode_filter_rule
from edgediag.host.routes import LOCAL, RouteMessage, covers, decode_route, typed_dump_request
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.inbound import receive
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.legacy import base_chains
from edgediag.host.walk.needs import (
    Answer,
    Asking,
    Member,
    Need,
    NeedAddressType,
    NeedChain,
    NeedIpset,
    NeedMember,
    NeedRoute,
    NeedSet,
    NeedSocket,
    NoWay,
    Way,
)
from edgediag.host.walk.outbound import send
from edgediag.host.walk.parcel import Interface, Parcel
from edgediag.host.walk.reply import answer
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.host import Route
from edgediag.net.arrivals import refusal_words, untaken
from edgediag.net.fib import route_for
from edgediag.net.ipset import is_member, read_ipset, set_name, with_set_names
from edgediag.net.listening import taken
from edgediag.net.netlink import NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkSocket, Refusal
from edgediag.net.nfnetlink import anonymous_sets
from edgediag.net.xtables import read_placed

_NFTABLES: Final = 10 << 8
_GETCHAIN, _GETRULE, _GETSET, _GETSETELEM, _GETGEN = 4, 7, 10, 13, 16
_RTM_GETROUTE: Final = 26
_TABLE_LOCAL: Final = 255
_UNICAST, _BROADCAST, _MULTICAST = 1, 3, 5
_RTM_GETLINK, _IFLA_MASTER = 18, 10
_IFINFOMSG: Final = struct.Struct("=BBHiII")
_FAMILIES: Final = {
    4: frozenset({"ip", "inet", "netdev"}),
    6: frozenset({"ip6", "inet", "netdev"}),
}
_LEGACY_FAMILIES: Final = {4: "ip", 6: "ip6"}
_TRIES: Final = 4


Begin: TypeAlias = Callable[[Parcel, HookWalk], Asking[list[Course]]]
Walk: TypeAlias = Callable[[Parcel, Journal], tuple[list[Course], tuple[str, ...]]]


def walk_outbound(parcel: Parcel, journal: Journal) -> tuple[list[Course], tuple[str, ...]]:
    """Every course of a packet that this host sends, and the rule sets that were not read.

    raises  OSError where no netlink socket can be had, nor the list of iptables-legacy's tables
    """
    return _walk(parcel, journal, send)


def walk_inbound(parcel: Parcel, journal: Journal) -> tuple[list[Course], tuple[str, ...]]:
    """The same of a packet that comes in by a device.

    raises  OSError where no netlink socket can be had
    """
    return _walk(parcel, journal, receive)


def walk_reply(parcel: Parcel, journal: Journal) -> tuple[list[Course], tuple[str, ...]]:
    """The same of a packet that this host sends and of its answer.

    raises  OSError where no netlink socket can be had
    """
    return _walk(parcel, journal, answer)


def rules_of(name: ChainName) -> Chain | NotChecked:
    """The rules of one chain, or why they cannot be had.

    raises  OSError where no netlink socket can be had
    """
    with NetlinkSocket(NETLINK_NETFILTER) as netlink, NetlinkSocket(NETLINK_ROUTE) as routing:
        tables, _ = read_placed(name.family) if name.backend is Backend.LEGACY else ((), ())
        return _Host(netlink, routing, tables).chain(name)


def names_in(rule: FilterRule) -> Names:
    """What the rule holds only by number, as far as it can be read.

    raises  OSError where no netlink socket can be had
    """
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        sets = anonymous_sets(netlink, rule)
    return Names(sets=sets, interfaces=dict(socket.if_nameindex()))


def _walk(
    parcel: Parcel, journal: Journal, begin: Begin
) -> tuple[list[Course], tuple[str, ...]]:
    with NetlinkSocket(NETLINK_NETFILTER) as netlink, NetlinkSocket(NETLINK_ROUTE) as routing:
        for _ in range(_TRIES):
            before = _generation(netlink)
            chains = _base_chains(netlink)
            if isinstance(chains, Refusal):
                return [], (f"nf_tables: {chains.errno_name}",)
            tables, unread = read_placed(_LEGACY_FAMILIES[parcel.version])
            host = _Host(netlink, routing, tables)
            legacy = (chain for table in tables for chain in base_chains(table))
            journal.begin()
            hooks = HookWalk((*_met(chains, parcel.version), *legacy), journal)
            courses = host.answered(begin(parcel, hooks))
            unread = (*unread, *_masters(routing, parcel))
            if _generation(netlink) == before:
                return courses, unread
        return courses, (*unread, "rules that kept changing while they were read")


def interface(name: str) -> Interface:
    """A device by its name, with index 0 where it is gone."""
    try:
        return Interface(name=name, index=socket.if_nametoindex(name))
    except OSError:
        return Interface(name=name, index=0)


class _Host:
    """The answers of the running kernel."""

    def __init__(
        self, netlink: NetlinkSocket, routing: NetlinkSocket, legacy: Sequence[LegacyTable]
    ) -> None:
        self._netlink = netlink
        self._routing = routing
        self._legacy = {(table.family, table.name): table for table in legacy}

    def answered(self, walk: Asking[list[Course]]) -> list[Course]:
        """Drive a walk to its end."""
        try:
            need = next(walk)
            while True:
                need = walk.send(self._answer(need))
        except StopIteration as end:
            courses: list[Course] = end.value
            return courses

    def _answer(self, need: Need) -> Answer:
        match need:
            case NeedChain():
                return self.chain(need.name)
            case NeedSet():
                return self._set(need)
            case NeedAddressType():
                return self._address_type(need.address)
            case NeedRoute():
                return _way(need)
            case NeedSocket():
                return taken(need)
            case NeedIpset():
                return self._ipset(need.key)
            case NeedMember():
                answer = is_member(self._netlink, need.ipset, need.element)
                return answer if isinstance(answer, NotChecked) else Member(is_member=answer)

    def chain(self, name: ChainName) -> Chain | NotChecked:
        """The rules of a chain as they are now."""
        if name.backend is Backend.LEGACY:
            table = self._legacy.get((name.family, name.table))
            if table is None or name.chain not in table.chains:
                return NotChecked(reason=f"iptables-legacy has no chain {name.table} {name.chain}")
            legacy = chain_rules(table, name.chain)
            return Chain(rules=with_set_names(self._netlink, legacy))
        keys = string(1, name.table) + string(2, name.chain)
        dump = self._netlink.dump(_NFTABLES | _GETRULE, _head(name.family) + keys)
        if isinstance(dump, Refusal):
            return NotChecked(reason=f"cannot read it: {dump.errno_name}")
        decoded = (decode_filter_rule(message.payload) for message in dump.messages)
        rules = (rule for rule in decoded if rule is not None)
        # A kernel that does not know the filter dumps every rule there is.
        wanted = (name.family, name.table, name.chain)
        own = (rule for rule in rules if (rule.family, rule.table, rule.chain) == wanted)
        return Chain(rules=with_set_names(self._netlink, own))

    def _set(self, need: NeedSet) -> SetContents | NotChecked:
        head = _head(need.family) + string(1, need.table) + string(2, need.name)
        described = self._netlink.request(_NFTABLES | _GETSET, head)
        elements = self._netlink.dump(_NFTABLES | _GETSETELEM, head)
        if isinstance(described, Refusal) or isinstance(elements, Refusal):
            return NotChecked(reason=f"cannot read set {need.name}")
        payloads = (message.payload for message in elements.messages)
        return decode_contents(described.payload, payloads)

    def _ipset(self, key: int | str) -> Ipset | NotChecked:
        name = set_name(self._netlink, key) if isinstance(key, int) else key
        return read_ipset(self._netlink, name) if name else NotChecked(reason=f"ipset {key}")

    def _address_type(self, address: Address) -> int | NotChecked:
        if address.is_multicast:
            return _MULTICAST
        if isinstance(address, IPv6Address):
            return _type_of_6(address)
        if address.packed[0] == 0 or int(address) == 0xFFFFFFFF:
            return _BROADCAST
        if not self._routing.is_strict:
            return NotChecked(reason="this kernel does not give its local table alone")
        found: list[RouteMessage] = []
        for type_ in (LOCAL, _BROADCAST):
            dump = self._routing.dump(_RTM_GETROUTE, typed_dump_request(4, type_))
            if isinstance(dump, Refusal):
                return NotChecked(reason=f"cannot read the local table: {dump.errno_name}")
            decoded = (decode_route(message.payload) for message in dump.messages)
            found += [each for each in decoded if each is not None and each.type_ == type_]
        own = [each for each in found if each.table == _TABLE_LOCAL and covers(each, address)]
        best = max(own, key=lambda route: route.length, default=None)
        return _UNICAST if best is None else best.type_


def _type_of_6(address: IPv6Address) -> int | NotChecked:
    """As nft_fib6 finds it: of an address that nothing leads to, nothing is said."""
    anything = Flow(
        protocol=Protocol.UDP,
        source=IPv6Address(0),
        source_port=0,
        destination=address,
        destination_port=0,
    )
    answer = route_for(anything)
    if not isinstance(answer, Route):
        return NotChecked(reason=f"no way leads to {address}")
    return LOCAL if answer.is_local else _UNICAST


def _way(need: NeedRoute) -> Way | NoWay | NotChecked:
    destination = need.flow.destination
    is_scoped = destination.is_link_local or destination.is_multicast
    if destination.version == 6 and is_scoped and not need.incoming:
        return NotChecked(reason=f"by which device {destination} is meant")
    answer = route_for(need.flow, mark=need.mark, uid=need.uid, incoming=need.incoming)
    if isinstance(answer, NotChecked):
        return answer
    if not isinstance(answer, Route):
        if need.incoming:
            return NoWay(text=refusal_words(need.flow, need.incoming, need.mark, answer))
        return NoWay(text=f"no way: {answer.errno_name}")
    why = untaken(need.flow, need.incoming, answer) if need.incoming else ""
    if why:
        return NoWay(text=why)
    by = f" via {answer.gateway}" if answer.gateway else ""
    return Way(
        outgoing=interface(answer.interface),
        is_local=answer.is_local,
        text=f"{answer.prefix}{by} dev {answer.interface} table {answer.table}",
    )


def _base_chains(netlink: NetlinkSocket) -> tuple[BaseChain, ...] | Refusal:
    dump = netlink.dump(_NFTABLES | _GETCHAIN, _head(""))
    if isinstance(dump, Refusal):
        return dump
    decoded = (decode_base_chain(message.payload) for message in dump.messages)
    return tuple(chain for chain in decoded if chain is not None)


def _met(chains: Sequence[BaseChain], version: int) -> tuple[BaseChain, ...]:
    return tuple(chain for chain in chains if chain.name.family in _FAMILIES[version])


def _masters(routing: NetlinkSocket, parcel: Parcel) -> tuple[str, ...]:
    """What takes the packet from the device that it comes in by, before IP sees it."""
    device = parcel.incoming
    if not device.index:
        return ()
    answer = routing.request(_RTM_GETLINK, _IFINFOMSG.pack(0, 0, 0, device.index, 0, 0))
    if isinstance(answer, Refusal):
        return (f"device {device.name}: {answer.errno_name}",)
    master = native(attributes(answer.payload[_IFINFOMSG.size :]).get(_IFLA_MASTER))
    return (f"what takes packets from {device.name}, a port of another device",) if master else ()


def _generation(netlink: NetlinkSocket) -> int | None:
    answer = netlink.request(_NFTABLES | _GETGEN, _head(""))
    if isinstance(answer, Refusal):
        return None
    return big(attributes(answer.payload[4:]).get(1))


def _head(family: str) -> bytes:
    return bytes([FAMILY_NUMBERS.get(family, 0), 0, 0, 0])
