"""Questions to nf_tables of the running kernel; nft and iptables-save say what is right."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from edgediag.host.netfilter.iptables import iptables_text
from edgediag.host.netfilter.rule import FilterChain, FilterRule
from edgediag.host.netfilter.text import filter_rule_text
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket, Refusal
from edgediag.net.nfnetlink import (
    anonymous_sets,
    read_chain,
    read_handles,
    read_rule,
)

pytestmark = pytest.mark.netns

DATA = Path(__file__).parent.parent / "host" / "data"

# Expressions that are named, not read, and an order of set elements that is nft's own.
NOT_THE_SAME = re.compile(r"numgen|socket|maxseg|dscp set|203\.0\.113\.0/24 \. 22-25")


@pytest.fixture
def loaded(two_nodes):
    """The recorded rule sets, loaded into a node."""
    for program in ("nft", "iptables"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    two_nodes.node.run("ip link set up0 down", "ip link set up0 name eth0")
    with two_nodes.node.inside():
        yield


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_every_rule_reads_as_this_nft_lists_it(loaded) -> None:
    output("nft", "-f", str(DATA / "ruleset.nft"))
    listing = output("nft", "--stateless", "--handle", "list", "ruleset")
    interfaces = dict(socket.if_nameindex())
    family = table = chain = ""
    compared, different = 0, []
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        for line in listing.splitlines():
            if match := re.match(r"table (\S+) (\S+) {", line):
                family, table = match.groups()
                chain = ""
            elif match := re.match(r"\tchain (\S+) {", line):
                chain = match[1]
            elif chain and (match := re.match(r"\t\t(.*) # handle (\d+)$", line)):
                rule = read_rule(netlink, family, table, chain, handle=int(match[2]))
                assert isinstance(rule, FilterRule)
                sets = anonymous_sets(netlink, rule)
                words = filter_rule_text(rule, sets=sets, interfaces=interfaces)
                compared += 1
                if words != match[1] and not NOT_THE_SAME.search(match[1]):
                    different.append((match[1], words))
    assert compared > 100
    assert different == []


def test_every_rule_of_iptables_is_in_its_place(loaded) -> None:
    output("sh", "-e", str(DATA / "iptables.sh"))
    saved = [
        line.removeprefix("-A OUTPUT ")
        for line in output("iptables-save", "-t", "filter").splitlines()
        if line.startswith("-A OUTPUT")
    ]
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        handles = read_handles(netlink, "ip", "filter", "OUTPUT")
        assert not isinstance(handles, Refusal)
        rules = [read_rule(netlink, "ip", "filter", "OUTPUT", handle=handle) for handle in handles]
    pairs = [
        (iptables_text(rule), line)
        for rule, line in zip(rules, saved, strict=True)
        if isinstance(rule, FilterRule)
    ]
    assert len(pairs) == len(saved)
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


def test_a_chain_has_its_hook_and_policy(loaded) -> None:
    output("nft", "-f", str(DATA / "ruleset.nft"))
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        chain = read_chain(netlink, "inet", "t", "pre")
    assert chain == FilterChain(
        family="inet", table="t", name="pre", hook="prerouting", policy="drop"
    )


def test_what_is_not_there_is_a_value(loaded) -> None:
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        asked = (
            read_rule(netlink, "inet", "t", "c", handle=7),
            read_handles(netlink, "inet", "t", "c"),
            read_chain(netlink, "inet", "t", "c"),
        )
    assert [answer for answer in asked if not isinstance(answer, Refusal)] in ([], [()])
