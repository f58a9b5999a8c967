"""What is walked beside a failing flow, and how far."""

from collections.abc import Sequence
from dataclasses import replace

from edgediag.checked import Checked, hop_limit_of, host_of, lead, name_of
from edgediag.locate.near import is_same_network
from edgediag.locate.planned import Choice, Denial
from edgediag.meaning import decisive, distance
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import Relation
from edgediag.model.flow import Flow, Protocol
from edgediag.model.outcome import Answered, Outcome, Unanswered
from edgediag.model.probe import Purpose
from edgediag.model.reply import DnsReply, Reply
from edgediag.path import DEFAULT_HOPS, Walk
from edgediag.plan import Supply

# The way out may be longer than the way back, by which a distance is known.
SPARE_HOPS = 2


def controls_of(
    check: Checked, working: Sequence[Checked], supply: Supply
) -> tuple[Choice, ...]:
    """What is walked beside a check that failed, in the order of its worth."""
    others = [other for other in working if other is not check]
    ranked = sorted(others, key=lambda other: other.target.protocol is not check.target.protocol)
    same = [other for other in ranked if host_of(other) == host_of(check)]
    if same:
        return (_choice(Relation.SAME_HOST, same[0]),)
    near = [other for other in ranked if is_same_network(host_of(other), host_of(check))]
    beside = tuple(_choice(Relation.OTHER_HOST, other) for other in (near + ranked)[:1])
    # A neighbour that works tells as much of a lost flow; whose a reset is, only the host tells.
    is_needed = not near or not isinstance(decisive(check.attempts), Unanswered)
    return (*beside, replace(echo_of(check, working, supply), is_needed=is_needed))


def _choice(relation: Relation, other: Checked) -> Choice:
    known = distance_of(other)
    hops = DEFAULT_HOPS if known is None else known + SPARE_HOPS
    walk = walk_of(other, Purpose.CONTROL, hops)
    return Choice(relation=relation, check=name_of(other), walk=walk, is_needed=True)


def echo_of(check: Checked, working: Sequence[Checked], supply: Supply) -> Choice:
    """An echo to the host of a check."""
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
        check=name_of(check),
        purpose=Purpose.CONTROL,
        kind=ProbeKind.ICMP_ECHO,
        flow=echo,
        name="",
        hops=hops_of(check, working),
        start_s=0.0,
    )
    return Choice(relation=Relation.ECHO, check="", walk=walk, is_needed=True)


def walk_of(check: Checked, purpose: Purpose, hops: int) -> Walk:
    """The flow of a check, hop by hop."""
    probe = lead(check).probe
    return Walk(
        check=name_of(check),
        purpose=purpose,
        kind=probe.kind,
        flow=probe.flow,
        name=probe.name,
        hops=hops,
        start_s=0.0,
    )


def denial_of(checks: Sequence[Checked], denied: Outcome, supply: Supply) -> Denial | None:
    """The walks to the resolver that denied a name; None where it is this host itself."""
    asked = denied.probe
    resolver = next((check for check in checks if name_of(check) == asked.check), None)
    if resolver is None or host_of(resolver).is_loopback:
        return None
    # How far it is cannot be known from an answer that may be somebody else's.
    walk = walk_of(resolver, Purpose.LADDER, DEFAULT_HOPS)
    return Denial(
        check=asked.check,
        walk=replace(walk, flow=asked.flow, name=asked.name),
        echo=replace(echo_of(resolver, (), supply).walk, hops=DEFAULT_HOPS),
    )


def hops_of(check: Checked, working: Sequence[Checked]) -> int:
    """How far to walk for a check: a little farther than it, or a neighbour, is known to be."""
    # The farthest of these, for paths may differ.
    near = [other for other in working if is_same_network(host_of(other), host_of(check))]
    # A name server that fails and answers may not be who answers: that is what the walk is for.
    own = () if isinstance(_reply(check), DnsReply) else (check,)
    known = [distance_of(other) for other in (*own, *near)]
    return max((hops + SPARE_HOPS for hops in known if hops is not None), default=DEFAULT_HOPS)


def _reply(check: Checked) -> Reply | None:
    outcome = decisive(check.attempts)
    return outcome.reply if isinstance(outcome, Answered) else None


def distance_of(check: Checked) -> int | None:
    """From how far away its host answered, as the hop limit of the answer tells."""
    hop_limit = hop_limit_of(check)
    return None if hop_limit is None else distance(hop_limit)
