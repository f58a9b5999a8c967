"""Rules of arptables-legacy have the words that arptables itself prints, and are copied whole."""

import shutil
from typing import TYPE_CHECKING

import pytest

from edgediag.host.netfilter.arptables import arptables_text
from edgediag.host.netfilter.legacy_chains import LegacyChains
from edgediag.model.answer import NotChecked
from edgediag.net.clone_legacy import make_tables, read_tables
from edgediag.net.xtables import read_table

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(shutil.which("arptables-legacy") is None, reason="needs arptables-legacy"),
]

RULES = (
    "-N own",
    "-A INPUT -s 192.0.2.3 -j DROP",
    "-A INPUT -s ! 192.0.2.0/24 -d 10.0.0.0/255.0.255.0 -j own",
    "-A INPUT --source-mac 02:00:00:00:00:01 -i eth0 --opcode Request -j ACCEPT",
    "-A INPUT --opcode ! 2 --destination-mac 02:00:00:00:00:00/ff:00:00:00:00:00 -j RETURN",
    "-A INPUT -l 6 --h-type 0x20 --proto-type 0x806 --opcode 256",
    "-A INPUT -l ! 6 --h-type ! Ethernet --proto-type ! 0x800 -i ! et+",
    "-A INPUT --opcode 3/255 --h-type 1/3 --proto-type 0x800/0xff -l 6/7 -j own",
    "-A INPUT -s 1.2.3.4/1 -i ! +",
    "-A OUTPUT -o up0 -j DROP",
    "-A OUTPUT -l 6 -j mangle --mangle-mac-d 02:00:00:00:00:09 --mangle-ip-d 1.2.3.5"
    " --mangle-mac-s 02:00:00:00:00:08 --mangle-ip-s 1.2.3.4 --mangle-target CONTINUE",
    "-A OUTPUT -l 6 -j mangle --mangle-mac-s 02:00:00:00:00:09 --mangle-target DROP",
    "-A OUTPUT -j mangle --mangle-ip-d 1.2.3.4",
    "-A OUTPUT -j CLASSIFY --set-class 12:1a",
    "-A OUTPUT -j MARK --set-mark 0xabc",
    "-A OUTPUT -j MARK --and-mark 0x1f",
    "-A OUTPUT -j MARK --or-mark 0x1f",
    "-A OUTPUT -j QUEUE",
    "-A FORWARD -i up0 -o lo -j DROP",
    "-A own -j RETURN",
    "-P OUTPUT DROP",
)


def test_words_and_copies_are_those_of_arptables(two_nodes: "TwoNodes") -> None:
    here, there = two_nodes.node, two_nodes.peer
    here.run(*(f"arptables-legacy {rule}" for rule in RULES))
    with here.inside():
        _, entries = read_table("arp", "filter")
        tables = read_tables()
    chains = LegacyChains(entries)
    assert not isinstance(tables, NotChecked)
    with there.inside():
        assert make_tables(tables) is None
    listed = here.output("arptables-legacy -L -n")
    assert there.output("arptables-legacy -L -n") == listed
    told: list[str] = []
    for name in ("INPUT", "OUTPUT", "FORWARD", "own"):
        chain = chains.chain(name, None)
        assert chain is not None
        told += [arptables_text(rule) for rule in chain.rules]
    lines = (line.strip() for line in listed.splitlines() if not line.startswith("Chain "))
    assert told == [line for line in lines if line]
    assert entries.built_in["OUTPUT"].policy == "drop"
