"""Two faults at once, neither of which touches the checks of the other."""

from collections.abc import Sequence
from random import Random

from edgediag.lab.steps import CommandStep, NftStep, tables_of
from tests.lab.drawn.faults import Draw, Fault


def draw(dice: Random, kinds: Sequence[Draw]) -> tuple[Fault, ...]:
    """Two faults whose truths both hold as they would alone.

    That is so where no check is in both, where neither stands in the tables or chains of the other,
    and where all routers speak: one that is silent would widen the segment of the other fault.
    """
    while True:
        one, other = dice.choice(kinds)(dice), dice.choice(kinds)(dice)
        if _are_apart(one, other):
            return one, other


def _are_apart(one: Fault, other: Fault) -> bool:
    if one.truth is None or other.truth is None:
        return False
    shared_checks = set(one.truth.affected) & set(other.truth.affected)
    is_silent = one.hidden or other.hidden
    return not (shared_checks or is_silent or _grounds(one) & _grounds(other))


def _grounds(fault: Fault) -> set[tuple[str, ...]]:
    """Where a fault stands: tables by node; of programs their kind, whose rules are numbered."""
    grounds: set[tuple[str, ...]] = set()
    for step in fault.steps:
        if isinstance(step, NftStep):
            grounds |= {(step.node, *table) for table in tables_of(step.script)}
        elif isinstance(step, CommandStep):
            grounds.add((step.argv[0].partition("-")[0],))
        else:
            grounds.add((type(step).__name__,))
    return grounds
