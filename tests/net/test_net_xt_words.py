"""Rules in the words of iptables-save itself, through both of iptables' backends."""

import re
import runpy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgediag.host.netfilter.iptables import iptables_text
from edgediag.host.netfilter.legacy_index import places
from edgediag.host.netfilter.legacy_rule import rule_at
from edgediag.host.netfilter.rule import FilterRule
from edgediag.net.ipset import with_set_names
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket, Refusal
from edgediag.net.nfnetlink import read_handles, read_rule
from edgediag.net.xtables import read_legacy

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        not all(map(shutil.which, ("iptables-nft", "iptables-legacy", "ipset"))),
        reason="needs both backends of iptables, and ipset",
    ),
]

RECORD = Path(__file__).parent.parent / "host" / "data" / "xt" / "record.py"
Saved = dict[tuple[str, str], list[str]]


@pytest.fixture
def load(two_nodes: "TwoNodes") -> "Callable[[str, str], dict[int, str]]":
    """Loads the list of a family into a node, where the test goes on; gives the sets' names."""
    recorder = runpy.run_path(str(RECORD))

    def loaded(family: str, program: str) -> dict[int, str]:
        for words in recorder["SETS"]:
            subprocess.run(["ipset", "create", *words.split()], check=True)
        refused = recorder["load"](family, program)
        assert refused <= 2, f"{refused} rules did not load"
        return dict(enumerate(words.split()[0] for words in recorder["SETS"]))

    with two_nodes.node.inside():
        yield loaded


def saved(program: str) -> Saved:
    done = subprocess.run([f"{program}-save"], check=True, capture_output=True, text=True)
    found: Saved = {}
    table = ""
    for line in done.stdout.splitlines():
        table = line[1:] if line.startswith("*") else table
        if match := re.match(r"-A (\S+) (.*)", line):
            found.setdefault((table, match[1]), []).append(match[2])
    return found


@pytest.mark.parametrize(
    ("family", "program", "least"),
    [
        pytest.param("ip", "iptables-nft", 245, id="IPv4"),
        pytest.param("ip6", "ip6tables-nft", 40, id="IPv6"),
    ],
)
def test_a_rule_of_nf_tables_reads_as_iptables_save_prints_it(
    load: Callable[[str, str], dict[int, str]], family: str, program: str, least: int
) -> None:
    load(family, program)
    compared, different = 0, []
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        for (table, chain), lines in saved(program).items():
            handles = read_handles(netlink, family, table, chain)
            assert not isinstance(handles, Refusal)
            for handle, line in zip(handles, lines, strict=True):
                rule = read_rule(netlink, family, table, chain, handle=handle)
                assert isinstance(rule, FilterRule)
                words = iptables_text(with_set_names(netlink, (rule,))[0])
                compared += 1
                different += [(line, words)] if words != line else []
    assert compared >= least
    assert different == []


def test_matches_and_targets_of_legacy_read_as_iptables_save_prints_them(
    load: Callable[[str, str], dict[int, str]],
) -> None:
    load("ip", "iptables-legacy")
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        written = {
            (table.entries.name, chain): [
                iptables_text(rule)
                for rule in with_set_names(
                    netlink,
                    (rule_at(table.entries, each) for each in places(table, chain) if each.number),
                )
            ]
            for table in read_legacy(("ip",))
            for chain in table.chains
        }
    written = {chain: lines for chain, lines in written.items() if lines}
    expected = {chain: lines for chain, lines in saved("iptables-legacy").items() if lines}
    assert sum(map(len, written.values())) >= 245
    assert written == expected
