"""report.json: the golden reports, the schema, and that the two never drift apart."""

import json
import os
from collections.abc import Callable
from dataclasses import fields, replace
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from edgediag.model.answer import Answer
from edgediag.model.culprit import Culprit
from edgediag.model.endpoint import Direction
from edgediag.model.flow import Protocol
from edgediag.model.mapping import IdleTrial, MappingLifetime
from edgediag.model.report import Report
from edgediag.model.verdict import Certainty, Mechanism, Place, Status, Strength
from edgediag.report.json import SCHEMA, render

GOLDEN = Path(__file__).with_name("golden")
SCHEMA_FILE = json.loads(files("edgediag.report").joinpath("report.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA_FILE)

STORIES = [
    "healthy",
    "on-path",
    "local-nft-rule",
    "ambiguous",
    "one-cause-for-all",
    "hostile-strings",
]


@pytest.mark.parametrize("story", STORIES)
def test_golden(stories: dict[str, Report], story: str) -> None:
    golden = GOLDEN / f"{story}.json"
    text = render(stories[story])
    if os.environ.get("RENEW_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_every_report_is_as_the_schema_says(
    values_of: Callable[[object], "st.SearchStrategy[Any]"], data: st.DataObject
) -> None:
    text = render(data.draw(values_of(Report)))
    errors = [error for error in VALIDATOR.iter_errors(json.loads(text))]
    assert [error for error in errors if "sha256" not in error.absolute_path] == []
    assert text.replace("\n", "").isprintable()


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA_FILE)
    assert SCHEMA_FILE["properties"]["schema"] == {"const": SCHEMA}


@pytest.mark.parametrize(
    ("name", "vocabulary"),
    [
        ("mechanism", Mechanism),
        ("place", Place),
        ("certainty", Certainty),
        ("status", Status),
        ("strength", Strength),
        ("direction", Direction),
        ("protocol", Protocol),
    ],
)
def test_vocabulary(name: str, vocabulary: type) -> None:
    assert SCHEMA_FILE["$defs"][name]["enum"] == [word.value for word in vocabulary]


def test_every_kind_of_culprit_is_in_the_schema() -> None:
    kinds = [entry["$ref"].rpartition("/")[2] for entry in SCHEMA_FILE["$defs"]["culprit"]["oneOf"]]
    assert kinds == [type_.KIND for type_ in get_args(Culprit)]


@pytest.mark.parametrize("type_", get_args(Culprit))
def test_culprit_has_its_fields_in_the_schema(type_: Any) -> None:
    entry = SCHEMA_FILE["$defs"][type_.KIND]
    assert entry["properties"]["kind"] == {"const": type_.KIND}
    assert entry["required"] == ["kind", *(field.name.rstrip("_") for field in fields(type_))]


def test_a_check_that_passes_has_no_verdict(stories: dict[str, Report]) -> None:
    checks = json.loads(render(stories["on-path"]))["checks"]
    assert {check["status"]: check["verdict"] is None for check in checks} == {
        "ok": True,
        "blocked": False,
        "not-checked": True,
    }


def test_places_stand_in_their_order_whatever_the_verdict_says(stories: dict[str, Report]) -> None:
    checks = json.loads(render(stories["ambiguous"]))["checks"]
    assert checks[1]["verdict"]["where"] == ["on-path", "remote"]


def test_an_option_given_twice_keeps_both_values(stories: dict[str, Report]) -> None:
    settings_ = json.loads(render(stories["healthy"]))["run"]["settings"]
    assert settings_ == {"region": "cn-hangzhou", "peer": "192.0.2.11 192.0.2.12"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"surprise": 1}, id="a key nobody wrote down"),
        pytest.param({"status": "broken"}, id="a word outside the vocabulary"),
        pytest.param({"status": "ok"}, id="a verdict on a check that passes"),
        pytest.param({"flow": {}}, id="a flow without its fields"),
    ],
)
def test_the_schema_is_closed(stories: dict[str, Report], change: dict[str, object]) -> None:
    document = json.loads(render(stories["ambiguous"]))
    assert VALIDATOR.is_valid(document)
    document["checks"][1].update(change)
    assert not VALIDATOR.is_valid(document)


TIMED = MappingLifetime(
    gateway=ip_address("198.51.100.21"),
    longest_s=8.0,
    trials=(
        IdleTrial(idle_s=2.0, is_kept=Answer.YES, packets=(3, 4)),
        IdleTrial(idle_s=4.0, is_kept=Answer.NO, packets=(5,)),
        IdleTrial(idle_s=8.0, is_kept=Answer.NOT_CHECKED, packets=()),
    ),
    reason="",
)


def test_how_long_a_mapping_lives_stands_in_a_field_of_its_own(stories: dict[str, Report]) -> None:
    report = json.loads(render(replace(stories["healthy"], mapping=TIMED)))
    assert report["nat_timeout"] == {
        "gateway": "198.51.100.21",
        "longest_s": 8.0,
        "at_least_s": 2.0,
        "less_than_s": 4.0,
        "reason": "",
        "trials": [
            {"idle_s": 2.0, "kept": "yes", "packets": [3, 4]},
            {"idle_s": 4.0, "kept": "no", "packets": [5]},
            {"idle_s": 8.0, "kept": "not-checked", "packets": []},
        ],
    }
    assert list(VALIDATOR.iter_errors(report)) == []
    assert "nat_timeout" not in json.loads(render(stories["healthy"]))


def test_the_layers_stand_in_a_field_of_their_own(stories: dict[str, Report]) -> None:
    report = json.loads(render(stories["on-path"]))
    failed = [layer for layer in report["layers"] if layer["state"] == "failed"]
    assert [set(layer) for layer in failed] == [{"name", "state", "checks", "reason"}]
    assert list(VALIDATOR.iter_errors(report)) == []
    assert "layers" not in json.loads(render(replace(stories["healthy"], checks=())))
