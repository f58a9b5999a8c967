"""Whether a packet fares in the copy as here, and by which handles that is told."""

import pytest

from edgediag.host.clone.fidelity import in_own_handles, unfaithful
from edgediag.host.clone.handles import Handles, Place
from edgediag.host.clone.nft import Kind
from edgediag.model.answer import NotChecked
from edgediag.model.explained import Disposition
from edgediag.model.rehearsal import Decider, Walked

CHAIN = Place(kind=Kind.RULE, family="inet", table="t", chain="o")
HANDLES = Handles(copied={CHAIN: {7: 12}}, own={CHAIN: {12: 7}}, tables=(), last=())


def decider(handle: int | None, text: str = "drop") -> Decider:
    return Decider(
        hook="output",
        backend="nft",
        family="inet",
        table="t",
        chain="o",
        handle=handle,
        number=1,
        text=text,
    )


def dropped(*deciders: Decider, hangs_on: tuple[str, ...] = ()) -> Walked:
    return Walked(disposition=Disposition.DROPPED, deciders=deciders, hangs_on=hangs_on)


@pytest.mark.parametrize(
    ("there", "here"),
    [
        pytest.param(12, 7, id="a rule that was copied"),
        pytest.param(13, None, id="a rule that the fix has made"),
        pytest.param(None, None, id="a policy"),
    ],
)
def test_a_rule_is_told_by_its_handle_here(there: int | None, here: int | None) -> None:
    assert in_own_handles(dropped(decider(there)), HANDLES) == dropped(decider(here))


def test_the_order_of_what_is_said_does_not_count() -> None:
    first, second = decider(7), decider(8)
    there = dropped(second, first, hangs_on=("b", "a"))
    assert unfaithful(there, dropped(first, second, hangs_on=("a", "b")), ()) is None


@pytest.mark.parametrize(
    ("end", "said"),
    [
        pytest.param(Disposition.PASSES, "passes", id="passes"),
        pytest.param(Disposition.REJECTED, "is rejected", id="rejected"),
        pytest.param(Disposition.UNDETERMINED, "is undetermined", id="undetermined"),
    ],
)
def test_another_end_is_a_sentence_both_ways(end: Disposition, said: str) -> None:
    other = Walked(disposition=end, deciders=(), hangs_on=())
    assert unfaithful(dropped(decider(7)), other, ()) == NotChecked(
        reason=f"the packet is dropped by output o drop in the copy, here it {said}"
    )
    assert unfaithful(other, dropped(decider(7)), ()) == NotChecked(
        reason=f"the packet {said} in the copy, here it is dropped by output o drop"
    )


def test_what_differs_is_said() -> None:
    there, here = dropped(decider(7, "reject")), dropped(decider(7), hangs_on=("a set",))
    assert unfaithful(there, here, ("2 routes (EINVAL)",)) == NotChecked(
        reason="the packet is dropped by output o reject in the copy, here it is dropped by "
        "output o drop; a set; it lacks 2 routes (EINVAL)"
    )
