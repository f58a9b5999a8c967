"""The expressions of an nf_tables rule that do something: verdicts, rejects, counters, NAT, ...

source  include/uapi/linux/netfilter/nf_tables.h
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of the packet (NF_* and NFT_* codes); `chain` for jump and goto, else ""."""

    code: int
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Drop and answer: type 0 ICMP unreachable, 1 TCP reset, 2 either family's ICMP."""

    type_: int
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Packets and octets so far."""

    packets: int
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The rule goes on while the rate is kept, or (is_over) while it is exceeded.

    unit_s  the period of the rate
    """

    rate: int
    unit_s: int
    burst: int
    is_octets: bool
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A line to the kernel's log, or with a group to user space; None where it is not set."""

    prefix: str
    group: int | None
    snap_length: int
    queue_threshold: int
    level: int | None
    flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nat:
    """Source (type 0) or destination (1) translation; registers by slot, None for none."""

    type_: int
    family: int
    address: tuple[int | None, int | None]
    port: tuple[int | None, int | None]
    flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Masquerade:
    """Source translation to the address of the outgoing device."""

    port: tuple[int | None, int | None]
    flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Destination translation to this host."""

    port: tuple[int | None, int | None]
    flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaSet:
    """A register into a fact about the packet."""

    key: int
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CtSet:
    """A register into a fact of connection tracking."""

    key: int
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadSet:
    """A register into octets of the packet."""

    base: int
    offset: int
    length: int
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The rule goes on until so many octets have passed, or (is_over) after them."""

    octets: int
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """To user space, through the queues first to first + count - 1."""

    first: int
    count: int
    flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimit:
    """The rule goes on for so many connections of the key, or (is_over) for more."""

    count: int
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectReference:
    """A named counter (1), quota (2), conntrack helper (3), limit (4), ... is used."""

    type_: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTrack:
    """Connection tracking is to leave the packet alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XtMatch:
    """A match of iptables; `info` is its struct of xt_*.h as it is."""

    name: str
    revision: int
    info: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class XtTarget:
    """A target of iptables; `info` is its struct of xt_*.h as it is."""

    name: str
    revision: int
    info: bytes


Statement: TypeAlias = (
    Verdict
    | Reject
    | Counter
    | Limit
    | Log
    | Nat
    | Masquerade
    | Redirect
    | MetaSet
    | CtSet
    | PayloadSet
    | Quota
    | Queue
    | ConnectionLimit
    | ObjectReference
    | NoTrack
    | XtMatch
    | XtTarget
)
