"""What a walk has to ask of the host, and the answers; each question is a value."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from edgediag.host.ipset import Ipset, IpsetElement
from edgediag.host.netfilter.chains import Chain, ChainName, SetContents
from edgediag.host.netfilter.ip_header import Ends
from edgediag.host.walk.parcel import Interface
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Flow
from edgediag.model.xfrm import XfrmPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedChain:
    """The rules of a chain that packets with these ends may match; `ends` None for every rule."""

    name: ChainName
    ends: Ends | None


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
class NeedBridge:
    """The bridge that a device is, or is a port of."""

    device: Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedBehind:
    """The MAC that a device's neighbour has, and behind which port of a bridge that MAC is."""

    bridge: Interface
    neighbour: Address | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedResolution:
    """Whether this host knows the MAC of a neighbour, or has to ask for it.

    source  of the packet that waits for it, None where it is not known
    """

    device: Interface
    neighbour: Address
    source: Address | None


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
    """Where a packet goes: out by a device, or to this host itself.

    gateway  None where the destination is on the link
    """

    outgoing: Interface
    gateway: Address | None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port of a bridge; `is_forwarding` where it carries frames."""

    interface: Interface
    mac: bytes
    is_forwarding: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A bridge with its ports, ascending by index.

    is_filtering  it keeps VLANs apart
    calls         the versions of IP whose rules br_netfilter asks about its frames
    """

    interface: Interface
    mac: bytes
    ports: tuple[Port, ...]
    is_filtering: bool
    calls: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBridge:
    """The device is no bridge, and no port of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """None for a MAC or a port that the kernel does not know."""

    mac: bytes | None
    port: Interface | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The MAC is known, or none is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """The MAC is asked for, by ARP or by neighbour discovery.

    state   of the neighbour's entry, "not known" where it has none
    mac     the device's own
    source  of the question, None where it is not known
    """

    state: str
    mac: bytes
    source: Address | None


Need: TypeAlias = (
    NeedChain
    | NeedSet
    | NeedAddressType
    | NeedRoute
    | NeedSocket
    | NeedPeers
    | NeedPolicies
    | NeedBridge
    | NeedBehind
    | NeedResolution
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
    | Bridge
    | NoBridge
    | Behind
    | Resolved
    | Unresolved
    | Ipset
    | Member
    | NotChecked
)

_T = TypeVar("_T")
Asking: TypeAlias = Generator[Need, Answer, _T]


def ask_chain(need: NeedChain) -> Asking[Chain | NotChecked]:
    """The rules of a chain, or why they cannot be had."""
    answer = yield need
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


def ask_bridge(device: Interface) -> Asking[Bridge | NoBridge | NotChecked]:
    """The bridge that a device is or is a port of, or why it is not known."""
    answer = yield NeedBridge(device=device)
    return answer if isinstance(answer, Bridge | NoBridge | NotChecked) else _foreign(answer)


def ask_behind(bridge: Interface, neighbour: Address | bytes) -> Asking[Behind | NotChecked]:
    """Where a neighbour of a bridge is, by its address or its MAC, or why it is not known."""
    answer = yield NeedBehind(bridge=bridge, neighbour=neighbour)
    return answer if isinstance(answer, Behind | NotChecked) else _foreign(answer)


def ask_resolution(need: NeedResolution) -> Asking[Resolved | Unresolved | NotChecked]:
    """Whether a neighbour's MAC is known, or why that cannot be told."""
    answer = yield need
    return answer if isinstance(answer, Resolved | Unresolved | NotChecked) else _foreign(answer)


def ask_address_type(address: Address) -> Asking[int | NotChecked]:
    """What an address is to this host, or why it is not known."""
    answer = yield NeedAddressType(address=address)
    return answer if isinstance(answer, int | NotChecked) else _foreign(answer)


def _foreign(answer: Answer) -> NotChecked:
    return NotChecked(reason=f"an answer to another question: {type(answer).__name__}")
