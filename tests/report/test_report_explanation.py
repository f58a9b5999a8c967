"""What a walk found, in text and as JSON: a rule as its own tool names it, with who wrote it."""

import json

import pytest

import legacy_blob as blob
from edgediag.host.netfilter.chains import Backend, ChainName
from edgediag.host.netfilter.ip_header import decode_header
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Counter, Verdict, XtMatch
from edgediag.host.walk.chain_walk import Course, Step
from edgediag.host.walk.conclusion import Conclusion, conclude
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.parcel import CtState, Sender, parcel_of
from edgediag.report.explanation import render_json, render_text
from story import flow

TUNNEL = flow()
SENDER = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)


def step(backend: Backend, *expressions: object, handle: int = 0, policy: bool = False) -> Step:
    name = ChainName(backend=backend, family="ip", table="filter", chain="OUTPUT")
    rule = FilterRule(
        family="ip",
        table="filter",
        chain="OUTPUT",
        handle=handle,
        expressions=expressions,
        comment="",
    )
    return Step(
        hook="output",
        chain=name,
        rule=None if policy else rule,
        number=0 if policy else 3,
        action="policy drop" if policy else "drop",
    )


DROP = Verdict(code=0, chain="")
HEADER = decode_header("ip", blob.header(protocol=17))
LEGACY = step(Backend.LEGACY, HEADER, Counter(packets=5, octets=400), DROP)


def dropped(by: Step) -> Conclusion:
    parcel = parcel_of(TUNNEL, SENDER)
    return conclude([Course(parcel=parcel, steps=(by,), doubts=(), fate=Fate.DROPPED)], ())


@pytest.mark.parametrize(
    ("by", "words"),
    [
        pytest.param(
            LEGACY,
            "output: legacy ip filter OUTPUT rule 3 (5 packets): -p udp -j DROP",
            id="a rule of iptables-legacy has no handle",
        ),
        pytest.param(
            step(Backend.NFT, Counter(packets=0, octets=0), DROP, handle=9),
            "output: ip filter OUTPUT rule 3 (handle 9, 0 packets): -j DROP",
            id="one of iptables-nft has both",
        ),
        pytest.param(
            step(Backend.NFT, DROP, handle=9),
            "output: ip filter OUTPUT rule 3 (handle 9): drop",
            id="one of nft need not count",
        ),
        pytest.param(
            step(Backend.LEGACY, policy=True),
            "output: legacy ip filter OUTPUT: policy drop",
            id="a policy",
        ),
    ],
)
def test_the_step_that_drops_is_told(by: Step, words: str) -> None:
    lines = render_text(TUNNEL, dropped(by)).splitlines()
    assert lines[1:] == [f"  {words}", f"dropped by {words}"]


def test_the_object_says_which_backend_a_rule_is_in() -> None:
    (decider,) = json.loads(render_json(TUNNEL, dropped(LEGACY)))["deciders"]
    assert decider == {
        "hook": "output",
        "action": "drop",
        "backend": "legacy",
        "family": "ip",
        "table": "filter",
        "chain": "OUTPUT",
        "handle": None,
        "number": 3,
        "packets": 5,
        "text": "-p udp -j DROP",
        "writer": None,
        "program": None,
    }


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
        parcel=parcel_of(TUNNEL, SENDER), steps=(step,), doubts=(), fate=Fate.DROPPED
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
    lines = render_text(TUNNEL, conclusion).splitlines()
    place = f"output: ip filter {chain} rule 2 (handle 9, 0 packets)"
    assert lines[-1] == f"dropped by {place}: {words}"
    (decider,) = json.loads(render_json(TUNNEL, conclusion))["deciders"]
    assert decider["writer"] == writer
