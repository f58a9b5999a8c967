"""The rule of iptables-legacy that dropped a flow, by what the rules counted meanwhile."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from edgediag.host.netfilter.culprit import rejects
from edgediag.host.netfilter.ip_header import IpHeader
from edgediag.host.netfilter.legacy import HOOKS, Place, counted
from edgediag.host.netfilter.legacy_index import LegacyTable, places
from edgediag.host.netfilter.legacy_rule import rule_at
from edgediag.host.netfilter.register import NO_NAMES
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Verdict, XtMatch
from edgediag.host.walk.chain_walk import Step
from edgediag.host.walk.culprit import step_culprit
from edgediag.host.walk.header import header_holds
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.legacy import chain_name
from edgediag.host.walk.octets import Truth, unknown
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_of
from edgediag.host.walk.xt_conditions import holds
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule
from edgediag.model.drops import TraceDropped, TracePassed
from edgediag.model.flow import Flow

_DROP: Final = 0
# Built-in chains that a packet of this host meets on its way out, and an answer on its way in.
_OUTWARD = ("OUTPUT", "POSTROUTING")
_INWARD = ("PREROUTING", "INPUT")
# Matches that the addresses and ports of a flow decide, whatever else is true of its packets.
_BY_FLOW: Final = frozenset({"udp", "tcp", "icmp", "multiport", "iprange"})
_VERSIONS: Final = {"ip": 4, "ip6": 6}


def dropped_by(
    flow: Flow, ends: Sequence[Step], traced: TracePassed | NotChecked
) -> TraceDropped | NotChecked | None:
    """The rule or policy that ended the flow or its answer; None where none can have.

    No condition that is read excludes the flow, and the trace does not show that the packet came
    past the rule's place. Where several rules remain, none is named.

    ends    the rules and policies that counted each packet, by `counted_all`
    traced  what nf_tables saw of the same packets
    """
    outward = [] if _is_past_outward(traced) else _candidates(ends, flow, _OUTWARD)
    inward = [] if _is_past_inward(traced) else _candidates(ends, flow.reversed(), _INWARD)
    ended = outward or inward
    if len(ended) > 1:
        named = ", ".join(_named(step) for step in ended)
        return NotChecked(reason=f"several rules of iptables-legacy dropped packets: {named}")
    return _dropped(ended[0], is_reply=not outward) if ended else None


def counted_all(
    before: Sequence[LegacyTable], after: Sequence[LegacyTable], *, tries: int
) -> tuple[Step, ...]:
    """The rules and policies that drop or reject and counted at least so many packets meanwhile."""
    known_before = {_key(table): _packets(table) for table in before}
    return tuple(
        step
        for table in after
        for place in _risen(table, known_before.get(_key(table), {}), tries)
        if (step := _ending(table, place)) is not None
    )


def may_match(rule: FilterRule, flow: Flow) -> bool:
    """False where a condition that is read excludes every packet of the flow."""
    parcel = _any_packet(flow)
    return all(truth is not False for truth in _conditions(rule, parcel))


def _conditions(rule: FilterRule, parcel: Parcel) -> Iterator[Truth]:
    for expression in rule.expressions:
        match expression:
            case IpHeader():
                yield header_holds(replace(expression, incoming=None, outgoing=None), parcel)
            case XtMatch(name=name) if name in _BY_FLOW:
                yield holds(expression, parcel, Inquiry({}))
            case _:
                # What the rule does, or asks of more than the flow.
                pass


def _any_packet(flow: Flow) -> Parcel:
    """A packet of which nothing is known but its flow: not even that it is the first."""
    sender = Sender(mark=0, uid=None, gid=None, state=CtState.ESTABLISHED)
    return replace(parcel_of(flow, sender), mark=unknown(4, "mark"))


def _key(table: LegacyTable) -> tuple[str, str]:
    return table.entries.family, table.entries.name


def _packets(table: LegacyTable) -> Mapping[tuple[str, int], int]:
    return {
        (place.chain, place.number): counted(table.entries, place.offset)[0]
        for chain in table.chains
        for place in places(table, chain)
    }


def _risen(
    table: LegacyTable, before: Mapping[tuple[str, int], int], tries: int
) -> Iterator[Place]:
    for chain in table.chains:
        for place in places(table, chain):
            # A rule that came meanwhile began to count at 0.
            rise = counted(table.entries, place.offset)[0] - before.get((chain, place.number), 0)
            if rise >= tries:
                yield place


def _ending(table: LegacyTable, place: Place) -> Step | None:
    """The rule or policy as the step of a packet that it ended, None where it ends none."""
    rule = rule_at(table.entries, place)
    is_drop = any(isinstance(each, Verdict) and each.code == _DROP for each in rule.expressions)
    if not is_drop and not rejects(rule):
        return None
    return Step(
        hook=place.chain.lower() if place.chain in HOOKS else "",
        chain=chain_name(table.entries, place.chain),
        rule=rule if place.number else None,
        number=place.number,
        action="drop" if is_drop else "rejected",
    )


def _is_past_outward(traced: TracePassed | NotChecked) -> bool:
    return isinstance(traced, TracePassed) and traced.is_sent


def _is_past_inward(traced: TracePassed | NotChecked) -> bool:
    # An answer that nf_tables never met at its first hook was lost before any rule.
    return isinstance(traced, TracePassed) and (traced.is_delivered or not traced.is_received)


def _candidates(ends: Sequence[Step], flow: Flow, chains: Sequence[str]) -> list[Step]:
    # A chain of the user's own may be met either way.
    return [
        step
        for step in ends
        if step.chain is not None
        and _VERSIONS.get(step.chain.family) == flow.source.version
        and (step.chain.chain in chains or step.chain.chain not in HOOKS)
        and (step.rule is None or may_match(step.rule, flow))
    ]


def _named(step: Step) -> str:
    assert step.chain is not None
    return f"{step.chain.table} {step.chain.chain} {step.number}"


def _dropped(step: Step, *, is_reply: bool) -> TraceDropped:
    culprit = step_culprit(step, NO_NAMES)
    assert isinstance(culprit, IptablesRule | ChainPolicy)
    return TraceDropped(
        culprit=culprit,
        hook=step.hook,
        is_reject=step.rule is not None and rejects(step.rule),
        is_reply=is_reply,
    )
