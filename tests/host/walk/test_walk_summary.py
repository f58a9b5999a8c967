"""A walk comes to deciders and translations that a reader can find."""

from dataclasses import replace

import pytest

from edgediag.host.netfilter.chains import Backend, ChainName
from edgediag.host.netfilter.expression import Expression
from edgediag.host.netfilter.register import NO_NAMES
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import (
    Counter,
    Masquerade,
    MetaSet,
    Nat,
    Redirect,
    Verdict,
    XtTarget,
)
from edgediag.host.walk.chain_walk import Course, Step
from edgediag.host.walk.conclusion import conclude
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.parcel import CtState, Sender, parcel_of
from edgediag.host.walk.summary import summary
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.explained import Disposition, End, Explained, Translation
from story import flow

SENDER = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
NAME = ChainName(backend=Backend.NFT, family="inet", table="t", chain="c")
IPTABLES = ChainName(backend=Backend.NFT, family="ip", table="nat", chain="OUTPUT")
NOWHERE = (None, None)
DNAT = Nat(type_=1, family=2, address=NOWHERE, port=NOWHERE, flags=0)
SNAT = replace(DNAT, type_=0)
DROP = Verdict(code=0, chain="")


def step(*expressions: Expression, action: str, chain: ChainName = NAME) -> Step:
    rule = FilterRule(
        family=chain.family,
        table=chain.table,
        chain=chain.chain,
        handle=7,
        expressions=expressions,
        comment="",
    )
    return Step(hook="output", chain=chain, rule=rule, number=3, action=action)


def course(*steps: Step, fate: Fate = Fate.ACCEPTED) -> Course:
    return Course(parcel=parcel_of(flow(), SENDER), steps=steps, doubts=("limit",), fate=fate)


def said_of(*courses: Course) -> Explained:
    return summary(conclude(courses, ()), lambda rule: NO_NAMES)


POLICY = Step(hook="output", chain=NAME, rule=None, number=0, action="policy drop")
TRANSLATION = step(DNAT, action="accepted")
TRANSLATED = Translation(
    end=End.DESTINATION,
    rule=NftRule(family="inet", table="t", chain="c", handle=7, text="dnat ip to"),
)


@pytest.mark.parametrize(
    ("courses", "deciders"),
    [
        pytest.param(
            (course(step(DROP, action="drop"), fate=Fate.DROPPED),),
            (NftRule(family="inet", table="t", chain="c", handle=7, text="drop"),),
            id="a rule of nf_tables by its handle",
        ),
        pytest.param(
            (
                course(
                    step(Counter(packets=0, octets=0), DROP, action="drop", chain=IPTABLES),
                    fate=Fate.DROPPED,
                ),
            ),
            (IptablesRule(backend="nft", table="nat", chain="OUTPUT", number=3, text="-j DROP"),),
            id="a rule of iptables-nft by its number",
        ),
        pytest.param(
            (course(POLICY, fate=Fate.DROPPED),),
            (ChainPolicy(family="inet", table="t", chain="c", policy="drop"),),
            id="the policy of a chain",
        ),
    ],
)
def test_who_ends_the_packet(courses: tuple[Course, ...], deciders: tuple[object, ...]) -> None:
    said = said_of(*courses)
    assert said == Explained(
        disposition=Disposition.DROPPED, deciders=deciders, translations=(), marks=(), hangs_on=()
    )


@pytest.mark.parametrize(
    ("statement", "end"),
    [
        pytest.param(DNAT, End.DESTINATION, id="dnat"),
        pytest.param(SNAT, End.SOURCE, id="snat"),
        pytest.param(Masquerade(port=NOWHERE, flags=0), End.SOURCE, id="masquerade"),
        pytest.param(Redirect(port=NOWHERE, flags=0), End.DESTINATION, id="redirect"),
        pytest.param(
            XtTarget(name="REDIRECT", revision=0, info=b""), End.DESTINATION, id="-j REDIRECT"
        ),
        pytest.param(XtTarget(name="SNAT", revision=2, info=b""), End.SOURCE, id="-j SNAT"),
        pytest.param(XtTarget(name="MARK", revision=2, info=b""), None, id="-j MARK"),
    ],
)
def test_which_end_a_statement_rewrites(statement: Expression, end: End | None) -> None:
    said = said_of(course(step(statement, action="accepted")))
    assert [each.end for each in said.translations] == ([] if end is None else [end])


def test_where_no_rule_may_end_it_as_well_no_rule_is_its_end() -> None:
    nobody_listens = Step(hook="socket", chain=None, rule=None, number=0, action="drop")
    explained = said_of(
        course(POLICY, fate=Fate.DROPPED), course(nobody_listens, fate=Fate.DROPPED)
    )
    assert (explained.disposition, explained.deciders) == (Disposition.DROPPED, ())


def test_a_translation_on_one_way_alone_is_not_certain() -> None:
    said = said_of(course(TRANSLATION), course())
    assert (said.disposition, said.translations) == (Disposition.PASSES, ())


def test_one_on_every_way_is() -> None:
    said = said_of(course(TRANSLATION), course(POLICY, TRANSLATION))
    assert said.translations == (TRANSLATED,)


def test_what_is_not_known_is_said() -> None:
    said = said_of(course(fate=Fate.DROPPED), course())
    assert said == Explained(
        disposition=Disposition.UNDETERMINED,
        deciders=(),
        translations=(),
        marks=(),
        hangs_on=("limit",),
    )


AGAIN = Step(hook="routing again", chain=None, rule=None, number=0, action="dev raven0")
MARKED = step(MetaSet(key=3, slot=0), action="mark")
MARKING = NftRule(
    family="inet", table="t", chain="c", handle=7, text="meta mark set [register]"
)


@pytest.mark.parametrize(
    ("courses", "marks"),
    [
        pytest.param((course(MARKED, AGAIN),), (MARKING,), id="it is routed again with the mark"),
        pytest.param((course(MARKED),), (), id="it is not routed again"),
        pytest.param((course(AGAIN, MARKED),), (), id="it is marked behind that"),
        pytest.param((course(MARKED, AGAIN), course(AGAIN)), (), id="on one way alone"),
    ],
)
def test_what_marks_a_packet_that_is_routed_again(
    courses: tuple[Course, ...], marks: tuple[NftRule, ...]
) -> None:
    assert said_of(*courses).marks == marks
