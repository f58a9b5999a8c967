"""The plan: targets become probes, in an order that is stated.

Ports, identifiers and nonces are drawn from a `Supply` once, here, so that every way of sending and
every rung of a ladder repeats the very same flow.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from edgediag.errors import CannotRunError
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind, Target
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.probe import Probe, Purpose, Schedule, Way

# What Linux itself sends (net.ipv4.ip_default_ttl).
HOP_LIMIT = 64

# Three tries: at 5 % loss each way, two leave one wrong verdict in a hundred checks, three one in a
# thousand. The second waits longer than an intercontinental round trip.
CHECK_OFFSETS_S = (0.0, 0.4, 1.0)

# The contrast is asked twice, a trace in one go: what this host drops needs no round trip to show.
CONTRAST_SCHEDULE = Schedule(offsets_s=(0.0, 0.4), timeout_s=1.2)
TRACE_SPACING_S = 0.02
TRACE_TIMEOUT_S = 0.6

# A limiter that passes two new connections a second has passed the bursts before by then.
CONFIRM_TIMEOUT_S = 0.7

# At most 12 failed connections are asked three times more, 3 carry octets with a hop limit, 16
# handshakes have two SYNs and an echo beside them, 8 servers are asked for their whole flight, and
# 8 connections are opened four times more where they are counted.
FOLLOW_UP_PORTS = 128
# What may be asked from other ports: to take other paths, and to count what is lost, which takes 40
# for each of up to ten hosts.
VARIED_PORTS = 560

# How often a question may be put another way, with another source or next hop.
MAX_ALTERNATIVES = 24

# A name that every region's clusters use: what the resolver's own check asks for.
RESOLVER_TEST_NAME = "cs-anony.aliyuncs.com"

# Where a name that nobody has is looked for: in a zone that never has any (RFC 6761 §6.4), and
# beside a real name, for some invent addresses only below domains that exist.
NOBODYS_PARENTS = ("invalid", RESOLVER_TEST_NAME.partition(".")[2])
NOBODY_SCHEDULE = Schedule(offsets_s=(0.0, 0.3), timeout_s=0.8)

# What the doubt in a resolver may take: its queries, and the identifiers of two echoes.
PORTS_OF_DOUBT = len(NOBODYS_PARENTS) + 2

WAYS: Mapping[ProbeKind, Way] = {
    ProbeKind.TCP_SYN: Way.IP_STACK,
    ProbeKind.TCP_CONNECT: Way.SOCKET,
    ProbeKind.TLS_CLIENT_HELLO: Way.SOCKET,
    ProbeKind.TLS_FLIGHT: Way.SOCKET,
    ProbeKind.HTTP_CONNECT: Way.SOCKET,
    ProbeKind.IKE_SA_INIT: Way.SOCKET,
    ProbeKind.IKE_AUTH: Way.IP_STACK,
    ProbeKind.ESP_IN_UDP: Way.IP_STACK,
    ProbeKind.NTP: Way.SOCKET,
    ProbeKind.DNS: Way.SOCKET,
    ProbeKind.DNS_TCP: Way.SOCKET,
    ProbeKind.DNS_AAAA: Way.SOCKET,
    ProbeKind.ICMP_ECHO: Way.IP_STACK,
    ProbeKind.VXLAN: Way.IP_STACK,
}

# The kernel repeats a SYN by itself.
STREAMS = (
    ProbeKind.TCP_CONNECT,
    ProbeKind.TLS_CLIENT_HELLO,
    ProbeKind.TLS_FLIGHT,
    ProbeKind.HTTP_CONNECT,
    ProbeKind.DNS_TCP,
)


class Supply:
    """What a plan draws on; all of it was drawn outside.

    tokens       64 random bits each
    ports        source ports that are held for this run
    first_ip_id  0 to 65535; the IDs of a run follow it, 0 left out (RFC 6864 leaves them free)
    """

    def __init__(self, *, tokens: Iterator[int], ports: Iterator[int], first_ip_id: int) -> None:
        self._tokens = tokens
        self._ports = ports
        self._first_ip_id = first_ip_id
        self._count = 0

    def port(self) -> int:
        """A source port that no other flow of the run has.

        raises  CannotRunError where all that are held are taken
        """
        port = next(self._ports, None)
        if port is None:
            raise CannotRunError("cannot ask more: all source ports are taken; check fewer targets")
        return port

    def draw(self) -> tuple[int, int, int]:
        """A probe id, an IP ID and a token; the IP ID returns after 65,535 probes."""
        self._count += 1
        return self._count, (self._first_ip_id + self._count) % 65535 + 1, next(self._tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a probe shall ask; `draw_probe` adds what must be unique to it."""

    check: str
    purpose: Purpose
    kind: ProbeKind
    way: Way
    flow: Flow
    hop_limit: int
    name: str
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What holds for all checks of a run: our source address for each destination, the timeout."""

    sources: Mapping[Address, Address]
    timeout_s: float


def draw_probe(ask: Ask, supply: Supply) -> Probe:
    """The probe that asks it."""
    id_, ip_id, token = supply.draw()
    return Probe(
        id=id_,
        check=ask.check,
        purpose=ask.purpose,
        kind=ask.kind,
        way=ask.way,
        flow=ask.flow,
        hop_limit=ask.hop_limit,
        ip_id=ip_id,
        token=token,
        name=ask.name,
        schedule=ask.schedule,
    )


def ports_needed(*, targets: int, queries: int) -> int:
    """How many source ports a run may use.

    A target takes at most two, for its packet and its stream, one more where the stream is traced,
    and an identifier for the echo that may serve as its control. What else is asked of connections
    that failed does not grow with them.
    """
    spare = FOLLOW_UP_PORTS + VARIED_PORTS + MAX_ALTERNATIVES
    return 4 * targets + queries + spare


def draw_nobody(probe: Probe, supply: Supply) -> tuple[Probe, ...]:
    """Queries for names that nobody has, put to the resolver that a probe was put to."""
    drawn = []
    for parent in NOBODYS_PARENTS:
        id_, ip_id, token = supply.draw()
        flow = replace(probe.flow, source_port=supply.port())
        # The query's id is cut from the high bits: the label tells nothing of it.
        name = f"{token & 0xFFFF_FFFF_FFFF:012x}.{parent}"
        drawn.append(
            replace(
                probe,
                id=id_,
                purpose=Purpose.RESOLVE,
                flow=flow,
                ip_id=ip_id,
                token=token,
                name=name,
                schedule=NOBODY_SCHEDULE,
            )
        )
    return tuple(drawn)


def check_schedule(timeout_s: float) -> Schedule:
    """The schedule of a check: the usual tries, closer together where the timeout is short."""
    scale = min(1.0, timeout_s / (2 * CHECK_OFFSETS_S[-1]))
    offsets_s = tuple(offset * scale for offset in CHECK_OFFSETS_S)
    return Schedule(offsets_s=offsets_s, timeout_s=timeout_s)


def plan_checks(
    targets: Iterable[Target], conditions: Conditions, supply: Supply
) -> tuple[Probe, ...]:
    """The CHECK probes of all targets that can be sent to, in matrix order."""
    whole = check_schedule(conditions.timeout_s)
    once = Schedule(offsets_s=(0.0,), timeout_s=conditions.timeout_s)
    return tuple(
        draw_probe(
            Ask(
                check=leg.target.check,
                purpose=Purpose.CHECK,
                kind=kind,
                way=WAYS[kind],
                flow=_flow(leg, supply),
                hop_limit=HOP_LIMIT,
                name=_name(leg.target, kind),
                schedule=once if kind in STREAMS else whole,
            ),
            supply,
        )
        for leg in _legs(targets, conditions)
        for kind in leg.target.kinds
    )


def plan_queries(
    names: Iterable[tuple[str, ProbeKind]],
    resolvers: Iterable[Target],
    conditions: Conditions,
    supply: Supply,
) -> tuple[Probe, ...]:
    """The RESOLVE probes: each name at each resolver that can be sent to, by name first.

    names  with the kind that asks for addresses of IPv4 or of IPv6
    """
    legs = tuple(_legs(resolvers, conditions))
    return tuple(
        draw_probe(
            Ask(
                check=leg.target.check,
                purpose=Purpose.RESOLVE,
                kind=kind,
                way=WAYS[kind],
                flow=_flow(leg, supply),
                hop_limit=HOP_LIMIT,
                name=name,
                schedule=check_schedule(conditions.timeout_s),
            ),
            supply,
        )
        for name, kind in names
        for leg in legs
    )


def draw_over_tcp(query: Probe, supply: Supply) -> Probe:
    """The same query over TCP, which gives up when the query itself would have."""
    schedule = Schedule(offsets_s=(0.0,), timeout_s=query.schedule.timeout_s)
    kind = ProbeKind.DNS_TCP
    again = _again(query, (query.purpose, WAYS[kind], schedule), supply)
    flow = replace(query.flow, protocol=Protocol.TCP, source_port=supply.port())
    return replace(again, kind=kind, flow=flow)


def draw_contrast(probe: Probe, supply: Supply) -> Probe:
    """The same question on the same flow, past this host's IP stack."""
    return _again(probe, (Purpose.CONTRAST, Way.LINK, CONTRAST_SCHEDULE), supply)


def draw_alternative(probe: Probe, source: Address, supply: Supply) -> Probe:
    """The same question past this host's IP stack, with a given source and on a flow of its own."""
    again = _again(probe, (Purpose.ALTERNATIVE, Way.LINK, CONTRAST_SCHEDULE), supply)
    port = supply.port()
    is_echo = probe.flow.protocol is Protocol.ICMP
    flow = replace(
        probe.flow,
        source=source,
        source_port=port,
        destination_port=port if is_echo else probe.flow.destination_port,
    )
    return replace(again, flow=flow)


def draw_repeats(probe: Probe, count: int, supply: Supply) -> tuple[Probe, ...]:
    """The same question on the same flow and the same way, in a row, for the trace.

    Each is a probe of its own: one that a tap saw answered would not be sent again.
    """
    starts_s = (place * TRACE_SPACING_S for place in range(count))
    return tuple(
        _again(
            probe,
            (
                Purpose.TRACE,
                probe.way,
                Schedule(offsets_s=(start_s,), timeout_s=start_s + TRACE_TIMEOUT_S),
            ),
            supply,
        )
        for start_s in starts_s
    )


def draw_stream_repeat(probe: Probe, supply: Supply) -> Probe:
    """The same stream for the trace, on a flow of its own: octets follow a handshake alone."""
    schedule = Schedule(offsets_s=(0.0,), timeout_s=TRACE_TIMEOUT_S)
    again = _again(probe, (Purpose.TRACE, probe.way, schedule), supply)
    return replace(again, flow=replace(probe.flow, source_port=supply.port()))


def draw_counted(probe: Probe, schedule: Schedule, supply: Supply) -> Probe:
    """The same question once more, as one of many that are counted.

    TCP asks from a port of its own each time: a server that still remembers a SYN answers another
    on the same flow differently, and a limit may count connections, not packets.
    """
    again = draw_alike(probe, schedule, supply)
    if probe.flow.protocol is not Protocol.TCP:
        return again
    return replace(again, flow=replace(probe.flow, source_port=supply.port()))


def draw_alike(probe: Probe, schedule: Schedule, supply: Supply) -> Probe:
    """The same question on the same flow as one of many; no server that remembers it is reached."""
    return _again(probe, (Purpose.TRAIN, Way.IP_STACK, schedule), supply)


def draw_confirm(probe: Probe, starts_s: tuple[float, ...], supply: Supply) -> Probe:
    """The same question on the same flow and the same way, alone, at each of its moments."""
    schedule = Schedule(offsets_s=starts_s, timeout_s=starts_s[-1] + CONFIRM_TIMEOUT_S)
    return _again(probe, (Purpose.CONFIRM, probe.way, schedule), supply)


def _again(probe: Probe, how: tuple[Purpose, Way, Schedule], supply: Supply) -> Probe:
    purpose, way, schedule = how
    id_, ip_id, token = supply.draw()
    return replace(
        probe, id=id_, ip_id=ip_id, token=token, purpose=purpose, way=way, schedule=schedule
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leg:
    target: Target
    source: Address
    destination: Address


def _legs(targets: Iterable[Target], conditions: Conditions) -> Iterator[_Leg]:
    for target in targets:
        if target.address is not None and target.address in conditions.sources:
            source = conditions.sources[target.address]
            yield _Leg(target=target, source=source, destination=target.address)


def _name(target: Target, kind: ProbeKind) -> str:
    if kind is ProbeKind.HTTP_CONNECT and not isinstance(target.query, NotChecked):
        return target.query
    if kind not in (ProbeKind.DNS, ProbeKind.DNS_TCP):
        return target.host
    return RESOLVER_TEST_NAME if isinstance(target.query, NotChecked) else target.query


def _flow(leg: _Leg, supply: Supply) -> Flow:
    port = supply.port()
    is_echo = leg.target.protocol is Protocol.ICMP
    return Flow(
        protocol=leg.target.protocol,
        source=leg.source,
        source_port=port,
        destination=leg.destination,
        destination_port=port if is_echo else leg.target.port,
    )
