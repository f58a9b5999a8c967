"""Ask nf_tables for one rule, chain or set, and hand it a transaction.

By hand: pyroute2 0.9.7 decodes a dozen nf_tables fields wrongly and loops for ever on one
(NFTA_SET_DESC_CONCAT).
"""

from collections.abc import Sequence
from typing import Final

from edgediag.host.attributes import attribute, string
from edgediag.host.messages import NLM_F_ACK, NLM_F_REQUEST, Message
from edgediag.host.netfilter.expression import Lookup
from edgediag.host.netfilter.register import SetElement, Sets
from edgediag.host.netfilter.rule import (
    FAMILY_NUMBERS,
    FilterChain,
    FilterRule,
    decode_filter_chain,
    decode_filter_rule,
    rule_key,
)
from edgediag.host.netfilter.sets import decode_elements
from edgediag.net.netlink import NetlinkSocket, Refusal

NFNLGRP_NFTRACE: Final = 9

_NFNL_SUBSYS_NFTABLES: Final = 10 << 8
_NFNL_MSG_BATCH_BEGIN: Final = 16
_NFNL_MSG_BATCH_END: Final = 17
_NFT_MSG_GETCHAIN: Final = 4
_NFT_MSG_GETRULE: Final = 7
_NFT_MSG_GETSETELEM: Final = 13
_TABLE, _RULE_CHAIN, _RULE_HANDLE, _CHAIN_NAME, _SET_NAME = 1, 2, 3, 3, 2


def read_rule(
    netlink: NetlinkSocket, family: str, table: str, chain: str, *, handle: int
) -> FilterRule | Refusal:
    """One rule by its handle."""
    keys = (
        string(_TABLE, table),
        string(_RULE_CHAIN, chain),
        attribute(_RULE_HANDLE, handle.to_bytes(8, "big")),
    )
    answer = netlink.request(_NFNL_SUBSYS_NFTABLES | _NFT_MSG_GETRULE, _body(family, *keys))
    if isinstance(answer, Refusal):
        return answer
    return decode_filter_rule(answer.payload) or Refusal(errno_name="EBADMSG", text="")


def read_handles(
    netlink: NetlinkSocket, family: str, table: str, chain: str
) -> tuple[int, ...] | Refusal:
    """The handles of one chain's rules, in the order they are evaluated; the rules stay unread."""
    keys = (string(_TABLE, table), string(_RULE_CHAIN, chain))
    dump = netlink.dump(_NFNL_SUBSYS_NFTABLES | _NFT_MSG_GETRULE, _body(family, *keys))
    if isinstance(dump, Refusal):
        return dump
    # A kernel that does not know the filter dumps every rule there is.
    wanted = (family, table, chain)
    found = (rule_key(message.payload) for message in dump.messages)
    return tuple(key.handle for key in found if (key.family, key.table, key.chain) == wanted)


def read_chain(netlink: NetlinkSocket, family: str, table: str, name: str) -> FilterChain | Refusal:
    """One chain by its name."""
    keys = (string(_TABLE, table), string(_CHAIN_NAME, name))
    answer = netlink.request(_NFNL_SUBSYS_NFTABLES | _NFT_MSG_GETCHAIN, _body(family, *keys))
    if isinstance(answer, Refusal):
        return answer
    return decode_filter_chain(answer.payload) or Refusal(errno_name="EBADMSG", text="")


def read_elements(
    netlink: NetlinkSocket, family: str, table: str, name: str
) -> tuple[SetElement, ...] | Refusal:
    """The elements of one set."""
    keys = (string(_TABLE, table), string(_SET_NAME, name))
    dump = netlink.dump(_NFNL_SUBSYS_NFTABLES | _NFT_MSG_GETSETELEM, _body(family, *keys))
    if isinstance(dump, Refusal):
        return dump
    return decode_elements(message.payload for message in dump.messages)


def anonymous_sets(netlink: NetlinkSocket, rule: FilterRule) -> Sets:
    """The elements of the sets that belong to this rule alone; what cannot be read is left out."""
    lookups = (expression for expression in rule.expressions if isinstance(expression, Lookup))
    names = {lookup.set_name for lookup in lookups if lookup.set_name.startswith("__")}
    found = {name: read_elements(netlink, rule.family, rule.table, name) for name in names}
    return {name: kept for name, kept in found.items() if not isinstance(kept, Refusal)}


def change(type_: int, family: str, *attributes: bytes, flags: int = 0) -> Message:
    """One message of a transaction; `type_` is NFT_MSG_*."""
    return Message(
        type_=_NFNL_SUBSYS_NFTABLES | type_,
        flags=NLM_F_REQUEST | flags,
        sequence=0,
        payload=_body(family, *attributes),
    )


def commit(netlink: NetlinkSocket, changes: Sequence[Message]) -> Refusal | None:
    """Make all changes at once or none of them; None when they were made."""
    begin, end = (
        Message(type_=type_, flags=NLM_F_REQUEST, sequence=0, payload=_bracket())
        for type_ in (_NFNL_MSG_BATCH_BEGIN, _NFNL_MSG_BATCH_END)
    )
    last = changes[-1]
    acknowledged = Message(
        type_=last.type_, flags=last.flags | NLM_F_ACK, sequence=0, payload=last.payload
    )
    return netlink.transact((begin, *changes[:-1], acknowledged, end))


def _body(family: str, *attributes: bytes) -> bytes:
    """An nfgenmsg with attributes behind it."""
    return bytes([FAMILY_NUMBERS.get(family, 0), 0, 0, 0]) + b"".join(attributes)


def _bracket() -> bytes:
    """The nfgenmsg of a batch names its subsystem in network byte order."""
    return bytes([0, 0]) + (_NFNL_SUBSYS_NFTABLES >> 8).to_bytes(2, "big")
