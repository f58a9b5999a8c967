"""What a walk has to ask of the host, and the answers; each question is a value."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from edgediag.host.ipset import Ipset, IpsetElement
from edgediag.host.netfilter.chains import Chain, ChainName, SetContents
from edgediag.host.walk.parcel import Interface
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Flow
from edgediag.model.xfrm import XfrmPolicy


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

    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedRoute:
    """The way of a flow; with an incoming device that of a packet that came in by it."""

    flow: Flow
    incoming: str
    mark: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedSocket:
    """Whether a socket takes a packet that comes in by a device."""

    flow: Flow
    incoming: Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedPeers:
    """With whom the sockets are connected that would take a packet of UDP from them alone."""

    flow: Flow
    incoming: Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedPolicies:
    """The policies of IPsec for what goes a direction by a device; `direction` as in XfrmPolicy."""

    direction: str
    version: int
    device: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Whether a socket takes the packet, and which, or which do not."""

    is_taken: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Address and port of each far end that a socket is connected with."""

    ends: tuple[tuple[Address, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies that the kernel asks, () where it asks none."""

    listed: tuple[XfrmPolicy, ...]


Need: TypeAlias = (
    NeedChain
    | NeedSet
    | NeedAddressType
    | NeedRoute
    | NeedSocket
    | NeedPeers
    | NeedPolicies
    | NeedIpset
    | NeedMember
)
Answer: TypeAlias = (
    Chain
    | SetContents
    | int
    | Way
    | NoWay
    | Taken
    | Peers
    | Policies
    | Ipset
    | Member
    | NotChecked
)

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


def ask_socket(need: NeedSocket) -> Asking[Taken | NotChecked]:
    """Whether a socket takes a packet, or why it is not known."""
    answer = yield need
    return answer if isinstance(answer, Taken | NotChecked) else _foreign(answer)


def ask_peers(need: NeedPeers) -> Asking[Peers | NotChecked]:
    """With whom sockets are connected, or why it is not known."""
    answer = yield need
    return answer if isinstance(answer, Peers | NotChecked) else _foreign(answer)


def ask_policies(need: NeedPolicies) -> Asking[Policies | NotChecked]:
    """The policies of IPsec of one direction, or why they are not known."""
    answer = yield need
    return answer if isinstance(answer, Policies | NotChecked) else _foreign(answer)


def ask_address_type(address: Address) -> Asking[int | NotChecked]:
    """What an address is to this host, or why it is not known."""
    answer = yield NeedAddressType(address=address)
    return answer if isinstance(answer, int | NotChecked) else _foreign(answer)


def _foreign(answer: Answer) -> NotChecked:
    return NotChecked(reason=f"an answer to another question: {type(answer).__name__}")
