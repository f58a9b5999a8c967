"""What a walk asks of the running kernel: chains as the packet visits them, sets, routes.

Nothing is written and nothing is sent. The rules may change meanwhile: a walk that began with one
generation of nf_tables and ended with another is made again.
"""

import socket
import struct
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from typing import Final, TypeAlias

from edgediag.host.attributes import attributes, big, native, string
from edgediag.host.netfilter.base_chain import decode_base_chain, decode_contents, decode_fields
from edgediag.host.netfilter.chains import Backend, BaseChain, Chain, ChainName, SetContents
from edgediag.host.netfilter.legacy import LegacyTable
from edgediag.host.netfilter.legacy_rule import chain_rules
from edgediag.host.netfilter.rule import FAMILY_NUMBERS, decode_filter_rule
from edgediag.host.routes import LOCAL, RouteMessage, covers, decode_route, typed_dump_request
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.inbound import receive
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.legacy import base_chains
from edgediag.host.walk.needs import (
    Answer,
    Asking,
    Need,
    NeedAddressType,
    NeedChain,
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
from edgediag.model.host import Route
from edgediag.net.arrivals import refusal_words
from edgediag.net.fib import route_for
from edgediag.net.listening import taken
from edgediag.net.netlink import NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkSocket, Refusal
from edgediag.net.xtables import read_placed

_NFTABLES: Final = 10 << 8
_GETCHAIN, _GETRULE, _GETSET, _GETSETELEM, _GETGEN = 4, 7, 10, 13, 16
_RTM_GETROUTE: Final = 26
_TABLE_LOCAL: Final = 255
_UNICAST, _BROADCAST, _MULTICAST = 1, 3, 5
_RTM_GETLINK, _IFLA_MASTER = 18, 10
_IFINFOMSG: Final = struct.Struct("=BBHiII")
_IPV4_FAMILIES: Final = frozenset({"ip", "inet", "netdev"})
_TRIES: Final = 4


Begin: TypeAlias = Callable[[Parcel, HookWalk], Asking[list[Course]]]


def walk_outbound(parcel: Parcel) -> tuple[list[Course], tuple[str, ...]]:
    """Every course of a packet that this host sends, and the rule sets that were not read.

    raises  OSError where no netlink socket can be had, nor the list of iptables-legacy's tables
    """
    return _walk(parcel, send)


def walk_inbound(parcel: Parcel) -> tuple[list[Course], tuple[str, ...]]:
    """The same of a packet that comes in by a device.

    raises  OSError where no netlink socket can be had
    """
    return _walk(parcel, receive)


def walk_reply(parcel: Parcel) -> tuple[list[Course], tuple[str, ...]]:
    """The same of a packet that this host sends and of its answer.

    raises  OSError where no netlink socket can be had
    """
    return _walk(parcel, answer)


def _walk(parcel: Parcel, begin: Begin) -> tuple[list[Course], tuple[str, ...]]:
    with NetlinkSocket(NETLINK_NETFILTER) as netlink, NetlinkSocket(NETLINK_ROUTE) as routing:
        for _ in range(_TRIES):
            before = _generation(netlink)
            chains = _base_chains(netlink)
            if isinstance(chains, Refusal):
                return [], (f"nf_tables: {chains.errno_name}",)
            tables, unread = read_placed("ip")
            host = _Host(netlink, routing, tables)
            legacy = (chain for table in tables for chain in base_chains(table))
            hooks = HookWalk((*_met(chains), *legacy), Journal())
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
                return self._chain(need.name)
            case NeedSet():
                return self._set(need)
            case NeedAddressType():
                return self._address_type(need.address)
            case NeedRoute():
                return _way(need)
            case NeedSocket():
                return taken(need)

    def _chain(self, name: ChainName) -> Chain | NotChecked:
        if name.backend is Backend.LEGACY:
            return Chain(rules=chain_rules(self._legacy[name.family, name.table], name.chain))
        keys = string(1, name.table) + string(2, name.chain)
        dump = self._netlink.dump(_NFTABLES | _GETRULE, _head(name.family) + keys)
        if isinstance(dump, Refusal):
            return NotChecked(reason=f"cannot read it: {dump.errno_name}")
        decoded = (decode_filter_rule(message.payload) for message in dump.messages)
        rules = (rule for rule in decoded if rule is not None)
        # A kernel that does not know the filter dumps every rule there is.
        wanted = (name.family, name.table, name.chain)
        return Chain(rules=tuple(r for r in rules if (r.family, r.table, r.chain) == wanted))

    def _set(self, need: NeedSet) -> SetContents | NotChecked:
        head = _head(need.family) + string(1, need.table) + string(2, need.name)
        described = self._netlink.request(_NFTABLES | _GETSET, head)
        elements = self._netlink.dump(_NFTABLES | _GETSETELEM, head)
        if isinstance(described, Refusal) or isinstance(elements, Refusal):
            return NotChecked(reason=f"cannot read set {need.name}")
        fields = decode_fields(described.payload)
        return decode_contents(fields, (message.payload for message in elements.messages))

    def _address_type(self, address: IPv4Address) -> int | NotChecked:
        if address.is_multicast:
            return _MULTICAST
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


def _way(need: NeedRoute) -> Way | NoWay | NotChecked:
    answer = route_for(need.flow, mark=need.mark, uid=need.uid, incoming=need.incoming)
    if isinstance(answer, NotChecked):
        return answer
    if not isinstance(answer, Route):
        if need.incoming:
            return NoWay(text=refusal_words(need.flow, need.incoming, need.mark, answer))
        return NoWay(text=f"no way: {answer.errno_name}")
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


def _met(chains: Sequence[BaseChain]) -> tuple[BaseChain, ...]:
    return tuple(chain for chain in chains if chain.name.family in _IPV4_FAMILIES)


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
