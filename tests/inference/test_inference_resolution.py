"""What is said of a rule that ends the question for a next hop's MAC, by the version of IP."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.rules import resolution_dropped
from edgediag.model.culprit import IptablesRule
from edgediag.model.explained import Disposition, Explained
from edgediag.model.host import NeighbourState
from story import flow_evidence, host_state, neighbour, probe, unanswered

RULE = IptablesRule(
    backend="legacy", table="filter", chain="INPUT", number=4, text="-p ipv6-icmp -j DROP"
)


@pytest.mark.parametrize(
    ("next_hop", "question", "remedy"),
    [
        pytest.param(
            "192.168.50.1",
            "iptables-legacy rule 4 of filter INPUT (-p ipv6-icmp -j DROP) drops the ARP request",
            "iptables-legacy -t filter -D INPUT 4, or accept the flow before it",
            id="of ARP",
        ),
        pytest.param(
            "fe80::1",
            "ip6tables-legacy rule 4 of filter INPUT (-p ipv6-icmp -j DROP) drops the neighbour "
            "solicitation",
            "ip6tables-legacy -t filter -D INPUT 4, or accept the flow before it; IPv6 cannot do "
            "without ICMPv6 types 135 and 136",
            id="of neighbour discovery",
        ),
    ],
)
def test_question_and_remedy_are_those_of_the_next_hop(
    next_hop: str, question: str, remedy: str
) -> None:
    entry = replace(neighbour(NeighbourState.FAILED), address=ip_address(next_hop))
    evidence = flow_evidence(
        unanswered(probe(), has_left=False),
        next_hop=entry,
        resolution=Explained(
            disposition=Disposition.DROPPED,
            deciders=(RULE,),
            translations=(),
            marks=(),
            hangs_on=(),
        ),
    )
    finding = resolution_dropped.judge(evidence, host_state())
    assert finding is not None
    assert f"{question} for it or the answer" in finding.text
    assert finding.remedy == remedy
