"""What this host itself says of packets that it dropped: traces, counters, the kernel's reasons."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceDropped:
    """nf_tables itself said which rule or policy dropped the packet.

    hook        the hook of the base chain: "output", "input", ...; "" where it was gone already
    is_reject   the rule answers with an error instead of silence
    is_reply    the packet dropped was the answer on its way in
    """

    culprit: NftRule | IptablesRule | ChainPolicy
    hook: str
    is_reject: bool
    is_reply: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePassed:
    """nf_tables let the packet and its answer pass as far as it saw them.

    chains        as "family table chain", in the order visited
    is_sent       the packet came to the end of POSTROUTING
    is_received   an answer came to nf_tables
    is_delivered  an answer came to the end of INPUT
    """

    chains: tuple[str, ...]
    is_sent: bool
    is_received: bool
    is_delivered: bool


TraceResult: TypeAlias = TraceDropped | TracePassed | NotChecked


class Drop(Enum):
    """What of this host counts its drops without naming a packet.

    QDISC         a queueing discipline
    TC_FILTER     the filters of a device, by the clsact or ingress discipline that holds them
    REVERSE_PATH  the reverse-path filter
    CONNTRACK     connection tracking, of packets that it cannot track
    """

    QDISC = "qdisc"
    TC_FILTER = "tc-filter"
    REVERSE_PATH = "reverse-path"
    CONNTRACK = "conntrack"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropCount:
    """A counter of drops, or by how much it rose.

    interface   "" where the counter is the whole host's
    discipline  kind of the queueing discipline, "" for none
    handle      of the discipline, as tc(8) writes it, "" for none
    """

    drop: Drop
    interface: str
    discipline: str
    handle: str
    count: int


# How the reason begins for which the kernel's word on drops was not heard.
UNWATCHED = "cannot watch for drops"


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelDrop:
    """A packet of a flow that the kernel said it dropped, and where in its code it did.

    reason     as enum skb_drop_reason has it: "NETFILTER_DROP"; a number where it has no name
    location   the function, "" where the kernel keeps its addresses secret
    interface  the packet's device then, "" where it had none yet
    """

    reason: str
    location: str
    interface: str
    is_reply: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessDrop:
    """A packet that the kernel dropped while this process sent; whose it was is not told.

    reason, location  as of KernelDrop
    """

    reason: str
    location: str


KernelDrops: TypeAlias = tuple[KernelDrop | ProcessDrop, ...]
