"""All that one verdict may rest on; serialisable, to be judged again."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Presented
from edgediag.model.cluster import NO_LOOKUP, HostsEntry, NameLookup, ResolverLine
from edgediag.model.drops import DropCount, KernelDrops, TraceResult
from edgediag.model.endpoint import Omitted, Target
from edgediag.model.explained import Explained
from edgediag.model.flow import Address, Flow
from edgediag.model.host import HostState, Link, Neighbour
from edgediag.model.listener import Listener
from edgediag.model.mapping import MappingLifetime
from edgediag.model.outcome import Outcome
from edgediag.model.path import Ladder
from edgediag.model.program import PacketProgram
from edgediag.model.rehearsal import TriedFix
from edgediag.model.route import Route, RouteAnswer
from edgediag.model.train import Train
from edgediag.model.variation import Variation


class Relation(Enum):
    """What a control shares with the flow that failed."""

    SAME_HOST = "same-host"
    OTHER_HOST = "other-host"
    ECHO = "echo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A flow beside the failing one, walked at the same time.

    check         the check the flow belongs to, "" for an echo
    is_answered   the destination itself answered: the check that the flow is of, or the echo
    """

    relation: Relation
    check: str
    is_answered: bool
    ladder: Ladder


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """Another failing check with the same symptom that was walked for this one as well.

    attempts  its own, the confirmation among them
    """

    check: str
    attempts: tuple[Outcome, ...]
    ladder: Ladder


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOffset:
    """What a synchronised time server says of this host's clock: its own minus ours."""

    server: Address
    offset_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the rest of the run shows.

    answering  destinations that answered anything in their own name, ascending
    silent     destinations that answered nothing at all, ascending
    gateways   next hops behind which something answered, ascending
    sources    with which, as they were on the wire, something was answered, ascending
    is_lossy   a flow that was silent was served when it was asked again, alone
    clocks     what each time server that answered says, by its address, ascending
    """

    answering: tuple[Address, ...]
    silent: tuple[Address, ...]
    gateways: tuple[Address, ...]
    sources: tuple[Address, ...]
    is_lossy: bool
    clocks: tuple[ClockOffset, ...] | NotChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A line of a hosts file that gave the flow its destination.

    answers  what the resolvers give for the name, in the order given; none where none answered
    """

    entry: HostsEntry
    answers: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvidence:
    """What was asked of a connection that failed after its handshake.

    again       the same question once more
    small       the same question, with an answer in small segments
    other_name  another server name at the same address
    octets      hop-limited octets on a connection that stands, full-sized where the octets sent
                were acknowledged: on one to the same host, or on some that stand for it
    """

    again: Outcome | NotChecked
    small: Outcome | NotChecked
    other_name: Outcome | NotChecked
    octets: tuple[Ladder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeEvidence:
    """A SYN to the port and an echo to its host that come no farther than the SYN-ACK came from.

    before  a SYN that comes one hop less far
    """

    syn: Outcome | NotChecked
    before: Outcome | NotChecked
    echo: Outcome | NotChecked


NO_STUB: Final = NotChecked(reason="it is no stub resolver, or it serves")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServer:
    """What else is known of a name server that is checked.

    line    that names it; None where it is asked because no line names any
    nobody  queries for names that nobody has; none where nothing it said was in doubt
    upstreams  of a stub that does not serve: what came of asking those that it forwards to
    """

    line: ResolverLine | None
    nobody: tuple[Outcome, ...]
    upstreams: tuple[Outcome, ...] | NotChecked = NO_STUB


class Altered(Enum):
    """What was changed when a question was put another way.

    TRANSLATION  nothing, but that no translation of this host's own was passed
    """

    SOURCE = "source"
    NEXT_HOP = "next-hop"
    TRANSLATION = "translation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """The same question at the link layer, with one thing changed; to whom it was handed."""

    change: Altered
    interface: str
    next_hop: Address
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramVerdict:
    """What a BPF program says of a copy of the flow's packet, or of the answer to it."""

    program: PacketProgram
    is_dropped: bool


NOT_RESOLVED: Final = NotChecked(reason="its next hop is resolved, or ARP does not resolve it")
NOT_NAMED: Final = NotChecked(reason="no name server was asked for it")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEvidence:
    """One outbound check.

    flow      the failing flow that ladder, contrast and trace repeat
    attempts  the CHECK probes in the order of the plan
    contrast  the same bytes at the link layer
    confirmation  the same question once more, alone, after the walks
    ladder    hop-limited probes on `flow`
    controls  in the order of their worth
    kin       walked in this flow's stead, or beside it where a few stand for many
    drops     counters of this host that rose while the suspects were sent again
    override  None where the destination is not from a hosts file
    stream    of a connection that failed after its handshake
    handshake  of one that no service proved, in a run where others failed after theirs
    name_server  for checks of a name server
    named_by  the checks of the resolvers that gave this address for the name; none for an address
    variations  the same question with one thing changed
    trains    of this check; of one that failed those of others as well, in the order sent
    certificate  of a TLS server that answered the ClientHello
    alternatives  the same question another way, where this host's choice of it is in doubt
    link_answers  the MACs that answered an ARP request for the next hop, ascending
    explained  of what did not leave, or left with another address
    program_verdicts  of programs where the packet, or the answer to it, may be lost
    kernel_drops  of the flow and of its answers while it was traced, each kind once
    tried_fix  the command that would take this host's own culprit away, tried on a copy
    queries   the RESOLVE probes for the name, in the order asked
    resolution  what the rules do with ARP for the next hop, where its address is not told
    """

    target: Target
    flow: Flow
    attempts: tuple[Outcome, ...]
    contrast: Outcome | NotChecked
    confirmation: Outcome | NotChecked
    ladder: Ladder | NotChecked
    controls: tuple[Control, ...]
    kin: tuple[Kin, ...]
    route: RouteAnswer
    neighbour: Neighbour | NotChecked
    link: Link | NotChecked
    trace: TraceResult
    drops: tuple[DropCount, ...]
    override: Override | None
    surroundings: Surroundings
    stream: StreamEvidence | NotChecked
    handshake: HandshakeEvidence | NotChecked
    name_server: NameServer | NotChecked
    named_by: tuple[str, ...] | NotChecked
    variations: tuple[Variation, ...] | NotChecked
    trains: tuple[Train, ...] | NotChecked
    certificate: Presented | NotChecked
    alternatives: tuple[Alternative, ...] | NotChecked
    link_answers: tuple[str, ...] | NotChecked
    explained: Explained | NotChecked
    program_verdicts: tuple[ProgramVerdict, ...] | NotChecked
    kernel_drops: KernelDrops | NotChecked
    tried_fix: TriedFix | NotChecked
    queries: tuple[Outcome, ...] | NotChecked = NOT_NAMED
    resolution: Explained | NotChecked = NOT_RESOLVED


@dataclass(frozen=True, slots=True, kw_only=True)
class NameEvidence:
    """A check whose name no resolver turned into an address.

    queries    the RESOLVE probes for this name, in the order of the plan
    resolvers  the check ids of the resolvers asked
    ladder     hop-limited, of a query for a name that a resolver denied though it works
    echo       the same to that resolver: how far away it is
    lookup     where programs of this host look names up
    """

    target: Target
    queries: tuple[Outcome, ...]
    resolvers: tuple[str, ...]
    ladder: Ladder | NotChecked
    echo: Ladder | NotChecked
    lookup: NameLookup | NotChecked = NO_LOOKUP


NOT_VISITED: Final = NotChecked(reason="this node did not connect to it")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerEvidence:
    """An inbound check: who on this node takes what arrives on the port.

    explained  what arrives from a neighbour, in whichever network, where somebody listens
    tried_fix  the command that would take what keeps it out away, tried on a copy
    closed     of this node's own connections, in their order: the service ended it before a word
    """

    target: Target
    listeners: tuple[Listener, ...] | NotChecked
    explained: Explained | NotChecked
    tried_fix: TriedFix | NotChecked
    closed: tuple[bool, ...] | NotChecked = NOT_VISITED


@dataclass(frozen=True, slots=True, kw_only=True)
class SparedEvidence:
    """A row whose address is this host's own, where nothing may be asked of it.

    because    nothing may
    route      the kernel's way, which ends here
    explained  what this host does with a packet to it
    """

    target: Target
    because: NotChecked
    route: Route
    explained: Explained | NotChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsEvidence:
    """The system tools; each group is satisfied by any one of its programs."""

    target: Target
    groups: tuple[tuple[str, ...], ...]
    present: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OmittedEvidence:
    """A row that could not be checked."""

    omitted: Omitted


Evidence: TypeAlias = (
    FlowEvidence
    | NameEvidence
    | ListenerEvidence
    | SparedEvidence
    | ToolsEvidence
    | OmittedEvidence
)


NOT_TIMED: Final = NotChecked(reason="--nat-timeout asks for it")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvidence:
    """Everything that inference needs; the content of evidence.json.

    checks   in the order of the matrix
    mapping  how long an idle mapping lives, where that was asked for
    """

    host: HostState
    checks: tuple[Evidence, ...]
    mapping: MappingLifetime | NotChecked = NOT_TIMED
