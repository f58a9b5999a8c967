"""Ask the kernel which way one flow goes (RTM_GETROUTE with every key), and who refuses it.

By hand, because pyroute2 0.9.7 drops uid, protocol and ports from the question without a word.
"""

import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from edgediag.host import routes
from edgediag.host.refusal import (
    MAIN_RULE,
    Culprit,
    beside,
    find_culprit,
    is_main_asked,
    refusing_route_type,
    throwing,
)
from edgediag.host.routes import RouteKey, RouteMessage, decode_route, lookup_request
from edgediag.host.rules import Rule, decode_rule
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import RouteObject
from edgediag.model.flow import Address, Flow
from edgediag.model.route import NOT_CHOSEN, Route, RouteAnswer, RouteRefused
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket, Refusal

_RTM_GETROUTE: Final = 26
_RTM_GETRULE: Final = 34
_NO_WAY: Final = frozenset(
    {"EINVAL", "EACCES", "EHOSTUNREACH", "ENETUNREACH", "EAGAIN", "EXDEV"}
)
# What the kernel also says of a packet that came in from where it must not, or where it does not
# forward: then no route and no policy rule refuses.
_SAID_OF_ARRIVALS: Final = frozenset({"EINVAL", "EHOSTUNREACH", "EXDEV"})
# What the kernel also says where the source is not this host's own: ENETUNREACH in Linux 6.18
# (measured), EINVAL in the older ones (net/ipv4/route.c ip_route_output_key_hash_rcu).
_SAID_OF_SOURCES: Final = frozenset({"EINVAL", "ENETUNREACH"})
# Table main of IPv4 in the order of its prefixes: a default route is the first line but one.
_MAIN_TABLE_FILE: Final = Path("/proc/thread-self/net/route")


def route_for(
    flow: Flow, *, mark: int = 0, uid: int | None = None, incoming: str = ""
) -> RouteAnswer:
    """The kernel's way for the flow, or its refusal with the object that refuses.

    flow      an unspecified source lets the kernel choose one; port 0 is left open
    uid       None for the caller's own
    incoming  the device that the packet comes in by, "" for one that this host sends
    """
    try:
        device = (incoming, socket.if_nametoindex(incoming)) if incoming else None
        user = os.getuid() if uid is None else uid
        key = RouteKey(flow=flow, mark=mark, uid=user, incoming=device)
        with NetlinkSocket(NETLINK_ROUTE) as netlink:
            return _answer(netlink, key)
    except OSError as error:
        return NotChecked(reason=f"cannot ask for a route: {error.strerror}")


def read_rules(netlink: NetlinkSocket, version: int) -> tuple[Rule, ...] | Refusal:
    """The routing policy rules of one IP version, in the order the kernel asks them."""
    header = bytes([routes.FAMILIES[version]]) + bytes(11)
    dump = netlink.dump(_RTM_GETRULE, header)
    if isinstance(dump, Refusal):
        return dump
    rules = (decode_rule(message.payload) for message in dump.messages)
    return tuple(rule for rule in rules if rule is not None)


def _answer(netlink: NetlinkSocket, key: RouteKey) -> RouteAnswer:
    chosen = _look_up(netlink, key, is_match=False)
    is_sent = key.incoming is None
    if is_sent and isinstance(chosen, RouteMessage) and chosen.preferred_source is not None:
        # connect() asks a second time with the source that it was given, and rules "from …" decide
        # then (include/net/route.h, ip_route_connect).
        key = replace(key, flow=replace(key.flow, source=chosen.preferred_source))
        chosen = _look_up(netlink, key, is_match=False)
    if isinstance(chosen, Refusal):
        return _refused(netlink, key, chosen)
    # The plain answer is about this one destination; the route behind it needs another question.
    matched = _look_up(netlink, key, is_match=True)
    if isinstance(matched, Refusal):
        return NotChecked(reason=f"the route changed while it was read: {matched.errno_name}")
    return Route(
        interface=_interface(chosen.oif),
        gateway=chosen.gateway,
        source=chosen.preferred_source or _known(key.flow.source),
        table=_table(netlink, chosen, matched),
        prefix=matched.prefix,
        mtu=chosen.mtu,
        is_local=chosen.type_ == routes.LOCAL
        or (chosen.type_ == routes.BROADCAST and not is_sent),
    )


def _table(netlink: NetlinkSocket, chosen: RouteMessage, matched: RouteMessage) -> int:
    """The table that holds the route.

    Until a policy rule is added, the kernel keeps table local inside of table main and names main
    (net/ipv4/fib_frontend.c, fib_unmerge): only a dump tells the two apart.
    """
    if chosen.type_ != routes.LOCAL or not netlink.is_strict:
        return chosen.table
    version = chosen.destination.version
    found = _of_type(netlink, version, routes.LOCAL) or ()
    tables = {route.table for route in found if route.prefix == matched.prefix}
    return tables.pop() if len(tables) == 1 else chosen.table


def _look_up(netlink: NetlinkSocket, key: RouteKey, *, is_match: bool) -> RouteMessage | Refusal:
    answer = netlink.request(_RTM_GETROUTE, lookup_request(key, is_match=is_match))
    if isinstance(answer, Refusal):
        return answer
    decoded = decode_route(answer.payload)
    return Refusal(errno_name="EBADMSG", text="") if decoded is None else decoded


def _refused(netlink: NetlinkSocket, key: RouteKey, refusal: Refusal) -> RouteAnswer:
    if refusal.errno_name not in _NO_WAY:
        return NotChecked(reason=f"the route lookup failed: {refusal.errno_name} {refusal.text}")
    return RouteRefused(
        errno_name=refusal.errno_name,
        culprit=_culprit(netlink, key, refusal.errno_name),
        source=_known(key.flow.source) or NOT_CHOSEN,
    )


def _culprit(netlink: NetlinkSocket, key: RouteKey, errno_name: str) -> Culprit | None:
    is_ipv4 = key.flow.destination.version == 4
    if key.incoming is not None and is_ipv4 and errno_name in _SAID_OF_ARRIVALS:
        return None
    if key.incoming is None and errno_name in _SAID_OF_SOURCES and not _is_own(netlink, key):
        return None
    version = key.flow.destination.version
    policy = read_rules(netlink, version)
    refusing = _refusing_routes(netlink, version, errno_name)
    if isinstance(policy, Refusal) or refusing is None:
        return None
    culprit = find_culprit(errno_name, key, policy=policy, refusing=refusing)
    if isinstance(culprit, RouteObject) and culprit.type_ == "missing":
        return _not_missing(netlink, key, policy, refusing) or culprit
    return culprit


def _not_missing(
    netlink: NetlinkSocket,
    key: RouteKey,
    policy: Sequence[Rule],
    refusing: Sequence[RouteMessage],
) -> Culprit | None:
    """What keeps the lookup from a default route that is there after all."""
    if not is_main_asked(key, policy):
        return MAIN_RULE if key.flow.destination.version == 4 and _has_default() else None
    thrown = throwing(key, refusing)
    other = None if thrown is None else beside(thrown)
    if thrown is None or other is None:
        return None
    # Beside the throw route's prefix the same table serves, by a route that holds both.
    elsewhere = replace(key, flow=replace(key.flow, destination=other))
    served = _look_up(netlink, elsewhere, is_match=True)
    if isinstance(served, Refusal) or served.table != thrown.table:
        return None
    if not routes.covers(served, key.flow.destination):
        return None
    return RouteObject(type_="throw", prefix=thrown.prefix, table=thrown.table)


def _has_default() -> bool:
    """Whether table main of IPv4 holds a default route that is no refusal."""
    try:
        with _MAIN_TABLE_FILE.open(encoding="ascii", errors="replace") as table:
            fields = [table.readline().split() for _ in range(2)][-1]
    except OSError:
        return False
    is_default = len(fields) > 7 and {fields[1], fields[7]} == {"00000000"}
    # A route that refuses has no device.
    return is_default and fields[0] != "*"


def _refusing_routes(
    netlink: NetlinkSocket, version: int, errno_name: str
) -> tuple[RouteMessage, ...] | None:
    """The routes that can have refused, or None where they cannot be read apart from the rest.

    Filtered by type in the kernel: a host may have 100,000 others.
    """
    type_ = refusing_route_type(errno_name)
    if not netlink.is_strict:
        return None if type_ is not None else ()
    found: list[RouteMessage] = []
    for wanted in (routes.THROW,) if type_ is None else (type_, routes.THROW):
        dumped = _of_type(netlink, version, wanted)
        if dumped is None:
            return None
        found += dumped
    return tuple(found)


def _of_type(
    netlink: NetlinkSocket, version: int, type_: int
) -> tuple[RouteMessage, ...] | None:
    dump = netlink.dump(_RTM_GETROUTE, routes.typed_dump_request(version, type_))
    if isinstance(dump, Refusal):
        return None
    decoded = (decode_route(message.payload) for message in dump.messages)
    return tuple(route for route in decoded if route is not None and route.type_ == type_)


def _is_own(netlink: NetlinkSocket, key: RouteKey) -> bool:
    source = _known(key.flow.source)
    if source is None:
        return True
    unspecified = replace(key.flow.reversed(), source=type(source)(0), destination=source)
    answer = _look_up(netlink, replace(key, flow=unspecified), is_match=False)
    return isinstance(answer, RouteMessage) and answer.type_ == routes.LOCAL


def _known(address: Address) -> Address | None:
    return None if address.is_unspecified else address


def _interface(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return ""
