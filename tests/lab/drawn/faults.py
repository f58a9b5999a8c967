"""What is drawn: steps that break the lab, the truth beside them, and a line that says both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import TypeAlias

from edgediag.lab.scenario import Culprit, Truth
from edgediag.lab.steps import CommandStep, NftStep, Step
from edgediag.lab.topology import expand


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    steps   in order, aliases expanded
    truth   None where it is none at all
    says    where it is and what it does, in the words of the tool that makes it
    hidden  routers that tell of no packet's end, which another fault on the path would have to know
    """

    steps: tuple[Step, ...]
    truth: Truth | None
    says: str
    hidden: frozenset[str] = frozenset()


Draw: TypeAlias = Callable[[Random], Fault]


def load(node: str, script: str) -> tuple[Step, ...]:
    """The steps that load a ruleset on each node that the name stands for."""
    return tuple(NftStep(node=member, script=script) for member in expand(node))


def run(*argv: str) -> CommandStep:
    """The step that runs a program on the edge node."""
    return CommandStep(node="edge", argv=argv)


def proven_here(mechanism: Sequence[str], affected: Sequence[str], culprit: Culprit) -> Truth:
    """The truth of a fault on the edge node itself, where nothing hides the object at fault.

    What does not leave, or arrives and is not delivered, shows between a socket and a tap of the
    same host (rule 1), and the host's tables can be read whole. So the place is always proven, and
    the object can always be named.
    """
    return Truth(
        where=("local",),
        certainty="proven",
        after="",
        upto="edge",
        mechanism=tuple(mechanism),
        affected=tuple(affected),
        culprit=MappingProxyType(dict(culprit)),
    )


def comment(table: str) -> str:
    """By which the lab finds the handle of the rule at fault in a table of this name."""
    return f"the-culprit-of-{table}"


def nft_rule(family: str, table: str, chain: str) -> Culprit:
    """The culprit that is the rule with the comment."""
    return {
        "kind": "nft-rule",
        "family": family,
        "table": table,
        "chain": chain,
        "handle": f"@{comment(table)}",
    }


def xt_rule(backend: str, place: tuple[str, str], number: int) -> Culprit:
    """The culprit that is a rule of iptables; `place` is its table and its chain."""
    table, chain = place
    return {
        "kind": "iptables-rule",
        "backend": backend,
        "table": table,
        "chain": chain,
        "number": number,
    }


def mechanisms(verdict: str, words: str) -> tuple[str, ...]:
    """What a rule does to a packet; one that asks a set may be called by that as well."""
    by_rule = "rule-reject" if verdict.lower().startswith("reject") else "rule-drop"
    asks_a_set = any(mark in words for mark in ("@", "{", "--match-set"))
    return (by_rule, "set-match") if asks_a_set else (by_rule,)
