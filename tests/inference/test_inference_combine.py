"""How findings become one verdict."""

from ipaddress import ip_address

import pytest

from edgediag.inference.combine import combine
from edgediag.model.verdict import (
    Certainty,
    Claim,
    Finding,
    Landmark,
    Locus,
    Mechanism,
    Place,
    Strength,
)

LOCAL, ON_PATH, REMOTE = Place.LOCAL, Place.ON_PATH, Place.REMOTE
HOP = ip_address("203.0.113.1")


def finding(
    rule: str,
    *where: Place,
    mechanism: Mechanism | None = None,
    after: Locus = None,
    strength: Strength = Strength.PROVES,
) -> Finding:
    certainty = Certainty.PROVEN if len(where) == 1 else Certainty.AMBIGUOUS
    return Finding(
        id=f"check/{rule}",
        rule=rule,
        strength=strength,
        claim=Claim(
            where=where,
            certainty=certainty,
            after=after,
            upto=None,
            mechanism=mechanism,
            culprit=None,
        ),
        text=f"what {rule} saw",
        remedy=f"what {rule} advises",
        packets=(),
    )


def test_nothing_found_is_no_verdict() -> None:
    assert combine("it", []) is None


def test_support_alone_is_no_verdict() -> None:
    assert combine("it", [finding("a", REMOTE, strength=Strength.SUPPORTS)]) is None


@pytest.mark.parametrize(
    ("findings", "where", "mechanism", "because"),
    [
        pytest.param(
            [
                finding("wide", ON_PATH, REMOTE),
                finding("narrow", ON_PATH, mechanism=Mechanism.SILENT_DROP),
            ],
            (ON_PATH,),
            Mechanism.SILENT_DROP,
            ("check/narrow", "check/wide"),
            id="the proof that allows least decides, the others stand by it",
        ),
        pytest.param(
            [
                finding("first", LOCAL, mechanism=Mechanism.RULE_DROP),
                finding("second", LOCAL, mechanism=Mechanism.LOCAL_DROP),
            ],
            (LOCAL,),
            Mechanism.RULE_DROP,
            ("check/first", "check/second"),
            id="of equal proofs the first in order decides",
        ),
        pytest.param(
            [finding("mute", LOCAL), finding("said", LOCAL, mechanism=Mechanism.RULE_DROP)],
            (LOCAL,),
            Mechanism.RULE_DROP,
            ("check/said", "check/mute"),
            id="of equal proofs the one that names a mechanism decides",
        ),
        pytest.param(
            [finding("a", LOCAL, ON_PATH, mechanism=Mechanism.MTU), finding("b", ON_PATH, REMOTE)],
            (ON_PATH,),
            Mechanism.MTU,
            ("check/a", "check/b"),
            id="what two proofs leave together no single one decided",
        ),
    ],
)
def test_proofs_narrow_the_places(
    findings: list[Finding],
    where: tuple[Place, ...],
    mechanism: Mechanism,
    because: tuple[str, ...],
) -> None:
    verdict = combine("it", findings)
    assert verdict is not None
    assert (verdict.where, verdict.mechanism, verdict.because) == (where, mechanism, because)


def test_a_contradiction_leaves_every_place_open_and_names_both_sides() -> None:
    verdict = combine("it", [finding("one", LOCAL), finding("other", REMOTE, ON_PATH)])
    assert verdict is not None
    assert (verdict.where, verdict.certainty, verdict.mechanism) == (
        (LOCAL, ON_PATH, REMOTE),
        Certainty.AMBIGUOUS,
        None,
    )
    assert "one says what one saw" in verdict.summary
    assert "other says what other saw" in verdict.summary


@pytest.mark.parametrize(
    ("after", "upto", "words"),
    [
        pytest.param(HOP, HOP, "on the path, at 203.0.113.1", id="a hop that names itself"),
        pytest.param(
            Landmark.EDGE, HOP, "between this node and 203.0.113.1", id="from this node on"
        ),
        pytest.param(HOP, Landmark.HOST, "203.0.113.1 and the destination", id="up to the end"),
    ],
)
def test_the_summary_says_where_on_the_path(after: Locus, upto: Locus, words: str) -> None:
    claim = Claim(
        where=(ON_PATH,),
        certainty=Certainty.BOUNDED,
        after=after,
        upto=upto,
        mechanism=Mechanism.SILENT_DROP,
        culprit=None,
    )
    found = Finding(
        id="check/a",
        rule="a",
        strength=Strength.PROVES,
        claim=claim,
        text="why",
        remedy="",
        packets=(),
    )
    verdict = combine("udp 198.51.100.21 port 4500", [found])
    assert verdict is not None
    assert words in verdict.summary
    assert verdict.summary.startswith("udp 198.51.100.21 port 4500 is blocked")
