"""Rules of a packet filter in sentences: their names, who wrote them, what to do about them."""

from typing import Final

from edgediag.compat import assert_never
from edgediag.host.netfilter.origin import Writer, writer_of
from edgediag.model.culprit import ArptablesRule, ChainPolicy, IptablesRule, NftRule
from edgediag.model.explained import RuleObject
from edgediag.model.verdict import Mechanism

_COMES_BACK: Final = "a rule that is only deleted comes back"


def rule_words(culprit: RuleObject, version: int) -> str:
    """A rule or policy, with its place, its own words, and who wrote it.

    version  of the flow that it decides on: each IP version has an iptables of its own
    """
    writer, named = _writer(culprit), _named(culprit, version)
    return f"{named}, written by {writer.name}," if writer else named


def _named(culprit: RuleObject, version: int) -> str:
    match culprit:
        case NftRule():
            return (
                f"nft rule {culprit.family} {culprit.table} {culprit.chain} "
                f"handle {culprit.handle} ({culprit.text})"
            )
        case IptablesRule():
            return (
                f"{_iptables(culprit, version)} rule {culprit.number} of {culprit.table} "
                f"{culprit.chain} "
                f"({culprit.text})"
            )
        case ArptablesRule():
            place = f"{culprit.number} of {culprit.table} {culprit.chain}"
            return f"arptables-legacy rule {place} ({culprit.text})"
        case ChainPolicy():
            return (
                f"the policy {culprit.policy} of chain "
                f"{culprit.family} {culprit.table} {culprit.chain}"
            )
        case _:
            assert_never(culprit)


def mechanism_of(culprit: RuleObject, *, is_reject: bool) -> Mechanism:
    """What a rule or policy that ends a packet does to it."""
    if isinstance(culprit, ChainPolicy):
        return Mechanism.POLICY_DROP
    return Mechanism.RULE_REJECT if is_reject else Mechanism.RULE_DROP


def removal(culprit: RuleObject, version: int) -> str:
    """What to do about a rule or policy: one that a program wrote comes back."""
    writer = _writer(culprit)
    return f"{writer.remedy}; {_COMES_BACK}" if writer else _deletion(culprit, version)


def _deletion(culprit: RuleObject, version: int) -> str:
    match culprit:
        case NftRule():
            place = f"{culprit.family} {culprit.table} {culprit.chain}"
            return f"nft delete rule {place} handle {culprit.handle}, or accept the flow before it"
        case IptablesRule():
            return (
                f"{_iptables(culprit, version)} -t {culprit.table} -D {culprit.chain} "
                f"{culprit.number}, or accept the flow before it"
            )
        case ArptablesRule():
            place = f"{culprit.table} -D {culprit.chain} {culprit.number}"
            return f"arptables-legacy -t {place}, or accept ARP before it"
        case ChainPolicy():
            return (
                f"accept the flow in {culprit.family} {culprit.table} {culprit.chain}; its policy "
                f"is {culprit.policy}"
            )
        case _:
            assert_never(culprit)


def _iptables(culprit: IptablesRule, version: int) -> str:
    return f"{'ip6tables' if version == 6 else 'iptables'}-{culprit.backend}"


def _writer(culprit: RuleObject) -> Writer | None:
    if isinstance(culprit, ChainPolicy):
        return None
    return writer_of(culprit.table, culprit.chain, culprit.text)
