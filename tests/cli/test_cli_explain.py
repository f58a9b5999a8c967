"""The command line of explain: what it takes, what it says and with which status."""

import json
from dataclasses import replace

import pytest

from edgediag.cli import ExitStatus
from edgediag.cli import explain as explain_module
from edgediag.cli import run
from edgediag.host.walk.chain_walk import Course, Step
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.parcel import Interface, Parcel

TUNNEL = ("explain", "--to", "198.51.100.21", "--from", "192.0.2.1", "--proto", "udp")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(("--to", "example.com"), "is no IP address", id="a name"),
        pytest.param(("--to", "2001:db8::1"), "are of two versions of IP", id="IPv6 to IPv4"),
        pytest.param(("--mark", "x"), "is no number", id="a mark in words"),
        pytest.param(("--mark", "0x100000000"), "does not fit 32 bits", id="a mark too large"),
        pytest.param(("--dport", "65536"), "65536", id="a port too large"),
        pytest.param(("--in", "lo", "--mark", "1"), "--mark is of a packet", id="a mark that came"),
        pytest.param(("--in", "lo", "--uid", "0"), "--uid is of a packet", id="a user that came"),
        pytest.param(("--in", "lo", "--reply"), "--reply is of a packet", id="whose answer"),
        pytest.param(("--in", "lo"), "is sent by this host", id="in by lo"),
        pytest.param(("--in", "nosuch"), "no such device", id="in by what is not there"),
        pytest.param(("--why-not", "o 4"), "neither FAMILY TABLE", id="too few words"),
        pytest.param(("--why-not", "x t o 4"), "no family is called x", id="a family unheard of"),
        pytest.param(("--why-not", "ebt:t o 4"), "neither FAMILY", id="a backend unheard of"),
        pytest.param(("--why-not", "inet t o -1"), "neither FAMILY", id="a handle below 0"),
        pytest.param(("--frame-to", "02:00:00:00:00:01"), "--frame-to needs --in", id="a frame"),
        pytest.param(
            ("--in", "in0", "--frame-to", "somebody"), "--frame-to somebody is no MAC", id="no MAC"
        ),
        pytest.param(("--out", "lo"), "--out needs --in", id="out, and not in"),
        pytest.param(("--reply", "--ct-state", "new"), "leave --ct-state", id="a new answer"),
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
    def walk(parcel: Parcel, journal: Journal) -> tuple[list[Course], tuple[str, ...]]:
        step = Step(hook="routing", chain=None, rule=None, number=0, action="default dev \x1b")
        return [Course(parcel=parcel, steps=(step,), doubts=(), fate=fate)], unread

    monkeypatch.setattr(explain_module, "walk_outbound", walk)
    monkeypatch.setattr(explain_module, "walk_reply", walk)
    assert run(TUNNEL) is status
    said = capsys.readouterr().out
    assert words in said
    assert "\x1b" not in said
    assert run((*TUNNEL, "--json")) is status
    assert json.loads(capsys.readouterr().out)["schema"] == "edgediag.explanation/1"


@pytest.mark.parametrize(
    ("is_for_here", "words"),
    [
        pytest.param(True, "the packet is for this host", id="delivered"),
        pytest.param(False, "routing sends the packet to up0, not wan0", id="another device"),
    ],
)
def test_a_device_that_routing_does_not_choose_is_warned_of(
    is_for_here: bool,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def walk(parcel: Parcel, journal: Journal) -> tuple[list[Course], tuple[str, ...]]:
        up = Interface(name="up0", index=2)
        after = replace(parcel, outgoing=up, is_for_here=is_for_here)
        return [Course(parcel=after, steps=(), doubts=(), fate=Fate.ACCEPTED)], ()

    monkeypatch.setattr(explain_module, "walk_inbound", walk)
    monkeypatch.setattr(explain_module, "interface", lambda name: Interface(name=name, index=1))
    assert run((*TUNNEL, "--in", "in0", "--out", "wan0")) is ExitStatus.PASSED
    assert words in capsys.readouterr().err
