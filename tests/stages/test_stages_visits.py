"""Which services of this node are visited, how often, and what follows from what they do."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.diagnosis import diagnose
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Direction, ProbeKind
from edgediag.model.evidence import NOT_VISITED, ListenerEvidence
from edgediag.model.exchange import Door
from edgediag.model.flow import Protocol
from edgediag.model.host import InterfaceAddress
from edgediag.model.listener import Listener
from edgediag.stages.visits import VISITS, doors
from rig import RigHost, RigWire, assigned, rig
from story import EDGE, host_state, target

KUBELET = target("kubelet-10250", kinds=(), port=10250, address=None, direction=Direction.INBOUND)
HERE = InterfaceAddress(interface="eth0", address=ip_address(EDGE), prefix_length=24)
DOOR = Door(address=ip_address(EDGE), port=10250)
REFUSED = NotChecked(reason="it takes no visit: Connection refused")


def listens(address: str, port: int = 10250) -> Listener:
    return Listener(protocol=Protocol.TCP, address=ip_address(address), port=port, uid=0)


def state(*listeners: Listener):
    return replace(host_state(), addresses=(HERE,), listeners=listeners)


@pytest.mark.parametrize(
    ("row", "listener", "found"),
    [
        pytest.param(KUBELET, listens("0.0.0.0"), {"kubelet-10250": DOOR}, id="on all addresses"),
        pytest.param(KUBELET, listens(EDGE), {"kubelet-10250": DOOR}, id="on this address"),
        pytest.param(KUBELET, listens("127.0.0.1"), {}, id="on the loopback address only"),
        pytest.param(KUBELET, listens("0.0.0.0", 10255), {}, id="on another port"),
        pytest.param(
            replace(KUBELET, protocol=Protocol.UDP), listens("0.0.0.0"), {}, id="datagrams"
        ),
        pytest.param(
            target("api-server-6443", kinds=(ProbeKind.TCP_SYN,)),
            listens("0.0.0.0"),
            {},
            id="a row of another host",
        ),
    ],
)
def test_only_what_listens_to_others_over_tcp_is_visited(row, listener, found) -> None:
    assert doors([row], state(listener)) == found


def test_nobody_is_visited_where_the_sockets_were_not_read() -> None:
    unread = replace(state(), listeners=NotChecked(reason="EPERM"))
    assert doors([KUBELET], unread) == {}


@pytest.mark.parametrize(
    ("closes", "visited", "said"),
    [
        pytest.param(False, 1, (False,), id="one that stands is enough"),
        pytest.param(True, VISITS, (True,) * VISITS, id="who ends it is visited again"),
        pytest.param(REFUSED, 1, REFUSED, id="a connection that never stood says nothing"),
    ],
)
def test_who_ends_a_connection_is_visited_again(closes, visited, said) -> None:
    host = RigHost(state=state(listens("0.0.0.0")), closes=closes)
    (evidence,) = diagnose(rig(RigWire(), host), assigned(KUBELET)).evidence.checks
    assert isinstance(evidence, ListenerEvidence)
    assert (host.visited, evidence.closed) == ([(DOOR,)] * visited, said)


def test_a_stopped_run_visits_nobody() -> None:
    host = RigHost(state=state(listens("0.0.0.0")), closes=True)
    bench = rig(RigWire(), host, is_stopped=lambda: True)
    (evidence,) = diagnose(bench, assigned(KUBELET)).evidence.checks
    assert isinstance(evidence, ListenerEvidence)
    assert (host.visited, evidence.closed) == ([()], NOT_VISITED)
