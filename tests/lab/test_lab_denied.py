"""Old kernels and few rights cost names, and make nobody else guilty.

Each row keeps one thing from the whole command, in a lab with three faults of the node's own and in
a healthy one; `tests/denied.py` says how.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import denied
from edgediag.lab import scenario
from edgediag.lab.files import FACTS, edge_folder, facts_text
from edgediag.lab.injection import lacking
from edgediag.lab.network import Lab

pytestmark = pytest.mark.netns

CHECKS = ("raven-tunnel-4500", "ntp-aliyun-123", "api-server-6443")
# By which programs that drop are compared with what they let pass.
SERVED = "raven-proxy-10280"
FAULTS = """
claim = "Three faults of the node's own, each of another kind"
family = "local"
why = "Each is named by a reading of its own"
requires = ["iptables-legacy"]

[[inject]]
action = "nft"
node = "edge"
script = "table inet f { chain o { type filter hook output priority 0; udp dport 4500 drop; }; }"

[[inject]]
action = "command"
node = "edge"
argv = ["iptables-legacy", "--wait", "-A", "OUTPUT", "-p", "udp", "--dport", "123", "-j", "DROP"]

[[inject]]
action = "program"
node = "edge"
kind = "cgroup"
protocol = "tcp"
port = 6443
direction = "ingress"

[[truth]]
where = ["local"]
certainty = "proven"
upto = "edge"
mechanism = ["rule-drop", "cgroup-drop"]
affected = ["raven-tunnel-4500", "ntp-aliyun-123", "api-server-6443"]
"""
PROGRAM_TAKES_ALL = """
claim = "An XDP program on eth0 drops every IPv4 packet that comes in"
family = "local"
why = "No tap sees what it takes, and no copy is known to have passed it"

[[inject]]
action = "program"
node = "edge"
kind = "xdp"
device = "eth0"
protocol = "any"
port = 0
direction = "ingress"

[[truth]]
where = ["local"]
certainty = "proven"
upto = "edge"
mechanism = ["xdp-drop"]
affected = ["raven-tunnel-4500", "ntp-aliyun-123", "api-server-6443"]
"""
BEARABLE = tuple(name for name in denied.DENIALS if name not in denied.FATAL)
# What the evidence says only where the thing is denied.
REASONS = {
    "bpf-refused": "cannot read TCX programs: EPERM",
    "bpf-unknown": "cannot read TCX programs: ENOSYS",
    "no-netfilter-netlink": "cannot read packet filters: EPROTONOSUPPORT",
    "no-owned-tables": "cannot trace in nf_tables: this kernel has no owned tables",
    "no-legacy-tables": "iptables-legacy cannot be read: Operation not permitted",
    "no-xfrm-netlink": "cannot read xfrm policies: EPROTONOSUPPORT",
    "no-sock-diag": "cannot read sockets: EPROTONOSUPPORT",
    "no-tracefs": "cannot watch for drops: /sys/kernel/btf/vmlinux: ENOENT",
    "no-sysctls": "cannot read sysctls: ENOENT",
    "no-cgroups": "cannot read programs of control groups: ENOENT",
    "no-CAP_NET_ADMIN": "cannot read xfrm policies: EPERM",
    "no-CAP_SYS_ADMIN": "cannot read netfilter programs: EPERM",
    "no-CAP_BPF": "cannot watch for drops: CAP_BPF and CAP_PERFMON are missing",
    "few-rights": "cannot read TCX programs: EPERM",
}
NFT, LEGACY, GROUP = "nft-rule", "iptables-rule", "cgroup-program"


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    status: int
    said: str
    warned: str


@pytest.fixture(scope="module")
def broken(prefixes: Iterator[str]) -> Iterator[Lab]:
    """A lab with all faults."""
    yield from broken_by("faults", FAULTS, next(prefixes))


@pytest.fixture(scope="module")
def masked(prefixes: Iterator[str]) -> Iterator[Lab]:
    """A lab whose edge node takes every answer before a tap sees it."""
    yield from broken_by("masked", PROGRAM_TAKES_ALL, next(prefixes))


def broken_by(name: str, text: str, prefix: str) -> Iterator[Lab]:
    """A lab with the faults of a scenario."""
    faults = scenario.parse(name, text)
    missing = lacking(faults.requires, faults.inject)
    if missing:
        pytest.skip(", ".join(missing))
    lab = Lab(prefix=prefix)
    lab.up()
    lab.inject(faults)
    yield lab
    lab.down()


def without(denial: str, lab: Lab, *words: str) -> Ended:
    """Run edgediag on the edge node, with something kept from it."""
    edgediag = (sys.executable, "-m", "edgediag", *words)
    command = lab.edge_command(denied.command(denial, edgediag))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return Ended(status=done.returncode, said=done.stdout, warned=done.stderr)


def diagnosed(denial: str, lab: Lab, *, timeout_s: int, output: Path | None = None) -> Ended:
    """The diagnosis of the three checks; its evidence is written into a folder, if one is given."""
    config = edge_folder(lab.prefix) / f"{denial}.toml"
    config.write_text(facts_text(FACTS))
    only = [word for check in (*CHECKS, SERVED) for word in ("--only", check)]
    kept = ("--no-output",) if output is None else ("--output", str(output))
    words = ("--config", str(config), *only, "--timeout", str(timeout_s), *kept, "--json")
    return without(denial, lab, "diagnose", *words)


def culprits(report: Any) -> tuple[object, ...]:
    """Kinds of culprits in the order of CHECKS; all of a verdict that is not local."""
    found = {check["id"]: check["verdict"] for check in report["checks"]}
    verdicts = [found[check] for check in CHECKS]
    return tuple(
        (verdict["culprit"] or {}).get("kind") if verdict["where"] == ["local"] else verdict
        for verdict in verdicts
    )


@pytest.mark.parametrize(
    ("denial", "expected"),
    [
        ("nothing", (NFT, LEGACY, GROUP)),
        ("bpf-refused", (NFT, LEGACY, None)),
        ("bpf-unknown", (NFT, LEGACY, None)),
        ("no-netfilter-netlink", (None, LEGACY, GROUP)),
        ("no-owned-tables", (NFT, LEGACY, GROUP)),
        ("no-legacy-tables", (NFT, None, GROUP)),
        ("no-xfrm-netlink", (NFT, LEGACY, GROUP)),
        ("no-sock-diag", (NFT, LEGACY, GROUP)),
        ("no-tracefs", (NFT, LEGACY, GROUP)),
        ("no-sysctls", (NFT, LEGACY, GROUP)),
        ("no-cgroups", (NFT, LEGACY, None)),
        ("no-CAP_NET_ADMIN", (None, None, GROUP)),
        ("no-CAP_SYS_ADMIN", (NFT, LEGACY, GROUP)),
        ("no-CAP_BPF", (NFT, LEGACY, None)),
        ("few-rights", (None, None, None)),
    ],
)
def test_the_node_stays_guilty_and_names_may_be_lost(
    broken: Lab, denial: str, expected: tuple[object, ...], tmp_path: Path
) -> None:
    # What is lost on this host is silent however long it is waited for.
    ended = diagnosed(denial, broken, timeout_s=1, output=tmp_path)
    assert (ended.status, culprits(json.loads(ended.said))) == (1, expected)
    evidence = (tmp_path / "evidence.json").read_text()
    said = [name for name, reason in REASONS.items() if reason in evidence]
    assert denial in said if denial in REASONS else said == []


def test_a_program_that_may_take_all_answers_is_not_mistaken_for_the_path(masked: Lab) -> None:
    checks = json.loads(diagnosed("bpf-refused", masked, timeout_s=1).said)["checks"]
    found = {check["id"]: check["verdict"]["where"] for check in checks}
    assert [found[check] for check in CHECKS] == [["local", "on-path"]] * len(CHECKS)


@pytest.mark.parametrize("denial", BEARABLE)
def test_a_healthy_node_stays_healthy(lab: Lab, denial: str) -> None:
    ended = diagnosed(denial, lab, timeout_s=2)
    checks = json.loads(ended.said)["checks"]
    verdicts = [check["verdict"] for check in checks if check["status"] != "ok"]
    assert (ended.status, verdicts) == (0, [])


@pytest.mark.parametrize("denial", denied.FATAL)
def test_without_the_right_to_send_packets_nothing_can_be_done(lab: Lab, denial: str) -> None:
    ended = diagnosed(denial, lab, timeout_s=1)
    assert (ended.status, ended.said) == (4, "")
    assert "grant CAP_NET_RAW" in ended.warned


@pytest.mark.parametrize(
    ("denial", "table", "reason"),
    [
        ("bpf-refused", "programs", "programs of control groups: EPERM"),
        ("bpf-unknown", "programs", "TCX programs: ENOSYS"),
        ("no-cgroups", "programs", "programs of control groups: ENOENT"),
        ("no-CAP_SYS_ADMIN", "programs", "netfilter programs: EPERM"),
        ("no-xfrm-netlink", "xfrm", "xfrm states: EPROTONOSUPPORT"),
        ("no-CAP_NET_ADMIN", "xfrm", "xfrm policies: EPERM"),
        ("no-sock-diag", "sockets", "sockets: EPROTONOSUPPORT"),
        ("no-sysctls", "sysctls", "sysctls: ENOENT"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(
    lab: Lab, denial: str, table: str, reason: str
) -> None:
    ended = without(denial, lab, "inspect", table)
    assert (ended.status, ended.warned) == (3, "")
    assert f"not read: cannot read {reason}" in ended.said


@pytest.mark.parametrize(
    ("denial", "reason"),
    [
        ("no-netfilter-netlink", "packet filters: Protocol not supported"),
        ("no-CAP_NET_ADMIN", "nf_tables: EPERM"),
    ],
)
def test_rules_that_cannot_be_read_leave_the_explanation_open(
    lab: Lab, denial: str, reason: str
) -> None:
    flow = ("--to", "198.51.100.21", "--proto", "udp", "--dport", "4500")
    ended = without(denial, lab, "explain", *flow)
    assert (ended.status, ended.warned) == (3, "")
    assert reason in ended.said
