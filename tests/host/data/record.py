"""Make the recordings of this directory again: `python tests/host/data/record.py`, as root.

Loads ruleset.nft and iptables.sh into a network namespace that ends with this process, and
writes beside every rule's own words (`nft --stateless`, `iptables-save`) what the kernel dumps
for it. The recordings here are of Linux 6.18 on x86-64, nft 1.0.6 and iptables 1.8.9.
"""

import contextlib
import ctypes
import json
import re
import select
import socket
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from edgediag.host.attributes import attribute, string
from edgediag.host.messages import Message
from edgediag.host.netfilter.expression import Lookup
from edgediag.host.netfilter.rule import FAMILY_NUMBERS, decode_filter_rule
from edgediag.host.netfilter.trace import MESSAGE_TYPE
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow, Protocol
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket, Refusal
from edgediag.net.nfnetlink import NFNLGRP_NFTRACE
from edgediag.net.nftrace import open_tracer

HERE = Path(__file__).parent
FLOW = Flow(
    protocol=Protocol.UDP,
    source=ip_address("192.0.2.10"),
    source_port=40000,
    destination=ip_address("192.0.2.10"),
    destination_port=4500,
)
CHAIN = "{{ type filter hook {} priority 0; policy {}; }}"
JOURNEYS = {
    "nothing stands in the way": "add chain inet t o " + CHAIN.format("output", "accept"),
    "a rule drops it": "add chain inet t o "
    + CHAIN.format("output", "accept")
    + "; add rule inet t o udp dport 4500 drop",
    "a chain that is jumped to drops it": "add chain inet t z; add chain inet t o "
    + CHAIN.format("output", "accept")
    + "; add rule inet t z udp dport 4500 drop; add rule inet t o jump z",
    "a rule rejects it": "add chain inet t o "
    + CHAIN.format("output", "accept")
    + "; add rule inet t o udp dport 4500 reject",
    "the policy drops the answer": "add chain inet t i "
    + CHAIN.format("input", "drop")
    + "; add rule inet t i udp dport 4500 accept",
}
CLONE_NEWNET = 0x40000000
GETRULE, GETSETELEM = 10 << 8 | 7, 10 << 8 | 13


def main() -> None:
    """Record both files."""
    assert ctypes.CDLL(None).unshare(CLONE_NEWNET) == 0
    _run("ip link add eth0 type veth peer name eth1")
    _run("ip link set lo up")
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        _run(f"nft -f {HERE / 'ruleset.nft'}")
        _write("ruleset.json", [_recorded(netlink, *rule) for rule in _listed()])
        _run("nft flush ruleset")
        _run(f"sh -e {HERE / 'iptables.sh'}")
        _write("iptables.json", [_recorded(netlink, *rule) for rule in _saved(netlink)])
    _run("ip address add 192.0.2.10 dev lo")
    _write("trace.json", [_traced(name, ruleset) for name, ruleset in JOURNEYS.items()])


def _listed() -> list[tuple[str, str, str, int, str]]:
    found = []
    family = table = chain = ""
    for line in _run("nft --stateless --handle list ruleset").splitlines():
        if match := re.match(r"table (\S+) (\S+) {", line):
            family, table = match.groups()
            chain = ""
        elif match := re.match(r"\tchain (\S+) {", line):
            chain = match[1]
        elif chain and (match := re.match(r"\t\t(.*) # handle (\d+)$", line)):
            found.append((family, table, chain, int(match[2]), match[1]))
    return found


def _saved(netlink: NetlinkSocket) -> list[tuple[str, str, str, int, str]]:
    found = []
    for family, command in (("ip", "iptables-save"), ("ip6", "ip6tables-save")):
        table, words = "", {}
        for line in _run(command).splitlines():
            if line.startswith("*"):
                table = line[1:]
            elif line.startswith("-A"):
                _, chain, *rest = line.split(" ", 2)
                words.setdefault((table, chain), []).append("".join(rest).rstrip())
        for (table, chain), lines in words.items():
            handles = _handles(netlink, family, table, chain)
            found += [(family, table, chain, *pair) for pair in zip(handles, lines, strict=True)]
    return found


def _handles(netlink: NetlinkSocket, family: str, table: str, chain: str) -> list[int]:
    dump = netlink.dump(GETRULE, _body(family, string(1, table), string(2, chain)))
    assert not isinstance(dump, Refusal)
    rules = [decode_filter_rule(message.payload) for message in dump.messages]
    return [rule.handle for rule in rules if rule is not None]


def _recorded(
    netlink: NetlinkSocket, family: str, table: str, chain: str, handle: int, text: str
) -> dict[str, object]:
    keys = (string(1, table), string(2, chain), attribute(3, handle.to_bytes(8, "big")))
    answer = netlink.request(GETRULE, _body(family, *keys))
    assert not isinstance(answer, Refusal), (text, answer)
    rule = decode_filter_rule(answer.payload)
    assert rule is not None
    lookups = (expression for expression in rule.expressions if isinstance(expression, Lookup))
    names = {lookup.set_name for lookup in lookups if lookup.set_name.startswith("__")}
    sets = {name: _elements(netlink, family, table, name) for name in sorted(names)}
    return {"text": text, "chain": chain, "rule": answer.payload.hex(), "sets": sets}


def _traced(name: str, ruleset: str) -> dict[str, object]:
    """What the kernel tells of one datagram to this host and of the answer to it."""
    subprocess.run(["nft", "-f", "-"], input="flush ruleset\n", check=True, text=True)
    commands = "add table inet t\n" + ruleset.replace("; add", "\nadd") + "\n"
    subprocess.run(["nft", "-f", "-"], input=commands, check=True, text=True)
    with NetlinkSocket(NETLINK_NETFILTER, group=NFNLGRP_NFTRACE) as monitor:
        tracer = open_tracer([FLOW])
        assert not isinstance(tracer, NotChecked)
        with tracer, _bound(FLOW.destination_port) as server, _bound(FLOW.source_port) as client:
            _send(client, FLOW.destination_port)
            _send(server, FLOW.source_port)
            messages = list(_pending(monitor))
    return {"name": name, "messages": [message.payload.hex() for message in messages]}


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind((str(FLOW.source), port))
    return bound


def _send(sender: socket.socket, port: int) -> None:
    with contextlib.suppress(PermissionError):
        sender.sendto(b"x", (str(FLOW.destination), port))


def _pending(monitor: NetlinkSocket) -> Iterator[Message]:
    while select.select([monitor], [], [], 0.05)[0]:
        received = monitor.receive()
        assert not isinstance(received, Refusal)
        yield from (message for message in received if message.type_ == MESSAGE_TYPE)


def _elements(netlink: NetlinkSocket, family: str, table: str, name: str) -> list[str]:
    dump = netlink.dump(GETSETELEM, _body(family, string(1, table), string(2, name)))
    assert not isinstance(dump, Refusal)
    return [message.payload.hex() for message in dump.messages]


def _body(family: str, *attributes: bytes) -> bytes:
    return bytes([FAMILY_NUMBERS[family], 0, 0, 0]) + b"".join(attributes)


def _write(name: str, recorded: list[dict[str, object]]) -> None:
    lines = ",\n".join(json.dumps(one) for one in recorded)
    HERE.joinpath(name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def _run(command: str) -> str:
    return subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
