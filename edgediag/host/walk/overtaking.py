"""Rules that translate a packet before an exemption from that is asked."""

from collections.abc import Callable, Sequence
from typing import Final

from edgediag.host.netfilter.chains import Chain, ChainName
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Verdict
from edgediag.host.walk.chain_walk import Course, Step
from edgediag.host.walk.summary import translated_end
from edgediag.model.answer import NotChecked
from edgediag.model.explained import End

_JUMP, _GOTO = -3, -4
_JUMPS: Final = (_JUMP, _GOTO)


def overtaking(
    courses: Sequence[Course],
    rules_of: Callable[[ChainName], Chain | NotChecked],
    exemption: str,
) -> tuple[Step, ...] | NotChecked:
    """The steps that lead to another source although a jump to the exemption stands behind them.

    exemption  the chain that would keep the source
    returns    () unless every course gets another source; each step once, in the order met
    """
    found: list[Step] = []
    for course in courses:
        entries = [
            _entry(course, index)
            for index, step in enumerate(course.steps)
            if translated_end(step) is End.SOURCE
        ]
        if not entries:
            return ()
        found += entries
    ahead: list[Step] = []
    for step in dict.fromkeys(found):
        chain = NotChecked(reason="no chain") if step.chain is None else rules_of(step.chain)
        if isinstance(chain, NotChecked):
            return chain
        if any(_leads_to(rule, exemption) for rule in chain.rules[step.number :]):
            ahead.append(step)
    return tuple(ahead)


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


def _leads_to(rule: FilterRule, chain: str) -> bool:
    return any(
        isinstance(each, Verdict) and each.code in _JUMPS and each.chain == chain
        for each in rule.expressions
    )
