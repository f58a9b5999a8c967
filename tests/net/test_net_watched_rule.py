"""A rule of the running kernel by the name that its own tool gives it."""

import shutil
from collections.abc import Iterator

import pytest

from edgediag.cli import ExitStatus, run
from edgediag.cli.watched_rule import question
from edgediag.errors import UsageError

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        shutil.which("nft") is None or shutil.which("iptables-nft") is None,
        reason="needs nft and iptables-nft to make the rules",
    ),
]

TUNNEL = ("explain", "--to", "198.51.100.2", "--proto", "udp", "--dport", "4500", "--sport", "9")
RULE = "nft add rule inet t o udp dport { 53, 67 } drop"


@pytest.fixture
def ruled(two_nodes) -> Iterator[None]:
    two_nodes.node.run(
        "nft add table inet t",
        "nft add chain inet t o { type filter hook output priority 0 ; }",
        RULE,
        "iptables-nft -A OUTPUT -p udp --dport 500 -j DROP",
    )
    with two_nodes.node.inside():
        yield


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        pytest.param(
            "inet t o 3", "udp dport { 53, 67 } does not hold: the packet has 4500", id="by handle"
        ),
        pytest.param(
            "filter OUTPUT 1", "udp dport 500 does not hold: the packet has 4500", id="by number"
        ),
    ],
)
def test_why_a_rule_does_not_match(
    ruled: None, rule: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run((*TUNNEL, "--why-not", rule)) is ExitStatus.PASSED
    assert f"rule {rule}: {words}\n" in capsys.readouterr().out
    assert run((*TUNNEL, "--json", "--why-not", rule)) is ExitStatus.PASSED
    assert words in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("arptables-legacy") is None, reason="needs arptables-legacy")
def test_why_a_rule_of_arptables_legacy_does_not_match(
    two_nodes, capsys: pytest.CaptureFixture[str]
) -> None:
    two_nodes.node.run(
        "ip neighbour flush dev up0",
        "arptables-legacy -A INPUT --opcode 1 -s 192.0.2.2 -j DROP",
    )
    rule = "legacy:arp filter INPUT 1"
    with two_nodes.node.inside():
        assert run((*TUNNEL, "--why-not", rule)) is ExitStatus.PASSED
    said = f"rule {rule}: --opcode 1 does not hold of the message of ARP\n"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("inet t o 99", id="no such handle"),
        pytest.param("filter OUTPUT 2", id="no such number"),
        pytest.param("inet t nowhere 3", id="no such chain"),
    ],
)
def test_a_rule_that_is_not_there(ruled: None, rule: str) -> None:
    with pytest.raises(UsageError, match=f"--why-not {rule}: "):
        question(rule, 4)
