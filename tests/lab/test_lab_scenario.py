"""Faults as data: every shipped file, and what is said of one that is not right."""

import re

import pytest

from edgediag.endpoints import ENDPOINTS
from edgediag.endpoints.forward_proxy import BLOB_HOST, TOKEN_SERVICE
from edgediag.errors import UsageError
from edgediag.lab import scenario
from edgediag.lab.scenario import Proof, Scenario, Truth
from edgediag.lab.steps import ServiceStep, SysctlStep
from edgediag.names.stub import UPSTREAM
from edgediag.stages.assignment import NAME_SERVERS

HEAD = 'claim = "c"\nfamily = "local"\nwhy = "w"\n'
INJECT = '[[inject]]\naction = "link"\nnode = "edge"\ndevice = "eth0"\nstate = "down"\n'
TRUTH = '[[truth]]\nwhere = ["local"]\ncertainty = "proven"\nmechanism = ["link-down"]\n'
AFFECTED = 'affected = ["api-server-6443"]\n'


def test_there_are_scenarios_of_every_family() -> None:
    assert {scenario.load(name).family for name in scenario.names()} == set(scenario.FAMILIES)


def test_there_are_at_least_forty_scenarios() -> None:
    assert len(scenario.names()) >= 40


@pytest.mark.parametrize("name", scenario.names())
def test_a_shipped_scenario_is_named_in_kebab_case(name: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", name)


@pytest.mark.parametrize("name", scenario.names())
def test_a_shipped_scenario_is_healthy_or_has_a_truth(name: str) -> None:
    story = scenario.load(name)
    assert (story.family == "healthy") == (not story.truths)


@pytest.mark.parametrize("name", scenario.names())
def test_a_shipped_fault_is_injected(name: str) -> None:
    story = scenario.load(name)
    assert story.inject or story.family == "healthy"


@pytest.mark.parametrize("name", scenario.names())
def test_a_fault_at_isp2_is_at_both_twins_unless_it_says_one(name: str) -> None:
    story = scenario.load(name)
    nodes = [step.node for step in story.inject]
    assert (nodes.count("isp2a") == nodes.count("isp2b")) == (story.legs == "both")


@pytest.mark.parametrize("name", scenario.names())
def test_a_certainty_fits_its_places(name: str) -> None:
    truths = scenario.load(name).truths
    assert [t for t in truths if (t.certainty == "ambiguous") != (len(t.where) > 1)] == []


@pytest.mark.parametrize("name", scenario.names())
def test_a_local_truth_ends_at_the_edge_and_names_no_hop(name: str) -> None:
    local = [truth for truth in scenario.load(name).truths if truth.where == ("local",)]
    assert [(truth.after, truth.upto) for truth in local] == [("", "edge")] * len(local)


@pytest.mark.parametrize("name", scenario.names())
def test_affected_checks_belong_to_endpoints_of_the_matrix(name: str) -> None:
    affected = {word for truth in scenario.load(name).truths for word in truth.affected}
    named = {*NAME_SERVERS, UPSTREAM, TOKEN_SERVICE, BLOB_HOST}
    ids = {endpoint.id for endpoint in ENDPOINTS} | named
    # Of several name servers the later ones bear their address in the check's id.
    stems = {re.sub(r"-(\d+|\*)(@.*)?$", "", word) for word in affected}
    # "ntp-*" and the like stand for several endpoints that begin so.
    assert {stem for stem in stems if not any(i.startswith(stem) for i in ids)} == set()


def test_every_shipped_scenario_has_a_proof() -> None:
    assert [name for name in scenario.names() if not scenario.load(name).proofs] == []


@pytest.mark.parametrize("name", scenario.names())
def test_a_shipped_fault_has_a_proof_that_is_no_control(name: str) -> None:
    story = scenario.load(name)
    faults = [proof for proof in story.proofs if not proof.is_control]
    assert faults or story.family == "healthy"


def test_a_file_becomes_a_scenario() -> None:
    text = f"""{HEAD}
        requires = ["tcpdump"]
        [options]
        region = "cn-zhangjiakou"
        [[inject]]
        action = "sysctl"
        node = "isp2"
        key = "net.ipv4.icmp_ratelimit"
        value = "0"
        [[inject]]
        action = "service"
        node = "cloud"
        service = "api-server"
        mode = "down"
        {TRUTH}
        upto = "edge"
        affected = ["@cloud", "resolver-53"]
        culprit = {{ kind = "link", interface = "eth0" }}
        [[proof]]
        argv = ["nc", "-z", "198.51.100.10", "6443"]
        status = 1
        says = "refused"
        control = true
        requires = ["tcpdump"]
    """
    assert scenario.parse("a-b", text) == Scenario(
        name="a-b",
        claim="c",
        family="local",
        why="w",
        requires=("tcpdump",),
        options={"region": "cn-zhangjiakou"},
        inject=(
            SysctlStep(node="isp2a", key="net.ipv4.icmp_ratelimit", value="0"),
            SysctlStep(node="isp2b", key="net.ipv4.icmp_ratelimit", value="0"),
            ServiceStep(node="cloud", service="api-server", mode="down"),
        ),
        truths=(
            Truth(
                where=("local",),
                certainty="proven",
                after="",
                upto="edge",
                mechanism=("link-down",),
                affected=(*scenario.GROUPS["@cloud"], "resolver-53"),
                culprit={"kind": "link", "interface": "eth0"},
            ),
        ),
        proofs=(
            Proof(
                argv=("nc", "-z", "198.51.100.10", "6443"),
                status=1,
                says="refused",
                requires=("tcpdump",),
                is_control=True,
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("claim = ", "scenario x: Invalid value", id="no TOML"),
        pytest.param(
            'claim = "c"\n', "scenario x, top level: missing key 'family'", id="no family"
        ),
        pytest.param(
            HEAD + 'whi = "?"', "scenario x, top level: unknown key 'whi'; known: claim", id="key"
        ),
        pytest.param(
            HEAD + '[[proof]]\nargv = ["nc"]',
            "scenario x, proof 1: a proof needs 'status', 'says' or 'lacks'",
            id="a proof of nothing",
        ),
        pytest.param(
            HEAD + '[[proof]]\nargv = ["nc"]\nsays = "("',
            "scenario x, proof 1: pattern '(': missing ), unterminated subpattern",
            id="a proof with a pattern that is none",
        ),
        pytest.param(
            HEAD + "inject = 3",
            "scenario x, inject: an array of tables is needed",
            id="a step that is no table",
        ),
        pytest.param(
            HEAD.replace("local", "lokal"),
            "scenario x, top level: key 'family': unknown word 'lokal'; known: healthy",
            id="family",
        ),
        pytest.param(
            HEAD + 'legs = "three"',
            "scenario x, top level: key 'legs': unknown word 'three'; known: both, one",
            id="legs",
        ),
        pytest.param(
            HEAD + "listen_s = 61",
            "scenario x, top level: key 'listen_s': use 0 to 60, not 61",
            id="listening for longer than a run may take",
        ),
        pytest.param(
            HEAD + "nat_timeout_s = -1",
            "scenario x, top level: key 'nat_timeout_s': use 0 to 60, not -1",
            id="mappings that are idle for less than no time",
        ),
        pytest.param(
            HEAD + "[options]\ncolour = 1",
            "scenario x, top level: key 'options': unknown word 'colour'; known: region",
            id="option",
        ),
        pytest.param(
            HEAD + INJECT + INJECT.replace("down", "gone"),
            "scenario x, inject 2: state 'gone': use down, up",
            id="second step",
        ),
        pytest.param(
            HEAD + INJECT + TRUTH, "scenario x, truth 1: missing key 'affected'", id="affected"
        ),
        pytest.param(
            HEAD + TRUTH + "affected = []",
            "scenario x, truth 1: key 'affected': name at least one check",
            id="nothing affected",
        ),
        pytest.param(
            HEAD + TRUTH.replace("link-down", "gremlins") + AFFECTED,
            "scenario x, truth 1: key 'mechanism': unknown word 'gremlins'; known: rule-drop",
            id="mechanism",
        ),
        pytest.param(
            HEAD + TRUTH.replace('"local"', '"moon"') + AFFECTED,
            "scenario x, truth 1: key 'where': unknown word 'moon'; known: local, on-path, remote",
            id="place",
        ),
        pytest.param(
            HEAD + TRUTH.replace("proven", "sure") + AFFECTED,
            "scenario x, truth 1: key 'certainty': unknown word 'sure'; known: proven",
            id="certainty",
        ),
        pytest.param(
            HEAD + TRUTH + AFFECTED + 'after = "isp2a"',
            "scenario x, truth 1: key 'after': unknown word 'isp2a'; known: , edge, cpe",
            id="a twin is no landmark",
        ),
        pytest.param(
            HEAD + TRUTH + AFFECTED + 'culprit = "cat"',
            "scenario x, truth 1: key 'culprit': a table is needed, not 'cat'",
            id="culprit",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(message)}"):
        scenario.parse("x", text)


def test_a_story_may_take_its_time() -> None:
    assert [scenario.parse("x", HEAD + text).listen_s for text in ("listen_s = 8", "")] == [8, 0]
    assert scenario.parse("x", HEAD + "nat_timeout_s = 6").nat_timeout_s == 6


def test_an_unknown_name_is_said_with_where_to_look() -> None:
    with pytest.raises(UsageError, match="^unknown scenario 'nonsense'; `edgediag lab list`"):
        scenario.load("nonsense")


def test_an_unreadable_file_is_said() -> None:
    with pytest.raises(UsageError, match="^cannot read scenario /nowhere/a.toml: No such file"):
        scenario.load("/nowhere/a.toml")
