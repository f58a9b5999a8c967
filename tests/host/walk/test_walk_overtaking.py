"""Rules that settle something before the chain is asked that would settle it otherwise."""

from dataclasses import replace

import pytest

from edgediag.host.netfilter.chains import BaseChain, Chain, ChainName
from edgediag.host.netfilter.expression import Expression, ImmediateLoad
from edgediag.host.netfilter.statement import Limit, Masquerade, MetaSet, Verdict
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.inbound import receive
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.overtaking import Overtaking, accepting, translating
from edgediag.host.walk.parcel import CtState, Interface, parcel_in
from edgediag.model.answer import NotChecked
from story import flow
from walks import ACCEPT, UP, base, chain_of, driven, name, nat

MASQUERADE = (Masquerade(port=(None, None), flags=0),)
LIMIT = Limit(rate=1, unit_s=1, burst=5, is_octets=False, is_over=False)
MARK = (ImmediateLoad(value=b"\x40\0\0\0", slot=0), MetaSet(key=3, slot=0))
POST = (nat("post", "postrouting"),)
BESIDE = replace(nat("beside", "postrouting"), name=replace(name("beside"), table="u"))


def to(chain: str) -> tuple[Expression, ...]:
    return (Verdict(code=-3, chain=chain),)


EXEMPT = {"raven": chain_of("raven", (ACCEPT,))}
FLANNEL = {"flannel": chain_of("flannel", MASQUERADE)}


def found(
    chains: dict[str, Chain],
    bases: tuple = POST,
    unread: str = "",
    find: Overtaking = translating,
) -> list[tuple[str, int]] | NotChecked:
    """Chain and number of each rule."""

    def rules_of(asked: ChainName) -> Chain | NotChecked:
        if asked.chain == unread:
            return NotChecked(reason="EPERM")
        return chains.get(asked.chain, chain_of(asked.chain))

    parcel = parcel_in(flow(), Interface(name="cni0", index=7), CtState.NEW)
    said = driven(receive(parcel, HookWalk(bases, Journal())), chains, UP)
    steps = find(said.courses, rules_of, "raven")
    if isinstance(steps, NotChecked):
        return steps
    return [(step.chain.chain if step.chain else "", step.number) for step in steps]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param((to("flannel"), to("raven")), [("post", 1)], id="a jump before the exemption"),
        pytest.param((MASQUERADE, to("raven")), [("post", 1)], id="a rule of the chain itself"),
        pytest.param((to("raven"), to("flannel")), [], id="the exemption is asked first"),
        pytest.param((to("flannel"),), [], id="there is no exemption"),
        pytest.param((to("none"), to("raven")), [], id="the jump before translates nothing"),
        pytest.param(
            (to("none"), to("flannel"), to("raven")), [("post", 2)], id="the second of two jumps"
        ),
        pytest.param(
            ((LIMIT, *to("flannel")), to("raven")), [], id="it may keep its source after all"
        ),
    ],
)
def test_what_stands_before_an_exemption(
    rules: tuple[tuple[Expression, ...], ...], expected: list[tuple[str, int]]
) -> None:
    assert found({"post": chain_of("post", *rules), **EXEMPT, **FLANNEL}) == expected


def test_another_table_translates_it_as_well() -> None:
    chains = {
        "post": chain_of("post", to("flannel"), to("raven")),
        "beside": chain_of("beside", MASQUERADE),
        **EXEMPT,
        **FLANNEL,
    }
    assert found(chains, (*POST, BESIDE)) == [("post", 1)]


def test_another_table_alone_is_no_matter_of_order() -> None:
    chains = {
        "post": chain_of("post", to("raven"), to("flannel")),
        "beside": chain_of("beside", MASQUERADE),
        **EXEMPT,
        **FLANNEL,
    }
    assert found(chains, (*POST, BESIDE)) == []


PRE = (base("pre", "prerouting"),)
RAW = (base("raw", "prerouting", priority=-300), *PRE)
ACCEPTING = {"calico": chain_of("calico", (ACCEPT,))}


@pytest.mark.parametrize(
    ("rules", "bases", "expected"),
    [
        pytest.param((to("calico"), to("raven")), PRE, [("pre", 1)], id="a jump before the marks"),
        pytest.param(((ACCEPT,), to("raven")), PRE, [("pre", 1)], id="a rule of the chain itself"),
        pytest.param((to("raven"), to("calico")), PRE, [], id="the marks come first"),
        pytest.param((to("calico"),), PRE, [], id="there are no marks"),
        pytest.param((to("none"), to("raven")), PRE, [], id="the jump before accepts nothing"),
        pytest.param(((LIMIT, ACCEPT), to("raven")), PRE, [], id="it may be marked after all"),
        pytest.param(
            ((LIMIT, ACCEPT), to("raven")), RAW, [], id="an acceptance that overtakes nothing"
        ),
        pytest.param((to("calico"), to("raven")), RAW, [("pre", 1)], id="another one before it"),
    ],
)
def test_what_is_accepted_before_it_is_marked(
    rules: tuple[tuple[Expression, ...], ...],
    bases: tuple[BaseChain, ...],
    expected: list[tuple[str, int]],
) -> None:
    marks = {"raven": chain_of("raven", MARK), "raw": chain_of("raw", (ACCEPT,))}
    chains = {"pre": chain_of("pre", *rules), **ACCEPTING, **marks}
    assert found(chains, bases, find=accepting) == expected


def test_a_chain_that_cannot_be_read_tells_nothing() -> None:
    chains = {"post": chain_of("post", to("flannel"), to("raven")), **EXEMPT, **FLANNEL}
    assert found(chains, unread="post") == NotChecked(reason="EPERM")
