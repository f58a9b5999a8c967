"""The filters at the ends of a device, by rtnetlink's own messages (RTM_NEWTFILTER).

source  include/uapi/linux/rtnetlink.h (struct tcmsg), pkt_cls.h (TCA_BPF_*)
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from edgediag.host.attributes import attributes, big, native, nested, text
from edgediag.host.program_word import TCX
from edgediag.host.tc_actions import TcAction, decode_actions
from edgediag.host.tc_keys import TcKey, TcRule, decode_rule, is_table
from edgediag.model.culprit import TcFilterObject

_MESSAGE: Final = struct.Struct("=B3xiIII")
_TCA_KIND, _TCA_OPTIONS, _TCA_CHAIN = 1, 2, 11
_BPF_NAME, _BPF_FLAGS, _BPF_ID = 7, 8, 11
_ACT_DIRECT: Final = 1
_ETH_P_ALL: Final = 0x0003
BPF: Final = "bpf"
CLASSIC: Final = "it is of classic BPF, which has no id"
CHOOSES: Final = "what it returns is no verdict, and its actions are not known"
OF_OTHERS: Final = "filters of its kind are not evaluated"
LINKED: Final = "its tables lead to others"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFilter:
    """A filter as the kernel asks it.

    ethertype  of the frames that it is asked of, 0 for all
    chain      0 for the one that every frame comes to
    program    the id of its BPF program, 0 where it has none that can be run
    hindrance  why nobody says what it does, "" where its program does or its keys and actions
    """

    filter: TcFilterObject
    ethertype: int
    chain: int
    program: int
    hindrance: str
    keys: tuple[TcKey, ...] = ()
    actions: tuple[TcAction, ...] = ()


def filters_request(index: int, parent: int) -> bytes:
    """The payload of an RTM_GETTFILTER dump of one end of a device."""
    return _MESSAGE.pack(0, index, 0, parent, 0)


def decode_attached_filter(
    payload: bytes, interface: str, direction: str
) -> AttachedFilter | None:
    """A filter, None for the head of a preference, which has no handle, and for a table of u32."""
    if len(payload) < _MESSAGE.size:
        return None
    _, _, handle, _, info = _MESSAGE.unpack_from(payload)
    if not handle:
        return None
    found = attributes(payload[_MESSAGE.size :])
    kind, options = text(found.get(_TCA_KIND)), nested(found, _TCA_OPTIONS)
    if is_table(kind, options):
        return None
    is_program = kind == BPF
    rule = decode_rule(kind, options)
    program = native(options.get(_BPF_ID)) if is_program else 0
    protocol = big((info & 0xFFFF).to_bytes(2, "little"))
    return AttachedFilter(
        filter=TcFilterObject(
            interface=interface,
            direction=direction,
            classifier=kind,
            # The upper half is the preference, the lower the protocol (tc_ctl_tfilter).
            preference=info >> 16,
            handle=handle,
            name=text(options.get(_BPF_NAME)) if is_program else "",
        ),
        ethertype=0 if protocol in (0, _ETH_P_ALL) else protocol,
        chain=native(found.get(_TCA_CHAIN)),
        program=program,
        hindrance=_hindrance(options, program) if is_program else _unread(rule),
        keys=rule.keys if rule else (),
        actions=decode_actions(rule.actions) if rule else (),
    )


def unlinked(filters: Sequence[AttachedFilter]) -> tuple[AttachedFilter, ...]:
    """The same, where none of u32 is read beside one whose table leads to another."""
    linked = {_row(one) for one in filters if one.hindrance == LINKED}
    return tuple(
        replace(one, hindrance=LINKED) if _row(one) in linked else one for one in filters
    )


def _row(one: AttachedFilter) -> tuple[str, str, int]:
    return one.filter.interface, one.filter.direction, one.filter.preference


def _unread(rule: TcRule | None) -> str:
    if rule is None:
        return OF_OTHERS
    return LINKED if rule.is_link else ""


def of_tcx(program: TcFilterObject) -> AttachedFilter:
    """A program that stands on a device without a discipline: it is asked of every frame."""
    return AttachedFilter(
        filter=program, ethertype=0, chain=0, program=program.handle, hindrance=""
    )


def is_tcx(one: AttachedFilter) -> bool:
    """Whether it stands there without a discipline, before all that need one."""
    return one.filter.classifier == TCX


def _hindrance(options: dict[int, bytes], program: int) -> str:
    if not native(options.get(_BPF_FLAGS)) & _ACT_DIRECT:
        return CHOOSES
    return "" if program else CLASSIC
