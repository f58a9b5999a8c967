"""The stage that counts losses: when it counts, whom it asks, and how often."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import Action, Event, SendPacket
from edgediag.model.flow import Flow, Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.packet import Sighting, TcpSegment
from edgediag.train import QUICK_COUNT, SLOW_COUNT, Counted, count_losses
from rig import RigWire, observed, rig
from story import answered, flow, probe, syn_ack, target, unanswered

API = flow(Protocol.TCP, port=6443, source_port=41000)
SYN = probe(ProbeKind.TCP_SYN, on=API, check="api-server-6443", id_=9001)
TLS = probe(ProbeKind.TLS_CLIENT_HELLO, on=API, check="api-server-6443", id_=9002)
AT_ONCE = answered(SYN, syn_ack())
LATER = replace(AT_ONCE, tries=2)


def checked(*attempts: Outcome, check: str = "api-server-6443") -> Checked:
    return Checked(target=target(check, kinds=(ProbeKind.TCP_SYN,)), attempts=attempts, nobody=())


def passing(is_lost: Callable[[int], bool]) -> RigWire:
    """A network in which the host answers SYNs, but for those that are lost, by their count."""
    flows: list[Flow] = []

    def answers(action: Action, at_s: float) -> Iterable[Event]:
        if not isinstance(action, SendPacket):
            return ()
        segment = action.packet.payload
        if not isinstance(segment, TcpSegment) or segment.flags != "S":
            return ()
        flows.append(action.packet.flow)
        left = observed(action.packet, Sighting.TAP_OUT, at_s)
        if is_lost(len(flows)):
            return (left,)
        number = (segment.sequence + 1) % 2**32
        payload = replace(segment, flags="SA", sequence=9, acknowledgement=number)
        back = replace(action.packet, flow=action.packet.flow.reversed(), payload=payload)
        return (left, observed(back, Sighting.TAP_IN, at_s))

    return RigWire(answers)


def counted(wire: RigWire, *checks: Checked, is_lossy: bool = False) -> Counted:
    return count_losses(rig(wire), checks, is_lossy=is_lossy)


@pytest.mark.parametrize(
    ("check", "is_lossy", "is_counted"),
    [
        pytest.param(checked(AT_ONCE), False, False, id="all was answered at the first try"),
        pytest.param(checked(LATER), False, True, id="a first try went unanswered"),
        pytest.param(
            checked(unanswered(SYN), answered(TLS, syn_ack())),
            False,
            True,
            id="one flow of the check was silent and the other served",
        ),
        pytest.param(checked(AT_ONCE), True, True, id="others were served in the end"),
        pytest.param(checked(unanswered(SYN)), True, False, id="what is dark is not counted"),
        pytest.param(checked(LATER, check="oss-443"), False, False, id="nor are other services"),
    ],
)
def test_when_losses_are_counted(check: Checked, is_lossy: bool, is_counted: bool) -> None:
    found = counted(passing(lambda count: False), check, is_lossy=is_lossy)
    assert bool(found.trains) is is_counted


def test_what_loses_nothing_is_not_asked_slowly() -> None:
    found = counted(passing(lambda count: False), checked(LATER))
    (train,) = found.trains["api-server-6443"]
    assert (train.sent, train.answered) == (QUICK_COUNT, QUICK_COUNT)
    assert len({item.flow.source_port for item in found.sent}) == QUICK_COUNT


def test_what_loses_much_is_asked_slowly_as_well() -> None:
    wire = passing(lambda count: 2 < count <= QUICK_COUNT)
    quick, slow, *walked = counted(wire, checked(LATER)).trains["api-server-6443"]
    assert (quick.sent, quick.answered) == (QUICK_COUNT, 2)
    assert (slow.sent, slow.answered) == (SLOW_COUNT, SLOW_COUNT)
    assert slow.spacing_s > quick.spacing_s
    # Nothing slow was lost, so it may be a limit: each router is sent questions and echoes.
    assert [item.hop_limit for item in walked] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_what_loses_much_at_both_paces_is_not_walked_as_a_limit() -> None:
    found = counted(passing(lambda count: count % 3 == 0), checked(LATER))
    assert len(found.trains["api-server-6443"]) == 2
