"""What became of one flow's packets, by the kernel's trace messages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from edgediag.host.netfilter.rule import RuleKey
from edgediag.host.netfilter.trace import Step, TraceMessage
from edgediag.model.flow import Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A rule (handle) or a base chain's policy (handle 0) ended a packet.

    base_chain  the chain in which the packet entered this table: `chain`, or one that led to it
    is_reply    the packet was the answer to the flow
    """

    family: str
    table: str
    chain: str
    handle: int
    base_chain: str
    is_reply: bool

    @property
    def key(self) -> RuleKey:
        """What names the rule, or with handle 0 the chain."""
        return RuleKey(
            family=self.family, table=self.table, chain=self.chain, handle=self.handle
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """No rule ended a packet of the flow or of its answer.

    chains        as "family table chain", as first visited
    is_sent       a packet came to the end of POSTROUTING
    is_received   an answer was met at all
    is_delivered  an answer came to the end of INPUT
    """

    chains: tuple[str, ...]
    is_sent: bool
    is_received: bool
    is_delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables of the trace itself: where packets begin to be traced, and the ends of hooks."""

    begin: str
    end: str


Journey: TypeAlias = Dropped | Passed | None


def journey_of(flow: Flow, messages: Sequence[TraceMessage], *, own: Tables) -> Journey:
    """Where the flow or its answer was dropped, else where it passed; None if it was never seen.

    The first packet's own drop counts before the answer's, and that before a later packet's: the
    reset that closes what an answer opened may be dropped for being out of place.

    messages  in the order they came; those of other packets may lie between
    own       the tables that ask for the trace, which count as no visit

    A reject sends its answer before its own message comes, so packets are told apart by their
    id. An id comes back with the kernel's buffer, often for the very next packet: the visit to
    the table where the trace begins, the first of every packet, is where a new one begins.
    """
    forward = _steps_of(flow, messages, own.begin)
    backward = _steps_of(flow.reversed(), messages, own.begin)
    first = _first_packet(forward, own.begin)
    for steps, is_reply in ((first, False), (backward, True), (forward, False)):
        drop = _drop(steps, is_reply=is_reply)
        if drop is not None:
            return drop
    if not forward and not backward:
        return None
    tables = (own.begin, own.end)
    visits = (_chain_name(step) for step, _ in forward + backward if step.table not in tables)
    return Passed(
        chains=tuple(dict.fromkeys(visits)),
        is_sent=_has_ended(forward, own, "postrouting"),
        is_received=bool(backward),
        is_delivered=_has_ended(backward, own, "input"),
    )


def _has_ended(steps: Iterable[tuple[TraceMessage, str]], own: Tables, hook: str) -> bool:
    return any((step.table, step.chain) == (own.end, hook) for step, _ in steps)


def _steps_of(
    flow: Flow, messages: Iterable[TraceMessage], begin: str
) -> list[tuple[TraceMessage, str]]:
    """The steps of the flow's packets, each with the base chain it lies below."""
    found: list[tuple[TraceMessage, str]] = []
    # By id of a packet of this flow: the base chain it is in, and what it is by now.
    packets: dict[int, tuple[str, Flow]] = {}
    for message in messages:
        if message.flow is not None:
            before = packets.pop(message.id, None)
            was = None if before is None or message.table == begin else before[1]
            if message.flow == flow or (was is not None and _is_translated(was, message.flow)):
                packets[message.id] = message.chain, message.flow
        if message.id in packets:
            found.append((message, packets[message.id][0]))
    return found


def _first_packet(
    steps: Sequence[tuple[TraceMessage, str]], begin: str
) -> Sequence[tuple[TraceMessage, str]]:
    begins = [
        place
        for place, (step, _) in enumerate(steps)
        if step.table == begin and step.flow is not None
    ]
    return steps[: begins[1]] if len(begins) > 1 else steps


def _is_translated(before: Flow, seen: Flow) -> bool:
    """Whether one flow may be the other after a translation of one of its ends.

    Both ends change one after the other, and a chain that is told of lies between.
    """
    same_end = before.source == seen.source or before.destination == seen.destination
    return before.protocol is seen.protocol and same_end


def _drop(steps: Sequence[tuple[TraceMessage, str]], *, is_reply: bool) -> Dropped | None:
    for step, base_chain in steps:
        if step.is_drop:
            return Dropped(
                family=step.family,
                table=step.table,
                chain=step.chain,
                handle=step.handle if step.step is Step.RULE else 0,
                base_chain=base_chain,
                is_reply=is_reply,
            )
    return None


def _chain_name(step: TraceMessage) -> str:
    return f"{step.family} {step.table} {step.chain}"
