"""Rules that settle something before the chain is asked that would settle it otherwise."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final, TypeAlias

from edgediag.host.netfilter.chains import Chain, ChainName
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Verdict
from edgediag.host.walk.chain_walk import Course, Step
from edgediag.host.walk.hook_walk import PREROUTING
from edgediag.host.walk.summary import translated_end
from edgediag.model.answer import NotChecked
from edgediag.model.explained import End

_JUMP, _GOTO = -3, -4
_JUMPS: Final = (_JUMP, _GOTO)
_ACCEPT: Final = "accept"

RulesOf: TypeAlias = Callable[[ChainName], Chain | NotChecked]
Overtaking: TypeAlias = Callable[
    [Sequence[Course], RulesOf, str], tuple[Step, ...] | NotChecked
]


def translating(
    courses: Sequence[Course], rules_of: RulesOf, overtaken: str
) -> tuple[Step, ...] | NotChecked:
    """The steps that lead to another source although a jump to a chain stands behind them.

    overtaken  the chain that would keep the source
    returns    () unless every course gets another source; each step once, in the order met
    """
    found = [_entries(course, _gives_source) for course in courses]
    if not all(found):
        return ()
    return _ahead(found, rules_of, overtaken)


def accepting(
    courses: Sequence[Course], rules_of: RulesOf, overtaken: str
) -> tuple[Step, ...] | NotChecked:
    """The steps that lead to the acceptance of what comes in, before a jump to a chain.

    overtaken  the chain that would change it: ways of which it takes one alike are one course
    returns    () unless every course has one; each step once, in the order met
    """
    found = [_entries(course, _accepts_at_entry) for course in courses]
    ahead = _ahead(found, rules_of, overtaken)
    if isinstance(ahead, NotChecked) or all(set(ahead).intersection(each) for each in found):
        return ahead
    return ()


def _ahead(
    found: Sequence[Sequence[Step]], rules_of: RulesOf, overtaken: str
) -> tuple[Step, ...] | NotChecked:
    ahead: list[Step] = []
    for step in dict.fromkeys(chain.from_iterable(found)):
        rules = NotChecked(reason="no chain") if step.chain is None else rules_of(step.chain)
        if isinstance(rules, NotChecked):
            return rules
        if any(_leads_to(rule, overtaken) for rule in rules.rules[step.number :]):
            ahead.append(step)
    return tuple(ahead)


def _entries(course: Course, settles: Callable[[Step], bool]) -> list[Step]:
    return [_entry(course, index) for index, step in enumerate(course.steps) if settles(step)]


def _gives_source(step: Step) -> bool:
    return translated_end(step) is End.SOURCE


def _accepts_at_entry(step: Step) -> bool:
    return step.hook == PREROUTING and step.rule is not None and step.action == _ACCEPT


def _entry(course: Course, index: int) -> Step:
    """The step in the kernel's own chain that led to the one with this index."""
    found = course.steps[index]
    for step in reversed(course.steps[:index]):
        is_same_table = step.chain is not None and found.chain is not None and (
            (step.chain.backend, step.chain.family, step.chain.table)
            == (found.chain.backend, found.chain.family, found.chain.table)
        )
        if is_same_table and step.rule is not None and found.chain is not None:
            found = step if _leads_to(step.rule, found.chain.chain) else found
    return found


def _leads_to(rule: FilterRule, name: str) -> bool:
    return any(
        isinstance(each, Verdict) and each.code in _JUMPS and each.chain == name
        for each in rule.expressions
    )
