"""Ask the kernel which way one flow goes (RTM_GETROUTE with every key), and who refuses it.

By hand, because pyroute2 0.9.7 drops uid, protocol and ports from the question without a word.
"""

import os
import socket
from dataclasses import replace
from typing import Final

from edgediag.host import routes
from edgediag.host.refusal import Culprit, find_culprit, refusing_route_type
from edgediag.host.routes import RouteKey, RouteMessage, decode_route, lookup_request
from edgediag.host.rules import Rule, decode_rule
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Flow
from edgediag.model.host import Route, RouteAnswer, RouteRefused
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket, Refusal

_RTM_GETROUTE: Final = 26
_RTM_GETRULE: Final = 34
_NO_WAY: Final = frozenset({"EINVAL", "EACCES", "EHOSTUNREACH", "ENETUNREACH", "EAGAIN"})
# What the kernel also says where the source is not this host's own: ENETUNREACH in Linux 6.18
# (measured), EINVAL in the older ones (net/ipv4/route.c ip_route_output_key_hash_rcu).
_SAID_OF_SOURCES: Final = frozenset({"EINVAL", "ENETUNREACH"})


def route_for(flow: Flow, *, mark: int = 0, uid: int | None = None) -> RouteAnswer:
    """The kernel's way for the flow, or its refusal with the object that refuses.

    flow   an unspecified source lets the kernel choose one; port 0 is left open
    uid    None for the caller's own
    """
    key = RouteKey(flow=flow, mark=mark, uid=os.getuid() if uid is None else uid)
    try:
        with NetlinkSocket(NETLINK_ROUTE) as netlink:
            return _answer(netlink, key)
    except OSError as error:
        return NotChecked(reason=f"cannot open a route socket: {error.strerror}")


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
        table=chosen.table,
        prefix=matched.prefix,
        mtu=chosen.mtu,
        is_local=chosen.type_ == routes.LOCAL,
    )


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
        errno_name=refusal.errno_name, culprit=_culprit(netlink, key, refusal.errno_name)
    )


def _culprit(netlink: NetlinkSocket, key: RouteKey, errno_name: str) -> Culprit | None:
    if errno_name in _SAID_OF_SOURCES and not _is_own(netlink, key):
        return None
    version = key.flow.destination.version
    policy = read_rules(netlink, version)
    refusing = _refusing_routes(netlink, version, errno_name)
    if isinstance(policy, Refusal) or refusing is None:
        return None
    return find_culprit(errno_name, key, policy=policy, refusing=refusing)


def _refusing_routes(
    netlink: NetlinkSocket, version: int, errno_name: str
) -> tuple[RouteMessage, ...] | None:
    """The routes that can have refused, or None where they cannot be read apart from the rest.

    Filtered by type in the kernel: a host may have 100,000 others.
    """
    type_ = refusing_route_type(errno_name)
    if type_ is None:
        return ()
    if not netlink.is_strict:
        return None
    found: list[RouteMessage] = []
    for wanted in (type_, routes.THROW):
        dump = netlink.dump(_RTM_GETROUTE, routes.typed_dump_request(version, wanted))
        if isinstance(dump, Refusal):
            return None
        decoded = (decode_route(message.payload) for message in dump.messages)
        found += [route for route in decoded if route is not None and route.type_ == wanted]
    return tuple(found)


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
