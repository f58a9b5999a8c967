"""What the kernel itself said of the packets of a flow that it dropped."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.drops import UNWATCHED, KernelDrop, ProcessDrop
from edgediag.model.evidence import FlowEvidence
from edgediag.model.verdict import Mechanism

# What each reason amounts to. What our own way of asking causes is not among them: an answer to a
# packet of ours meets no socket (NO_SOCKET), the reset that follows ends one that is bound
# (TCP_RESET), a socket is closed with what it holds (QUEUE_PURGE), all seen of healthy flows; and
# what nobody reads fills a queue (SOCKET_RCVBUFF). NEIGH_FAILED is the neighbour table's to tell.
MECHANISMS: Final[Mapping[str, Mechanism]] = MappingProxyType(
    {
        "BPF_CGROUP_EGRESS": Mechanism.CGROUP_DROP,
        "IP_RPFILTER": Mechanism.RP_FILTER,
        "QDISC_CONGESTED": Mechanism.QDISC_DROP,
        "QDISC_DROP": Mechanism.QDISC_DROP,
        "QDISC_OVERLIMIT": Mechanism.QDISC_DROP,
        "SECURITY_HOOK": Mechanism.LOCAL_DROP,
        "SOCKET_FILTER": Mechanism.CGROUP_DROP,
        "TC_EGRESS": Mechanism.TC_DROP,
        "TC_INGRESS": Mechanism.TC_DROP,
        "XFRM_POLICY": Mechanism.XFRM_BLOCK,
    }
)
# An answer that was damaged or meant for another machine was so when it came.
SPOILT: Final[Mapping[str, Mechanism | None]] = MappingProxyType(
    {
        "ICMP_CSUM": Mechanism.CHECKSUM_OFFLOAD,
        "IP_CSUM": Mechanism.CHECKSUM_OFFLOAD,
        "SKB_CSUM": Mechanism.CHECKSUM_OFFLOAD,
        "TCP_CSUM": Mechanism.CHECKSUM_OFFLOAD,
        "UDP_CSUM": Mechanism.CHECKSUM_OFFLOAD,
        "OTHERHOST": None,
    }
)
NETFILTER: Final = "NETFILTER_DROP"
# Linux 6.18 knows the second and says the first at both places (measured).
_XDP_REASONS: Final = frozenset({"NOT_SPECIFIED", "XDP"})
_XDP_FUNCTIONS: Final = frozenset({"do_xdp_generic", "netif_receive_generic_xdp"})
_XDP_OF_DRIVERS: Final = "_xdp_rcv_skb"
_UNKNOWN: Final = "; the kernel's own reason is not known ({})"
# Without a BPF program the kernel tells of a drop and not of the packet.
_NEARBY: Final = "; the kernel dropped a packet of this process meanwhile, not told which: {}"
# No socket of this program has a filter but the tap; a raw one only gets copies.
_OF_SOCKETS: Final = ("tcp_", "udp_", "__udp_")


def told_of(evidence: FlowEvidence, *, is_reply: bool) -> tuple[KernelDrop, ...]:
    """The drops of the flow, or of its answers."""
    if isinstance(evidence.kernel_drops, NotChecked):
        return ()
    owned = (drop for drop in evidence.kernel_drops if isinstance(drop, KernelDrop))
    return tuple(drop for drop in owned if drop.is_reply is is_reply)


def blamed(evidence: FlowEvidence, *, is_reply: bool) -> KernelDrop | None:
    """The first drop whose reason names a mechanism."""
    told = told_of(evidence, is_reply=is_reply)
    return next((drop for drop in told if _is_sure(drop)), None)


def _is_sure(drop: KernelDrop) -> bool:
    if drop.reason == "SOCKET_FILTER":
        return drop.is_reply and drop.location.startswith(_OF_SOCKETS)
    return drop.reason in MECHANISMS


def spoilt(evidence: FlowEvidence) -> KernelDrop | None:
    """The drop of an answer that was no good when it came."""
    told = told_of(evidence, is_reply=True)
    return next((drop for drop in told if drop.reason in SPOILT), None)


def masked(evidence: FlowEvidence) -> KernelDrop | None:
    """The drop of an answer by a program of a device, before any tap."""
    told = told_of(evidence, is_reply=True)
    return next((drop for drop in told if _is_xdp(drop)), None)


def _is_xdp(drop: KernelDrop) -> bool:
    is_there = drop.location in _XDP_FUNCTIONS or drop.location.endswith(_XDP_OF_DRIVERS)
    return drop.reason == "XDP" or (drop.reason in _XDP_REASONS and is_there)


def contradicts(evidence: FlowEvidence, *, is_reply: bool) -> bool:
    """True if the kernel dropped the packet elsewhere, and none of these in netfilter."""
    reasons = {drop.reason for drop in told_of(evidence, is_reply=is_reply)}
    return NETFILTER not in reasons and blamed(evidence, is_reply=is_reply) is not None


def support(evidence: FlowEvidence, *, is_reply: bool) -> str:
    """What the kernel says of it, to be put behind a sentence; or why it was not asked.

    "" where it said nothing, and in evidence that is older than the question.
    """
    drops = evidence.kernel_drops
    if isinstance(drops, NotChecked):
        return _UNKNOWN.format(drops.reason) if drops.reason.startswith(UNWATCHED) else ""
    reasons = {NETFILTER, *MECHANISMS}
    told = [drop for drop in told_of(evidence, is_reply=is_reply) if drop.reason in reasons]
    if told:
        return f"; the kernel says {spoken(told[0])}"
    near = [drop for drop in drops if isinstance(drop, ProcessDrop) and drop.reason in reasons]
    return _NEARBY.format(spoken(near[0])) if near else ""


def spoken(drop: KernelDrop | ProcessDrop) -> str:
    """The reason of a drop, and the function if it is known."""
    return f"{drop.reason} in {drop.location}" if drop.location else drop.reason
