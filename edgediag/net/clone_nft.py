"""nf_tables of one namespace made anew in another: read whole, given back in one transaction."""

from typing import Final

from edgediag.host.attributes import attributes, big
from edgediag.host.clone.nft import VERBS, Kind, RuleSet, rebuilt
from edgediag.host.clone.pieces import only
from edgediag.host.messages import NLM_F_APPEND, NLM_F_CREATE, NLM_F_REQUEST, Message
from edgediag.model.answer import NotChecked
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket, Refusal
from edgediag.net.nfnetlink import commit

_NFTABLES: Final = 10 << 8
_GETGEN: Final = 16
_ANY: Final = bytes(4)
_TABLE_AND_NAME: Final = frozenset({1, 2})
_TRIES: Final = 4


def read_rule_set() -> RuleSet | NotChecked:
    """All of nf_tables of this network namespace, as it was at one moment.

    raises  OSError where no netlink socket can be had
    """
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        for _ in range(_TRIES):
            before = _generation(netlink)
            found = _read(netlink)
            if isinstance(found, Refusal):
                return NotChecked(reason=f"nf_tables cannot be read: {found.errno_name}")
            if _generation(netlink) == before:
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


def _generation(netlink: NetlinkSocket) -> int | None:
    answer = netlink.request(_NFTABLES | _GETGEN, _ANY)
    if isinstance(answer, Refusal):
        return None
    return big(attributes(answer.payload[4:]).get(1))
