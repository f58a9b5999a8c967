"""What a walk has to ask of the host, and the answers; each question is a value."""

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address
from typing import TypeAlias, TypeVar

from edgediag.host.ipset import Ipset, IpsetElement
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Verdict
from edgediag.host.walk.parcel import Interface
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow


class Backend(Enum):
    """Which of the kernel's two rule engines a chain belongs to."""

    NFT = "nft"
    LEGACY = "legacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainName:
    """What names a chain on this host."""

    backend: Backend
    family: str
    table: str
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseChain:
    """A chain that the kernel calls itself.

    type_    "filter", "nat" or "route"
    devices  of an ingress or egress hook, else ()
    policy   "accept" or "drop"
    """

    name: ChainName
    hook: str
    priority: int
    type_: str
    policy: str
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The rules of one chain in the order they are evaluated."""

    rules: tuple[FilterRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A member of a set, both ends inclusive; empty keys for the one that catches all.

    data       of a map, else b""
    verdict    of a verdict map, else None
    condition  the name of a condition of the element's own, else ""
    """

    first: bytes
    last: bytes
    data: bytes
    verdict: Verdict | None
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetContents:
    """A set; `fields` are the octets of each part of a concatenated key, () for a single one."""

    fields: tuple[int, ...]
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedChain:
    """The rules of a chain."""

    name: ChainName


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedSet:
    """The members of a set of nf_tables."""

    family: str
    table: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedAddressType:
    """What an address is to this host (RTN_*): 1 unicast, 2 local, 3 broadcast, 5 multicast."""

    address: IPv4Address


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedRoute:
    """The way of a flow; with an incoming device that of a packet that came in by it."""

    flow: Flow
    incoming: str
    mark: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedIpset:
    """What an ipset is, by its index in the kernel or its name."""

    key: int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedMember:
    """Whether an element is in an ipset."""

    ipset: Ipset
    element: IpsetElement


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The kernel's word on an element."""

    is_member: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where a packet goes: out by a device, or to this host itself."""

    outgoing: Interface
    is_local: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWay:
    """Routing refuses the packet."""

    text: str


Need: TypeAlias = NeedChain | NeedSet | NeedAddressType | NeedRoute | NeedIpset | NeedMember
Answer: TypeAlias = Chain | SetContents | int | Way | NoWay | Ipset | Member | NotChecked

_T = TypeVar("_T")
Asking: TypeAlias = Generator[Need, Answer, _T]


def ask_chain(name: ChainName) -> Asking[Chain | NotChecked]:
    """The rules of a chain, or why they cannot be had."""
    answer = yield NeedChain(name=name)
    return answer if isinstance(answer, Chain | NotChecked) else _foreign(answer)


def ask_route(need: NeedRoute) -> Asking[Way | NoWay | NotChecked]:
    """The way of a flow, or why it is not known."""
    answer = yield need
    return answer if isinstance(answer, Way | NoWay | NotChecked) else _foreign(answer)


def _foreign(answer: Answer) -> NotChecked:
    return NotChecked(reason=f"an answer to another question: {type(answer).__name__}")
