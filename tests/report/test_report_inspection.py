"""An inspected table as people and as programs get it."""

import json
from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.inspection import TABLES, InspectedTable, Inspection, inspect
from edgediag.model.answer import NotChecked
from edgediag.model.host import HostState
from edgediag.model.overlay import OverlayRoute
from edgediag.model.route import PolicyRule
from edgediag.model.tunnel_object import TunnelConnection
from edgediag.model.xfrm import XfrmPolicy, XfrmSelector, XfrmTemplate
from edgediag.report.inspection import render_json, render_text
from story import EDGE, FLANNEL_DEVICE, HOST, flow, host_state, link

BY_NAME = {table.name: table for table in TABLES}
RAVEN_RULE = PolicyRule(
    priority=100, action="lookup", table=9027, text="from all fwmark 0x40 lookup 9027"
)
MAIN_RULE = PolicyRule(priority=32766, action="lookup", table=254, text="from all lookup main")
ROUTE = OverlayRoute(
    interface="raven0",
    type_="unicast",
    prefix="203.0.113.128/25",
    gateway=None,
    table=9027,
    mtu=None,
)
POLICY = XfrmPolicy(
    direction="out",
    action="allow",
    priority=0,
    index=1,
    selector=XfrmSelector(
        source=(ip_address("203.0.113.0"), 25),
        destination=(ip_address("203.0.113.128"), 25),
        source_port=(0, 0),
        destination_port=(0, 0),
        ip_protocol=0,
        is_narrower=False,
    ),
    templates=(
        XfrmTemplate(
            source=ip_address(EDGE),
            destination=ip_address(HOST),
            protocol="esp",
            mode="tunnel",
            request=1,
        ),
    ),
)


def seen(name: str, host: HostState) -> Inspection:
    return inspect(BY_NAME[name], host)


def test_an_entry_is_a_line_under_the_names_of_its_fields() -> None:
    assert render_text(seen("links", host_state())).splitlines() == [
        "LINKS",
        "  name  index  up   has-carrier  mtu   kind  mac                xdp-program",
        "  eth0  2      yes  yes          1500  -     02:00:00:00:00:10  -",
    ]


def test_a_part_without_entries_and_one_not_read_say_so() -> None:
    host = replace(host_state(), xfrm_states=NotChecked(reason="EPERM\n"))
    text = render_text(seen("xfrm", host))
    assert "POLICIES\n  none\n" in text
    assert "SECURITY ASSOCIATIONS\n  not read: EPERM\\x0a\n" in text


def test_a_policy_is_told_in_the_words_of_ip_xfrm() -> None:
    text = render_text(seen("xfrm", replace(host_state(), xfrm_policies=(POLICY,))))
    assert "src 203.0.113.0/25 dst 203.0.113.128/25" in text
    assert f"esp tunnel {EDGE} to {HOST}" in text
    assert "no security association stands" in text.partition("WRONG\n")[2]


def test_of_all_tables_only_what_is_ravens_is_shown() -> None:
    host = replace(host_state(), rules=(MAIN_RULE, RAVEN_RULE), overlay_routes=(ROUTE,))
    text = render_text(seen("raven", host))
    assert "fwmark 0x40" in text
    assert "lookup main" not in text
    assert "eth0" not in text


def test_what_is_wrong_comes_last_with_the_command_that_shows_it() -> None:
    text = render_text(seen("raven", replace(host_state(), rules=(RAVEN_RULE,))))
    said = text.partition("WRONG\n")[2].splitlines()
    assert said[0].endswith("raven0 is missing")
    assert said[1] == "      see   ip -d link show raven0"
    assert said[2].startswith("      then  restart this node's raven-agent")


def test_names_from_outside_are_escaped() -> None:
    host = replace(host_state(), links=(replace(link(), name="a\x1b[2J"),))
    assert "\x1b" not in render_text(seen("links", host))
    assert "\\\\x1b" in render_json(seen("links", host))


def test_json_has_entries_reasons_and_findings() -> None:
    host = replace(host_state(), rules=(RAVEN_RULE,), vxlans=NotChecked(reason="EPERM"))
    document = json.loads(render_json(seen("raven", replace(host, overlay_routes=()))))
    assert (document["schema"], document["table"]) == ("edgediag.inspect/1", "raven")
    rules, _, _, devices, *_ = document["parts"]
    assert rules["entries"][0]["text"] == RAVEN_RULE.text
    assert devices == {"title": "VXLAN devices", "entries": None, "reason": "EPERM"}
    [finding] = document["findings"]
    assert (finding["where"], finding["mechanism"]) == (["local"], "raven-not-ready")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_nothing_is_wrong_on_a_host_that_is_in_order(table: InspectedTable) -> None:
    inspection = inspect(table, host_state())
    assert inspection.faults == ()
    assert "WRONG" not in render_text(inspection)
    assert json.loads(render_json(inspection))["findings"] == []


def test_a_fault_that_two_tunnels_share_is_told_once() -> None:
    twice = (POLICY, replace(POLICY, index=2))
    assert len(seen("xfrm", replace(host_state(), xfrm_policies=twice)).faults) == 1


def test_a_connection_is_shown_by_its_ends_and_what_was_not_read_is_no_no() -> None:
    asked = flow()
    tracked = TunnelConnection(asked=asked, wire=asked, is_answered=False)
    text = render_text(seen("raven", replace(host_state(), tunnel_connections=(tracked,))))
    (line,) = [line for line in text.splitlines() if "40000" in line]
    ends = f"{asked.source} port 40000 to {asked.destination} port 4500"
    assert line.split("  ") == ["", ends, ends, "no"]
    device = replace(FLANNEL_DEVICE, interface="raven0")
    (row,) = [
        line
        for line in render_text(seen("raven", replace(host_state(), vxlans=(device,)))).splitlines()
        if line.startswith("  raven0")
    ]
    assert row.endswith("?")
