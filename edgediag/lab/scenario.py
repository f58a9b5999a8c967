"""Faults as data: one TOML file a story, named by its claim, with the truth beside the fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from edgediag.compat import tomllib
from edgediag.errors import UsageError
from edgediag.lab import steps
from edgediag.lab.files import FACTS, Value
from edgediag.lab.steps import Step
from edgediag.lab.tables import fill
from edgediag.lab.topology import LANDMARKS, expand
from edgediag.model.verdict import Certainty, Mechanism, Place

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

PARTS = ("options", "inject", "truth")

Culprit: TypeAlias = Mapping[str, str | int]


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
class Scenario:
    """One story.

    name      the file's, without its ending
    why       why somebody at one end can say no more than the truth says
    requires  programs that the injection needs
    options   facts that differ from the lab's usual ones
    inject    in order, aliases expanded
    truths    none for a healthy story
    """

    name: str
    claim: str
    family: str
    why: str
    requires: tuple[str, ...]
    options: Mapping[str, Value]
    inject: tuple[Step, ...]
    truths: tuple[Truth, ...]


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
    place = "top level"
    try:
        head = fill(_Head, {key: value for key, value in table.items() if key not in PARTS})
        _check_words("family", (head.family,), FAMILIES)
        options = _options(table.get("options", {}))
        inject: list[Step] = []
        for number, step in enumerate(table.get("inject", ()), 1):
            place = f"inject {number}"
            inject += _expanded(step)
        truths = []
        for number, truth in enumerate(table.get("truth", ()), 1):
            place = f"truth {number}"
            truths.append(_truth(truth))
    except UsageError as exc:
        raise UsageError(f"scenario {name}, {place}: {exc}") from exc
    return Scenario(
        name=name,
        claim=head.claim,
        family=head.family,
        why=head.why,
        requires=head.requires,
        options=options,
        inject=tuple(inject),
        truths=tuple(truths),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """The top level of a file, less its PARTS."""

    claim: str
    family: str
    why: str
    requires: tuple[str, ...] = ()


def _options(table: Mapping[str, Value]) -> Mapping[str, Value]:
    _check_words("options", tuple(table), tuple(FACTS))
    return dict(table)


def _expanded(table: Mapping[str, object]) -> list[Step]:
    """One step for each node that the step's node stands for."""
    step = steps.parse(table)
    steps.check(step)
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


def _check_words(key: str, values: Sequence[str], words: Sequence[str]) -> None:
    for value in values:
        if value not in words:
            raise UsageError(f"key {key!r}: unknown word {value!r}; known: {', '.join(words)}")
