"""The edge node's facts."""

from edgediag.discovery.config import parse_config
from edgediag.discovery.document import items_at, parse_json
from edgediag.discovery.gateway import said_by_gateway
from edgediag.discovery.gateway_ends import gateway_ends, gateway_pools
from edgediag.discovery.source_file import SourceFile
from edgediag.lab.daemons.wireguard import KEYS
from edgediag.lab.files import FACTS, facts_text, gateways_text
from edgediag.lab.topology import HOSTS
from edgediag.model.gateway import Gateway
from edgediag.toml import tomllib


def test_the_facts_are_toml_and_come_back_whole() -> None:
    assert tomllib.loads(facts_text(FACTS)) == dict(FACTS)


def test_a_diagnosis_understands_every_fact() -> None:
    names = {fact.name for fact in parse_config(facts_text(FACTS), "edge.toml")}
    assert names == set(FACTS)


def test_discovery_understands_the_gateway_objects() -> None:
    key = KEYS["cloud"][1]
    saved = SourceFile(path="g", text=gateways_text(["10.244.0.0/24"], key), written_s=None)
    (document,) = parse_json(saved.text)
    said = (item for part in items_at(document, "items") for item in said_by_gateway(saved, part))
    found = [item for item in said if isinstance(item, Gateway)]
    assert [(pool.gateway, pool.networks) for pool in gateway_pools(found)] == [
        ("gw-cloud", ("10.244.0.0/24",)),
        ("gw-edge", ("10.244.1.0/24", "10.244.2.0/24")),
    ]
    (end,) = gateway_ends(found, (HOSTS["raven-tunnel"],))
    assert (end.gateway, end.port, end.public_key) == ("gw-cloud", 4500, key)
