"""The answer to a packet that this host sends, on its way back in with its translations undone."""

from dataclasses import replace

from edgediag.host.walk.chain_walk import Course, Step, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.inbound import enter
from edgediag.host.walk.needs import Asking
from edgediag.host.walk.outbound import send
from edgediag.host.walk.parcel import Parcel, answer_to

REPLY = "reply"


def answer(parcel: Parcel, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of a packet and of its answer; one that does not leave has no answer."""
    found: list[Course] = []
    for sent in (yield from send(parcel, hooks)):
        if sent.fate is not Fate.ACCEPTED:
            found.append(sent)
        elif sent.parcel.is_for_here:
            found.append(sent.undecided(REPLY, "what this host answers itself"))
        else:
            found += yield from enter(_answered(sent), hooks)
    return united(found)


def _answered(sent: Course) -> Course:
    step = Step(hook=REPLY, chain=None, rule=None, number=0, action="the far end answers")
    return replace(sent.with_step(step, Fate.GOES_ON), parcel=answer_to(sent.parcel))
