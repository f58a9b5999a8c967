"""The sets of ipset of one namespace made anew in another, each under the index it has.

Rules name a set by its index: a set that had another would be another set.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from edgediag.host.attributes import attribute
from edgediag.host.clone.ipset import PROTOCOL, CopiedSet, copied_sets, index_of, named
from edgediag.host.messages import NLM_F_ACK, NLM_F_CREATE, NLM_F_REQUEST, Message
from edgediag.model.answer import NotChecked
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket, Refusal

_IPSET: Final = 6 << 8
_CREATE, _DESTROY, _LIST, _ADD, _GET_BYNAME = 2, 3, 7, 9, 14
_HEAD: Final = bytes([2, 0, 0, 0])
# Also where it is built in. Without it no rule names a set, and to ask would have it loaded.
_MODULE: Final = Path("/sys/module/ip_set")
_MOST_GAPS: Final = 1024


def read_sets() -> tuple[CopiedSet, ...] | NotChecked:
    """Every set of this network namespace.

    raises  OSError where no netlink socket can be had
    """
    if not _MODULE.exists():
        return ()
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        dump = netlink.dump(_IPSET | _LIST, _HEAD + attribute(1, bytes([PROTOCOL])))
    if isinstance(dump, Refusal):
        return NotChecked(reason=f"the sets of ipset cannot be read: {dump.errno_name}")
    if dump.is_torn:
        return NotChecked(reason="the sets of ipset kept changing while they were read")
    return copied_sets(message.payload for message in dump.messages)


def make_sets(sets: Iterable[CopiedSet]) -> NotChecked | None:
    """Put sets into this network namespace, which has none; None where that was done."""
    ordered = tuple(sets)
    if not ordered:
        return None
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        return _Maker(netlink).make(ordered)


class _Maker:
    def __init__(self, netlink: NetlinkSocket) -> None:
        self._netlink = netlink
        self._fillers: list[str] = []

    def make(self, sets: tuple[CopiedSet, ...]) -> NotChecked | None:
        """Create all, then fill them: a set of sets names others."""
        for copied in sets:
            refused = self._create_at(copied)
            if refused is not None:
                return refused
        added = [_request(_ADD, message) for copied in sets for message in copied.added]
        removed = [_request(_DESTROY, named(name)) for name in self._fillers]
        for request in (*added, *removed):
            # One at a time: the kernel takes a new datagram's sets only after the last one's.
            answer = self._netlink.apply((request,))
            refusal = answer if isinstance(answer, Refusal) else answer.get(0)
            if refusal is not None:
                return _not_copied(refusal.errno_name)
        return None

    def _create_at(self, copied: CopiedSet) -> NotChecked | None:
        """Create a set at its index; the kernel gives the first free one: gaps are filled."""
        for _ in range(_MOST_GAPS):
            refusal = self._create(copied.name, copied.create)
            if refusal is not None:
                return _not_copied(refusal.errno_name)
            index = self._index(copied.name)
            if index == copied.index:
                return None
            if index is None or index > copied.index:
                break
            self._netlink.apply((_request(_DESTROY, named(copied.name)),))
            filler = f"edgediag-gap-{index}"
            if self._create(filler, copied.create) is not None:
                break
            self._fillers.append(filler)
        return _not_copied(f"{copied.name} gets another index")

    def _create(self, name: str, rest: bytes) -> Refusal | None:
        answer = self._netlink.apply((_request(_CREATE, named(name) + rest),))
        return answer if isinstance(answer, Refusal) else answer.get(0)

    def _index(self, name: str) -> int | None:
        answer = self._netlink.request(_IPSET | _GET_BYNAME, _HEAD + named(name))
        return None if isinstance(answer, Refusal) else index_of(answer.payload)


def _request(command: int, body: bytes) -> Message:
    return Message(
        type_=_IPSET | command,
        flags=NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE,
        sequence=0,
        payload=_HEAD + body,
    )


def _not_copied(why: str) -> NotChecked:
    return NotChecked(reason=f"the sets of ipset cannot be copied: {why}")
