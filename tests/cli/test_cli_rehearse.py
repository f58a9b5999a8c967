"""The option --rehearse: which commands it takes, what it prints and with which status."""

import json
from collections.abc import Sequence

import pytest

from edgediag.cli import ExitStatus
from edgediag.cli import explain as explain_module
from edgediag.cli import run
from edgediag.host.fix_words import Fix
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.parcel import Parcel
from edgediag.model.answer import NotChecked
from edgediag.model.explained import Disposition
from edgediag.model.rehearsal import FixFailed, RehearsalAnswer, Rehearsed, Walked

TUNNEL = ("explain", "--to", "198.51.100.21", "--from", "192.0.2.1", "--proto", "udp")
NOT_SENT = NotChecked(reason="not sent")


def rehearsed(before: str, after: str) -> Rehearsed:
    return Rehearsed(
        fixes=("nft flush ruleset",),
        before=Walked(disposition=Disposition(before), deciders=(), hangs_on=()),
        after=Walked(disposition=Disposition(after), deciders=(), hangs_on=()),
        sent_before=NOT_SENT,
        sent_after=NOT_SENT,
        not_copied=(),
    )


@pytest.mark.parametrize("fix", ["rm -rf /", "nft -f rules", "ip netns exec a true", ""])
def test_a_command_that_is_not_rehearsed_is_a_usage_error(
    fix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run((*TUNNEL, "--rehearse", fix)) is ExitStatus.USAGE
    said = capsys.readouterr().err
    assert "cannot rehearse" in said
    assert "nft, iptables" in said


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        pytest.param(
            rehearsed("dropped", "passes"), ExitStatus.PASSED, "flips: yes", id="it makes it pass"
        ),
        pytest.param(
            rehearsed("dropped", "dropped"), ExitStatus.FAULT_FOUND, "flips: no", id="it does not"
        ),
        pytest.param(
            rehearsed("undetermined", "undetermined"),
            ExitStatus.UNDETERMINED,
            "flips: undetermined",
            id="nobody knows",
        ),
        pytest.param(
            FixFailed(fix="nft flush ruleset", status=1, said="Error"),
            ExitStatus.USAGE,
            "exit status 1",
            id="the fix fails",
        ),
        pytest.param(
            NotChecked(reason="no root"), ExitStatus.UNDETERMINED, "no root", id="no copy"
        ),
    ],
)
def test_the_status_says_what_the_fix_makes_of_the_packet(
    answer: RehearsalAnswer,
    status: ExitStatus,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def walk(parcel: Parcel, _: Journal) -> tuple[list[Course], tuple[str, ...]]:
        return [Course(parcel=parcel, steps=(), doubts=(), fate=Fate.DROPPED)], ()

    def rehearse(_: Parcel, fixes: Sequence[Fix], __: object) -> RehearsalAnswer:
        assert [fix.text for fix in fixes] == ["nft flush ruleset", "ip rule del pref 1"]
        return answer

    monkeypatch.setattr(explain_module, "walk_outbound", walk)
    monkeypatch.setattr("edgediag.net.rehearsal.rehearse_parcel", rehearse)
    fixes = ("--rehearse", "nft flush ruleset", "--rehearse", "ip rule del pref 1")
    assert run((*TUNNEL, *fixes)) is status
    assert words in capsys.readouterr().out
    assert run((*TUNNEL, *fixes, "--json")) is status
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "edgediag.explanation/1"
    assert "status" in document["rehearsal"]
