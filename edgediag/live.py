"""A diagnosis on the live host: opens the instruments, runs it, gives everything back."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from edgediag.diagnosis import Diagnosed, diagnose
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.names.addresses import MAX_ADDRESSES, names_in
from edgediag.net.capture import Capture
from edgediag.net.clock import Clock
from edgediag.net.dry import DryListening, DryWire
from edgediag.net.entropy import first_ip_id, tokens
from edgediag.net.files import NodeFiles
from edgediag.net.handshake import Handshakes
from edgediag.net.host import KernelHost
from edgediag.net.image_pull import ImagePulls
from edgediag.net.ports import MAX_PORTS, hold_ports
from edgediag.net.tunnel_tap import Listening, Patience
from edgediag.net.wire_io import WireIo
from edgediag.plan import PORTS_OF_DOUBT, Supply, ports_needed
from edgediag.run import Loop
from edgediag.session.machine import Session
from edgediag.stages.assignment import RESOLVER, Assignment
from edgediag.stages.certificates import is_registry
from edgediag.stages.registry_hosts import MAX_BLOB_HOSTS, MAX_SERVICES
from edgediag.tunnel.idle import MAX_PORTS as IDLE_PORTS
from edgediag.tunnel.overlay_trials import PORTS_OF_TRIALS

# Nothing is sent in a dry run, so nothing has to be spread over time.
_DRY_RATE_PPS = 1e9

# Gateways and tunnel servers of which this node's disk may not know, by a name each at most.
LATE_HOSTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a run may send, how long it listens at least, and who may end it."""

    rate_pps: float
    listen_s: float
    is_stopped: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a run brought, and what its instruments lost.

    dropped   frames that the tap was too slow for
    left_out  frames that the capture had no room for
    withheld  questions that were kept from a gateway that had been asked enough, by gateway
    """

    diagnosed: Diagnosed
    dropped: int
    left_out: int
    withheld: Mapping[Address, int]


def measure(
    assignment: Assignment, files: NodeFiles, capture: Capture, *, pace: Pace
) -> Measured:
    """Run a diagnosis in the network namespace of the caller.

    raises  CannotRunError without the privilege or the ports for it
    """
    clock = Clock()
    with ExitStack() as undo:
        host = KernelHost(files)
        state = host.read()
        versions = _versions(assignment, state)
        ports = hold_ports(_ports(assignment, len(versions)), versions=versions)
        undo.callback(ports.close)
        patience = Patience(listen_s=pace.listen_s, is_stopped=pace.is_stopped)
        listening = undo.enter_context(Listening(ports.numbers, clock, patience))
        wire = undo.enter_context(WireIo(ports, capture, clock, listening=listening))
        session = Session(rate_pps=pace.rate_pps, bridges=_bridges(state))
        loop = Loop(wire, session, clock, is_stopped=pace.is_stopped)
        supply = Supply(
            tokens=tokens(), ports=iter(ports.numbers), first_ip_id=first_ip_id()
        )
        bench = Bench(
            host=host,
            state=state,
            loop=loop,
            supply=supply,
            certificates=Handshakes(assignment.anchors, clock),
            pulls=ImagePulls(assignment.anchors),
            listening=listening,
        )
        diagnosed = diagnose(bench, assignment)
        return Measured(
            diagnosed=diagnosed,
            dropped=wire.dropped(),
            left_out=capture.left_out,
            withheld=loop.withheld(),
        )


def rehearse(assignment: Assignment, files: NodeFiles) -> tuple[str, ...]:
    """What the first stage would send, a line each; only routes and tables are read for it."""
    clock, wire = Clock(), DryWire()
    loop = Loop(wire, Session(rate_pps=_DRY_RATE_PPS), clock, is_stopped=lambda: True)
    # Ports are held by real runs only; these stand for them.
    supply = Supply(tokens=tokens(), ports=iter(range(20000, 65536)), first_ip_id=first_ip_id())
    host = KernelHost(files)
    bench = Bench(
        host=host,
        state=host.read(),
        loop=loop,
        supply=supply,
        # Nobody answers in a dry run, so nobody is asked for a certificate or an image.
        certificates=Handshakes(assignment.anchors, clock),
        pulls=ImagePulls(assignment.anchors),
        listening=DryListening(),
    )
    diagnose(bench, assignment)
    return tuple(wire.lines)


def _bridges(state: HostState) -> tuple[str, ...]:
    links = () if isinstance(state.links, NotChecked) else state.links
    return tuple(link.name for link in links if link.kind == "bridge")


def _versions(assignment: Assignment, state: HostState) -> tuple[int, ...]:
    """The IP versions that flows may have: of IPv6 none where nobody has an address of it."""
    stated = [target.address for target in assignment.matrix.targets]
    own = () if isinstance(state.addresses, NotChecked) else state.addresses
    stated += [item.address for item in own]
    is_six = any(
        address is not None
        and address.version == 6
        and not (address.is_loopback or address.is_link_local or address.is_multicast)
        for address in stated
    )
    return (4, 6) if is_six else (4,)


def _ports(assignment: Assignment, versions: int) -> int:
    matrix = assignment.matrix
    names = names_in(matrix)
    known = sum(target.address is not None for target in matrix.targets)
    by_name = sum(target.host in names for target in matrix.targets)
    resolvers = sum(target.endpoint == RESOLVER for target in matrix.targets)
    servers = sum(ProbeKind.DNS in target.kinds for target in matrix.targets)
    behind = 0 if isinstance(assignment.upstreams, NotChecked) else len(assignment.upstreams)
    search = assignment.search
    longer = 0 if isinstance(search, NotChecked) else len(search.domains)
    # What a registry may name besides is resolved and asked as the others are, and so is what is
    # not known yet and may come to be known.
    late = MAX_SERVICES + MAX_BLOB_HOSTS if any(map(is_registry, matrix.targets)) else 0
    late += len(matrix.omitted) + LATE_HOSTS if assignment.later is not None else 0
    needed = PORTS_OF_TRIALS + ports_needed(
        # What is cut short in a datagram is asked again over TCP, and that is a check of its own;
        # so is each server behind a stub.
        targets=known + (by_name + late) * MAX_ADDRESSES + servers + behind,
        queries=((versions + 1) * (len(names) + late) * (1 + longer) + PORTS_OF_DOUBT) * resolvers,
    )
    idle = IDLE_PORTS if assignment.nat_timeout_s else 0
    return min(MAX_PORTS, needed + idle)
