"""One chain for one packet: jumps followed, every possible course kept, none hidden.

Courses that leave a rule with the same packet are one course again: what they differed in
matters no more, but for the doubts, which it keeps.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.needs import Answer, Asking, Chain, ChainName, Need, ask_chain
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.rule_machine import Evaluated, Outcome, evaluate

_DROP, _ACCEPT, _JUMP, _GOTO, _RETURN = 0, 1, -3, -4, -5
# The kernel refuses deeper jumps (NFT_JUMP_STACK_SIZE).
_MOST_JUMPS: Final = 16
_MOST_COURSES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to the packet.

    rule    None for a chain's policy or end, and for routing
    number  of the rule in its chain, from 1; 0 for none
    action  "drop", "jump to DOCKER", "policy accept", ...
    """

    hook: str
    chain: ChainName | None
    rule: FilterRule | None
    number: int
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One way that the packet may take.

    doubts  what would have to turn out so that it takes this way
    """

    parcel: Parcel
    steps: tuple[Step, ...]
    doubts: tuple[str, ...]
    fate: Fate

    def with_step(self, step: Step, fate: Fate) -> "Course":
        """The course one step later."""
        return replace(self, steps=(*self.steps, step), fate=fate)

    def undecided(self, hook: str, reason: str) -> "Course":
        """The course that nothing more can be said of."""
        step = Step(hook=hook, chain=None, rule=None, number=0, action=f"not decided: {reason}")
        return replace(
            self,
            steps=(*self.steps, step),
            doubts=merged(self.doubts, (reason,)),
            fate=Fate.UNDECIDED,
        )


class ChainWalk:
    """The chains of one hook; answers are kept for the whole walk.

    hook  in whose name the steps are noted
    """

    def __init__(self, hook: str, answers: dict[Need, Answer]) -> None:
        self._hook = hook
        self._answers = answers

    def walk(self, name: ChainName, course: Course, depth: int) -> Asking[list[Course]]:
        """Every course out of a chain; `Fate.GOES_ON` for those that return from it."""
        chain = yield from ask_chain(name)
        if not isinstance(chain, Chain):
            return [course.undecided(self._hook, f"chain {name.chain}: {chain.reason}")]
        if depth > _MOST_JUMPS:
            return [course.undecided(self._hook, f"chain {name.chain}: too many jumps")]
        left: list[Course] = []
        live = [course]
        for number, rule in enumerate(chain.rules, start=1):
            following: list[Course] = []
            for each in live:
                ended, going = yield from self._rule(name, rule, number, each)
                for outcome_course, jump in going:
                    if jump is None:
                        following.append(outcome_course)
                        continue
                    target = replace(name, chain=jump.chain)
                    inner = yield from self.walk(target, outcome_course, depth + 1)
                    is_goto = jump.code == _GOTO
                    for back in inner:
                        (left if is_goto or back.fate is not Fate.GOES_ON else following).append(
                            back
                        )
                left += ended
            live = united(following)
            if len(live) + len(left) > _MOST_COURSES:
                return [course.undecided(self._hook, f"chain {name.chain}: too many ways")]
            if not live:
                break
        return united([*left, *live])

    def _rule(
        self, name: ChainName, rule: FilterRule, number: int, course: Course
    ) -> Asking[tuple[list[Course], list[tuple[Course, "_Jump | None"]]]]:
        evaluated = yield from self._evaluated(rule, course.parcel)
        ended: list[Course] = []
        going: list[tuple[Course, _Jump | None]] = []
        for outcome in evaluated.outcomes:
            doubts = merged(course.doubts, evaluated.doubts)
            after = replace(course, parcel=outcome.parcel, doubts=doubts)
            action, fate, jump = _meaning(outcome)
            if not action:
                going.append((after, None))
                continue
            step = Step(hook=self._hook, chain=name, rule=rule, number=number, action=action)
            after = after.with_step(step, fate)
            if outcome.reason:
                after = replace(after, doubts=merged(after.doubts, (outcome.reason,)))
            if jump is not None:
                going.append((after, jump))
            else:
                ended.append(after)
        return ended, going

    def _evaluated(self, rule: FilterRule, parcel: Parcel) -> Asking[Evaluated]:
        while True:
            inquiry = Inquiry(self._answers)
            evaluated = evaluate(rule, parcel, inquiry)
            if not inquiry.missing:
                return evaluated
            for need in inquiry.missing:
                if need not in self._answers:
                    self._answers[need] = yield need


@dataclass(frozen=True, slots=True, kw_only=True)
class _Jump:
    chain: str
    code: int


def _meaning(outcome: Outcome) -> tuple[str, Fate, _Jump | None]:
    """What to say of an outcome, "" where the next rule is asked and nothing has happened."""
    ending = outcome.ending
    if ending is None:
        return "", Fate.GOES_ON, None
    if isinstance(ending, Fate):
        return outcome.reason or ending.value, ending, None
    if ending.code in (_JUMP, _GOTO):
        word = "jump to" if ending.code == _JUMP else "goto"
        jump = _Jump(chain=ending.chain, code=ending.code)
        return f"{word} {ending.chain}", Fate.GOES_ON, jump
    fates = {_DROP: Fate.DROPPED, _ACCEPT: Fate.ACCEPTED, _RETURN: Fate.GOES_ON}
    # The upper half of a drop or queue holds an errno or a queue's number.
    fate = fates.get(ending.code, Fate.UNDECIDED)
    word = {_DROP: "drop", _ACCEPT: "accept", _RETURN: "return"}.get(ending.code, "queue")
    return word, fate, None


def united(courses: Iterable[Course]) -> list[Course]:
    """Courses with the same packet and end as one; of dropped ones, those by one rule."""
    courses = list(courses)
    if len(courses) < 2:
        return courses
    found: dict[object, Course] = {}
    for course in courses:
        last = course.steps[-1] if course.steps else None
        is_over = course.fate not in (Fate.GOES_ON, Fate.ACCEPTED)
        key = (course.parcel, course.fate, (last.chain, last.number) if is_over and last else None)
        before = found.get(key)
        found[key] = (
            course
            if before is None
            else replace(before, doubts=merged(before.doubts, course.doubts))
        )
    return list(found.values())


def merged(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Doubts of both, each once."""
    return tuple(dict.fromkeys((*first, *second)))
