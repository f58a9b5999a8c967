"""The reason that the kernel itself gave for a drop."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edgediag.inference.claim import ANYWHERE, finding, on_this_host, one_of
from edgediag.inference.kernel_word import (
    MECHANISMS,
    SPOILT,
    blamed,
    contradicts,
    spoilt,
    spoken,
)
from edgediag.inference.packet_rules import rule_words
from edgediag.inference.programs import dropping, on_groups, passing, sole
from edgediag.inference.reading import is_held_up, outcome_of, packets_of
from edgediag.inference.rules.reverse_path import effective
from edgediag.inference.rules.xfrm_blocks import blocking_policy
from edgediag.meaning import (
    are_octets_kept,
    has_come_back,
    has_left,
    is_answer_withheld,
    is_answered_well,
)
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CgroupProgramObject, Culprit, QdiscObject, TcFilterObject
from edgediag.model.drops import Drop, KernelDrop, TraceDropped
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Unanswered
from edgediag.model.verdict import Finding, Mechanism

ID = "kernel-dropped"

# What does it, and where to look.
_WORDS: Final[Mapping[Mechanism | None, tuple[str, str]]] = MappingProxyType(
    {
        Mechanism.CGROUP_DROP: (
            "a BPF program on the control group of this process",
            "bpftool cgroup tree: which program is on the group of this process?",
        ),
        Mechanism.LOCAL_DROP: (
            "a security module",
            "look for denials of SELinux, AppArmor or a BPF LSM: journalctl -k, ausearch",
        ),
        Mechanism.QDISC_DROP: ("a queueing discipline", "tc -s qdisc show dev {device}"),
        Mechanism.RP_FILTER: (
            "the reverse-path filter",
            "mend the policy routing, or set net.ipv4.conf.{device}.rp_filter to 2",
        ),
        Mechanism.TC_DROP: (
            "a filter of traffic control",
            "tc filter show dev {device} ingress; tc filter show dev {device} egress; "
            "bpftool net show dev {device}",
        ),
        Mechanism.XFRM_BLOCK: ("a policy of IPsec", "ip xfrm policy; cat /proc/net/xfrm_stat"),
        Mechanism.CHECKSUM_OFFLOAD: (
            "it was damaged when it came, on its way or by the device",
            "compare with ethtool -K {device} rx off; capture at the sender",
        ),
        None: (
            "its frame was for another machine",
            "who sent the frame has another link-layer address of this host: compare ip link and "
            "the neighbour table of the router",
        ),
    }
)

# Kernels that have no SECURITY_HOOK say this of all that a socket is asked before it gets a packet.
_BESIDE: Final[Mapping[str, str]] = MappingProxyType(
    {"SOCKET_FILTER": " (older kernels say the same of a security module)"}
)


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The kernel says that it dropped the packet, or the answer, and why.

    Holds because   a program at the one place where the kernel frees what it drops saw a packet of
                    this very flow, with the reason that stands in the kernel's code beside it. It
                    outweighs what follows from rules and counters. An answer that was damaged or
                    addressed to another machine came so: every place stays possible
    Does not hold   for reasons that our way of asking causes, for a packet where one of the flow
                    left or may still wait, for an answer that no tap saw; nor where the trace names
                    a rule and the kernel netfilter
    Asks for        the kernel's word, the tap, the trace; for the object's name the tc filters, the
                    counters of drops, the sysctls and the xfrm policies
    source          include/net/dropreason-core.h; include/trace/events/skb.h, kfree_skb
    """
    is_reply = _lost_leg(evidence)
    if is_reply is None:
        return None
    if isinstance(evidence.trace, TraceDropped) and not contradicts(evidence, is_reply=is_reply):
        return None
    drop = blamed(evidence, is_reply=is_reply)
    if drop is not None:
        mechanism = MECHANISMS[drop.reason]
        claim = on_this_host(mechanism, _culprit(drop, evidence, host))
        return finding(ID, evidence, claim, _said(drop, mechanism, evidence))
    drop = spoilt(evidence) if is_reply else None
    if drop is None:
        return None
    claim = one_of(ANYWHERE, None, SPOILT[drop.reason])
    return finding(ID, evidence, claim, _said(drop, SPOILT[drop.reason], evidence))


def _lost_leg(evidence: FlowEvidence) -> bool | None:
    """True if this host lost the answer, False if it lost the packet, None if neither is seen."""
    outcome = outcome_of(evidence)
    match outcome:
        case _ if are_octets_kept(outcome):
            # The handshake left, and what followed it did not.
            return False
        case _ if is_answer_withheld(outcome):
            return True
        case Unanswered() if has_left(outcome):
            return True if has_come_back(outcome) else None
        case _ if is_answered_well(outcome) or has_left(outcome) or is_held_up(evidence):
            return None
        case _:
            return False


def _said(
    drop: KernelDrop, mechanism: Mechanism | None, evidence: FlowEvidence
) -> tuple[str, str, tuple[int, ...]]:
    what = "the answer" if drop.is_reply else "the packet"
    words, remedy = _WORDS[mechanism]
    words += _BESIDE.get(drop.reason, "")
    text = f"the kernel dropped {what} and says {spoken(drop)}: {words}"
    if isinstance(evidence.trace, TraceDropped):
        rule = rule_words(evidence.trace.culprit, evidence.flow.destination.version)
        text += f"; the trace blames {rule}, and the kernel's word holds"
    device = drop.interface or "DEVICE"
    return text, remedy.format(device=device), packets_of([outcome_of(evidence)])


def _culprit(drop: KernelDrop, evidence: FlowEvidence, host: HostState) -> Culprit | None:
    """The object behind a drop, where this host has but one that it can be."""
    direction = "ingress" if drop.is_reply else "egress"
    match MECHANISMS[drop.reason]:
        case Mechanism.CGROUP_DROP:
            programs = on_groups(host, direction)
            known = () if isinstance(programs, NotChecked) else programs
            return sole(dropping(evidence, CgroupProgramObject) or known)
        case Mechanism.TC_DROP:
            asked = sole(dropping(evidence, TcFilterObject))
            return asked or _filter_alone((drop.interface, direction), evidence, host)
        case Mechanism.QDISC_DROP:
            return _discipline(drop, evidence)
        case Mechanism.RP_FILTER:
            return effective(drop.interface, host)
        case Mechanism.XFRM_BLOCK:
            return blocking_policy(evidence, host, is_answer=drop.is_reply)
        case _:
            return None


def _filter_alone(
    here: tuple[str, str], evidence: FlowEvidence, host: HostState
) -> TcFilterObject | None:
    """The filter of a device, or the program of TCX, where there is but one of both.

    The kernel has one word for them. A program that let a copy pass is none of them.
    """
    tables = (host.tc_filters, host.tcx_programs)
    known = (item for table in tables if not isinstance(table, NotChecked) for item in table)
    cleared = passing(evidence, TcFilterObject)
    return sole(
        item
        for item in known
        if (item.interface, item.direction) == here and item not in cleared
    )


def _discipline(drop: KernelDrop, evidence: FlowEvidence) -> QdiscObject | None:
    counted = [
        item
        for item in evidence.drops
        if item.drop is Drop.QDISC and item.interface == drop.interface
    ]
    if len(counted) != 1:
        return None
    return QdiscObject(
        interface=drop.interface, discipline=counted[0].discipline, handle=counted[0].handle
    )
