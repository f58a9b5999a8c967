"""The rule of iptables-legacy that dropped a flow, by what the rules counted meanwhile."""

from collections.abc import Mapping, Sequence

from edgediag.host.netfilter.legacy import HOOKS, LegacyRule
from edgediag.host.netfilter.legacy_selector import may_match, selector_words
from edgediag.host.netfilter.xt import target_words
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule
from edgediag.model.flow import Flow
from edgediag.model.host import TraceDropped

_ENDS = ("DROP", "REJECT")


def dropped_by(
    flow: Flow, before: Sequence[LegacyRule], after: Sequence[LegacyRule], *, tries: int
) -> TraceDropped | NotChecked | None:
    """The rule or policy that ended the flow or its answer; None where none can have.

    It drops or rejects, no condition that is read excludes the flow, and it counted at least each
    of the packets. Where several did, none is named.

    tries  how many packets of the flow were sent between the two readings
    """
    risen = _risen(before, after, tries)
    ended = [rule for rule in risen if may_match(rule.selector, flow)]
    is_reply = not ended
    ended = ended or [rule for rule in risen if may_match(rule.selector, flow.reversed())]
    if len(ended) > 1:
        named = ", ".join(f"{rule.table} {rule.chain} {rule.number}" for rule in ended)
        return NotChecked(reason=f"several rules of iptables-legacy dropped packets: {named}")
    return _dropped(ended[0], is_reply=is_reply) if ended else None


def _risen(
    before: Sequence[LegacyRule], after: Sequence[LegacyRule], tries: int
) -> list[LegacyRule]:
    counted: Mapping[tuple[str, str, int], int] = {_key(rule): rule.packets for rule in before}
    return [
        rule
        for rule in after
        if rule.target in _ENDS
        # A rule that came meanwhile began to count at 0.
        and rule.packets - counted.get(_key(rule), 0) >= tries
    ]


def _key(rule: LegacyRule) -> tuple[str, str, int]:
    return rule.table, rule.chain, rule.number


def _dropped(rule: LegacyRule, *, is_reply: bool) -> TraceDropped:
    culprit: IptablesRule | ChainPolicy
    if rule.number:
        target = target_words(rule.target, rule.info, "ip")
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
