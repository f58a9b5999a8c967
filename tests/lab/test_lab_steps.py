"""The vocabulary of faults."""

import re

import pytest

from edgediag.errors import UsageError
from edgediag.lab import sense, steps
from edgediag.lab.steps import (
    AddressStep,
    CommandStep,
    ConntrackStep,
    DaemonStep,
    FileStep,
    IptablesStep,
    KubeProxyStep,
    LinkStep,
    NeighbourStep,
    NftStep,
    ProgramStep,
    RouteStep,
    RuleStep,
    ServiceStep,
    SysctlStep,
)

OWN_TABLE = "table inet x { chain y { type filter hook input priority 0; } }"

SPELLINGS = [
    pytest.param(
        {"action": "nft", "node": "isp2", "script": OWN_TABLE},
        NftStep(node="isp2", script=OWN_TABLE),
        id="nft",
    ),
    pytest.param(
        {"action": "iptables", "node": "edge", "arguments": ["-A", "OUTPUT", "-j", "DROP"]},
        IptablesStep(node="edge", arguments=("-A", "OUTPUT", "-j", "DROP")),
        id="iptables",
    ),
    pytest.param(
        {"action": "route", "node": "edge", "op": "del", "destination": "default"},
        RouteStep(node="edge", op="del", destination="default"),
        id="route",
    ),
    pytest.param(
        {
            "action": "rule",
            "node": "edge",
            "op": "add",
            "priority": 7,
            "type": "prohibit",
            "destination": "192.0.2.1",
        },
        RuleStep(node="edge", op="add", priority=7, type="prohibit", destination="192.0.2.1"),
        id="rule",
    ),
    pytest.param(
        {"action": "link", "node": "edge", "device": "eth0", "state": "down"},
        LinkStep(node="edge", device="eth0", state="down"),
        id="link",
    ),
    pytest.param(
        {
            "action": "neighbour",
            "node": "edge",
            "op": "set",
            "device": "eth0",
            "address": "192.0.2.1",
            "mac": "02:00:00:00:00:01",
        },
        NeighbourStep(
            node="edge", op="set", device="eth0", address="192.0.2.1", mac="02:00:00:00:00:01"
        ),
        id="neighbour",
    ),
    pytest.param(
        {
            "action": "address",
            "node": "cloud",
            "op": "del",
            "device": "eth0",
            "address": "192.0.2.1/32",
        },
        AddressStep(node="cloud", op="del", device="eth0", address="192.0.2.1/32"),
        id="address",
    ),
    pytest.param(
        {"action": "sysctl", "node": "cpe", "key": "net.ipv4.ip_forward", "value": "0"},
        SysctlStep(node="cpe", key="net.ipv4.ip_forward", value="0"),
        id="sysctl",
    ),
    pytest.param(
        {"action": "file", "node": "edge", "path": "etc/hosts", "text": "127.0.0.1 localhost"},
        FileStep(node="edge", path="etc/hosts", text="127.0.0.1 localhost"),
        id="file",
    ),
    pytest.param(
        {"action": "command", "node": "edge", "argv": ["ip", "link", "set", "eth0", "mtu", "900"]},
        CommandStep(node="edge", argv=("ip", "link", "set", "eth0", "mtu", "900")),
        id="command",
    ),
    pytest.param(
        {
            "action": "command",
            "node": "edge",
            "argv": ["iptables-legacy-restore"],
            "text": "*raw\nCOMMIT\n",
        },
        CommandStep(node="edge", argv=("iptables-legacy-restore",), text="*raw\nCOMMIT\n"),
        id="command that reads a text",
    ),
    pytest.param(
        {
            "action": "program",
            "node": "edge",
            "kind": "xdp",
            "device": "eth0",
            "protocol": "tcp",
            "port": 6443,
            "direction": "ingress",
        },
        ProgramStep(
            node="edge",
            kind="xdp",
            device="eth0",
            protocol="tcp",
            port=6443,
            direction="ingress",
        ),
        id="program",
    ),
    pytest.param(
        {"action": "kube-proxy", "node": "edge", "backend": "legacy", "services": 9},
        KubeProxyStep(node="edge", backend="legacy", services=9),
        id="kube-proxy",
    ),
    pytest.param(
        {"action": "fill-conntrack", "node": "edge"},
        ConntrackStep(node="edge"),
        id="fill-conntrack",
    ),
    pytest.param(
        {"action": "service", "node": "cloud", "service": "resolver", "mode": "servfail"},
        ServiceStep(node="cloud", service="resolver", mode="servfail"),
        id="service",
    ),
    pytest.param(
        {"action": "daemon", "node": "cloud", "program": "charon", "variant": "wrong-psk"},
        DaemonStep(node="cloud", program="charon", variant="wrong-psk"),
        id="daemon",
    ),
]


@pytest.mark.parametrize(("table", "step"), SPELLINGS)
def test_a_table_spells_a_step(table: dict[str, object], step: steps.Step) -> None:
    assert steps.parse(table) == step


@pytest.mark.parametrize(("table", "step"), SPELLINGS)
def test_a_spelt_step_is_read_again(table: dict[str, object], step: steps.Step) -> None:
    assert steps.parse(steps.spell(step)) == step


@pytest.mark.parametrize(("table", "step"), SPELLINGS)
def test_a_sensible_step_passes_the_check(table: dict[str, object], step: steps.Step) -> None:
    sense.check(step)


def test_every_word_of_the_vocabulary_is_in_the_table_above() -> None:
    assert {param.values[0]["action"] for param in SPELLINGS} == set(steps.ACTIONS)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        pytest.param(
            LinkStep(node="moon", device="eth0", state="down"), "unknown node 'moon'", id="node"
        ),
        pytest.param(
            LinkStep(node="edge", device="eth0", state="gone"),
            "state 'gone': use down, up",
            id="a word of a closed set",
        ),
        pytest.param(
            SysctlStep(node="edge", key="net.ipv4.tcp_ecn", value="1"),
            "key 'net.ipv4.tcp_ecn': use ",
            id="a sysctl that the fingerprint does not see",
        ),
        pytest.param(
            FileStep(node="edge", path="etc/passwd", text=""),
            "path 'etc/passwd': use etc/apt/sources.list, etc/hosts, etc/nsswitch.conf",
            id="a file that is not the edge node's own",
        ),
        pytest.param(
            FileStep(node="cpe", path="etc/hosts", text=""),
            "node 'cpe': use edge",
            id="a node without files of its own",
        ),
        pytest.param(
            CommandStep(node="edge", argv=("rm", "-r", "/")),
            "argv ['rm', '-r', '/']: begin with one of ",
            id="a program that does more than to change a network",
        ),
        pytest.param(
            CommandStep(node="edge", argv=()),
            "argv []: begin with one of ",
            id="no program",
        ),
        pytest.param(
            ProgramStep(node="edge", kind="xdp", protocol="tcp", port=1, direction="ingress"),
            "an xdp program needs a device and direction 'ingress'",
            id="an XDP program without a device",
        ),
        pytest.param(
            ProgramStep(
                node="edge", kind="xdp", device="eth0", protocol="tcp", port=1, direction="egress"
            ),
            "an xdp program needs a device and direction 'ingress'",
            id="an XDP program for what is sent",
        ),
        pytest.param(
            ProgramStep(
                node="edge", kind="cgroup", device="lo", protocol="udp", port=1, direction="egress"
            ),
            "a cgroup program has no device",
            id="a cgroup program on a device",
        ),
        pytest.param(
            ProgramStep(node="edge", kind="cgroup", protocol="icmp", port=1, direction="egress"),
            "protocol 'icmp': use any, tcp, udp",
            id="a program for a protocol without ports",
        ),
        pytest.param(
            ProgramStep(node="edge", kind="cgroup", protocol="any", port=1, direction="egress"),
            "a program for any protocol has port 0",
            id="a program for a port of protocols without ports",
        ),
        pytest.param(
            ServiceStep(node="cloud", service="mail", mode="down"),
            "unknown service 'mail' on node cloud",
            id="service",
        ),
        pytest.param(
            ServiceStep(node="cloud", service="resolver", mode="kiss"),
            "mode 'kiss' of resolver: use down, empty, normal, nxdomain, private, refused",
            id="a mode of another kind of service",
        ),
        pytest.param(
            DaemonStep(node="cloud", program="bird"),
            "program 'bird': use charon, chronyd, dnsmasq, nginx, pluto",
            id="a daemon that the lab does not know",
        ),
        pytest.param(
            DaemonStep(node="edge", program="pluto"),
            "node 'edge' of pluto: use cloud",
            id="a node that the daemon cannot run on",
        ),
        pytest.param(
            DaemonStep(node="cloud", program="chronyd", variant="wrong-psk"),
            "variant 'wrong-psk' of chronyd: use , unsynchronised",
            id="a variant of another daemon",
        ),
        pytest.param(
            NftStep(node="edge", script="flush ruleset"),
            "the nft script has no 'table FAMILY NAME {'",
            id="an nft script without a table",
        ),
        pytest.param(
            NftStep(node="edge", script=f"{OWN_TABLE}\nflush ruleset"),
            "the nft script may only bring tables; drop 'flush'",
            id="an nft script that takes away",
        ),
        pytest.param(
            KubeProxyStep(node="edge", backend="nft", services=0),
            "services 0: use 1 to ",
            id="no Services",
        ),
        pytest.param(
            NftStep(node="cpe", script="table ip nat { }"),
            "table ip nat is the lab's own on node cpe",
            id="a table of the lab's own",
        ),
        pytest.param(
            IptablesStep(node="cpe", arguments=("-t", "nat", "-F")),
            "table ip nat is the lab's own on node cpe",
            id="an iptables table of the lab's own",
        ),
    ],
)
def test_a_senseless_step_is_named(step: steps.Step, message: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(message)}"):
        sense.check(step)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param({}, "unknown action None; known: nft, ", id="no action"),
        pytest.param({"action": "dance"}, "unknown action 'dance'; known: nft, ", id="unknown"),
        pytest.param({"action": "nft", "node": "edge"}, "missing key 'script'", id="incomplete"),
    ],
)
def test_what_spells_no_step_is_named(table: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(message)}"):
        steps.parse(table)


@pytest.mark.parametrize(
    ("script", "tables"),
    [
        pytest.param("table inet a {\n}\n  table arp b { }", (("inet", "a"), ("arp", "b")), id="2"),
        pytest.param("table c-d {", (("ip", "c-d"),), id="no family is ip"),
        pytest.param("# table inet a", (), id="a comment brings none"),
    ],
)
def test_a_script_brings_tables(script: str, tables: tuple[tuple[str, str], ...]) -> None:
    assert steps.tables_of(script) == tables
