"""The edge node's facts."""

from edgediag.compat import tomllib
from edgediag.discovery.config import parse_config
from edgediag.lab.files import FACTS, facts_text


def test_the_facts_are_toml_and_come_back_whole() -> None:
    assert tomllib.loads(facts_text(FACTS)) == dict(FACTS)


def test_a_diagnosis_understands_every_fact() -> None:
    names = {fact.name for fact in parse_config(facts_text(FACTS), "edge.toml")}
    assert names == set(FACTS)
