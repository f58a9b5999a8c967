"""What a walk found, with who wrote the rule that decided."""

import json

import pytest

from edgediag.cli.explain import Sender, parcel_of
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Counter, Verdict, XtMatch
from edgediag.host.walk.chain_walk import Course, Step
from edgediag.host.walk.conclusion import conclude
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.needs import Backend, ChainName
from edgediag.host.walk.parcel import CtState
from edgediag.report.explanation import render_json, render_text
from story import flow

SENDER = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)


def dropped_in(chain: str, comment: bytes) -> Course:
    name = ChainName(backend=Backend.NFT, family="ip", table="filter", chain=chain)
    rule = FilterRule(
        family="ip",
        table="filter",
        chain=chain,
        handle=9,
        expressions=(
            XtMatch(name="comment", revision=0, info=comment),
            Counter(packets=0, octets=0),
            Verdict(code=0, chain=""),
        ),
        comment="",
    )
    step = Step(hook="output", chain=name, rule=rule, number=2, action="drop")
    return Course(
        parcel=parcel_of(flow(), SENDER), steps=(step,), doubts=(), fate=Fate.DROPPED
    )


@pytest.mark.parametrize(
    ("chain", "comment", "words", "writer"),
    [
        pytest.param(
            "KUBE-SERVICES",
            b"no endpoints",
            '-m comment --comment "no endpoints" -j DROP (written by kube-proxy)',
            "kube-proxy",
            id="by its chain",
        ),
        pytest.param(
            "OUTPUT",
            b"cali:x",
            '-m comment --comment "cali:x" -j DROP (written by Calico)',
            "Calico",
            id="by its comment",
        ),
        pytest.param("OUTPUT", b"mine", "-m comment --comment mine -j DROP", None, id="by hand"),
    ],
)
def test_a_rule_is_told_with_its_writer(
    chain: str, comment: bytes, words: str, writer: str | None
) -> None:
    conclusion = conclude([dropped_in(chain, comment)], ())
    lines = render_text(flow(), conclusion).splitlines()
    assert lines[-1] == f"dropped by output: ip filter {chain} rule 2 (handle 9): {words}"
    (decider,) = json.loads(render_json(flow(), conclusion))["deciders"]
    assert decider["writer"] == writer
