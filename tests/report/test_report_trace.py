"""The path of a flow as a table and as JSON."""

import json
from dataclasses import replace

import pytest

from edgediag.inference.judge import judge
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import Control, FlowEvidence, Relation, RunEvidence
from edgediag.model.packet import MplsLabel
from edgediag.model.reply import IcmpKind
from edgediag.model.report import Report
from edgediag.report.trace import TracedPath, render_json, render_table, traced_path
from story import (
    GATEWAY,
    RESOLVER_HOST,
    ROUTERS,
    answered,
    control,
    echo_reply,
    flow,
    flow_evidence,
    flow_of,
    host_state,
    icmp,
    ike_reply,
    ladder,
    probe,
    refused,
    unanswered,
)

HOPS = (GATEWAY, *ROUTERS)
ECHO = control(Relation.ECHO, ladder(flow_of(ProbeKind.ICMP_ECHO), [*HOPS, echo_reply()]))
SIBLING = control(Relation.SAME_HOST, ladder(flow(port=500), HOPS), check="ike-500")
RESOLVER = control(
    Relation.OTHER_HOST, ladder(flow(host=RESOLVER_HOST, port=53), HOPS), check="resolver-53"
)
LOST = flow_evidence(
    unanswered(probe()), walked=ladder(flow(), [*HOPS[:2], *[None] * 14]), controls=(ECHO,)
)
SERVED = flow_evidence(
    answered(probe(), ike_reply()), walked=ladder(flow(), [*HOPS, ike_reply()]), controls=(ECHO,)
)
STUCK = flow_evidence(refused(probe()))


def path_of(evidence: FlowEvidence) -> TracedPath:
    (check,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    return traced_path(evidence, check)


def test_every_hop_has_a_line_and_the_control_beside_it() -> None:
    head, titles, *lines = render_table(path_of(SERVED)).splitlines()
    assert head.startswith("udp 198.51.100.21 port 4500 from port 40000, status ok; control: icmp")
    assert titles.split() == ["HOP", "ADDRESS", "RTT", "LOSS", "ANSWER", "CONTROL", "RTT"]
    assert [line.split()[:2] for line in lines] == [
        [str(distance), address] for distance, address in enumerate([*HOPS, "198.51.100.21"], 1)
    ]
    assert lines[0].split()[2:] == ["10.00", "ms", "0/1", "time-exceeded", GATEWAY, "10.00", "ms"]


def test_a_hop_that_other_flows_showed_has_an_address_and_no_figures() -> None:
    whole = ladder(flow(), [*HOPS, ike_reply()])
    known = replace(whole.hops[0], reply=None, rtt_s=None, tries=0)
    shown = replace(SERVED, ladder=replace(whole, hops=(known, *whole.hops[1:])), controls=())
    first = render_table(path_of(shown)).splitlines()[2]
    assert first.split() == ["1", GATEWAY, "as", "other", "flows"]


def test_the_block_stands_between_two_hops_and_silence_is_cut_short() -> None:
    lines = render_table(path_of(LOST)).splitlines()
    assert lines[4] == "--- ON-PATH between 203.0.113.1 and 203.0.113.5: silent-drop ---"
    assert lines[5].split()[:3] == ["3", "*", "3/3"]
    assert [line.split()[0] for line in lines[5:-2]] == ["3", "4", "5", "6"]
    assert lines[-1].startswith("remedy: ")


def test_what_never_left_has_no_path_and_a_verdict() -> None:
    lines = render_table(path_of(STUCK)).splitlines()
    assert "nothing was walked" in lines[0]
    assert not any(line.startswith("1 ") for line in lines)
    assert "on this node" in lines[-2]


@pytest.mark.parametrize(
    ("controls", "relation"),
    [
        pytest.param((RESOLVER, ECHO), Relation.ECHO, id="an echo to it, not the name server"),
        pytest.param((RESOLVER, SIBLING), Relation.SAME_HOST, id="another port of it"),
        pytest.param((RESOLVER,), Relation.OTHER_HOST, id="the name server, where nothing else is"),
        pytest.param((), None, id="nothing"),
    ],
)
def test_what_goes_to_the_host_itself_is_shown_beside_the_flow(
    controls: tuple[Control, ...], relation: Relation | None
) -> None:
    shown = path_of(replace(SERVED, controls=controls)).control
    assert (None if shown is None else shown.relation) is relation


def test_a_verdict_without_a_remedy_has_no_line_for_it() -> None:
    path = path_of(LOST)
    assert path.check.verdict is not None
    bare = replace(path.check, verdict=replace(path.check.verdict, remedy=""))
    summary = path.check.verdict.summary
    assert render_table(replace(path, check=bare)).splitlines()[-1] == summary


def test_json_has_a_walk_of_each_address(stories: dict[str, Report]) -> None:
    paths = [path_of(LOST), path_of(STUCK), path_of(SERVED)]
    document = json.loads(render_json(paths, stories["on-path"]))
    walks = [document, *document["others"]]
    assert [len(walk["hops"]) for walk in walks] == [len(path.hops) for path in paths]
    assert [walk["check"] for walk in walks] == [path.check.id for path in paths]


@pytest.mark.parametrize("evidence", [LOST, SERVED, STUCK])
def test_json_has_the_hops_and_the_whole_report(
    evidence: FlowEvidence, stories: dict[str, Report]
) -> None:
    path = path_of(evidence)
    document = json.loads(render_json([path], stories["on-path"]))
    assert document["others"] == []
    assert document["schema"] == "edgediag.trace/1"
    assert document["report"]["schema"] == "edgediag.report/1"
    assert [hop["distance"] for hop in document["hops"]] == list(range(1, len(path.hops) + 1))
    assert (document["control"] is None) is (path.control is None)


def test_the_labels_of_a_hop_stand_beside_its_answer(stories: dict[str, Report]) -> None:
    labels = (
        MplsLabel(label=24001, traffic_class=5, is_bottom=False, ttl=1),
        MplsLabel(label=17, traffic_class=0, is_bottom=True, ttl=254),
    )
    expired = replace(icmp(IcmpKind.TIME_EXCEEDED, ROUTERS[0]), labels=labels)
    walked = ladder(flow(), [GATEWAY, expired, ike_reply()])
    path = path_of(flow_evidence(answered(probe(), ike_reply()), walked=walked))
    line = render_table(path).splitlines()[3]
    assert line.endswith("time-exceeded [MPLS 24001, TTL 1] [MPLS 17, TTL 254]")
    hops = json.loads(render_json([path], stories["on-path"]))["hops"]
    assert [hop["answer"] for hop in hops] == ["time-exceeded", "time-exceeded", "IkeReply"]
    assert [hop["labels"] for hop in hops] == [
        [],
        [
            {"label": 24001, "traffic_class": 5, "bottom": False, "ttl": 1},
            {"label": 17, "traffic_class": 0, "bottom": True, "ttl": 254},
        ],
        [],
    ]
