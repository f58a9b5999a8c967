"""The answer to a packet that nobody tracked, or that nobody tracks itself."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from edgediag.host.netfilter.chains import BaseChain
from edgediag.host.netfilter.expression import (
    Bitwise,
    Compare,
    CtLoad,
    Expression,
    ImmediateLoad,
    PayloadLoad,
)
from edgediag.host.netfilter.statement import Masquerade, Nat, NoTrack
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.needs import Answer
from edgediag.host.walk.parcel import CtState, Sender, parcel_of
from edgediag.host.walk.reply import answer
from edgediag.model.flow import Protocol
from story import flow
from walks import ACCEPT, DROP, LO, UP, base, chain_of, decided, driven, nat

SENDER = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
RAW_OUT, RAW_IN = base("o", "output", priority=-300), base("p", "prerouting", priority=-300)
INPUT = base("i", "input", policy="drop")
BEHIND = base("i", "input", priority=200)
NOTRACK = (NoTrack(),)
MASQUERADE = Masquerade(port=(None, None), flags=0)
TO_OTHER = (
    ImmediateLoad(value=b"\xcb\0\x71\7", slot=0),
    Nat(type_=1, family=2, address=(0, None), port=(None, None), flags=0),
)
BACK_FROM_OTHER = (
    PayloadLoad(base=1, offset=12, length=4, slot=0),
    Compare(operator=0, slot=0, value=b"\xcb\0\x71\7"),
)
Expected = tuple[str, tuple[tuple[str, int], ...], tuple[str, ...]]


def is_in(*states: CtState) -> tuple[Expression, ...]:
    bits = sum(state.value for state in states).to_bytes(4, "little")
    return (
        CtLoad(key=0, direction=None, slot=0),
        Bitwise(slot=0, source=0, mask=bits, xor=bytes(4), shift=0),
        Compare(operator=1, slot=0, value=bytes(4)),
    )


ESTABLISHED = is_in(CtState.ESTABLISHED, CtState.RELATED)
BY_POLICY = ("dropped", (("i", 0),), ())
PASSES = ("passes", (), ())


@pytest.mark.parametrize(
    ("protocol", "bases", "condition", "expected"),
    [
        pytest.param(Protocol.UDP, (INPUT,), ESTABLISHED, PASSES, id="tracked: established"),
        pytest.param(
            Protocol.UDP, (RAW_OUT, INPUT), ESTABLISHED, BY_POLICY, id="an answer to nothing"
        ),
        pytest.param(
            Protocol.UDP, (RAW_OUT, INPUT), is_in(CtState.NEW), PASSES, id="of UDP it is new"
        ),
        pytest.param(
            Protocol.TCP, (RAW_OUT, INPUT), is_in(CtState.INVALID), PASSES, id="of TCP invalid"
        ),
        pytest.param(
            Protocol.TCP, (RAW_OUT, INPUT), is_in(CtState.NEW), BY_POLICY, id="and never new"
        ),
        pytest.param(
            Protocol.ICMP, (RAW_OUT, INPUT), is_in(CtState.INVALID), PASSES, id="so an echo reply"
        ),
        pytest.param(
            Protocol.UDP,
            (RAW_OUT, RAW_IN, INPUT),
            is_in(CtState.UNTRACKED),
            PASSES,
            id="it is not tracked either",
        ),
        pytest.param(
            Protocol.UDP,
            (RAW_IN, INPUT),
            ESTABLISHED,
            BY_POLICY,
            id="it alone is not tracked",
        ),
    ],
)
def test_the_state_of_an_answer(
    protocol: Protocol,
    bases: tuple[BaseChain, ...],
    condition: tuple[Expression, ...],
    expected: Expected,
) -> None:
    answers: Mapping[str, Answer] = {
        "o": chain_of("o", NOTRACK),
        "p": chain_of("p", NOTRACK),
        "i": chain_of("i", (*condition, ACCEPT)),
    }
    walk = answer(parcel_of(flow(protocol), SENDER), HookWalk(bases, Journal()))
    assert decided(driven(walk, answers, iter((UP, LO)))) == expected


@pytest.mark.parametrize(
    ("is_tracked", "expected"),
    [
        pytest.param(True, PASSES, id="its source is who was asked"),
        pytest.param(False, ("dropped", (("i", 1),), ()), id="untracked it stays who answers"),
    ],
)
def test_the_source_of_an_answer_is_restored_by_its_connection(
    is_tracked: bool, expected: Expected
) -> None:
    bases = (nat("n"), BEHIND) if is_tracked else (nat("n"), RAW_IN, BEHIND)
    answers = {
        "n": chain_of("n", TO_OTHER),
        "p": chain_of("p", NOTRACK),
        "i": chain_of("i", (*BACK_FROM_OTHER, DROP)),
    }
    walk = answer(parcel_of(flow(), SENDER), HookWalk(bases, Journal()))
    assert decided(driven(walk, answers, iter((UP, UP, LO)))) == expected


@pytest.mark.parametrize(
    ("is_tracked", "expected"),
    [
        pytest.param(True, PASSES, id="it goes to who has asked"),
        pytest.param(
            False,
            ("undetermined", (), ("the way of a packet changed by source translation",)),
            id="untracked to whom the question was made to come from",
        ),
    ],
)
def test_the_destination_of_an_answer_is_restored_by_its_connection(
    is_tracked: bool, expected: Expected
) -> None:
    out = replace(nat("n", "postrouting"), priority=100)
    answers = {"n": chain_of("n", (MASQUERADE,)), "p": chain_of("p", NOTRACK)}
    bases = (out,) if is_tracked else (out, RAW_IN)
    walk = answer(parcel_of(flow(), SENDER), HookWalk(bases, Journal()))
    assert decided(driven(walk, answers, iter((UP, LO)))) == expected


def test_a_rule_that_turns_an_answer_aside_as_a_connection_of_its_own() -> None:
    bases = (RAW_OUT, nat("n", "prerouting"))
    answers = {"o": chain_of("o", NOTRACK), "n": chain_of("n", TO_OTHER)}
    walk = answer(parcel_of(flow(), SENDER), HookWalk(bases, Journal()))
    assert decided(driven(walk, answers, iter((UP, LO)))) == (
        "undetermined",
        (),
        ("which socket takes an answer that is translated",),
    )
