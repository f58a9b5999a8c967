"""Whether a step makes sense in a scenario: its node, words, tables and services exist."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from edgediag.errors import UsageError
from edgediag.lab.daemons.catalog import DAEMONS
from edgediag.lab.files import TEXTS
from edgediag.lab.fingerprint import WATCHED_SYSCTLS
from edgediag.lab.kube_proxy import MAX_SERVICES
from edgediag.lab.services.catalog import MODES, service_of
from edgediag.lab.steps import (
    NAMES,
    CommandStep,
    DaemonStep,
    IptablesStep,
    KubeProxyStep,
    NftStep,
    ProgramStep,
    ServiceStep,
    Step,
    iptables_table,
    tables_of,
)
from edgediag.lab.topology import ALIASES, NODES, RULESETS, expand

FORBIDDEN_NFT = re.compile(r"^\s*(?:add|insert|delete|destroy|flush|replace|rename|reset)\b", re.M)

# What a command step may run: programs that change the node's own network and nothing else.
PROGRAMS = (
    "arptables-legacy",
    "bridge",
    "conntrack",
    "ethtool",
    "ip",
    "ip6tables-legacy",
    "ip6tables-nft",
    "ipset",
    "iptables-legacy",
    "iptables-legacy-restore",
    "iptables-nft",
    "iptables-nft-restore",
    "nft",
    "tc",
)

# Which words a field may hold, by action and field; other fields are free.
WORDS: Mapping[tuple[str, str], frozenset[str]] = MappingProxyType(
    {
        ("route", "op"): frozenset({"add", "del", "replace"}),
        ("route", "type"): frozenset({"unicast", "blackhole", "unreachable", "prohibit"}),
        ("rule", "op"): frozenset({"add", "del"}),
        ("rule", "type"): frozenset({"lookup", "blackhole", "unreachable", "prohibit"}),
        ("link", "state"): frozenset({"up", "down"}),
        ("neighbour", "op"): frozenset({"set", "del"}),
        ("address", "op"): frozenset({"add", "del"}),
        ("sysctl", "key"): frozenset(WATCHED_SYSCTLS),
        ("file", "node"): frozenset({"edge"}),
        ("file", "path"): frozenset(TEXTS),
        ("program", "kind"): frozenset({"xdp", "tcx", "cgroup"}),
        ("program", "protocol"): frozenset({"tcp", "udp", "any"}),
        ("program", "direction"): frozenset({"ingress", "egress"}),
        ("kube-proxy", "backend"): frozenset({"legacy", "nft"}),
        ("daemon", "program"): frozenset(DAEMONS),
    }
)


def check(step: Step) -> None:
    """The step makes sense in a scenario: its node, words, tables and services exist.

    raises  UsageError, as `parse` does
    """
    if step.node not in NODES and step.node not in ALIASES:
        raise UsageError(f"unknown node {step.node!r}; known: {', '.join((*NODES, *ALIASES))}")
    for (action, name), words in WORDS.items():
        if NAMES[type(step)] == action and getattr(step, name) not in words:
            raise UsageError(f"{name} {getattr(step, name)!r}: use {', '.join(sorted(words))}")
    if isinstance(step, ServiceStep):
        _check_service(step)
    if isinstance(step, DaemonStep):
        _check_daemon(step)
    if isinstance(step, CommandStep) and (not step.argv or step.argv[0] not in PROGRAMS):
        raise UsageError(f"argv {list(step.argv)}: begin with one of {', '.join(PROGRAMS)}")
    if isinstance(step, ProgramStep):
        _check_program(step)
    if isinstance(step, KubeProxyStep) and not 1 <= step.services <= MAX_SERVICES:
        raise UsageError(f"services {step.services}: use 1 to {MAX_SERVICES}")
    if isinstance(step, (NftStep, IptablesStep)):
        _check_tables(step)


def _check_program(step: ProgramStep) -> None:
    if step.kind == "xdp" and (not step.device or step.direction != "ingress"):
        raise UsageError("an xdp program needs a device and direction 'ingress'")
    if step.kind == "tcx" and not step.device:
        raise UsageError("a tcx program needs a device")
    if step.kind == "cgroup" and step.device:
        raise UsageError("a cgroup program has no device")
    if step.protocol == "any" and step.port:
        raise UsageError("a program for any protocol has port 0")


def _check_service(step: ServiceStep) -> None:
    service = service_of(step.node, step.service)
    if service is None:
        raise UsageError(f"unknown service {step.service!r} on node {step.node}")
    modes = sorted(mode.value for mode in MODES[service.kind])
    if step.mode not in modes:
        raise UsageError(f"mode {step.mode!r} of {step.service}: use {', '.join(modes)}")


def _check_daemon(step: DaemonStep) -> None:
    daemon = DAEMONS[step.program]
    for name, word, words in (
        ("node", step.node, tuple(daemon.services)),
        ("variant", step.variant, daemon.variants),
    ):
        if word not in words:
            raise UsageError(f"{name} {word!r} of {step.program}: use {', '.join(words)}")


def _check_tables(step: NftStep | IptablesStep) -> None:
    """The step brings its own tables, so that taking them away undoes it."""
    tables = tables_of(step.script) if isinstance(step, NftStep) else (iptables_table(step),)
    if not tables:
        raise UsageError("the nft script has no 'table FAMILY NAME {'")
    if isinstance(step, NftStep) and (verb := FORBIDDEN_NFT.search(step.script)):
        raise UsageError(f"the nft script may only bring tables; drop {verb.group().strip()!r}")
    for node in expand(step.node):
        for family, name in set(tables) & set(tables_of(RULESETS.get(node, ""))):
            raise UsageError(f"table {family} {name} is the lab's own on node {node}")
