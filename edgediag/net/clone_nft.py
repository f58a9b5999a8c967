"""nf_tables of one namespace made anew in another: read whole, given back in one transaction."""

from typing import Final

from edgediag.host.clone.handles import (
    Handles,
    Object,
    decode_object,
    expected_handles,
    surviving,
)
from edgediag.host.clone.nft import VERBS, Kind, RuleSet, rebuilt
from edgediag.host.clone.pieces import only
from edgediag.host.messages import NLM_F_APPEND, NLM_F_CREATE, NLM_F_REQUEST, Message
from edgediag.model.answer import NotChecked
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket, Refusal
from edgediag.net.nfnetlink import commit, read_handles
from edgediag.net.rule_tables import generation

_NFTABLES: Final = 10 << 8
_ANY: Final = bytes(4)
_TABLE_AND_NAME: Final = frozenset({1, 2})
_TRIES: Final = 4


def read_rule_set() -> RuleSet | NotChecked:
    """All of nf_tables of this network namespace, as it was at one moment.

    raises  OSError where no netlink socket can be had
    """
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        for _ in range(_TRIES):
            before = generation(netlink)
            found = _read(netlink)
            if isinstance(found, Refusal):
                return NotChecked(reason=f"nf_tables cannot be read: {found.errno_name}")
            if generation(netlink) == before:
                return found
    return NotChecked(reason="the rules of nf_tables kept changing while they were read")


def make_rule_set(rules: RuleSet) -> NotChecked | None:
    """Put the rules into this network namespace, which has none; None where that was done."""
    changes = [
        Message(
            type_=_NFTABLES | type_,
            flags=NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND,
            sequence=0,
            payload=payload,
        )
        for type_, payload in rebuilt(rules)
    ]
    if not changes:
        return None
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        refusal = commit(netlink, changes)
    if refusal is None:
        return None
    why = f"{refusal.errno_name} {refusal.text}".strip()
    return NotChecked(reason=f"the rules of nf_tables cannot be copied: {why}")


def copied_handles(rules: RuleSet) -> Handles | NotChecked:
    """The handles that the rules have in this network namespace, which was made from them.

    raises  OSError where no netlink socket can be had
    """
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        tables = _dump(netlink, Kind.TABLE, _ANY)
        if isinstance(tables, Refusal):
            return NotChecked(reason=f"the copy cannot be read: {tables.errno_name}")
        handles = expected_handles(rules, tables)
        wrong = [last for last in handles.last if _handle_of(netlink, last) != last.handle]
    if wrong:
        table = wrong[0].place.table
        return NotChecked(reason=f"the copy of table {table} holds other rules than this host")
    return handles


def surviving_handles(handles: Handles) -> Handles | NotChecked:
    """Those that still name the same rules, whatever tables have been removed and made meanwhile.

    raises  OSError where no netlink socket can be had
    """
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        tables = _dump(netlink, Kind.TABLE, _ANY)
    if isinstance(tables, Refusal):
        return NotChecked(reason=f"the copy cannot be read: {tables.errno_name}")
    return surviving(handles, tables)


def _handle_of(netlink: NetlinkSocket, last: Object) -> int | None:
    place = last.place
    if place.kind is Kind.RULE:
        handles = read_handles(netlink, place.family, place.table, place.chain)
        return None if isinstance(handles, Refusal) or not handles else handles[-1]
    dumped = _dump(netlink, place.kind, _ANY)
    if isinstance(dumped, Refusal):
        return None
    found = (decode_object(place.kind, payload) for payload in dumped)
    same = (each.handle for each in found if (each.place, each.name) == (place, last.name))
    return next(same, None)


def _read(netlink: NetlinkSocket) -> RuleSet | Refusal:
    payloads: dict[Kind, tuple[bytes, ...]] = {}
    for kind in Kind:
        if kind is Kind.ELEMENTS:
            continue
        found = _dump(netlink, kind, _ANY)
        if isinstance(found, Refusal):
            return found
        payloads[kind] = found
    members: list[bytes] = []
    for described in payloads[Kind.SET]:
        # The kernel gives the members of one set at a time.
        found = _dump(netlink, Kind.ELEMENTS, described[:4] + only(described[4:], _TABLE_AND_NAME))
        if isinstance(found, Refusal):
            return found
        members += found
    return RuleSet(payloads={**payloads, Kind.ELEMENTS: tuple(members)})


def _dump(netlink: NetlinkSocket, kind: Kind, request: bytes) -> tuple[bytes, ...] | Refusal:
    dump = netlink.dump(_NFTABLES | VERBS[kind].get, request)
    if isinstance(dump, Refusal):
        return dump
    return tuple(message.payload for message in dump.messages)
