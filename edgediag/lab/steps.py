"""What can be done to a node: the closed vocabulary of the scenarios and of their undoing."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TypeAlias

from edgediag.errors import UsageError
from edgediag.lab.daemons.catalog import DAEMONS
from edgediag.lab.files import TEXTS
from edgediag.lab.fingerprint import WATCHED_SYSCTLS
from edgediag.lab.services.catalog import MODES, service_of
from edgediag.lab.tables import fill
from edgediag.lab.topology import ALIASES, MAIN_TABLE, NODES, RULESETS, expand

TABLE_PATTERN = re.compile(r"^\s*table\s+(?:(ip|ip6|inet|arp|bridge|netdev)\s+)?([\w-]+)", re.M)
FORBIDDEN_NFT = re.compile(r"^\s*(?:add|insert|delete|destroy|flush|replace|rename|reset)\b", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class NftStep:
    """Load a ruleset that brings tables of its own."""

    node: str
    script: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IptablesStep:
    """Run one iptables command of the nf_tables flavour, in table filter unless -t says other."""

    node: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStep:
    """Add, delete or replace a route; a blackhole and its like have no gateways and no device."""

    node: str
    op: str
    destination: str
    type: str = "unicast"
    gateways: tuple[str, ...] = ()
    device: str = ""
    table: int = MAIN_TABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStep:
    """Add or delete a policy rule; port 0 and protocol "" match all, table 0 is for no lookup."""

    node: str
    op: str
    priority: int
    type: str
    destination: str
    protocol: str = ""
    port: int = 0
    table: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStep:
    """Set a device up or down."""

    node: str
    device: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourStep:
    """Set a permanent neighbour entry, or delete an entry."""

    node: str
    op: str
    device: str
    address: str
    mac: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressStep:
    """Add or delete an address, given with its prefix length."""

    node: str
    op: str
    device: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SysctlStep:
    """Set a sysctl of those that the fingerprint watches."""

    node: str
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStep:
    """Give one of the edge node's own files another text; `path` as in files.TEXTS."""

    node: str
    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandStep:
    """Run one program of PROGRAMS inside the node; only building the lab anew takes it back.

    text  what it reads from its standard input
    """

    node: str
    argv: tuple[str, ...]
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramStep:
    """Attach a BPF program that drops packets; only building the lab anew takes it back.

    kind       "xdp" on a device, or "cgroup" on a cgroup of the node's commands
    direction  "egress" drops what is sent to the port, "ingress" what comes from it
    """

    node: str
    kind: str
    protocol: str
    port: int
    direction: str
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStep:
    """Put a service into another mode."""

    node: str
    service: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStep:
    """Let a real server serve in the stead of embedded services, where it is at hand."""

    node: str
    program: str
    variant: str = ""


Step: TypeAlias = (
    NftStep
    | IptablesStep
    | RouteStep
    | RuleStep
    | LinkStep
    | NeighbourStep
    | AddressStep
    | SysctlStep
    | FileStep
    | CommandStep
    | ProgramStep
    | ServiceStep
    | DaemonStep
)

ACTIONS: Mapping[str, type[Step]] = MappingProxyType(
    {
        "nft": NftStep,
        "iptables": IptablesStep,
        "route": RouteStep,
        "rule": RuleStep,
        "link": LinkStep,
        "neighbour": NeighbourStep,
        "address": AddressStep,
        "sysctl": SysctlStep,
        "file": FileStep,
        "command": CommandStep,
        "program": ProgramStep,
        "service": ServiceStep,
        "daemon": DaemonStep,
    }
)
NAMES: Mapping[type[Step], str] = MappingProxyType({type_: name for name, type_ in ACTIONS.items()})

# What a command step may run: programs that change the node's own network and nothing else.
PROGRAMS = (
    "arptables",
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
        ("program", "kind"): frozenset({"xdp", "cgroup"}),
        ("program", "protocol"): frozenset({"tcp", "udp"}),
        ("program", "direction"): frozenset({"ingress", "egress"}),
        ("daemon", "program"): frozenset(DAEMONS),
    }
)


def parse(table: Mapping[str, object]) -> Step:
    """The step that a table of a scenario or of the state file spells.

    raises  UsageError, which names the key but not the place, for that the caller knows
    """
    action = table.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        raise UsageError(f"unknown action {action!r}; known: {', '.join(ACTIONS)}")
    values = {name: value for name, value in table.items() if name != "action"}
    return fill(ACTIONS[action], values)


def spell(step: Step) -> dict[str, object]:
    """The table that `parse` reads as this step."""
    return {"action": NAMES[type(step)], **asdict(step)}


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
    if isinstance(step, (NftStep, IptablesStep)):
        _check_tables(step)


def _check_program(step: ProgramStep) -> None:
    if step.kind == "xdp" and (not step.device or step.direction != "ingress"):
        raise UsageError("an xdp program needs a device and direction 'ingress'")
    if step.kind == "cgroup" and step.device:
        raise UsageError("a cgroup program has no device")


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


def iptables_table(step: IptablesStep) -> tuple[str, str]:
    """Family and name of the nft table that an iptables command works in."""
    arguments = step.arguments
    name = arguments[arguments.index("-t") + 1] if "-t" in arguments[:-1] else "filter"
    return "ip", name


def tables_of(script: str) -> tuple[tuple[str, str], ...]:
    """Family and name of each table that an nft script brings, in its order."""
    return tuple((family or "ip", name) for family, name in TABLE_PATTERN.findall(script))
