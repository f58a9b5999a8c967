"""The step that ends a packet, as the object a reader finds and removes it by."""

from collections.abc import Mapping

from edgediag.host.netfilter.chains import Backend
from edgediag.host.netfilter.culprit import nft_culprit, numbered_culprit, policy_culprit
from edgediag.host.netfilter.iptables import is_iptables
from edgediag.host.netfilter.register import Sets
from edgediag.host.netfilter.rule import RuleKey
from edgediag.host.walk.chain_walk import Step
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule


def step_culprit(
    step: Step, *, sets: Sets, interfaces: Mapping[int, str]
) -> NftRule | IptablesRule | ChainPolicy | None:
    """The rule or policy of a deciding step; None where no packet filter decides.

    sets        elements by the set's name, of the anonymous sets that a rule of nft uses
    interfaces  names by index
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
    if is_written_by_iptables(step):
        return numbered_culprit(step.rule, chain.backend.value, step.number)
    return nft_culprit(key, step.rule, sets=sets, interfaces=interfaces)


def is_written_by_iptables(step: Step) -> bool:
    """Whether the rule of a step is one of iptables, of either backend."""
    if step.chain is None or step.rule is None:
        return False
    if step.chain.backend is Backend.LEGACY:
        return True
    # iptables gives its base chains the names of the hooks, in capitals.
    entered, hook = step.chain.chain, step.hook.upper()
    return is_iptables(step.rule, entered if entered.upper() == hook else hook)
