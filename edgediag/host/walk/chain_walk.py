"""One chain for one packet: jumps followed, every possible course kept, none hidden.

Courses that leave a rule with the same packet are one course again: what they differed in
matters no more, but for the doubts, which it keeps, and for the rule that translated it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edgediag.host.netfilter.chains import Chain, ChainName
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.header import ends_of
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.journal import Journal, Place, Visit
from edgediag.host.walk.needs import Asking, NeedChain, ask_chain
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.rule_machine import Evaluated, Outcome, evaluate
from edgediag.model.program import PacketProgram

_DROP, _ACCEPT, _JUMP, _GOTO, _RETURN = 0, 1, -3, -4, -5
# The kernel refuses deeper jumps (NFT_JUMP_STACK_SIZE).
_MOST_JUMPS: Final = 16
_MOST_COURSES: Final = 64
# The action of a rule that gives the packet another mark.
MARKS: Final = "mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to the packet.

    rule    None for a chain's policy or end, and for routing; one that marks and ends the packet
            has two steps
    number  of the rule in its chain, from 1; 0 for none
    action  "drop", "jump to DOCKER", "policy accept", ...
    program  the program or filter that the packet comes to, None for what is none
    """

    hook: str
    chain: ChainName | None
    rule: FilterRule | None
    number: int
    action: str
    program: PacketProgram | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One way that the packet may take.

    doubts    what would have to turn out so that it takes this way
    sent      as it left, where what is walked now is its answer
    answered  the answer as it comes in
    """

    parcel: Parcel
    steps: tuple[Step, ...]
    doubts: tuple[str, ...]
    fate: Fate
    sent: Parcel | None = None
    answered: Parcel | None = None

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
    """The chains of one hook.

    hook  in whose name the steps are noted
    """

    def __init__(self, hook: str, journal: Journal) -> None:
        self._hook = hook
        self._journal = journal

    def walk(self, name: ChainName, course: Course, depth: int) -> Asking[list[Course]]:
        """Every course out of a chain; `Fate.GOES_ON` for those that return from it."""
        chain = yield from ask_chain(self._need(name, course.parcel))
        if not isinstance(chain, Chain):
            return [course.undecided(self._hook, f"chain {name.chain}: {chain.reason}")]
        if depth > _MOST_JUMPS:
            return [course.undecided(self._hook, f"chain {name.chain}: too many jumps")]
        left: list[Course] = []
        live = [course]
        for number, rule in zip(chain.numbers, chain.rules):
            place = Place(hook=self._hook, chain=name, rule=rule, number=number, depth=depth)
            following: list[Course] = []
            for each in live:
                following += yield from self._passed(place, each, left)
            live = united(following)
            if len(live) + len(left) > _MOST_COURSES:
                return bounded(f"chain {name.chain}", self._hook, [course], [*live, *left])
            if not live:
                break
        return united([*left, *live])

    def _need(self, name: ChainName, parcel: Parcel) -> NeedChain:
        """No rule changes the addresses of a packet of IP and goes on; one of ARP may."""
        is_whole = parcel.arp is not None or self._journal.is_watched(name)
        return NeedChain(name=name, ends=None if is_whole else ends_of(parcel))

    def _passed(
        self, place: Place, course: Course, left: list[Course]
    ) -> Asking[list[Course]]:
        """The courses that go on to the next rule; those that leave the chain here join `left`."""
        evaluated = yield from self._evaluated(place.rule, course.parcel)
        self._journal.note(
            Visit(place=place, parcel=course.parcel, doubts=course.doubts, evaluated=evaluated)
        )
        if len(evaluated.outcomes) > 1 and not self._journal.may_fork():
            left.append(course.undecided(self._hook, f"chain {place.chain.chain}: too many ways"))
            return []
        doubts = merged(course.doubts, evaluated.doubts)
        onward: list[Course] = []
        for outcome in evaluated.outcomes:
            after = replace(course, parcel=outcome.parcel, doubts=doubts)
            if outcome.parcel.mark != course.parcel.mark:
                after = _noted(after, place, MARKS, Fate.GOES_ON)
            action, fate, jump = _meaning(outcome)
            if not action:
                onward.append(after)
                continue
            after = _noted(after, place, action, fate)
            if outcome.reason:
                after = replace(after, doubts=merged(after.doubts, (outcome.reason,)))
            if jump is None:
                left.append(after)
                continue
            target = replace(place.chain, chain=jump.chain)
            for back in (yield from self.walk(target, after, place.depth + 1)):
                comes_back = back.fate is Fate.GOES_ON and jump.code == _JUMP
                (onward if comes_back else left).append(back)
        return onward

    def _evaluated(self, rule: FilterRule, parcel: Parcel) -> Asking[Evaluated]:
        while True:
            inquiry = Inquiry(self._journal.answers)
            evaluated = evaluate(rule, parcel, inquiry)
            if not inquiry.missing:
                return evaluated
            for need in inquiry.missing:
                if need not in self._journal.answers:
                    self._journal.answers[need] = yield need


def _noted(course: Course, place: Place, action: str, fate: Fate) -> Course:
    step = Step(
        hook=place.hook, chain=place.chain, rule=place.rule, number=place.number, action=action
    )
    return course.with_step(step, fate)


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


def bounded(
    where: str, hook: str, before: Sequence[Course], after: list[Course]
) -> list[Course]:
    """The courses behind a place; where they are too many, those before it, undecided.

    where  the place in words
    hook   in whose name the step is noted
    """
    if len(after) <= _MOST_COURSES:
        return after
    reason = f"{where}: too many ways"
    return [
        each.undecided(hook, reason) if each.fate is Fate.GOES_ON else each for each in before
    ]


def united(courses: Iterable[Course]) -> list[Course]:
    """Courses with the same packet, end and translating rules as one; of dropped, by one rule."""
    courses = list(courses)
    if len(courses) < 2:
        return courses
    found: dict[object, Course] = {}
    for course in courses:
        last = course.steps[-1] if course.steps else None
        is_over = course.fate not in (Fate.GOES_ON, Fate.ACCEPTED)
        end = (last.chain, last.number) if is_over and last else None
        key = (course.parcel, course.sent, course.fate, end, _translated_by(course))
        before = found.get(key)
        found[key] = (
            course
            if before is None
            else replace(before, doubts=merged(before.doubts, course.doubts))
        )
    return list(found.values())


def _translated_by(course: Course) -> tuple[tuple[ChainName | None, int], ...]:
    # A rule that accepts by a verdict of its own says "accept".
    word = Fate.ACCEPTED.value
    return tuple((step.chain, step.number) for step in course.steps if step.action == word)


def merged(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Doubts of both, each once."""
    return tuple(dict.fromkeys((*first, *second)))
