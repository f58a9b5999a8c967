"""What a tool did against what a proof wants, on the broken lab and on the healthy one."""

import pytest

from edgediag.lab.proof import Finding, Observation, Outcome, difference, judge, skip
from edgediag.lab.scenario import Proof

PROOF = Proof(argv=("nc",), status=1, says="timed +out", lacks="refused")
CONTROL = Proof(argv=("nc",), status=0, is_control=True)
LOST = Observation(status=1, output="timed out")
WORKS = Observation(status=0, output="succeeded!")
HOSTILE = "\x1b[2J\x07" + 10_000_000 * "\x00"


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        pytest.param(LOST, "", id="it holds"),
        pytest.param(WORKS, "ends with 0, not 1; it says: succeeded!", id="another status"),
        pytest.param(
            Observation(status=1, output=""),
            "does not say 'timed +out'; it says nothing",
            id="silence",
        ),
        pytest.param(
            Observation(status=1, output="timed out, refused"),
            "must not say 'refused'; it says: refused",
            id="it says what it must not",
        ),
        pytest.param(
            Observation(status=None, output="timed out"),
            "has not ended after 10 s; it says: timed out",
            id="it did not end",
        ),
        pytest.param(
            Observation(status=1, output="a\n  b\x1b[2J"),
            r"does not say 'timed +out'; it says: a b\x1b[2J",
            id="control characters are spelled out",
        ),
    ],
)
def test_the_first_difference_is_the_reason(seen: Observation, reason: str) -> None:
    assert difference(PROOF, seen) == reason


def test_without_a_status_any_will_do() -> None:
    assert difference(Proof(argv=("nc",), says="timed"), LOST) == ""


def test_a_flood_of_control_characters_is_a_short_reason_that_prints() -> None:
    reason = difference(PROOF, Observation(status=1, output=HOSTILE))
    assert (len(reason) < 300, reason.isprintable()) == (True, True)


@pytest.mark.parametrize(
    ("proof", "healthy", "broken", "outcome"),
    [
        pytest.param(PROOF, WORKS, LOST, Outcome.SHOWN, id="only the fault shows it"),
        pytest.param(PROOF, LOST, LOST, Outcome.WORTHLESS, id="the healthy lab shows it too"),
        pytest.param(PROOF, WORKS, WORKS, Outcome.NOT_SHOWN, id="nothing shows it"),
        pytest.param(PROOF, LOST, WORKS, Outcome.NOT_SHOWN, id="only the healthy lab shows it"),
        pytest.param(PROOF, None, LOST, Outcome.SHOWN, id="an oddity, the healthy lab not asked"),
        pytest.param(CONTROL, WORKS, WORKS, Outcome.SHOWN, id="a control holds on both"),
        pytest.param(CONTROL, WORKS, LOST, Outcome.NOT_SHOWN, id="the fault reaches a control"),
        pytest.param(CONTROL, LOST, WORKS, Outcome.NOT_SHOWN, id="a control of nothing"),
    ],
)
def test_a_proof_is_judged_by_both_labs(
    proof: Proof, healthy: Observation | None, broken: Observation, outcome: Outcome
) -> None:
    assert judge(proof, healthy, broken).outcome is outcome


def test_a_control_that_fails_on_the_healthy_lab_says_where() -> None:
    assert judge(CONTROL, LOST, WORKS).reason == (
        "a control, but on the healthy lab: ends with 1, not 0; it says: timed out"
    )


def test_a_missing_program_is_named() -> None:
    assert skip(PROOF, "hping3") == Finding(
        proof=PROOF, outcome=Outcome.SKIPPED, reason="hping3 is not installed"
    )


def test_a_proof_needs_its_tool_and_what_it_says_besides() -> None:
    assert Proof(argv=("sh", "-c", "nc"), requires=("nc",)).programs == ("sh", "nc")
