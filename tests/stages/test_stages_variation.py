"""The stage that asks in other forms: what is waited for, walked and asked once more."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.model.drops import TracePassed
from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import Action, Event, Refused, SendPacket
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Answered
from edgediag.model.packet import UdpDatagram
from edgediag.model.path import Ladder
from edgediag.model.variation import Change, Variation
from edgediag.stages.forms import AGAIN_START_S, AGAIN_TIMEOUT_S, LEGS, SHAPE_TIMEOUT_S, TUNNEL_PORT
from edgediag.stages.variation import Varied, begin, finish, steady
from rig import RigWire, rig
from routed import HOPS, network
from story import (
    answered,
    flow,
    ike_reply,
    link,
    probe,
    syn_ack,
    target,
    unanswered,
)

TUNNEL = Checked(target=target(), attempts=(answered(probe(id_=9001), ike_reply()),), nobody=())
API = flow(Protocol.TCP, port=6443, source_port=41000)
API_SERVER = Checked(
    target=target("api-server-6443", kinds=(ProbeKind.TCP_SYN,)),
    attempts=(answered(probe(ProbeKind.TCP_SYN, on=API, check="api-server-6443"), syn_ack()),),
    nobody=(),
)


def varied(wire: RigWire, check: Checked) -> Varied:
    bench = rig(wire)
    return finish(bench, begin(bench, [check], {check.target.check: link()}))


def of(found: Varied, change: Change) -> list[Variation]:
    return [item for some in found.variations.values() for item in some if item.change is change]


def is_esp(action: SendPacket) -> bool:
    payload = action.packet.payload
    return isinstance(payload, UdpDatagram) and payload.payload[:4] != bytes(4)


def test_on_a_good_path_a_form_costs_a_packet_and_a_round_trip() -> None:
    wire = network(lambda action: None)
    found = varied(wire, TUNNEL)
    assert wire.passed_s() < 0.01
    assert len(wire.sent) == 3 + 4
    (seen,) = found.variations.values()
    assert not any(isinstance(item.ladder, Ladder) for item in seen)


def test_where_the_last_router_is_silent_a_glance_ends_the_wait() -> None:
    wire = network(lambda action: None, silent_hops=(4,))
    varied(wire, TUNNEL)
    assert wire.passed_s() == pytest.approx(SHAPE_TIMEOUT_S, abs=0.01)


def test_the_tunnels_port_that_is_lost_is_walked_beside_the_other_and_asked_again() -> None:
    wire = network(lambda action: 2 if action.packet.flow.source_port == TUNNEL_PORT else None)
    (found,) = of(varied(wire, TUNNEL), Change.SOURCE_PORT)
    assert isinstance(found.ladder, Ladder) and isinstance(found.control, Ladder)
    assert [hop.sender for hop in found.ladder.hops] == [*HOPS[:2], None, None, None]
    assert len(found.control.hops) == len(HOPS) + 1
    assert [outcome.tries for outcome in found.attempts] == [3, 1]
    assert wire.passed_s() == pytest.approx(1.4 + AGAIN_START_S + AGAIN_TIMEOUT_S, abs=0.01)


def test_a_shape_that_is_lost_is_walked_beside_the_other() -> None:
    wire = network(lambda action: 2 if is_esp(action) else None)
    (found,) = of(varied(wire, TUNNEL), Change.SHAPE)
    assert isinstance(found.ladder, Ladder) and isinstance(found.control, Ladder)
    assert [hop.sender for hop in found.ladder.hops] == [*HOPS[:2], None, None]
    assert [hop.sender for hop in found.control.hops] == list(HOPS)


def test_a_size_that_is_lost_is_tried_in_smaller_ones() -> None:
    def too_long(action: SendPacket) -> int | None:
        payload = action.packet.payload
        is_long = isinstance(payload, UdpDatagram) and len(payload.payload) > 1400
        return 2 if is_long and not action.fragment_octets else None

    found = of(varied(network(too_long), TUNNEL), Change.SIZE)
    served = [item.octets for item in found if isinstance(item.attempts[0], Answered)]
    assert [item.octets for item in found][:2] == [1500, 1492]
    assert served == [1400, 1280, 576]


def test_legs_that_are_lost_are_walked_beside_one_that_is_served() -> None:
    wire = network(lambda action: 3 if action.packet.flow.source_port % 2 else None)
    found = of(varied(wire, API_SERVER), Change.LEG)
    walked = [item for item in found if isinstance(item.ladder, Ladder)]
    assert (len(found), len(walked)) == (LEGS, 3)
    assert all(len(item.control.hops) == 5 for item in walked if isinstance(item.control, Ladder))


def losing(is_lost: Callable[[int, int], bool]) -> RigWire:
    """A network in which the last router loses SYNs by their port and their number from it."""
    count: Counter[int] = Counter()

    def wall(action: SendPacket) -> int | None:
        port = action.packet.flow.source_port
        count[port] += action.packet.hop_limit > len(HOPS)
        return 3 if is_lost(port, count[port]) else None

    return network(wall)


@pytest.mark.parametrize(
    ("wire", "is_lossy", "is_counted"),
    [
        pytest.param(losing(lambda port, count: False), False, True, id="all are served at once"),
        pytest.param(losing(lambda port, count: port % 2 > 0), False, False, id="a bad path"),
        pytest.param(losing(lambda port, count: count == 1), True, True, id="first tries are lost"),
    ],
)
def test_of_a_bad_path_nothing_is_counted(
    wire: RigWire, is_lossy: bool, is_counted: bool
) -> None:
    found = varied(wire, API_SERVER)
    assert found.is_lossy is is_lossy
    counted = steady([API_SERVER], found, is_lossy=False)
    assert bool(counted) is is_counted
    # What came of the flows on other paths tells more of the check.
    assert [len(check.attempts) for check in counted] == [1 + LEGS] * is_counted
    assert len(steady([API_SERVER], found, is_lossy=True)) == 1


def test_where_every_leg_is_lost_the_path_is_no_matter_of_ports() -> None:
    wire = network(lambda action: 3)
    silent = replace(API_SERVER, attempts=(unanswered(API_SERVER.attempts[0].probe),))
    found = of(varied(wire, silent), Change.LEG)
    assert all(not isinstance(item.ladder, Ladder) for item in found)


def test_where_the_own_flow_alone_is_served_it_is_the_control_of_the_others() -> None:
    wire = network(lambda action: 3 if action.packet.flow.source_port != API.source_port else None)
    found = of(varied(wire, API_SERVER), Change.LEG)
    controls = [item.control for item in found if isinstance(item.control, Ladder)]
    assert {control.flow for control in controls} == {API}


def test_a_form_that_this_host_refuses_is_traced_and_not_walked() -> None:
    class RefusingWire(RigWire):
        """A wire whose kernel refuses what comes from the tunnel's port."""

        def execute(self, action: Action) -> tuple[Event, ...]:
            if isinstance(action, SendPacket):
                if action.packet.flow.source_port == TUNNEL_PORT:
                    self.sent.append((self.passed_s(), action))
                    return (
                        Refused(
                            probe=action.probe,
                            errno_name="EPERM",
                            is_immediate=True,
                            at_s=self.now_s(),
                        ),
                    )
            return super().execute(action)

    good = network(lambda action: None)
    wire = RefusingWire(good._answer)
    (found,) = of(varied(wire, TUNNEL), Change.SOURCE_PORT)
    assert not isinstance(found.ladder, Ladder)
    assert isinstance(found.trace, TracePassed)


def test_an_interrupted_run_varies_nothing() -> None:
    bench = rig(RigWire(), is_stopped=lambda: True)
    trials = begin(bench, [TUNNEL], {"raven-tunnel-4500": link()})
    assert finish(bench, trials).variations == {}
