"""What the rule that the trace named is said to be, and what to do about it."""

import pytest

from edgediag.inference.rules.traced_drop import conclusion
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.drops import TraceDropped

BY_HAND = IptablesRule(backend="nft", table="filter", chain="OUTPUT", number=2, text="-j DROP")
OF_A_SERVICE = IptablesRule(
    backend="legacy", table="filter", chain="KUBE-SERVICES", number=1, text="-p udp -j DROP"
)
OF_A_ZONE = NftRule(
    family="inet", table="firewalld", chain="filter_IN_public_deny", handle=7, text="drop"
)
POLICY = ChainPolicy(family="inet", table="firewalld", chain="filter_INPUT", policy="drop")


@pytest.mark.parametrize(
    ("culprit", "text", "remedy"),
    [
        pytest.param(
            BY_HAND,
            "iptables-nft rule 2 of filter OUTPUT (-j DROP) drops the packet in the output hook",
            "iptables-nft -t filter -D OUTPUT 2, or accept the flow before it",
            id="a rule that nobody keeps is deleted",
        ),
        pytest.param(
            OF_A_SERVICE,
            "iptables-legacy rule 1 of filter KUBE-SERVICES (-p udp -j DROP), written by "
            "kube-proxy, drops the packet in the output hook",
            "change the Service, or see to its endpoints; a rule that is only deleted comes back",
            id="a rule that kube-proxy keeps is changed where it comes from",
        ),
        pytest.param(
            OF_A_ZONE,
            "nft rule inet firewalld filter_IN_public_deny handle 7 (drop), written by "
            "firewalld (zone public), drops the packet in the output hook",
            "change firewalld: firewall-cmd --zone=public --list-all shows what made it; "
            "a rule that is only deleted comes back",
            id="a zone is named",
        ),
        pytest.param(
            POLICY,
            "the policy drop of chain inet firewalld filter_INPUT drops the packet "
            "in the output hook",
            "accept the flow in inet firewalld filter_INPUT; its policy is drop",
            id="a policy has no writer",
        ),
    ],
)
def test_a_rule_and_its_remedy(
    culprit: NftRule | IptablesRule | ChainPolicy, text: str, remedy: str
) -> None:
    trace = TraceDropped(culprit=culprit, hook="output", is_reject=False, is_reply=False)
    assert conclusion(trace, 4)[1:] == (text, remedy)


def test_a_rule_of_ip6tables_is_called_so() -> None:
    trace = TraceDropped(culprit=BY_HAND, hook="output", is_reject=False, is_reply=False)
    assert conclusion(trace, 6)[1:] == (
        "ip6tables-nft rule 2 of filter OUTPUT (-j DROP) drops the packet in the output hook",
        "ip6tables-nft -t filter -D OUTPUT 2, or accept the flow before it",
    )
