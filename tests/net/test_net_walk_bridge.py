"""Chains of the bridge family: they are not evaluated, and a packet that meets them is in doubt."""

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.host.walk.conclusion import conclude
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.parcel import CtState, Sender, parcel_of
from edgediag.model.flow import Flow, Protocol
from edgediag.net.walk_answers import walk_outbound

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = pytest.mark.netns

DROP = (
    "nft add table bridge b",
    "nft add chain bridge b o {type filter hook output priority 0;}",
    "nft add rule bridge b o drop",
)
BRIDGE = (
    "ip link add br0 type bridge",
    "ip link set br0 up",
    "ip address add 203.0.113.1/24 dev br0",
)
MET = ("undetermined", ("rules of the bridge family at br0",))


@pytest.mark.parametrize(
    ("commands", "to", "expected"),
    [
        pytest.param((*BRIDGE, *DROP), "203.0.113.2", MET, id="it leaves by a bridge"),
        pytest.param((*BRIDGE, *DROP), "198.51.100.2", ("passes", ()), id="by another device"),
        pytest.param(BRIDGE, "203.0.113.2", ("passes", ()), id="a bridge without rules"),
    ],
)
def test_rules_of_a_bridge(
    two_nodes: "TwoNodes", commands: tuple[str, ...], to: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    two_nodes.node.run(*commands)
    source = "203.0.113.1" if to.startswith("203.") else "192.0.2.1"
    asked = Flow(
        protocol=Protocol.UDP,
        source=ip_address(source),
        source_port=4499,
        destination=ip_address(to),
        destination_port=4500,
    )
    sender = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
    with two_nodes.node.inside():
        said = conclude(*walk_outbound(parcel_of(asked, sender), Journal()))
    assert (said.disposition.value, said.hangs_on) == expected
