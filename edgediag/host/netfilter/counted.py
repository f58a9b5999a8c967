"""The rule of iptables-legacy that dropped a flow, by what the rules counted meanwhile."""

from collections.abc import Mapping, Sequence

from edgediag.host.netfilter.legacy import HOOKS, LegacyRule
from edgediag.host.netfilter.legacy_selector import may_match, selector_words
from edgediag.host.netfilter.statement import XtTarget
from edgediag.host.netfilter.xt.words import target_words
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule
from edgediag.model.flow import Flow
from edgediag.model.host import TraceDropped, TracePassed

_ENDS = ("DROP", "REJECT")

# Built-in chains that a packet of this host meets on its way out, and an answer on its way in.
_OUTWARD = ("OUTPUT", "POSTROUTING")
_INWARD = ("PREROUTING", "INPUT")


def dropped_by(
    flow: Flow, counted: Sequence[LegacyRule], traced: TracePassed | NotChecked
) -> TraceDropped | NotChecked | None:
    """The rule or policy that ended the flow or its answer; None where none can have.

    No condition that is read excludes the flow, and the trace does not show that the packet came
    past the rule's place. Where several rules remain, none is named.

    counted  the rules that counted each packet, by `counted_all`
    traced   what nf_tables saw of the same packets
    """
    outward = [] if _is_past_outward(traced) else _candidates(counted, flow, _OUTWARD)
    inward = [] if _is_past_inward(traced) else _candidates(counted, flow.reversed(), _INWARD)
    ended = outward or inward
    if len(ended) > 1:
        named = ", ".join(f"{rule.table} {rule.chain} {rule.number}" for rule in ended)
        return NotChecked(reason=f"several rules of iptables-legacy dropped packets: {named}")
    return _dropped(ended[0], is_reply=not outward) if ended else None


def counted_all(
    before: Sequence[LegacyRule], after: Sequence[LegacyRule], *, tries: int
) -> tuple[LegacyRule, ...]:
    """The rules and policies that drop or reject and counted at least so many packets meanwhile."""
    known: Mapping[tuple[str, str, int], int] = {_key(rule): rule.packets for rule in before}
    return tuple(
        rule
        for rule in after
        if rule.target in _ENDS
        # A rule that came meanwhile began to count at 0.
        and rule.packets - known.get(_key(rule), 0) >= tries
    )


def _is_past_outward(traced: TracePassed | NotChecked) -> bool:
    return isinstance(traced, TracePassed) and traced.is_sent


def _is_past_inward(traced: TracePassed | NotChecked) -> bool:
    # An answer that nf_tables never met at its first hook was lost before any rule.
    return isinstance(traced, TracePassed) and (traced.is_delivered or not traced.is_received)


def _candidates(
    counted: Sequence[LegacyRule], flow: Flow, chains: Sequence[str]
) -> list[LegacyRule]:
    # A chain of the user's own may be met either way.
    return [
        rule
        for rule in counted
        if (rule.chain in chains or rule.chain not in HOOKS) and may_match(rule.selector, flow)
    ]


def _key(rule: LegacyRule) -> tuple[str, str, int]:
    return rule.table, rule.chain, rule.number


def _dropped(rule: LegacyRule, *, is_reply: bool) -> TraceDropped:
    culprit: IptablesRule | ChainPolicy
    if rule.number:
        xt = XtTarget(name=rule.target, revision=rule.revision, info=rule.info)
        target = target_words(xt, "ip") if rule.target == "REJECT" else f"-j {rule.target}"
        culprit = IptablesRule(
            backend="legacy",
            table=rule.table,
            chain=rule.chain,
            number=rule.number,
            text=f"{selector_words(rule.selector)} {target}".strip(),
        )
    else:
        culprit = ChainPolicy(family="ip", table=rule.table, chain=rule.chain, policy="drop")
    return TraceDropped(
        culprit=culprit,
        hook=rule.chain.lower() if rule.chain in HOOKS else "",
        is_reject=rule.target == "REJECT",
        is_reply=is_reply,
    )
