"""What is the daemon's own, out of all that was heard: the rest is in the rules' tests."""

import pytest

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow
from edgediag.model.tunnel import IkeExchange
from edgediag.tunnel.heard import heard_of
from story import HOST, flow, listened, transaction

AUTH = IkeExchange.AUTH
LOST = transaction(AUTH, requests=3)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(flow(port=4500), (LOST,), id="the gateway's"),
        pytest.param(flow(port=4500, source_port=4500), (LOST,), id="whatever port asks"),
        pytest.param(flow(port=500), (), id="of another port"),
        pytest.param(flow(port=4500, host="198.51.100.99"), (), id="of another host"),
    ],
)
def test_a_gateway_is_an_address_and_a_port(asked: Flow, expected: object) -> None:
    traffic = listened(LOST, peer=HOST).tunnel_traffic
    assert not isinstance(traffic, NotChecked)
    assert heard_of(asked, traffic).unanswered(AUTH) == expected
