"""The rule that dropped a packet, as an object to find it by."""

from edgediag.host.netfilter.culprit import (
    iptables_culprit,
    nft_culprit,
    policy_culprit,
    rejects,
)
from edgediag.host.netfilter.rule import RuleKey
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule


def key(recorded) -> RuleKey:
    rule = recorded.rule
    return RuleKey(
        family=rule.family, table=rule.table, chain=rule.chain, handle=rule.handle
    )


def test_a_native_rule_is_found_by_its_handle(recorded_nft) -> None:
    recorded = next(one for one in recorded_nft if one.text.startswith("udp dport 4500 counter"))
    culprit = nft_culprit(key(recorded), recorded.rule, sets={}, interfaces={})
    assert culprit == NftRule(
        family="inet",
        table="t",
        chain="out",
        handle=recorded.rule.handle,
        text='udp dport 4500 counter drop comment "no ike"',
    )


def test_a_rule_that_is_gone_has_no_words(recorded_nft) -> None:
    recorded = recorded_nft[0]
    culprit = nft_culprit(key(recorded), None, sets={}, interfaces={})
    assert (culprit.handle, culprit.text) == (recorded.rule.handle, "")


def test_a_rule_of_iptables_is_found_by_its_number(recorded_iptables) -> None:
    chain = [one.rule for one in recorded_iptables if one.rule.chain == "KUBE"]
    assert iptables_culprit(chain[2], [rule.handle for rule in chain]) == IptablesRule(
        backend="nft",
        table="filter",
        chain="KUBE",
        number=3,
        text="-p udp -m udp --sport 4500 --dport 4500 -j DROP",
    )


def test_a_rule_that_left_its_chain_has_no_number(recorded_iptables) -> None:
    assert iptables_culprit(recorded_iptables[0].rule, []) is None


def test_a_policy_has_no_handle(recorded_nft) -> None:
    assert policy_culprit(key(recorded_nft[0])) == ChainPolicy(
        family="inet", table="t", chain="other", policy="drop"
    )


def test_both_kinds_of_reject_are_known(recorded_nft, recorded_iptables) -> None:
    found = [one.text for one in (*recorded_nft, *recorded_iptables) if rejects(one.rule)]
    expected = [
        one.text for one in (*recorded_nft, *recorded_iptables) if "reject" in one.text.lower()
    ]
    assert found == expected
