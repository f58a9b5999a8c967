"""Devices, addresses, routes, policy rules and neighbours of one namespace made anew in another."""

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from edgediag.host.clone.links import (
    CopiedLink,
    copied_link,
    new_link,
    raise_far_end,
    set_loopback,
)
from edgediag.host.clone.routing import (
    copied_address,
    copied_neighbour,
    copied_route,
    copied_rule,
    is_direct,
)
from edgediag.host.messages import NLM_F_CREATE, Message
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket, Refusal

_NEWLINK, _GETLINK = 16, 18
_NEWADDR, _DELADDR, _GETADDR = 20, 21, 22
_NEWROUTE, _DELROUTE, _GETROUTE = 24, 25, 26
_NEWNEIGH, _GETNEIGH = 28, 30
_NEWRULE, _DELRULE, _GETRULE = 32, 33, 34
_NLM_F_EXCL: Final = 0x200
_NLM_F_APPEND: Final = 0x800
_AF_INET, _AF_INET6 = 2, 10
_FAMILIES: Final = (_AF_INET, _AF_INET6)
# The header of each request, behind its family (struct ifinfomsg, ifaddrmsg, rtmsg, ndmsg, ...).
_HEADS: Final = {_GETLINK: 16, _GETADDR: 8, _GETROUTE: 12, _GETNEIGH: 12, _GETRULE: 12}
_NO_FAMILY: Final = frozenset({"EAFNOSUPPORT", "EOPNOTSUPP"})
# Routes by gateways that are themselves behind gateways.
_MOST_PASSES: Final = 4

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """What decides the way of packets; everything but links as the requests that make it."""

    links: tuple[CopiedLink, ...]
    addresses: tuple[bytes, ...]
    routes: tuple[bytes, ...]
    rules: Mapping[int, tuple[bytes, ...]]
    neighbours: tuple[bytes, ...]


def read_routing() -> Routing:
    """All of it in this network namespace.

    raises  OSError where it cannot be read whole
    """
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        links = _read(netlink, _GETLINK, (0,), copied_link)
        addresses = _read(netlink, _GETADDR, _FAMILIES, copied_address)
        routes = _read(netlink, _GETROUTE, _FAMILIES, copied_route)
        neighbours = _read(netlink, _GETNEIGH, _FAMILIES, copied_neighbour)
        rules = {family: _read(netlink, _GETRULE, (family,), copied_rule) for family in _FAMILIES}
    return Routing(
        links=links, addresses=addresses, routes=routes, rules=rules, neighbours=neighbours
    )


def make_devices(routing: Routing, far_descriptor: int) -> tuple[str, ...]:
    """Put the devices into this network namespace, which is new; what could not be, in words.

    far_descriptor  of a namespace for their other ends
    raises          OSError where no netlink socket can be had
    """
    flags = NLM_F_CREATE | _NLM_F_EXCL
    changes = [
        _message(_NEWLINK, set_loopback(link))
        if link.is_loopback
        else _message(_NEWLINK, new_link(link, far_descriptor), flags)
        for link in routing.links
    ]
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        missing = _words(netlink.apply(changes), "devices")
    masters = any(link.has_master for link in routing.links)
    return (*missing, *(["bridges and bonds of devices"] if masters else []))


def raise_far_ends(routing: Routing) -> tuple[str, ...]:
    """In the namespace of the other ends: devices that have a carrier get one.

    raises  OSError where no netlink socket can be had
    """
    wired = [link for link in routing.links if link.has_carrier and not link.is_loopback]
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        changes = [_message(_NEWLINK, raise_far_end(link)) for link in wired]
        return tuple(_words(netlink.apply(changes), "carriers"))


def make_ways(routing: Routing) -> tuple[str, ...]:
    """Put all that rests on the devices there too; what could not be, in words.

    raises  OSError where what is there already cannot be read
    """
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        return (
            *_make_addresses(netlink, routing.addresses),
            *_make_rules(netlink, routing.rules),
            *_make_routes(netlink, routing.routes),
            *_made(netlink, _NEWNEIGH, routing.neighbours, "neighbours"),
        )


def _read(
    netlink: NetlinkSocket,
    type_: int,
    families: Iterable[int],
    decode: Callable[[bytes], _T | None],
) -> tuple[_T, ...]:
    """What of a dump can be copied; () for a family that the kernel does not have.

    raises  OSError as the kernel's, EAGAIN where the table kept changing
    """
    found: list[_T] = []
    for family in families:
        dump = netlink.dump(type_, bytes([family]).ljust(_HEADS[type_], b"\0"))
        if isinstance(dump, Refusal):
            if dump.errno_name in _NO_FAMILY:
                continue
            raise OSError(getattr(errno, dump.errno_name, 0), f"routing: {dump.errno_name}")
        if dump.is_torn:
            raise OSError(errno.EAGAIN, "routing kept changing while it was read")
        decoded = (decode(message.payload) for message in dump.messages)
        found += [each for each in decoded if each is not None]
    return tuple(found)


def _made(netlink: NetlinkSocket, type_: int, payloads: Iterable[bytes], what: str) -> list[str]:
    changes = [_message(type_, payload, NLM_F_CREATE) for payload in payloads]
    return _words(netlink.apply(changes), what)


def _make_addresses(netlink: NetlinkSocket, wanted: Sequence[bytes]) -> list[str]:
    """The loopback device gives itself addresses, which may be other than those wanted."""
    present = _read(netlink, _GETADDR, _FAMILIES, copied_address)
    netlink.apply([_message(_DELADDR, each) for each in present if each not in wanted])
    lacking = [each for each in wanted if each not in present]
    return _made(netlink, _NEWADDR, lacking, "addresses")


def _make_rules(netlink: NetlinkSocket, rules: Mapping[int, tuple[bytes, ...]]) -> list[str]:
    """A namespace begins with rules of its own; where they differ all are made in their order."""
    missing: list[str] = []
    for family, wanted in rules.items():
        present = _read(netlink, _GETRULE, (family,), copied_rule)
        if present == wanted:
            continue
        netlink.apply([_message(_DELRULE, payload) for payload in present])
        flags = NLM_F_CREATE | _NLM_F_EXCL
        changes = [_message(_NEWRULE, payload, flags) for payload in wanted]
        missing += _words(netlink.apply(changes), "policy rules")
    return missing


def _make_routes(netlink: NetlinkSocket, wanted: Sequence[bytes]) -> list[str]:
    """Those that came with devices and addresses and are not wanted go, the others are added."""
    kept = frozenset(wanted)
    present = frozenset(_read(netlink, _GETROUTE, _FAMILIES, copied_route))
    netlink.apply([_message(_DELROUTE, route) for route in present - kept])
    lacking = sorted((route for route in wanted if route not in present), key=_rests_on_others)
    flags = NLM_F_CREATE | _NLM_F_APPEND
    for _ in range(_MOST_PASSES):
        refused = netlink.apply([_message(_NEWROUTE, route, flags) for route in lacking])
        if isinstance(refused, Refusal) or not refused or len(refused) == len(lacking):
            break
        lacking = [lacking[place] for place in refused]
    return _words(refused, "routes")


def _rests_on_others(route: bytes) -> bool:
    return not is_direct(route)


def _message(type_: int, payload: bytes, flags: int = 0) -> Message:
    return Message(type_=type_, flags=flags, sequence=0, payload=payload)


def _words(refused: Mapping[int, Refusal] | Refusal, what: str) -> list[str]:
    if isinstance(refused, Refusal):
        return [f"{what} ({refused.errno_name})"]
    reasons = sorted({each.errno_name for each in refused.values()})
    return [f"{len(refused)} {what} ({', '.join(reasons)})"] if refused else []
