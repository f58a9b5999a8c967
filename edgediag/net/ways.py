"""What routing makes of a packet, what an address is to this host, and who else takes it."""

import socket
from collections.abc import Sequence
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final

from edgediag.host.inet_sockets import CONNECTED, plain_address
from edgediag.host.routes import LOCAL, RouteMessage, covers, decode_route, typed_dump_request
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.ipvs import decode_services, services_met
from edgediag.host.walk.needs import NeedPeers, NeedRoute, NoWay, Peers, Way
from edgediag.host.walk.parcel import Interface
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.route import Route
from edgediag.net.arrivals import refusal_words, untaken
from edgediag.net.fib import route_for
from edgediag.net.inet_sockets import read_inet_sockets
from edgediag.net.netlink import NetlinkSocket, Refusal

_RTM_GETROUTE: Final = 26
_TABLE_LOCAL: Final = 255
_UNICAST, _BROADCAST, _MULTICAST = 1, 3, 5
_IPVS: Final = Path("/proc/thread-self/net/ip_vs")
# 30,000 services and servers.
_MOST_IPVS_OCTETS: Final = 2 * 2**20


def interface(name: str) -> Interface:
    """A device by its name, with index 0 where it is gone."""
    try:
        return Interface(name=name, index=socket.if_nametoindex(name))
    except OSError:
        return Interface(name=name, index=0)


def way_of(need: NeedRoute) -> Way | NoWay | NotChecked:
    """The way of a flow, or who refuses it."""
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
        gateway=answer.gateway,
        is_local=answer.is_local,
        text=f"{answer.prefix}{by} dev {answer.interface} table {answer.table}",
    )


def address_type(routing: NetlinkSocket, address: Address) -> int | NotChecked:
    """What an address is to this host (RTN_*)."""
    if address.is_multicast:
        return _MULTICAST
    if isinstance(address, IPv6Address):
        return _type_of_6(address)
    if address.packed[0] == 0 or int(address) == 0xFFFFFFFF:
        return _BROADCAST
    if not routing.is_strict:
        return NotChecked(reason="this kernel does not give its local table alone")
    found: list[RouteMessage] = []
    for type_ in (LOCAL, _BROADCAST):
        dump = routing.dump(_RTM_GETROUTE, typed_dump_request(4, type_))
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


def connected_peers(need: NeedPeers) -> Peers | NotChecked:
    """The far ends of the connected sockets of UDP that are bound to where a packet goes."""
    sockets = read_inet_sockets(Protocol.UDP, (CONNECTED,), port=need.flow.destination_port)
    if isinstance(sockets, NotChecked):
        return sockets
    ends = [
        (plain_address(each.peer), each.peer_port)
        for each in sockets
        if plain_address(each.address) == need.flow.destination
        and each.device in (0, need.incoming.index)
    ]
    return Peers(ends=tuple(dict.fromkeys(ends)))


def ipvs_of(courses: Sequence[Course]) -> tuple[str, ...]:
    """What IPVS may take of a packet that has gone these courses; it is not evaluated here."""
    try:
        with _IPVS.open("rb") as stream:
            listed = stream.read(_MOST_IPVS_OCTETS + 1)
    except FileNotFoundError:
        return ()
    except OSError as error:
        return (f"services of IPVS: {error.strerror}",)
    if len(listed) > _MOST_IPVS_OCTETS:
        return (f"services of IPVS: more than {_MOST_IPVS_OCTETS} octets",)
    return services_met(decode_services(listed.decode("ascii", "replace")), courses)
