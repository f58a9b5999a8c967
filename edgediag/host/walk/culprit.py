"""What decides in a walk, as the object a reader finds and removes it by."""

from edgediag.host.netfilter.iptables import iptables_text, is_iptables
from edgediag.host.netfilter.text import filter_rule_text
from edgediag.host.walk.chain_walk import Step
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.explained import RuleObject


def culprit_of(step: Step) -> RuleObject | None:
    """The rule or the policy of a step, None for routing and where nothing was decided."""
    chain = step.chain
    if chain is None:
        return None
    if step.rule is None:
        return ChainPolicy(family=chain.family, table=chain.table, chain=chain.chain, policy="drop")
    if is_iptables(step.rule, step.hook.upper()):
        return IptablesRule(
            backend="nft",
            table=chain.table,
            chain=chain.chain,
            number=step.number,
            text=iptables_text(step.rule),
        )
    return NftRule(
        family=chain.family,
        table=chain.table,
        chain=chain.chain,
        handle=step.rule.handle,
        text=filter_rule_text(step.rule, sets={}, interfaces={}),
    )
