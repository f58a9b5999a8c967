"""A packet through rules made by hand; the answers come from a table."""

import struct
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from edgediag.host.netfilter.chains import BaseChain, Element, SetContents
from edgediag.host.netfilter.expression import (
    Compare,
    ImmediateLoad,
    Lookup,
    MetaLoad,
    PayloadLoad,
    Unknown,
)
from edgediag.host.netfilter.statement import Limit, MetaSet, Nat, Verdict, XtMatch, XtTarget
from edgediag.host.walk.conclusion import Conclusion, Disposition, conclude
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.loads import load
from edgediag.host.walk.needs import Answer, NoWay
from edgediag.host.walk.octets import unknown
from edgediag.host.walk.outbound import send
from edgediag.host.walk.parcel import CtState, Sender, parcel_of
from edgediag.model.answer import NotChecked
from story import flow
from walks import ACCEPT, DROP, LO, RETURN, TO_TUNNEL, UP, base, chain_of, decided, driven, nat

ELSEWHERE = (TO_TUNNEL[0], Compare(operator=0, slot=0, value=b"\0\x35"))
LIMIT = Limit(rate=1, unit_s=1, burst=5, is_octets=False, is_over=False)


def walked(
    bases: tuple[BaseChain, ...], answers: dict[str, Answer], way: Answer = UP
) -> Conclusion:
    sender = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
    return driven(send(parcel_of(flow(), sender), HookWalk(bases, Journal())), answers, way)


OUT = (base("o"),)
JUMP = Verdict(code=-3, chain="u")
GOTO = Verdict(code=-4, chain="u")
SET = SetContents(
    fields=(),
    elements=(Element(first=b"\x11\x94", last=b"\x11\x94", data=b"", verdict=DROP, condition=""),),
)
VMAP = Lookup(set_name="s", slot=0, destination=-1, is_negated=False)
TO_OTHER = (
    ImmediateLoad(value=IPv4Address("203.0.113.7").packed, slot=0),
    Nat(type_=1, family=2, address=(0, None), port=(None, None), flags=0),
)
XT_TO_OTHER = XtTarget(
    name="DNAT",
    revision=2,
    info=struct.pack(
        "=I4s12x4s12x2s2s4x", 1, *[IPv4Address("203.0.113.7").packed] * 2, b"\0\0", b"\0\0"
    ),
)
IS_OTHER = (
    PayloadLoad(base=1, offset=16, length=4, slot=0),
    Compare(operator=0, slot=0, value=IPv4Address("203.0.113.7").packed),
    DROP,
)
MARK = (ImmediateLoad(value=b"\x07\0\0\0", slot=0), MetaSet(key=3, slot=0))
MARKED = (MetaLoad(key=3, slot=0), Compare(operator=0, slot=0, value=b"\x07\0\0\0"), DROP)


@pytest.mark.parametrize(
    ("bases", "answers", "expected"),
    [
        pytest.param((), {}, ("passes", (), ()), id="no rules at all"),
        pytest.param(
            OUT,
            {"o": chain_of("o", (*ELSEWHERE, DROP), (*TO_TUNNEL, DROP))},
            ("dropped", (("o", 2),), ()),
            id="the second rule is for the port",
        ),
        pytest.param(
            (base("o", policy="drop"),), {}, ("dropped", (("o", 0),), ()), id="a policy drops"
        ),
        pytest.param(
            (base("o"), base("p", priority=1)),
            {"o": chain_of("o", (ACCEPT,)), "p": chain_of("p", (DROP,))},
            ("dropped", (("p", 1),), ()),
            id="an accept ends its own chain alone",
        ),
        pytest.param(
            OUT,
            {"o": chain_of("o", (JUMP,), (DROP,)), "u": chain_of("u", (RETURN,), (ACCEPT,))},
            ("dropped", (("o", 2),), ()),
            id="a return goes on behind the jump",
        ),
        pytest.param(
            OUT,
            {"o": chain_of("o", (GOTO,), (DROP,))},
            ("passes", (), ()),
            id="a goto does not come back",
        ),
        pytest.param(
            OUT,
            {"o": chain_of("o", (LIMIT, DROP))},
            ("undetermined", (), ("limit",)),
            id="a limit may hold or not",
        ),
        pytest.param(
            OUT,
            {"o": chain_of("o", (LIMIT, ACCEPT))},
            ("passes", (), ()),
            id="a limit on which nothing hangs",
        ),
        pytest.param(
            OUT,
            {"o": chain_of("o", (LIMIT, DROP), (DROP,))},
            ("dropped", (("o", 1), ("o", 2)), ()),
            id="dropped for certain, by one of two rules",
        ),
        pytest.param(
            OUT,
            {"o": chain_of("o", (Unknown(name="synproxy", attributes=b""),))},
            ("undetermined", (), ("[synproxy]",)),
            id="an expression nobody reads",
        ),
        pytest.param(
            OUT,
            {"o": chain_of("o", (XtMatch(name="recent", revision=1, info=b""), DROP))},
            ("undetermined", (), ("-m recent",)),
            id="a match nobody reads",
        ),
        pytest.param(
            OUT,
            {"o": chain_of("o", (XtTarget(name="NFQUEUE", revision=3, info=b""),))},
            ("undetermined", (), ("-j NFQUEUE",)),
            id="a target nobody reads",
        ),
        pytest.param(
            OUT,
            {"o": NotChecked(reason="cannot read it: EPERM")},
            ("undetermined", (), ("chain o: cannot read it: EPERM",)),
            id="a chain that cannot be read hides nothing",
        ),
        pytest.param(
            OUT,
            {"o": chain_of("o", (TO_TUNNEL[0], VMAP)), "s": SET},
            ("dropped", (("o", 1),), ()),
            id="a verdict map",
        ),
        pytest.param(
            (nat("n"), base("o")),
            {"n": chain_of("n", TO_OTHER), "o": chain_of("o", IS_OTHER)},
            ("dropped", (("o", 1),), ()),
            id="what comes later sees the translated destination",
        ),
        pytest.param(
            (nat("n"), base("o")),
            {"n": chain_of("n", (XT_TO_OTHER,)), "o": chain_of("o", IS_OTHER)},
            ("dropped", (("o", 1),), ()),
            id="so it is with DNAT of iptables",
        ),
        pytest.param(
            (base("m", priority=-150), base("o")),
            {"m": chain_of("m", MARK), "o": chain_of("o", MARKED)},
            ("dropped", (("o", 1),), ()),
            id="what comes later sees the mark",
        ),
        pytest.param(
            (base("o"), base("p")),
            {"o": chain_of("o", (DROP,)), "p": chain_of("p", (DROP,))},
            ("dropped", (("o", 1), ("p", 1)), ()),
            id="two chains of one priority: which comes first is not known",
        ),
    ],
)
def test_the_end_of_a_packet(
    bases: tuple[BaseChain, ...],
    answers: dict[str, Answer],
    expected: tuple[str, tuple[tuple[str, int], ...], tuple[str, ...]],
) -> None:
    assert decided(walked(bases, answers)) == expected


def test_routing_may_refuse() -> None:
    assert decided(walked((), {}, NoWay(text="no way: ENETUNREACH")))[0] == "dropped"


@pytest.mark.parametrize(
    ("bases", "answers", "expected"),
    [
        pytest.param(
            (base("i", "input"),),
            {"i": chain_of("i", (DROP,))},
            ("dropped", (("i", 1),), ()),
            id="INPUT drops",
        ),
        pytest.param(
            (nat("n", "prerouting"),),
            {"n": chain_of("n", TO_OTHER)},
            ("passes", (), ()),
            id="its connection has had its translations",
        ),
    ],
)
def test_a_packet_to_this_host_comes_in_again_by_lo(
    bases: tuple[BaseChain, ...],
    answers: dict[str, Answer],
    expected: tuple[str, tuple[tuple[str, int], ...], tuple[str, ...]],
) -> None:
    assert decided(walked(bases, answers, LO)) == expected


@pytest.mark.parametrize(
    ("type_", "expected"), [("filter", "passes"), ("route", "dropped")], ids=("filter", "route")
)
def test_only_a_chain_of_type_route_makes_the_mark_route_again(type_: str, expected: str) -> None:
    chain = replace(base("m", priority=-150), type_=type_)
    ways = iter((UP, NoWay(text="no way: EACCES")))
    sender = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
    walk = send(parcel_of(flow(), sender), HookWalk((chain,), Journal()))
    said = driven(walk, {"m": chain_of("m", MARK)}, ways)
    assert said.disposition.value == expected


def test_a_table_that_was_not_read_takes_every_verdict_away() -> None:
    said = conclude(walked((), {}).courses, ("iptables-legacy table filter",))
    assert said.hangs_on == ("iptables-legacy table filter",)
    assert said.disposition is Disposition.UNDETERMINED


def test_the_group_of_a_user_that_was_named_is_not_known() -> None:
    sender = Sender(mark=0, uid=1000, gid=None, state=CtState.NEW)
    found = load(MetaLoad(key=11, slot=0), parcel_of(flow(), sender), Inquiry({}))
    assert found == unknown(4, "meta skgid")
