"""A diagnosis on the live host: opens the instruments, runs it, gives everything back."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from edgediag.diagnosis import Diagnosed, diagnose
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Matrix
from edgediag.model.host import HostState
from edgediag.names import MAX_ADDRESSES, names_in
from edgediag.net.capture import Capture
from edgediag.net.clock import Clock
from edgediag.net.dry import DryListening, DryWire
from edgediag.net.entropy import first_ip_id, tokens
from edgediag.net.files import NodeFiles
from edgediag.net.handshake import Handshakes
from edgediag.net.host import KernelHost
from edgediag.net.ports import MAX_PORTS, hold_ports
from edgediag.net.tunnel_tap import Listening, Patience
from edgediag.net.wire_io import WireIo
from edgediag.overlay_trials import PORTS_OF_TRIALS
from edgediag.plan import PORTS_OF_DOUBT, Supply, ports_needed
from edgediag.run import Loop
from edgediag.session.machine import Session
from edgediag.survey import RESOLVER, Assignment

# Nothing is sent in a dry run, so nothing has to be spread over time.
_DRY_RATE_PPS = 1e9


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
    """

    diagnosed: Diagnosed
    dropped: int
    left_out: int


def measure(
    assignment: Assignment, files: NodeFiles, capture: Capture, *, pace: Pace
) -> Measured:
    """Run a diagnosis in the network namespace of the caller.

    raises  CannotRunError without the privilege or the ports for it
    """
    clock = Clock()
    with ExitStack() as undo:
        ports = hold_ports(_ports(assignment.matrix))
        undo.callback(ports.close)
        patience = Patience(listen_s=pace.listen_s, is_stopped=pace.is_stopped)
        listening = undo.enter_context(Listening(ports.numbers, clock, patience))
        wire = undo.enter_context(WireIo(ports, capture, clock, listening=listening))
        host = KernelHost(files)
        session = Session(rate_pps=pace.rate_pps, bridges=_bridges(host.read()))
        loop = Loop(wire, session, clock, is_stopped=pace.is_stopped)
        supply = Supply(
            tokens=tokens(), ports=iter(ports.numbers), first_ip_id=first_ip_id()
        )
        bench = Bench(
            host=host,
            loop=loop,
            supply=supply,
            certificates=Handshakes(assignment.anchors, clock),
            listening=listening,
        )
        diagnosed = diagnose(bench, assignment)
        return Measured(
            diagnosed=diagnosed, dropped=wire.dropped(), left_out=capture.left_out
        )


def rehearse(assignment: Assignment, files: NodeFiles) -> tuple[str, ...]:
    """What the first stage would send, a line each; only routes and tables are read for it."""
    clock, wire = Clock(), DryWire()
    loop = Loop(wire, Session(rate_pps=_DRY_RATE_PPS), clock, is_stopped=lambda: True)
    # Ports are held by real runs only; these stand for them.
    supply = Supply(tokens=tokens(), ports=iter(range(20000, 65536)), first_ip_id=first_ip_id())
    bench = Bench(
        host=KernelHost(files),
        loop=loop,
        supply=supply,
        # Nobody answers in a dry run, so nobody is asked for a certificate.
        certificates=Handshakes(assignment.anchors, clock),
        listening=DryListening(),
    )
    diagnose(bench, assignment)
    return tuple(wire.lines)


def _bridges(state: HostState) -> tuple[str, ...]:
    links = () if isinstance(state.links, NotChecked) else state.links
    return tuple(link.name for link in links if link.kind == "bridge")


def _ports(matrix: Matrix) -> int:
    names = names_in(matrix)
    known = sum(target.address is not None for target in matrix.targets)
    by_name = sum(target.host in names for target in matrix.targets)
    resolvers = sum(target.endpoint == RESOLVER for target in matrix.targets)
    needed = PORTS_OF_TRIALS + ports_needed(
        targets=known + by_name * MAX_ADDRESSES,
        queries=(len(names) + PORTS_OF_DOUBT) * resolvers,
    )
    return min(MAX_PORTS, needed)
