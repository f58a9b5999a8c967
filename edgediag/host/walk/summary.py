"""What a walk comes to, in the words of the evidence."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from edgediag.host.netfilter.register import NO_NAMES, Names
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Masquerade, Nat, Redirect, XtTarget
from edgediag.host.walk.chain_walk import MARKS, Course, Step
from edgediag.host.walk.conclusion import Conclusion
from edgediag.host.walk.culprit import rule_text, step_culprit
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import NEIGHBOUR, ROUTING_AGAIN
from edgediag.model.explained import End, Explained, RuleObject, Translation
from edgediag.model.rehearsal import Decider, Walked

_Shared = TypeVar("_Shared", RuleObject, Translation)
_DNAT: Final = 1
_ENDS_OF_TARGETS: Final = {
    "DNAT": End.DESTINATION,
    "REDIRECT": End.DESTINATION,
    "SNAT": End.SOURCE,
    "MASQUERADE": End.SOURCE,
}


def summary(conclusion: Conclusion, names_in: Callable[[FilterRule], Names]) -> Explained:
    """The end of a packet, what decides it, and the rules that rewrite it on every course.

    names_in  what a rule holds by number alone
    """
    found = [_culprit(step, names_in) for step in conclusion.deciders]
    deciders = tuple(decider for decider in found if decider is not None)
    courses = conclusion.courses
    return Explained(
        disposition=conclusion.disposition,
        # Where something that is no rule may end it as well, no rule is its end for certain.
        deciders=deciders if len(deciders) == len(found) else (),
        translations=_shared(_translations(course, names_in) for course in courses),
        marks=_shared(_marks(course, names_in) for course in courses),
        hangs_on=conclusion.hangs_on,
    )


def _shared(by_course: Iterable[Iterable[_Shared]]) -> tuple[_Shared, ...]:
    """What is met in every course, in the order of the first."""
    found = [dict.fromkeys(met) for met in by_course]
    first = found[0] if found else {}
    return tuple(each for each in first if all(each in others for others in found))


def walked(conclusion: Conclusion) -> Walked:
    """A conclusion without its courses: what can be compared between two namespaces."""
    return Walked(
        disposition=conclusion.disposition,
        deciders=tuple(_decider(step) for step in conclusion.deciders),
        hangs_on=conclusion.hangs_on,
        is_waiting=bool(conclusion.deciders) and all(map(_has_waited, conclusion.courses)),
    )


def _has_waited(course: Course) -> bool:
    """True if the packet came as far as its next hop, whose MAC was asked for."""
    return any(step.hook == NEIGHBOUR for step in course.steps)


def _culprit(step: Step, names_in: Callable[[FilterRule], Names]) -> RuleObject | None:
    names = NO_NAMES if step.rule is None else names_in(step.rule)
    return step_culprit(step, names)


def _decider(step: Step) -> Decider:
    chain, rule = step.chain, step.rule
    return Decider(
        hook=step.hook,
        backend=chain.backend.value if chain else "",
        family=chain.family if chain else "",
        table=chain.table if chain else "",
        chain=chain.chain if chain else "",
        # Rules of x_tables have none.
        handle=rule.handle or None if rule else None,
        number=step.number,
        text=rule_text(step) or step.action,
    )


def _translations(
    course: Course, names_in: Callable[[FilterRule], Names]
) -> Iterator[Translation]:
    for step in course.steps:
        end = translated_end(step)
        rule = None if end is None else _culprit(step, names_in)
        if end is not None and rule is not None:
            yield Translation(end=end, rule=rule)


def _marks(course: Course, names_in: Callable[[FilterRule], Names]) -> Iterator[RuleObject]:
    """The rules that mark a packet before it is routed again."""
    again = [index for index, step in enumerate(course.steps) if step.hook == ROUTING_AGAIN]
    for step in course.steps[: again[-1]] if again else ():
        rule = _culprit(step, names_in) if step.action == MARKS else None
        if rule is not None:
            yield rule


def translated_end(step: Step) -> End | None:
    """Which end a rule rewrites in this step, None where nothing is rewritten."""
    if step.rule is None or step.action != Fate.ACCEPTED.value:
        return None
    for expression in step.rule.expressions:
        match expression:
            case Nat(type_=type_):
                return End.DESTINATION if type_ == _DNAT else End.SOURCE
            case Redirect():
                return End.DESTINATION
            case Masquerade():
                return End.SOURCE
            case XtTarget(name=name) if name in _ENDS_OF_TARGETS:
                return _ENDS_OF_TARGETS[name]
            case _:
                continue
    return None
