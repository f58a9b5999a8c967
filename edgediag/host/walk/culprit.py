"""The step that ends a packet, as the object a reader finds and removes it by."""

from edgediag.host.netfilter.arptables import arptables_text
from edgediag.host.netfilter.chains import Backend
from edgediag.host.netfilter.culprit import (
    arptables_culprit,
    nft_culprit,
    numbered_culprit,
    policy_culprit,
)
from edgediag.host.netfilter.iptables import iptables_text, is_iptables
from edgediag.host.netfilter.register import Names
from edgediag.host.netfilter.rule import RuleKey
from edgediag.host.netfilter.text import filter_rule_text
from edgediag.host.walk.chain_walk import Step
from edgediag.model.explained import RuleObject


def step_culprit(step: Step, names: Names) -> RuleObject | None:
    """The rule or policy of a deciding step; None where no packet filter decides.

    names  what its rule holds by number alone
    """
    chain = step.chain
    if chain is None:
        return None
    key = RuleKey(
        family=chain.family,
        table=chain.table,
        chain=chain.chain,
        handle=step.rule.handle if step.rule else 0,
    )
    if step.rule is None:
        return policy_culprit(key)
    if is_written_by_arptables(step):
        return arptables_culprit(step.rule, step.number)
    if is_written_by_iptables(step):
        return numbered_culprit(step.rule, chain.backend.value, step.number)
    return nft_culprit(key, step.rule, names)


def rule_text(step: Step) -> str:
    """The rule of a step as its own tool prints it, "" where the step has none."""
    if step.rule is None:
        return ""
    if is_written_by_arptables(step):
        return arptables_text(step.rule)
    if is_written_by_iptables(step):
        return iptables_text(step.rule)
    return filter_rule_text(step.rule, sets={}, interfaces={})


def is_written_by_arptables(step: Step) -> bool:
    """Whether the rule of a step is one of arptables-legacy."""
    chain = step.chain
    return chain is not None and (chain.backend, chain.family) == (Backend.LEGACY, "arp")


def is_written_by_iptables(step: Step) -> bool:
    """Whether the rule of a step is one of iptables, of either backend."""
    if step.chain is None or step.rule is None or is_written_by_arptables(step):
        return False
    if step.chain.backend is Backend.LEGACY:
        return True
    # iptables gives its base chains the names of the hooks, in capitals.
    entered, hook = step.chain.chain, step.hook.upper()
    return is_iptables(step.rule, entered if entered.upper() == hook else hook)
