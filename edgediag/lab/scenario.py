"""Faults as data: one TOML file a story, named by its claim, with the truth beside the fault."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from edgediag.errors import UsageError
from edgediag.lab import sense, steps
from edgediag.lab.files import FACTS, UNSTATED, Value
from edgediag.lab.steps import Step
from edgediag.lab.tables import fill
from edgediag.lab.topology import LANDMARKS, NODES, expand
from edgediag.model.verdict import Certainty, Mechanism, Place
from edgediag.toml import tomllib

FAMILIES = ("healthy", "local", "on-path", "remote", "two-at-once")

# Words for many checks at once in `affected`. What needs a name needs the resolver.
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "@names": (
            "cs-anony-*",
            "oss-*",
            "dockerauth-*",
            "registry-*",
            "ntp-*",
            "package-source-*",
        ),
        "@cloud": ("api-server-*", "raven-proxy-*", "raven-tunnel-*", "tunnel-server-*"),
    }
)

PARTS = ("options", "inject", "truth", "proof")
# A fault at isp2 is at both of its equal paths, or at one of them by intent.
LEGS = ("both", "one")
# Of `edgediag diagnose --listen` and `--nat-timeout`: what a run of the catalogue can bear.
MAX_WAIT_S = 60

ANY_STATUS = -1

Culprit: TypeAlias = Mapping[str, str | int]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a perfect observer on the edge node could say of some checks, and no more.

    where      places that stay possible
    after      landmark that the report's `after` must be an address of, "" for null
    upto       likewise for `upto`
    mechanism  the words that are right
    affected   patterns of check ids; one without a wildcard must be in the report
    culprit    keys and values the report's culprit must have; empty if it must be null
    """

    where: tuple[str, ...]
    certainty: str
    after: str
    upto: str
    mechanism: tuple[str, ...]
    affected: tuple[str, ...]
    culprit: Culprit


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a plain tool shows of the fault, and does not show on a healthy lab.

    argv        the tool and its arguments
    requires    programs it needs besides
    status      with which it ends, ANY_STATUS where that says nothing
    says        a pattern (re) that its output must have, "" for none
    lacks       a pattern that its output must not have, "" for none
    is_control  shows what the fault leaves alone, so a healthy lab shows it too
    """

    argv: tuple[str, ...]
    requires: tuple[str, ...] = ()
    node: str = "edge"
    status: int = ANY_STATUS
    says: str = ""
    lacks: str = ""
    is_control: bool = False

    @property
    def programs(self) -> tuple[str, ...]:
        """What must be installed."""
        return self.argv[0], *self.requires


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story.

    name      the file's, without its ending
    why       why somebody at one end can say no more than the truth says
    requires  programs that the injection needs
    options   facts that differ from the lab's usual ones
    inject    in order, aliases expanded
    truths    none for a healthy story
    proofs    by plain tools, that the fault presents as the truths say
    legs      whether a fault at isp2 is at "both" of its twins or at "one"
    listen_s  how long the diagnosis listens to the tunnel's port at least
    nat_timeout_s  how long it leaves mappings idle, 0 for not at all
    is_dual_stack  the lab's second network, of IPv6, stands beside the first
    gateway_networks  behind the cloud's Gateway, where Gateway objects are given to the diagnosis
    gateway_key    of WireGuard, that the object says of it
    """

    name: str
    claim: str
    family: str
    why: str
    requires: tuple[str, ...]
    options: Mapping[str, Value]
    inject: tuple[Step, ...]
    truths: tuple[Truth, ...]
    proofs: tuple[Proof, ...]
    legs: str = "both"
    listen_s: int = 0
    nat_timeout_s: int = 0
    is_dual_stack: bool = False
    gateway_networks: tuple[str, ...] = ()
    gateway_key: str = ""


def names() -> tuple[str, ...]:
    """Every scenario that comes with edgediag, in alphabetical order."""
    files = resources.files("edgediag.lab").joinpath("scenarios").iterdir()
    return tuple(sorted(file.name[:-5] for file in files if file.name.endswith(".toml")))


def load(name: str) -> Scenario:
    """The scenario of this name, or the one in the file of this path if it ends in .toml."""
    if name.endswith(".toml"):
        path = Path(name)
        try:
            return parse(path.stem, path.read_text())
        except OSError as exc:
            raise UsageError(f"cannot read scenario {name}: {exc.strerror}") from exc
    if name not in names():
        raise UsageError(f"unknown scenario {name!r}; `edgediag lab list` shows them")
    file = resources.files("edgediag.lab").joinpath("scenarios", f"{name}.toml")
    return parse(name, file.read_text())


def parse(name: str, text: str) -> Scenario:
    """The scenario that the text spells.

    raises  UsageError that names the scenario, the place in it and what is wrong there
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise UsageError(f"scenario {name}: {exc}") from exc
    try:
        head = _head(table)
        steps_of_each = _read(table, "inject", _expanded)
        return Scenario(
            name=name,
            claim=head.claim,
            family=head.family,
            why=head.why,
            requires=head.requires,
            options=_options(table.get("options", {})),
            inject=tuple(step for expanded in steps_of_each for step in expanded),
            truths=_read(table, "truth", _truth),
            proofs=_read(table, "proof", _proof),
            legs=head.legs,
            listen_s=head.listen_s,
            nat_timeout_s=head.nat_timeout_s,
            is_dual_stack=head.is_dual_stack,
            gateway_networks=head.gateway_networks,
            gateway_key=head.gateway_key,
        )
    except UsageError as exc:
        raise UsageError(f"scenario {name}, {exc}") from exc


def _read(
    table: Mapping[str, object], key: str, read: Callable[[Mapping[str, object]], T]
) -> tuple[T, ...]:
    """What the tables below a key spell; an error says which of them is wrong."""
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise UsageError(f"{key}: an array of tables is needed, [[{key}]]")
    values = []
    for number, item in enumerate(found, 1):
        try:
            values.append(read(item))
        except UsageError as exc:
            raise UsageError(f"{key} {number}: {exc}") from exc
    return tuple(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """The top level of a file, less its PARTS."""

    claim: str
    family: str
    why: str
    requires: tuple[str, ...] = ()
    legs: str = "both"
    listen_s: int = 0
    nat_timeout_s: int = 0
    is_dual_stack: bool = False
    gateway_networks: tuple[str, ...] = ()
    gateway_key: str = ""


def _head(table: Mapping[str, object]) -> _Head:
    try:
        head = fill(_Head, {key: value for key, value in table.items() if key not in PARTS})
        _check_words("family", (head.family,), FAMILIES)
        _check_words("legs", (head.legs,), LEGS)
        for key in ("listen_s", "nat_timeout_s"):
            value = getattr(head, key)
            if not 0 <= value <= MAX_WAIT_S:
                raise UsageError(f"key {key!r}: use 0 to {MAX_WAIT_S}, not {value}")
    except UsageError as exc:
        raise UsageError(f"top level: {exc}") from exc
    return head


def _options(table: Mapping[str, Value]) -> Mapping[str, Value]:
    try:
        _check_words("options", tuple(table), (*FACTS, *UNSTATED))
    except UsageError as exc:
        raise UsageError(f"top level: {exc}") from exc
    return dict(table)


def _expanded(table: Mapping[str, object]) -> list[Step]:
    """One step for each node that the step's node stands for."""
    step = steps.parse(table)
    sense.check(step)
    return [replace(step, node=node) for node in expand(step.node)]


def _truth(table: Mapping[str, object]) -> Truth:
    culprit = table.get("culprit", {})
    if not isinstance(culprit, dict):
        raise UsageError(f"key 'culprit': a table is needed, not {culprit!r}")
    truth = fill(Truth, {"after": "", "upto": "", **table, "culprit": culprit})
    _check_words("where", truth.where, tuple(place.value for place in Place))
    _check_words("certainty", (truth.certainty,), tuple(word.value for word in Certainty))
    _check_words("mechanism", truth.mechanism, tuple(word.value for word in Mechanism))
    _check_words("after", (truth.after,), ("", *LANDMARKS))
    _check_words("upto", (truth.upto,), ("", *LANDMARKS))
    affected = [pattern for word in truth.affected for pattern in GROUPS.get(word, (word,))]
    if not affected:
        raise UsageError("key 'affected': name at least one check")
    return replace(truth, affected=tuple(affected))


def _proof(table: Mapping[str, object]) -> Proof:
    proof = fill(Proof, table)
    _check_words("node", (proof.node,), NODES)
    if not proof.argv:
        raise UsageError("key 'argv': name a program")
    if proof.status == ANY_STATUS and not (proof.says or proof.lacks):
        raise UsageError("a proof needs 'status', 'says' or 'lacks'")
    for pattern in (proof.says, proof.lacks):
        try:
            re.compile(pattern)
        except re.error as exc:
            raise UsageError(f"pattern {pattern!r}: {exc}") from exc
    return proof


def _check_words(key: str, values: Sequence[str], words: Sequence[str]) -> None:
    for value in values:
        if value not in words:
            raise UsageError(f"key {key!r}: unknown word {value!r}; known: {', '.join(words)}")
