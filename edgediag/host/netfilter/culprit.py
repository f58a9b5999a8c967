"""The rule that ended a packet, as the object a reader finds and removes it by."""

from collections.abc import Sequence

from edgediag.host.netfilter.arptables import arptables_text
from edgediag.host.netfilter.iptables import iptables_text
from edgediag.host.netfilter.register import Names
from edgediag.host.netfilter.rule import FilterRule, RuleKey
from edgediag.host.netfilter.statement import Reject, XtTarget
from edgediag.host.netfilter.text import filter_rule_text
from edgediag.model.culprit import ArptablesRule, ChainPolicy, IptablesRule, NftRule


def policy_culprit(key: RuleKey) -> ChainPolicy:
    """The policy that drops what no rule decided."""
    return ChainPolicy(family=key.family, table=key.table, chain=key.chain, policy="drop")


def nft_culprit(key: RuleKey, rule: FilterRule | None, names: Names) -> NftRule:
    """A rule by its handle; without words where it was gone before it could be read."""
    return NftRule(
        family=key.family,
        table=key.table,
        chain=key.chain,
        handle=key.handle,
        text="" if rule is None else _words(rule, names),
    )


def _words(rule: FilterRule, names: Names) -> str:
    return filter_rule_text(rule, sets=names.sets, interfaces=names.interfaces)


def iptables_culprit(rule: FilterRule, handles: Sequence[int]) -> IptablesRule | None:
    """A rule of iptables-nft by its number, None where it has left the chain.

    handles  of the rules of its chain, in their order
    """
    if rule.handle not in handles:
        return None
    return numbered_culprit(rule, "nft", handles.index(rule.handle) + 1)


def numbered_culprit(rule: FilterRule, backend: str, number: int) -> IptablesRule:
    """A rule of iptables whose place in its chain is known.

    backend  "nft" or "legacy"
    """
    return IptablesRule(
        backend=backend,
        table=rule.table,
        chain=rule.chain,
        number=number,
        text=iptables_text(rule),
    )


def arptables_culprit(rule: FilterRule, number: int) -> ArptablesRule:
    """A rule of arptables-legacy by its number."""
    return ArptablesRule(
        table=rule.table, chain=rule.chain, number=number, text=arptables_text(rule)
    )


def rejects(rule: FilterRule) -> bool:
    """Whether the rule answers the sender instead of dropping in silence."""
    return any(
        isinstance(expression, Reject)
        or (isinstance(expression, XtTarget) and expression.name == "REJECT")
        for expression in rule.expressions
    )
