"""`edgediag inspect`: the table that was asked for, and the exit status that it asks for."""

import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from edgediag.cli import ExitStatus, inspect, run
from edgediag.inference.inspection import TABLES
from edgediag.model.answer import NotChecked
from edgediag.model.host import HostState
from edgediag.model.route import PolicyRule
from story import host_state
from test_man import MAN, section, words

RULE = PolicyRule(
    priority=100, action="lookup", table=9027, text="from all fwmark 0x40 lookup 9027"
)
UNREAD = NotChecked(reason="not permitted")


def given(host: HostState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "read_host", lambda: host)
    nothing = {"tunnel_sockets": (), "tunnel_connections": ()}
    monkeypatch.setattr(inspect, "read_tunnels", lambda read: replace(read, **nothing))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param(host_state(), ExitStatus.PASSED, id="in order"),
        pytest.param(
            replace(host_state(), rules=(RULE,)), ExitStatus.FAULT_FOUND, id="no device"
        ),
        pytest.param(replace(host_state(), vxlans=UNREAD), ExitStatus.UNDETERMINED, id="unread"),
        pytest.param(
            replace(host_state(), rules=(RULE,), vxlans=UNREAD, overlay_routes=()),
            ExitStatus.FAULT_FOUND,
            id="a part unread, and another wrong",
        ),
    ],
)
def test_the_exit_status(
    host: HostState, status: ExitStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(host, monkeypatch)
    assert run(["inspect", "raven"]) is status


def test_a_table_that_there_is_not_is_a_mistake_of_usage() -> None:
    assert run(["inspect", "weather"]) is ExitStatus.USAGE


def test_json_is_all_that_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    given(host_state(), monkeypatch)
    result = CliRunner().invoke(inspect.command, ["--json", "links"])
    assert json.loads(result.stdout)["table"] == "links"
    assert result.stderr == ""


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_every_table_of_this_very_host_can_be_printed(table: str) -> None:
    result = CliRunner().invoke(inspect.command, [table])
    assert result.exception is None
    assert re.match(r"[A-Z]", result.stdout)


def test_every_table_is_documented() -> None:
    description = section(MAN / "edgediag-inspect.1", "DESCRIPTION")
    assert words(description) == [table.name for table in TABLES]
