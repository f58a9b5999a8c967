"""What passes between the session, which decides, and the wire, which does: actions and events."""

from dataclasses import dataclass
from typing import TypeAlias

from edgediag.model.explained import Arrival
from edgediag.model.flow import Address, Flow
from edgediag.model.packet import Observation, Packet, Sighting
from edgediag.model.probe import Way
from edgediag.model.program import PacketProgram


@dataclass(frozen=True, slots=True, kw_only=True)
class NextHop:
    """Where a link-layer frame goes; MACs in the form "02:00:00:00:00:01"."""

    interface: str
    source_mac: str
    destination_mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An address of this host and a TCP port at which a service of it listens."""

    address: Address
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRun:
    """A copy of a packet for a BPF program to judge, as its frame crosses the link at `hop`.

    number  the program's id
    mark    of the packet, which a program of XDP is not told
    """

    program: PacketProgram
    number: int
    packet: Packet
    mark: int
    hop: NextHop


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPacket:
    """Send a whole IP packet.

    way              IP_STACK or LINK
    next_hop         for LINK, else None
    fragment_octets  of the largest piece that it is cut into, 0 for whole; for IP_STACK
    """

    probe: int
    way: Way
    packet: Packet
    next_hop: NextHop | None
    fragment_octets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDatagram:
    """Send a UDP datagram through the kernel socket bound to the flow's source port."""

    probe: int
    flow: Flow
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStream:
    """connect() the kernel socket bound to the flow's source port, then send `payload`.

    segment_octets  the longest segment that the far end may send, None for what the kernel says
    """

    probe: int
    flow: Flow
    payload: bytes
    segment_octets: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseStream:
    """Close a stream, whatever its state."""

    probe: int


Action: TypeAlias = SendPacket | SendDatagram | OpenStream | CloseStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A packet was given to the kernel and recorded under `number`; it may yet be dropped."""

    probe: int
    number: int
    sighting: Sighting
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The kernel refused a send or a connect() at once, or later told the socket why it failed."""

    probe: int
    errno_name: str
    is_immediate: bool
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The tap saw a packet."""

    observation: Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A kernel UDP socket was given a datagram."""

    probe: int
    flow: Flow
    payload: bytes
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOpened:
    """connect() succeeded."""

    probe: int
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReceived:
    """Octets came on a stream; an empty payload is the end of it."""

    probe: int
    payload: bytes
    at_s: float


Event: TypeAlias = Handed | Refused | Observed | Delivered | StreamOpened | StreamReceived


@dataclass(frozen=True, slots=True, kw_only=True)
class FixTrial:
    """A command to be tried on a copy of this host's network.

    packet       a flow that this host sends, or what comes in
    is_answered  of a flow: the block is looked for on the way of the answer as well
    """

    packet: Flow | Arrival
    command: str
    is_answered: bool
