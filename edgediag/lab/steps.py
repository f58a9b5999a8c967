"""What can be done to a node: the closed vocabulary of the scenarios and of their undoing."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TypeAlias

from edgediag.errors import UsageError
from edgediag.lab.tables import fill
from edgediag.lab.topology import MAIN_TABLE

TABLE_PATTERN = re.compile(r"^\s*table\s+(?:(ip|ip6|inet|arp|bridge|netdev)\s+)?([\w-]+)", re.M)


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

    kind       "xdp" or "tcx" on a device, or "cgroup" on a cgroup of the node's commands
    protocol   "tcp", "udp" or "any"
    port       0 for all
    direction  "egress" drops what is sent to the port, "ingress" what comes from it
    """

    node: str
    kind: str
    protocol: str
    port: int
    direction: str
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeProxyStep:
    """Load the rules of so many Services by "nft" or "legacy"; only a new lab takes them back."""

    node: str
    backend: str
    services: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConntrackStep:
    """Fill the table of tracked connections; only building the lab anew empties it."""

    node: str


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
    | KubeProxyStep
    | ConntrackStep
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
        "kube-proxy": KubeProxyStep,
        "fill-conntrack": ConntrackStep,
        "service": ServiceStep,
        "daemon": DaemonStep,
    }
)
NAMES: Mapping[type[Step], str] = MappingProxyType({type_: name for name, type_ in ACTIONS.items()})


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


def iptables_table(step: IptablesStep) -> tuple[str, str]:
    """Family and name of the nft table that an iptables command works in."""
    arguments = step.arguments
    name = arguments[arguments.index("-t") + 1] if "-t" in arguments[:-1] else "filter"
    return "ip", name


def tables_of(script: str) -> tuple[tuple[str, str], ...]:
    """Family and name of each table that an nft script brings, in its order."""
    return tuple((family or "ip", name) for family, name in TABLE_PATTERN.findall(script))
