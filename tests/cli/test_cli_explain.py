"""The command line of explain: what it takes, what it says and with which status."""

import json

import pytest

from edgediag.cli import ExitStatus
from edgediag.cli import explain as explain_module
from edgediag.cli import run
from edgediag.host.walk.chain_walk import Course, Step
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.parcel import Parcel

TUNNEL = ("explain", "--to", "198.51.100.21", "--from", "192.0.2.1", "--proto", "udp")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(("--to", "example.com"), "is no IPv4 address", id="a name"),
        pytest.param(("--to", "2001:db8::1"), "is no IPv4 address", id="IPv6"),
        pytest.param(("--mark", "x"), "is no number", id="a mark in words"),
        pytest.param(("--mark", "0x100000000"), "does not fit 32 bits", id="a mark too large"),
        pytest.param(("--dport", "65536"), "65536", id="a port too large"),
    ],
)
def test_what_cannot_be_used_is_said(
    options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run((*TUNNEL, *options)) is ExitStatus.USAGE
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fate", "unread", "status", "words"),
    [
        pytest.param(Fate.ACCEPTED, (), ExitStatus.PASSED, "passes", id="passes"),
        pytest.param(Fate.DROPPED, (), ExitStatus.FAULT_FOUND, "dropped by routing", id="dropped"),
        pytest.param(
            Fate.ACCEPTED, ("a table",), ExitStatus.UNDETERMINED, "hangs on a table", id="unread"
        ),
    ],
)
def test_the_status_says_what_becomes_of_the_packet(
    fate: Fate,
    unread: tuple[str, ...],
    status: ExitStatus,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def walk(parcel: Parcel) -> tuple[list[Course], tuple[str, ...]]:
        step = Step(hook="routing", chain=None, rule=None, number=0, action="default dev \x1b")
        return [Course(parcel=parcel, steps=(step,), doubts=(), fate=fate)], unread

    monkeypatch.setattr(explain_module, "walk_outbound", walk)
    assert run(TUNNEL) is status
    said = capsys.readouterr().out
    assert words in said
    assert "\x1b" not in said
    assert run((*TUNNEL, "--json")) is status
    assert json.loads(capsys.readouterr().out)["schema"] == "edgediag.explanation/1"
