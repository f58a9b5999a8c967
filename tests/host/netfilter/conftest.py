"""Rules as Linux 6.18 dumped them, beside what nft 1.0.6 and iptables 1.8.9 call them."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgediag.host.netfilter.register import Sets
from edgediag.host.netfilter.rule import FilterRule, decode_filter_rule
from edgediag.host.netfilter.sets import decode_elements

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class Recorded:
    """One rule, the elements of its anonymous sets, and its own tool's words for it."""

    text: str
    rule: FilterRule
    sets: Sets


@pytest.fixture(scope="session")
def recorded_nft() -> tuple[Recorded, ...]:
    """The rules of ruleset.nft."""
    return _read("ruleset.json")


@pytest.fixture(scope="session")
def recorded_iptables() -> tuple[Recorded, ...]:
    """The rules of iptables.sh."""
    return _read("iptables.json")


def _read(name: str) -> tuple[Recorded, ...]:
    if sys.byteorder != "little":
        pytest.skip("the dumps were recorded on a little-endian machine")
    return tuple(_decoded(entry) for entry in json.loads(DATA.joinpath(name).read_text()))


def _decoded(entry: dict[str, object]) -> Recorded:
    text, octets, sets = entry["text"], entry["rule"], entry["sets"]
    assert isinstance(text, str) and isinstance(octets, str) and isinstance(sets, dict)
    rule = decode_filter_rule(bytes.fromhex(octets))
    assert rule is not None
    elements = {
        name: decode_elements(bytes.fromhex(payload) for payload in payloads)
        for name, payloads in sets.items()
    }
    return Recorded(text, rule, elements)
