"""A rule, a chain and a set element of nf_tables, decoded from the kernel's messages.

source  include/uapi/linux/netfilter/nf_tables.h; of the comment: libnftnl udata.h
"""

from dataclasses import dataclass
from typing import Final

from edgediag.host.attributes import attributes, big, nested, text
from edgediag.host.netfilter.expression import Expression
from edgediag.host.netfilter.nft import decode_expressions

FAMILY_NAMES: Final = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
FAMILY_NUMBERS: Final = {name: number for number, name in FAMILY_NAMES.items()}
NFGENMSG_OCTETS: Final = 4

_HOOKS: Final = ("prerouting", "input", "forward", "output", "postrouting", "ingress")
_HOOKS_OF: Final = {"netdev": ("ingress", "egress"), "arp": ("input", "output", "forward")}
_UDATA_COMMENT: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleKey:
    """What names a rule; empty or 0 where a message does not say."""

    family: str
    table: str
    chain: str
    handle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterRule:
    """One rule of one chain; the expressions in the order they are evaluated.

    comment  "" for none
    ipsets   index and name of the ipsets that the rule looks into, as far as they were asked for
    """

    family: str
    table: str
    chain: str
    handle: int
    expressions: tuple[Expression, ...]
    comment: str
    ipsets: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterChain:
    """One chain; `hook` is "" where the kernel does not call it itself."""

    family: str
    table: str
    name: str
    hook: str
    policy: str


def decode_filter_rule(payload: bytes) -> FilterRule | None:
    """The rule in an NFT_MSG_NEWRULE, or None where it has no table, chain or handle."""
    found = attributes(payload[NFGENMSG_OCTETS:])
    if not {1, 2, 3} <= found.keys():
        return None
    return FilterRule(
        family=family_of(payload),
        table=text(found[1]),
        chain=text(found[2]),
        handle=big(found[3]),
        expressions=decode_expressions(found.get(4, b"")),
        comment=_comment(found.get(7, b"")),
    )


def rule_key(payload: bytes) -> RuleKey:
    """The name of the rule in an NFT_MSG_NEWRULE, without reading its expressions."""
    found = attributes(payload[NFGENMSG_OCTETS:])
    return RuleKey(
        family=family_of(payload),
        table=text(found.get(1)),
        chain=text(found.get(2)),
        handle=big(found.get(3)),
    )


def decode_filter_chain(payload: bytes) -> FilterChain | None:
    """The chain in an NFT_MSG_NEWCHAIN, or None where it has no table or name."""
    found = attributes(payload[NFGENMSG_OCTETS:])
    if not {1, 3} <= found.keys():
        return None
    family, hook = family_of(payload), nested(found, 4)
    names = _HOOKS_OF.get(family, _HOOKS)
    number = big(hook.get(1))
    return FilterChain(
        family=family,
        table=text(found[1]),
        name=text(found[3]),
        hook=names[number] if 1 in hook and number < len(names) else "",
        policy="drop" if 5 in found and big(found[5]) == 0 else "accept",
    )


def family_of(payload: bytes) -> str:
    """The family in the nfgenmsg at the head of every nf_tables message, in words."""
    number = payload[0] if payload else 0
    return FAMILY_NAMES.get(number, str(number))


def _comment(userdata: bytes) -> str:
    """The comment in a rule's user data: type and length of one octet each, then the value."""
    offset = 0
    while offset + 2 <= len(userdata):
        type_, length = userdata[offset], userdata[offset + 1]
        if type_ == _UDATA_COMMENT:
            return text(userdata[offset + 2 : offset + 2 + length])
        offset += 2 + length
    return ""
