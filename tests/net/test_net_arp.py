"""Asking by hand who has an address, on a real link."""

import time
from contextlib import closing
from ipaddress import ip_address

import pytest

from edgediag.model.answer import NotChecked
from edgediag.net.arp import ArpSolicitation

pytestmark = pytest.mark.netns

PEER = ip_address("192.0.2.2")
NOBODY = ip_address("192.0.2.99")
WRONG_MAC = "02:00:00:00:99:99"


def test_the_owner_answers_nobody_else_does_and_the_neighbour_table_stays(two_nodes) -> None:
    two_nodes.node.run(f"ip neigh replace 192.0.2.2 lladdr {WRONG_MAC} dev up0 nud stale")
    asked = [("up0", PEER), ("up0", NOBODY)]
    with two_nodes.node.inside():
        solicited = ArpSolicitation(asked)
    with closing(solicited):
        deadline_s = time.monotonic() + 2.0
        answers = solicited.answers()
        while not answers["up0", PEER] and time.monotonic() < deadline_s:
            time.sleep(0.01)
            answers = solicited.answers()
    assert answers == {("up0", PEER): ("02:00:00:00:00:02",), ("up0", NOBODY): ()}
    assert WRONG_MAC in two_nodes.node.output("ip neigh show 192.0.2.2 dev up0")
    assert "02:00:00:00:00:02" not in two_nodes.node.output("ip neigh show 192.0.2.2 dev up0")


@pytest.mark.parametrize(
    ("interface", "address"),
    [
        pytest.param("lo", PEER, id="a device without ARP"),
        pytest.param("gone0", PEER, id="no such device"),
        pytest.param("up0", ip_address("2001:db8::1"), id="an address of IPv6"),
    ],
)
def test_what_cannot_be_asked_says_why(two_nodes, interface: str, address) -> None:
    with two_nodes.node.inside(), closing(ArpSolicitation([(interface, address)])) as solicited:
        answer = solicited.answers()[interface, address]
    assert isinstance(answer, NotChecked)
