"""The walk of IKE_AUTH: for whom it is made, and that it never comes to the gateway."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.checked import Checked
from edgediag.model.answer import NotChecked
from edgediag.model.exchange import SendPacket
from edgediag.model.host import HostState
from edgediag.model.packet import UdpDatagram
from edgediag.model.path import Ladder
from edgediag.model.tunnel import NOT_LISTENED, IkeExchange
from edgediag.model.variation import Change, Variation
from edgediag.stages.variation import Varied
from edgediag.tunnel.exchange_walk import NOT_MEASURED, walk_exchange
from rig import RigWire, rig
from routed import HOPS, network
from story import (
    HOST,
    NEIGHBOUR_HOST,
    answered,
    ike_reply,
    listened,
    probe,
    stream,
    target,
    transaction,
    unanswered,
)

TUNNEL = Checked(target=target(), attempts=(answered(probe(id_=9001), ike_reply()),), nobody=())
SILENT = Checked(target=target(), attempts=(unanswered(probe(id_=9001)),), nobody=())
AUTH_LOST = transaction(IkeExchange.AUTH, requests=3, request_octets=436)
NOTHING = Varied(variations={}, sent=(), is_lossy=False)


def is_auth(action: SendPacket) -> bool:
    payload = action.packet.payload
    return isinstance(payload, UdpDatagram) and payload.payload[22] == 35


def walked(wire: RigWire, host: HostState, check: Checked = TUNNEL) -> Varied:
    return walk_exchange(rig(wire), [check], NOTHING, host.tunnel_traffic)


def packets(wire: RigWire) -> list[SendPacket]:
    return [action for _, action in wire.sent if isinstance(action, SendPacket)]


def only(found: Varied) -> Variation:
    ((variation,),) = found.variations.values()
    return variation


def senders(ladder: Ladder | NotChecked) -> list[object]:
    return [hop.sender for hop in ladder.hops] if isinstance(ladder, Ladder) else []


def test_ike_auth_that_is_dropped_ends_where_ike_sa_init_goes_on() -> None:
    wire = network(lambda action: 2 if is_auth(action) else None)
    found = only(walked(wire, listened(AUTH_LOST)))
    assert found.change is Change.EXCHANGE
    assert senders(found.ladder) == [*HOPS[:2], None, None]
    assert senders(found.control) == list(HOPS)


def test_it_is_as_long_as_the_daemon_s_own_and_so_is_what_it_is_held_against() -> None:
    wire = network(lambda action: None)
    walked(wire, listened(AUTH_LOST))
    lengths = {
        len(action.packet.payload.payload)
        for action in packets(wire)
        if isinstance(action.packet.payload, UdpDatagram)
    }
    assert lengths == {440}


@pytest.mark.parametrize(
    ("attempts", "silent_hops", "farthest"),
    [
        pytest.param(TUNNEL.attempts, (), 4, id="the last router is known"),
        pytest.param(TUNNEL.attempts, (4,), 3, id="the last router is silent"),
        pytest.param(TUNNEL.attempts, (3, 4), 2, id="two are"),
        pytest.param(
            (answered(probe(id_=9001), replace(ike_reply(), hop_limit=55)),),
            (),
            4,
            id="the gateway is nearer than its answer's way back is long",
        ),
    ],
)
def test_it_never_goes_farther_than_ike_sa_init_expired(
    attempts: tuple[object, ...], silent_hops: tuple[int, ...], farthest: int
) -> None:
    wire = network(lambda action: None, silent_hops)
    walked(wire, listened(AUTH_LOST), replace(TUNNEL, attempts=attempts))
    limits = [action.packet.hop_limit for action in packets(wire) if is_auth(action)]
    assert max(limits) == farthest
    assert {action.packet.flow.destination for action in packets(wire)} == {ip_address(HOST)}


def test_where_no_router_speaks_none_is_sent_and_that_is_said() -> None:
    wire = network(lambda action: None, silent_hops=(1, 2, 3, 4))
    found = only(walked(wire, listened(AUTH_LOST)))
    assert (found.ladder, found.control) == (NOT_MEASURED, NOT_MEASURED)
    assert not any(map(is_auth, packets(wire)))


def _quiet() -> Iterable[object]:
    heard_nothing = replace(listened(), tunnel_traffic=NOT_LISTENED)
    yield pytest.param(heard_nothing, TUNNEL, id="nobody listened")
    yield pytest.param(listened(), TUNNEL, id="the daemon said nothing")
    answer = transaction(IkeExchange.AUTH, response_octets=240)
    yield pytest.param(listened(answer), TUNNEL, id="it was answered")
    one = transaction(IkeExchange.AUTH)
    yield pytest.param(listened(one), TUNNEL, id="it was sent once, a moment ago")
    yield pytest.param(
        listened(AUTH_LOST, stream(3, is_sent=False)), TUNNEL, id="ESP comes from the gateway"
    )
    yield pytest.param(listened(AUTH_LOST, lost=1), TUNNEL, id="frames were lost to the tap")
    yield pytest.param(listened(AUTH_LOST, peer=NEIGHBOUR_HOST), TUNNEL, id="another gateway")
    yield pytest.param(
        listened(transaction(IkeExchange.INFORMATIONAL, requests=3)), TUNNEL, id="it is another"
    )
    yield pytest.param(listened(AUTH_LOST), SILENT, id="IKE_SA_INIT is lost as well")


@pytest.mark.parametrize(("host", "check"), list(_quiet()))
def test_nothing_is_sent_without_a_cause(host: HostState, check: Checked) -> None:
    wire = network(lambda action: None)
    assert walked(wire, host, check) == NOTHING
    assert wire.sent == []
