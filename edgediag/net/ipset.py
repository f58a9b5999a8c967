"""ipsets of the running kernel: their names, what they are, and whether an element is in one.

Nothing is written: the kernel counts no packet for a question that comes by netlink.
"""

import errno
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from edgediag.host.ipset import (
    GET_BY_INDEX,
    HEADER,
    LIST,
    LIST_OF_SETS,
    NOT_A_MEMBER,
    RAVEN_SETS,
    SUBSYSTEM,
    TEST,
    Ipset,
    IpsetElement,
    by_index_request,
    by_name_request,
    decode_header,
    decode_members,
    decode_name,
    decode_networks,
    test_request,
)
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import XtMatch, XtTarget
from edgediag.host.netfilter.xt.sets import set_indexes
from edgediag.model.answer import NotChecked
from edgediag.model.raven_set import RavenSet
from edgediag.net.netlink import NetlinkSocket, Refusal

_NETLINK_NETFILTER: Final = 12
_MODULE: Final = Path("/sys/module/ip_set")

# A list of sets has eight members unless it was made larger; each is a question of its own.
_MOST_MEMBERS: Final = 64


def with_set_names(
    netlink: NetlinkSocket, rules: Iterable[FilterRule]
) -> tuple[FilterRule, ...]:
    """Rules with the names of the ipsets that they look into; they know them by their index."""
    asked = [(rule, _indexes(rule)) for rule in rules]
    every = dict.fromkeys(index for _, indexes in asked for index in indexes)
    names = {index: set_name(netlink, index) for index in every}
    return tuple(
        replace(rule, ipsets=tuple((index, names[index]) for index in indexes if names[index]))
        if indexes
        else rule
        for rule, indexes in asked
    )


def set_name(netlink: NetlinkSocket, index: int) -> str:
    """The name of a set, "" where there is none or it cannot be read."""
    answer = netlink.request(SUBSYSTEM | GET_BY_INDEX, by_index_request(index))
    return "" if isinstance(answer, Refusal) else decode_name(answer.payload)


def read_ipset(netlink: NetlinkSocket, name: str) -> Ipset | NotChecked:
    """What a set is, with its members where it is a list of sets."""
    answer = netlink.request(SUBSYSTEM | HEADER, by_name_request(name))
    if isinstance(answer, Refusal):
        return NotChecked(reason=f"cannot read ipset {name}: {answer.errno_name}")
    ipset = decode_header(answer.payload)
    if ipset is None:
        return NotChecked(reason=f"cannot read ipset {name}")
    return _with_members(netlink, ipset) if ipset.type_ == LIST_OF_SETS else ipset


def read_raven_sets() -> tuple[RavenSet, ...]:
    """Raven's sets, those of them that there are.

    The kernel is asked only where it has ipsets already: to ask would load its module.

    raises  OSError as the kernel's
    """
    if not _MODULE.exists():
        return ()
    with NetlinkSocket(_NETLINK_NETFILTER) as netlink:
        dumps = [netlink.dump(SUBSYSTEM | LIST, by_name_request(name)) for name in RAVEN_SETS]
    sets = []
    for name, dump in zip(RAVEN_SETS, dumps, strict=True):
        if isinstance(dump, Refusal):
            if dump.errno_name == "ENOENT":
                continue
            raise OSError(getattr(errno, dump.errno_name, 0), dump.text)
        members = (decode_networks(message.payload) for message in dump.messages)
        sets.append(RavenSet(name=name, members=tuple(sorted(set(chain.from_iterable(members))))))
    return tuple(sets)


def is_member(
    netlink: NetlinkSocket, ipset: Ipset, element: IpsetElement
) -> bool | NotChecked:
    """Whether an element is in a set, as a rule would find it."""
    refusal = netlink.confirm(SUBSYSTEM | TEST, test_request(ipset, element))
    if refusal is None:
        return True
    if refusal.errno_name == NOT_A_MEMBER:
        return False
    return NotChecked(reason=f"cannot ask ipset {ipset.name}: {refusal.errno_name}")


def _with_members(netlink: NetlinkSocket, ipset: Ipset) -> Ipset | NotChecked:
    dump = netlink.dump(SUBSYSTEM | LIST, by_name_request(ipset.name))
    if isinstance(dump, Refusal):
        return NotChecked(reason=f"cannot list ipset {ipset.name}: {dump.errno_name}")
    members = [name for message in dump.messages for name in decode_members(message.payload)]
    if len(members) > _MOST_MEMBERS:
        return NotChecked(reason=f"ipset {ipset.name} has {len(members)} members")
    return replace(ipset, members=tuple(members))


def _indexes(rule: FilterRule) -> tuple[int, ...]:
    parts = (part for part in rule.expressions if isinstance(part, XtMatch | XtTarget))
    return tuple(dict.fromkeys(index for part in parts for index in set_indexes(part)))
