"""What a walk asks of the running kernel: chains as the packet visits them, sets, routes.

Nothing is written and nothing is sent. The rules may change meanwhile: a walk that began with one
generation of nf_tables and ended with another is made again.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from edgediag.host.netfilter.chains import Backend, Chain, ChainName
from edgediag.host.netfilter.legacy import LegacyEntries
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
    NeedBehind,
    NeedBridge,
    NeedChain,
    NeedIpset,
    NeedMember,
    NeedPeers,
    NeedPolicies,
    NeedResolution,
    NeedRoute,
    NeedSet,
    NeedSocket,
)
from edgediag.host.walk.neighbour import resolve
from edgediag.host.walk.outbound import send
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.reply import answer
from edgediag.model.answer import NotChecked
from edgediag.net.bridges import behind, bridge_of, masters_of, resolution
from edgediag.net.ipset import is_member
from edgediag.net.netlink import NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkSocket, Refusal
from edgediag.net.rule_tables import RuleTables, generation, nft_base_chains
from edgediag.net.ways import address_type, connected_peers, ipvs_of, way_of
from edgediag.net.xfrm import policies_for
from edgediag.net.xtables import Placed, read_placed

_FAMILIES: Final = {
    4: frozenset({"ip", "inet", "netdev", "bridge", "arp"}),
    6: frozenset({"ip6", "inet", "netdev", "bridge"}),
}
_LEGACY_FAMILIES: Final = {4: "ip", 6: "ip6"}
_TRIES: Final = 4

Begin: TypeAlias = Callable[[Parcel, HookWalk], Asking[list[Course]]]
Read: TypeAlias = Callable[[str], Placed]
Found: TypeAlias = tuple[list[Course], tuple[str, ...]]
Walk: TypeAlias = Callable[[Parcel, Journal], Found]
WalkWith: TypeAlias = Callable[[Parcel, Journal, Read], Found]


def walk_outbound(parcel: Parcel, journal: Journal, read: Read = read_placed) -> Found:
    """Every course of a packet that this host sends, and the rule sets that were not read.

    read    gives the tables of iptables-legacy of a family
    raises  OSError where no netlink socket can be had, nor the list of iptables-legacy's tables
    """
    return _walk(parcel, journal, send, read)


def walk_inbound(parcel: Parcel, journal: Journal, read: Read = read_placed) -> Found:
    """The same of a packet that comes in by a device.

    raises  OSError where no netlink socket can be had
    """
    return _walk(parcel, journal, receive, read)


def walk_reply(parcel: Parcel, journal: Journal, read: Read = read_placed) -> Found:
    """The same of a packet that this host sends and of its answer.

    raises  OSError where no netlink socket can be had
    """
    return _walk(parcel, journal, answer, read)


def walk_resolution(parcel: Parcel, journal: Journal, read: Read = read_placed) -> Found:
    """The same of ARP for the next hop of a packet that has been routed.

    raises  OSError where no netlink socket can be had
    """
    return _walk(parcel, journal, resolve, read)


def rules_of(name: ChainName, read: Read = read_placed) -> Chain | NotChecked:
    """The rules of one chain, or why they cannot be had.

    raises  OSError where no netlink socket can be had
    """
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        tables, _ = read(name.family) if name.backend is Backend.LEGACY else ((), ())
        return RuleTables(netlink, tables).chain(NeedChain(name=name, ends=None))


def _walk(parcel: Parcel, journal: Journal, begin: Begin, read: Read) -> Found:
    with NetlinkSocket(NETLINK_NETFILTER) as netlink, NetlinkSocket(NETLINK_ROUTE) as routing:
        for _ in range(_TRIES):
            before = generation(netlink)
            chains = nft_base_chains(netlink)
            if isinstance(chains, Refusal):
                return [], (f"nf_tables: {chains.errno_name}",)
            tables, unread = read(_LEGACY_FAMILIES[parcel.version])
            of_arp, unread_of_arp = read("arp") if parcel.version == 4 else ((), ())
            tables += of_arp
            host = _Host(netlink, routing, tables)
            legacy = (chain for table in tables for chain in base_chains(table))
            journal.begin()
            met = (chain for chain in chains if chain.name.family in _FAMILIES[parcel.version])
            hooks = HookWalk((*met, *legacy), journal, unread_of_arp)
            courses = host.answered(begin(parcel, hooks), journal)
            unread = (*unread, *masters_of(routing, parcel), *ipvs_of(courses))
            if generation(netlink) == before:
                return courses, unread
        return courses, (*unread, "rules that kept changing while they were read")


class _Host:
    """The answers of the running kernel."""

    def __init__(
        self, netlink: NetlinkSocket, routing: NetlinkSocket, legacy: Sequence[LegacyEntries]
    ) -> None:
        self._netlink = netlink
        self._routing = routing
        self._tables = RuleTables(netlink, legacy)

    def answered(self, walk: Asking[list[Course]], journal: Journal) -> list[Course]:
        """Drive a walk to its end; each of its courses has the same questions."""
        try:
            need = next(walk)
            while True:
                answer_ = journal.answers.get(need)
                if answer_ is None:
                    answer_ = journal.answers[need] = self._answer(need)
                need = walk.send(answer_)
        except StopIteration as end:
            courses: list[Course] = end.value
            return courses

    def _answer(self, need: Need) -> Answer:
        match need:
            case NeedChain():
                return self._tables.chain(need)
            case NeedSet():
                return self._tables.set_contents(need)
            case NeedAddressType():
                return address_type(self._routing, need.address)
            case NeedRoute():
                return way_of(need)
            case NeedSocket():
                # Here, for it brings in all of pyroute2, a tenth of a second, and few walks ask.
                from edgediag.net.listening import taken

                return taken(need)
            case NeedPeers():
                return connected_peers(need)
            case NeedPolicies():
                return policies_for(need)
            case NeedBridge():
                return bridge_of(self._routing, need.device)
            case NeedBehind():
                return behind(self._routing, need)
            case NeedResolution():
                return resolution(self._routing, need)
            case NeedIpset():
                return self._tables.ipset(need.key)
            case NeedMember():
                answer = is_member(self._netlink, need.ipset, need.element)
                return answer if isinstance(answer, NotChecked) else Member(is_member=answer)
