"""From what failed to what must be asked next: whom to suspect, what to walk, beside which control.

A flow that never left this host, or whose answer was seen but not delivered, is looked for on this
host. Every other failing flow is walked hop by hop beside a flow that works.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from edgediag.checked import (
    Checked,
    hop_limit_of,
    host_of,
    is_answering,
    is_doubtful,
    is_ok,
    is_suspect,
    lead,
)
from edgediag.conversation import Conversation, fails_behind_handshake, plan_conversations
from edgediag.handshake import Handshake, plan_handshakes
from edgediag.meaning import decisive, distance, is_refused
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import HostSource, ProbeKind
from edgediag.model.evidence import Relation
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.host import Link
from edgediag.model.outcome import Answered, Outcome, Unanswered
from edgediag.model.probe import Purpose
from edgediag.model.reply import DnsReply, Reply
from edgediag.path import DEFAULT_HOPS, RUNG_OFFSETS_S, Walk
from edgediag.plan import Supply

# Routers answer six expiring probes of one source at once and then one a second: as many walks
# start together as all get their answers, the others follow a second apart.
WALKS_AT_ONCE = 6
WALK_SPACING_S = 1.0
MAX_WALKS = 12

# Of these, some are kept for the controls, without which a walk says nothing.
MAX_OWN_WALKS = 8

# The way out may be longer than the way back, by which a distance is known.
SPARE_HOPS = 2

# A limiter that passes two new connections a second has room for one after half a second.
CONFIRM_SPACING_S = 0.6
MAX_CONFIRMATIONS = 3

# What a program of a device drops is dropped for all alike.
MAX_MASKED = 8

# A router, and a host, that has spent its errors has one again after a second.
ERROR_SPACING_S = 1.1

# Where everything is dark, a few walks tell as much as all of them.
WALKS_IN_THE_DARK = 3

# Hosts whose addresses share so many bits are taken to lie behind the same last router.
_NETWORK_BITS = {4: 24, 6: 64}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A control chosen for a check; `check` is "" for an echo to the same host.

    is_needed  it is worth waiting for; others are walked only while there is room at once
    """

    relation: Relation
    check: str
    walk: Walk
    is_needed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A silent flow to be asked once more, alone, and when after the start of the stage."""

    check: Checked
    start_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """The walks that tell who denied a name: of the query, and of an echo to the resolver."""

    check: str
    walk: Walk
    echo: Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to ask next.

    suspects  checks whose block is looked for on this host
    masked    of the silent flows those by a device whose program acts before any tap sees an answer
    confirmations  silent flows that are walked, or whose neighbours were refused, once more when
                   all else is quiet
    walks     in the order of their start; no flow twice
    walked    by check: the checks whose walks serve it; it is walked itself if it is among them
    controls  by check, in the order of their worth
    conversations  with connections that failed after their handshake
    handshakes  that no service proved
    denial    of a name that a resolver that works denied
    """

    suspects: tuple[Checked, ...]
    confirmations: tuple[Confirmation, ...]
    walks: tuple[Walk, ...]
    walked: Mapping[str, tuple[str, ...]]
    controls: Mapping[str, tuple[Choice, ...]]
    conversations: tuple[Conversation, ...]
    handshakes: tuple[Handshake, ...]
    denial: Denial | None
    masked: tuple[Checked, ...] = ()


def with_masked(
    search: Search, checks: Sequence[Checked], links: Mapping[str, Link | NotChecked]
) -> Search:
    """The search, with the drops of some silent flows to be watched where the tap cannot see them.

    links  by check: the devices that they leave by
    """
    programs = {
        name
        for name, link in links.items()
        if isinstance(link, Link) and link.xdp_program is not None
    }
    silent = (
        check
        for check in checks
        if check not in search.suspects and isinstance(decisive(check.attempts), Unanswered)
    )
    masked = tuple(check for check in silent if _name(check) in programs)
    return replace(search, masked=masked[:MAX_MASKED])


def plan_search(
    checks: Sequence[Checked],
    supply: Supply,
    denied: Outcome | None = None,
    *,
    is_traced: bool = False,
) -> Search:
    """What to ask about the checks that failed, and about a name that was denied.

    is_traced  what passes is walked as well
    """
    failing = [check for check in checks if not is_ok(check) or is_doubtful(check)]
    wanted = [check for check in checks if _is_walk_wanted(check)] if is_traced else failing
    lost = [check for check in wanted if not is_suspect(check)]
    # What must be explained itself is no measure for others.
    working = [check for check in checks if is_ok(check) and not is_doubtful(check)]
    limited = _refused_beside(lost)
    walked = _share(checks, [check for check in lost if _name(check) not in limited])
    walked |= {name: walked[beside] for name, beside in limited.items()}
    own = [check for check in lost if _name(check) in walked[_name(check)]][:MAX_OWN_WALKS]
    controls = {_name(check): _controls(check, working, supply) for check in own}
    walks = [_walk(check, Purpose.LADDER, hops_of(check, working)) for check in own]
    choices = [choice for group in controls.values() for choice in group]
    walks += _unique(choice.walk for choice in choices if choice.is_needed)
    spare = _unique(choice.walk for choice in choices if not choice.is_needed)
    walks += spare[: max(0, WALKS_AT_ONCE - len(walks))]
    denial = None if denied is None else _denial(checks, denied, supply)
    walks += () if denial is None else (denial.walk, denial.echo)
    staggered = _staggered(walks)
    starts_s = _starts_s(len(staggered))
    return Search(
        suspects=tuple(check for check in failing if is_suspect(check)),
        confirmations=_confirmations(
            own, [check for check in lost if _name(check) in limited], staggered
        ),
        walks=staggered,
        walked=walked,
        controls={
            name: controls.get(name, ())
            or tuple(choice for leader in leaders for choice in controls.get(leader, ()))
            for name, leaders in walked.items()
        },
        conversations=plan_conversations(lost, starts_s, supply),
        handshakes=plan_handshakes([*lost, *working], starts_s[0], supply),
        denial=denial,
    )


def _is_walk_wanted(check: Checked) -> bool:
    # Name servers are asked on the way to a name; they are walked where they fail.
    return not is_ok(check) or check.target.endpoint != HostSource.RESOLVER.value


def is_same_network(one: Address, other: Address) -> bool:
    """True if two addresses are near enough to be taken for neighbours."""
    return one.version == other.version and _network(one) == _network(other)


def _network(address: Address) -> int:
    return int(address) >> address.max_prefixlen - _NETWORK_BITS[address.version]


def _name(check: Checked) -> str:
    return check.target.check


def _refused_beside(lost: Sequence[Checked]) -> dict[str, str]:
    # Who refuses with an ICMP error limits them, so a flow that drew none may have been refused as
    # well. It is not walked, which would spend more errors, but asked again when there is one.
    refused = {
        (host_of(check), check.target.protocol): _name(check)
        for check in reversed(lost)
        if is_refused(decisive(check.attempts))
    }
    return {
        _name(check): refused[host_of(check), check.target.protocol]
        for check in lost
        if isinstance(decisive(check.attempts), Unanswered)
        and (host_of(check), check.target.protocol) in refused
    }


def _share(checks: Sequence[Checked], lost: Sequence[Checked]) -> dict[str, tuple[str, ...]]:
    # Where a network, or everything, is dark, a few walks stand for all flows into it. Elsewhere
    # every flow is walked itself while routers can answer so many, and beyond that the flows to
    # one host with one symptom share a walk.
    answering = {host_of(check) for check in checks if is_answering(check)}
    dark: dict[int, list[Checked]] = {}
    for check in lost:
        network = _network(host_of(check))
        if not any(_network(host) == network for host in answering):
            dark.setdefault(network if answering else 0, []).append(check)
    shared: dict[str, tuple[str, ...]] = {}
    for group in dark.values():
        if len(group) > WALKS_IN_THE_DARK:
            shared.update(_stand_for(group))
    rest = [check for check in lost if _name(check) not in shared]
    first_of = {_symptom(check): _name(check) for check in reversed(rest)}
    is_few = len(rest) < WALKS_AT_ONCE
    # Where handshakes pass, the walks of all ports of a host show the same.
    alone = {_name(check) for check in rest if is_few and not fails_behind_handshake(check)}
    return shared | {
        _name(check): (_name(check) if _name(check) in alone else first_of[_symptom(check)],)
        for check in rest
    }


def _stand_for(group: Sequence[Checked]) -> dict[str, tuple[str, ...]]:
    # Those that drew an error know more than those that drew nothing; then one for each host.
    ranked = sorted(group, key=lambda check: not isinstance(decisive(check.attempts), Answered))
    first_of_host: dict[Address, str] = {}
    for check in ranked:
        first_of_host.setdefault(host_of(check), _name(check))
    few = tuple(first_of_host.values())[:WALKS_IN_THE_DARK]
    return {_name(check): few for check in group}


def _symptom(check: Checked) -> tuple[Address, Protocol, str]:
    outcome = decisive(check.attempts)
    what = outcome.reply if isinstance(outcome, Answered) else outcome
    return host_of(check), check.target.protocol, type(what).__name__


def _controls(
    check: Checked, working: Sequence[Checked], supply: Supply
) -> tuple[Choice, ...]:
    others = [other for other in working if other is not check]
    ranked = sorted(others, key=lambda other: other.target.protocol is not check.target.protocol)
    same = [other for other in ranked if host_of(other) == host_of(check)]
    if same:
        return (_choice(Relation.SAME_HOST, same[0]),)
    near = [other for other in ranked if is_same_network(host_of(other), host_of(check))]
    beside = tuple(_choice(Relation.OTHER_HOST, other) for other in (near + ranked)[:1])
    # A neighbour that works tells as much of a lost flow; whose a reset is, only the host tells.
    is_needed = not near or not isinstance(decisive(check.attempts), Unanswered)
    return (*beside, replace(_echo(check, working, supply), is_needed=is_needed))


def _choice(relation: Relation, other: Checked) -> Choice:
    known = _distance(other)
    hops = DEFAULT_HOPS if known is None else known + SPARE_HOPS
    walk = _walk(other, Purpose.CONTROL, hops)
    return Choice(relation=relation, check=_name(other), walk=walk, is_needed=True)


def _echo(check: Checked, working: Sequence[Checked], supply: Supply) -> Choice:
    flow = lead(check).probe.flow
    identifier = supply.port()
    echo = Flow(
        protocol=Protocol.ICMP,
        source=flow.source,
        source_port=identifier,
        destination=flow.destination,
        destination_port=identifier,
    )
    walk = Walk(
        check=_name(check),
        purpose=Purpose.CONTROL,
        kind=ProbeKind.ICMP_ECHO,
        flow=echo,
        name="",
        hops=hops_of(check, working),
        start_s=0.0,
    )
    return Choice(relation=Relation.ECHO, check="", walk=walk, is_needed=True)


def _walk(check: Checked, purpose: Purpose, hops: int) -> Walk:
    probe = lead(check).probe
    return Walk(
        check=_name(check),
        purpose=purpose,
        kind=probe.kind,
        flow=probe.flow,
        name=probe.name,
        hops=hops,
        start_s=0.0,
    )


def hops_of(check: Checked, working: Sequence[Checked]) -> int:
    """How far to walk for a check: a little farther than it, or a neighbour, is known to be."""
    # The farthest of these, for paths may differ.
    near = [other for other in working if is_same_network(host_of(other), host_of(check))]
    # A name server that fails and answers may not be who answers: that is what the walk is for.
    own = () if isinstance(_reply(check), DnsReply) else (check,)
    known = [_distance(other) for other in (*own, *near)]
    return max((hops + SPARE_HOPS for hops in known if hops is not None), default=DEFAULT_HOPS)


def _reply(check: Checked) -> Reply | None:
    outcome = decisive(check.attempts)
    return outcome.reply if isinstance(outcome, Answered) else None


def _distance(check: Checked) -> int | None:
    hop_limit = hop_limit_of(check)
    return None if hop_limit is None else distance(hop_limit)


def _confirmations(
    own: Sequence[Checked], limited: Sequence[Checked], walks: Sequence[Walk]
) -> tuple[Confirmation, ...]:
    # What probes everything at once can make its own failures: a limiter of new connections drops
    # most of a burst. So the silent ones are asked again, one by one, when nothing else is sent.
    quiet_s = max((walk.start_s for walk in walks), default=0.0) + RUNG_OFFSETS_S[-1]
    silent = [check for check in own if isinstance(decisive(check.attempts), Unanswered)]
    spacings = [(check, CONFIRM_SPACING_S) for check in silent[:MAX_CONFIRMATIONS]]
    spacings += [(check, ERROR_SPACING_S) for check in limited[:MAX_CONFIRMATIONS]]
    starts_s = accumulate((spacing_s for _, spacing_s in spacings), initial=quiet_s)
    next(starts_s)
    return tuple(
        Confirmation(check=check, start_s=start_s)
        for (check, _), start_s in zip(spacings, starts_s, strict=True)
    )


def _denial(checks: Sequence[Checked], denied: Outcome, supply: Supply) -> Denial | None:
    asked = denied.probe
    resolver = next((check for check in checks if _name(check) == asked.check), None)
    if resolver is None or host_of(resolver).is_loopback:
        return None
    # How far it is cannot be known from an answer that may be somebody else's.
    walk = _walk(resolver, Purpose.LADDER, DEFAULT_HOPS)
    return Denial(
        check=asked.check,
        walk=replace(walk, flow=asked.flow, name=asked.name),
        echo=replace(_echo(resolver, (), supply).walk, hops=DEFAULT_HOPS),
    )


def _unique(walks: Iterable[Walk]) -> list[Walk]:
    return list({walk.flow: walk for walk in walks}.values())


def _staggered(walks: Sequence[Walk]) -> tuple[Walk, ...]:
    return tuple(
        replace(walk, start_s=start_s)
        for walk, start_s in zip(walks[:MAX_WALKS], _starts_s(0), strict=False)
    )


def _starts_s(begun: int) -> tuple[float, ...]:
    """When further walks may start, the soonest first.

    begun  how many start before them
    """
    places = range(begun, begun + MAX_WALKS)
    return tuple(max(0, place - WALKS_AT_ONCE + 1) * WALK_SPACING_S for place in places)
