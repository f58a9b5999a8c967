"""What the kernel does between the chains of a hook, and chains whose order it does not tell."""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from edgediag.host.netfilter.chains import BaseChain, Chain
from edgediag.host.netfilter.expression import (
    Bitwise,
    Compare,
    CtLoad,
    Expression,
    ImmediateLoad,
    MetaLoad,
    PayloadLoad,
)
from edgediag.host.netfilter.register import NO_NAMES
from edgediag.host.netfilter.statement import CtSet, Limit, MetaSet, Nat, Redirect, Verdict
from edgediag.host.walk.conclusion import Conclusion
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.needs import Answer, NeedRoute, NoWay, Taken, Way
from edgediag.host.walk.outbound import send
from edgediag.host.walk.parcel import CtState, Interface, Sender, parcel_of
from edgediag.host.walk.summary import summary
from edgediag.model.explained import Disposition
from story import flow
from walks import ACCEPT, DROP, LO, UP, Decided, base, chain_of, decided, driven, nat

SENDER = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
LIMIT = Limit(rate=1, unit_s=1, burst=5, is_octets=False, is_over=False)
OTHER = IPv4Address("203.0.113.7")
TO_OTHER = (
    ImmediateLoad(value=OTHER.packed, slot=0),
    Nat(type_=1, family=2, address=(0, None), port=(None, None), flags=0),
)
REDIRECT = Redirect(port=(None, None), flags=0)
ELSEWHERE = Way(
    outgoing=Interface(name="out0", index=3), gateway=None, is_local=False, text="dev out0"
)
SEVEN = ImmediateLoad(value=b"\7\0\0\0", slot=0)
MARK = (SEVEN, MetaSet(key=3, slot=0))
UNMARK = (ImmediateLoad(value=bytes(4), slot=0), MetaSet(key=3, slot=0))
CT_MARK = (SEVEN, CtSet(key=3, slot=0))
CT_MARKED = (CtLoad(key=3, direction=None, slot=0), Compare(operator=0, slot=0, value=b"\7\0\0\0"))
CONFIRMED = (
    CtLoad(key=2, direction=None, slot=0),
    Bitwise(slot=0, source=0, mask=b"\x08\0\0\0", xor=bytes(4), shift=0),
    Compare(operator=1, slot=0, value=bytes(4)),
)


def walked(
    bases: tuple[BaseChain, ...], answers: Mapping[str, Answer], way: Answer = UP
) -> Conclusion:
    return driven(send(parcel_of(flow(), SENDER), HookWalk(bases, Journal())), answers, way)


def out_by(device: str) -> tuple[Expression, ...]:
    name = device.encode().ljust(16, b"\0")
    return (MetaLoad(key=7, slot=0), Compare(operator=0, slot=0, value=name), DROP)


def perhaps_marked(bit: int) -> tuple[Expression, ...]:
    """A rule that sets one bit of the mark, or does not."""
    mask = (0xFFFFFFFF & ~(1 << bit)).to_bytes(4, "little")
    xor = (1 << bit).to_bytes(4, "little")
    return (
        LIMIT,
        MetaLoad(key=3, slot=0),
        Bitwise(source=0, slot=0, mask=mask, xor=xor, shift=0),
        MetaSet(key=3, slot=0),
    )


def perhaps_marking(count: int) -> dict[str, Chain]:
    """So many chains of five rules each."""
    return {
        f"c{number}": chain_of(f"c{number}", *(perhaps_marked(5 * number + n) for n in range(5)))
        for number in range(count)
    }


@pytest.mark.parametrize(
    ("bases", "rules", "expected"),
    [
        pytest.param("wxyz", {}, ("passes", (), ()), id="four that do nothing"),
        pytest.param(
            "wxyz", {"y": chain_of("y", (ACCEPT,))}, ("passes", (), ()), id="one accepts it"
        ),
        pytest.param(
            "wxyz",
            {"w": chain_of("w", MARK)},
            ("undetermined", (), ("the order of chains",)),
            id="one of four marks it",
        ),
        pytest.param(
            "wxyz",
            {"w": chain_of("w", MARK), "x": chain_of("x", UNMARK)},
            ("undetermined", (), ("the order of chains",)),
            id="and another undoes it",
        ),
        pytest.param(
            "wxyz",
            {"w": chain_of("w", (DROP,))},
            ("undetermined", (), ("the order of chains",)),
            id="one of four drops it",
        ),
        pytest.param(
            "wxy", {"w": chain_of("w", MARK)}, ("passes", (), ()), id="of three each order is tried"
        ),
    ],
)
def test_chains_of_one_priority(
    bases: str, rules: Mapping[str, Answer], expected: Decided
) -> None:
    assert decided(walked(tuple(map(base, bases)), rules)) == expected


def test_chains_of_type_nat_have_an_order_of_their_own_within_one_hook() -> None:
    bases = tuple(replace(nat(name), priority=number) for number, name in enumerate("wxyz"))
    said = walked(bases, {"w": chain_of("w", TO_OTHER), "x": chain_of("x", REDIRECT)})
    assert [course.parcel.destination.value for course in said.courses] == [OTHER.packed]


def test_one_of_four_chains_of_one_priority_translates() -> None:
    said = walked(tuple(map(nat, "wxyz")), {"w": chain_of("w", TO_OTHER)})
    assert said.hangs_on == ("the order of chains",)


@pytest.mark.parametrize(
    ("priorities", "rules", "expected"),
    [
        pytest.param((0,), perhaps_marking(1), ("passes", (), ()), id="32 ways are followed"),
        pytest.param(
            (0, 1, 2),
            perhaps_marking(3),
            ("undetermined", (), ("limit", "hook output: too many ways")),
            id="1024 are not, from chain to chain",
        ),
        pytest.param(
            (0, 0),
            perhaps_marking(2),
            ("undetermined", (), ("limit", "hook output: too many ways")),
            id="nor at one priority",
        ),
    ],
)
def test_ways_without_number(
    priorities: tuple[int, ...], rules: Mapping[str, Answer], expected: Decided
) -> None:
    bases = tuple(
        base(f"c{number}", priority=priority) for number, priority in enumerate(priorities)
    )
    said = walked(bases, rules)
    assert (decided(said), len(said.courses) <= 64) == (expected, True)


def test_chains_that_jump_to_one_another_do_not_multiply_the_ways() -> None:
    marking = tuple(perhaps_marked(number) for number in range(5))
    jumps = {
        f"c{depth}": chain_of(f"c{depth}", *marking, (Verdict(code=-3, chain=f"c{depth + 1}"),))
        for depth in range(9)
    }
    said = walked((base("c0"),), jumps)
    assert said.disposition is Disposition.UNDETERMINED
    assert any(reason.endswith("too many ways") for reason in said.hangs_on)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(((LIMIT, *TO_OTHER), TO_OTHER), [], id="two rules do the same"),
        pytest.param(((LIMIT, SEVEN), TO_OTHER), [2], id="one rule on every way"),
    ],
)
def test_a_translation_is_named_where_one_rule_does_it_whatever_holds(
    rules: tuple[tuple[Expression, ...], ...], expected: list[int]
) -> None:
    said = summary(walked((nat("n"),), {"n": chain_of("n", *rules)}), lambda rule: NO_NAMES)
    assert [each.rule.handle for each in said.translations] == expected


@pytest.mark.parametrize(
    "bases",
    [
        pytest.param((nat("n"), base("m")), id="a chain of type filter"),
        pytest.param(
            (nat("n"), replace(base("m", priority=-90), type_="filter")), id="just behind it"
        ),
    ],
)
def test_a_mark_that_is_set_behind_a_translation_chooses_no_way(
    bases: tuple[BaseChain, ...]
) -> None:
    asked: list[tuple[str, int]] = []

    def way(need: NeedRoute) -> Answer:
        asked.append((str(need.flow.destination), need.mark))
        return UP

    walk = send(parcel_of(flow(), SENDER), HookWalk(bases, Journal()))
    driven(walk, {"n": chain_of("n", TO_OTHER), "m": chain_of("m", MARK)}, way)
    assert asked == [(str(flow().destination), 0), (str(OTHER), 0)]


def test_a_mark_that_is_set_before_it_does() -> None:
    bases = (base("m", priority=-150), nat("n"))
    ways = {0: UP, 7: NoWay(text="no way: EACCES")}
    walk = send(parcel_of(flow(), SENDER), HookWalk(bases, Journal()))
    answers = {"n": chain_of("n", TO_OTHER), "m": chain_of("m", MARK)}
    assert decided(driven(walk, answers, lambda need: ways[need.mark])) == (
        "dropped",
        (("routing again", 0),),
        (),
    )


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(
            {"o": chain_of("o", out_by("up0"))},
            ("dropped", (("o", 1),), ()),
            id="OUTPUT is shown the device of before",
        ),
        pytest.param({"o": chain_of("o", out_by("out0"))}, ("passes", (), ()), id="not the next"),
        pytest.param(
            {"p": chain_of("p", out_by("out0"))},
            ("dropped", (("p", 1),), ()),
            id="POSTROUTING the next",
        ),
        pytest.param({"p": chain_of("p", out_by("up0"))}, ("passes", (), ()), id="not that"),
    ],
)
def test_the_device_of_what_is_routed_again(
    rules: Mapping[str, Answer], expected: Decided
) -> None:
    bases = (nat("n"), base("o"), base("p", "postrouting"))
    walk = send(parcel_of(flow(), SENDER), HookWalk(bases, Journal()))
    answers = {"n": chain_of("n", TO_OTHER), **rules}
    assert decided(driven(walk, answers, iter((UP, ELSEWHERE)))) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(
            {},
            ("undetermined", (), ("the way of a packet changed by redirect",)),
            id="the way is not known",
        ),
        pytest.param(
            {"o": chain_of("o", (DROP,))},
            ("dropped", (("o", 1),), ()),
            id="it is dropped whatever the way",
        ),
    ],
)
def test_a_destination_that_is_not_known(
    rules: Mapping[str, Answer], expected: Decided
) -> None:
    answers = {"n": chain_of("n", (REDIRECT,)), **rules}
    assert decided(walked((nat("n"), base("o")), answers)) == expected


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        pytest.param(-300, "passes", id="before connection tracking there is none to mark"),
        pytest.param(-150, "dropped", id="behind it there is"),
    ],
)
def test_the_mark_of_a_connection(priority: int, expected: str) -> None:
    bases = (base("m", priority=priority), base("o"))
    rules = {"m": chain_of("m", CT_MARK), "o": chain_of("o", (*CT_MARKED, DROP))}
    assert walked(bases, rules).disposition.value == expected


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        pytest.param(base("c", "postrouting"), "passes", id="not yet, as it leaves"),
        pytest.param(base("c", "prerouting"), "dropped", id="as it comes in again by lo"),
        pytest.param(base("c", "input"), "dropped", id="and up to the socket"),
    ],
)
def test_the_connection_of_a_packet_to_this_host_is_confirmed(
    chain: BaseChain, expected: str
) -> None:
    answers: dict[str, Answer] = {
        "c": chain_of("c", (*CONFIRMED, DROP)),
        "socket": Taken(is_taken=True, text="a socket listens"),
        "type": 2,
    }
    assert walked((chain,), answers, LO).disposition.value == expected


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        pytest.param(1, "dropped", id="inet: of both versions"),
        pytest.param(2, "dropped", id="ip"),
        pytest.param(10, "passes", id="ip6: not of this one"),
    ],
)
def test_a_translation_is_for_the_packets_of_its_family(family: int, expected: str) -> None:
    port = (8080).to_bytes(2, "big")
    to_port = (
        ImmediateLoad(value=port, slot=0),
        Nat(type_=1, family=family, address=(None, None), port=(0, None), flags=2),
    )
    is_port = (
        PayloadLoad(base=2, offset=2, length=2, slot=0), Compare(operator=0, slot=0, value=port)
    )
    rules = {"n": chain_of("n", to_port), "o": chain_of("o", (*is_port, DROP))}
    assert walked((nat("n"), base("o")), rules).disposition.value == expected
