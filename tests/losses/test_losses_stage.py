"""The stage that counts losses: when it counts, whom it asks, and how often."""

from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.inference.counts import is_whole
from edgediag.inference.losses import loss_begins
from edgediag.losses.roll_call import PACE
from edgediag.losses.stage import Counted, count_losses
from edgediag.losses.train import QUICK, SLOW
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.reply import TlsAnswer, TlsReply
from lossy_wire import HOPS, ROUTERS_6, a_third, lossy, never
from rig import RigWire, rig
from story import (
    HOST,
    NEIGHBOUR_HOST,
    addresses,
    answered,
    flow,
    probe,
    syn_ack,
    target,
    unanswered,
)

API = flow(Protocol.TCP, port=6443, source_port=41000)
SYN = probe(ProbeKind.TCP_SYN, on=API, check="api-server-6443", id_=9001)
TLS = probe(ProbeKind.TLS_CLIENT_HELLO, on=API, check="api-server-6443", id_=9002)
MUTE = TlsReply(answer=TlsAnswer.SERVER_HELLO, alert=0, hop_limit=None)
SIX, HOST_6 = addresses("2001:db8:1::10", "2001:db8:2::10")
AT_ONCE = answered(SYN, syn_ack())
LATER = replace(AT_ONCE, tries=2)


def checked(*attempts: Outcome, check: str = "api-server-6443") -> Checked:
    return Checked(target=target(check, kinds=(ProbeKind.TCP_SYN,)), attempts=attempts, nobody=())


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
    found = counted(lossy(never), check, is_lossy=is_lossy)
    assert bool(found.trains) is is_counted


def test_what_loses_nothing_is_not_asked_again() -> None:
    found = counted(lossy(never), checked(LATER))
    (train,) = found.trains["api-server-6443"]
    assert (train.sent, train.answered) == (QUICK.count, QUICK.count)
    assert len({item.flow.source_port for item in found.sent}) == QUICK.count


def test_what_loses_little_is_asked_as_quickly_again() -> None:
    found = counted(lossy(lambda host, count: count == 7), checked(LATER))
    first, second = found.trains["api-server-6443"]
    assert (first.sent - first.answered, second.sent - second.answered) == (1, 0)
    assert first.spacing_s == second.spacing_s


def test_what_loses_much_is_asked_slowly_as_well() -> None:
    wire = lossy(lambda host, count: 2 < count <= QUICK.count)
    quick, slow, *walked = counted(wire, checked(LATER)).trains["api-server-6443"]
    assert (quick.sent, quick.answered) == (QUICK.count, 2)
    assert (slow.sent, slow.answered) == (SLOW.count, SLOW.count)
    assert slow.spacing_s > quick.spacing_s
    # The pace decides, so it is a limit: each router is sent questions and echoes.
    assert [item.hop_limit for item in walked] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_what_loses_too_little_for_a_limit_is_walked_as_a_loss() -> None:
    found = counted(lossy(a_third, behind=3), checked(LATER))
    trains = found.trains["api-server-6443"]
    walked = [item for item in trains if not is_whole(item)]
    assert [item.sent for item in trains if is_whole(item)] == [QUICK.count, PACE.count]
    assert {item.hop_limit for item in walked} == {1, 2, 3, 4}
    segment = loss_begins(found.trains["api-server-6443"], "api-server-6443")
    assert segment is not None
    assert (segment.after, segment.upto) == (HOPS[2], HOPS[3])


def test_slow_questions_end_as_soon_as_no_limit_can_show() -> None:
    found = counted(lossy(lambda host, count: 5 < count <= QUICK.count + 1), checked(LATER))
    quick, slow, *_ = found.trains["api-server-6443"]
    assert (quick.answered, slow.sent, slow.answered) == (5, 1, 0)


def test_the_distance_is_known_from_the_trains_where_the_check_was_silent() -> None:
    found = counted(lossy(a_third, behind=3), checked(unanswered(SYN), answered(TLS, MUTE)))
    assert loss_begins(found.trains["api-server-6443"], "api-server-6443") is not None


@pytest.mark.parametrize(
    ("wire", "counts"),
    [
        pytest.param(lossy(never), None, id="nothing is lost, and nobody else is asked"),
        pytest.param(
            lossy(a_third, behind=3), (20, 12), id="a loss: as much is lost of its neighbour"
        ),
        pytest.param(
            lossy(lambda host, count: host == HOST and count % 3 == 0, behind=3),
            (40, 40),
            id="a loss of one host: its neighbour is asked twice as often, to be sure",
        ),
        pytest.param(
            lossy(lambda host, count: host == HOST and 2 < count <= QUICK.count),
            None,
            id="a limit that no walk finds: nobody else is asked",
        ),
    ],
)
def test_whom_else_is_asked(wire: RigWire, counts: tuple[int, int] | None) -> None:
    found = counted(wire, checked(LATER), neighbour())
    trains = found.trains.get("registry-443", ())
    assert [(train.sent, train.answered) for train in trains] == [counts] * (counts is not None)


def neighbour() -> Checked:
    asked = probe(
        ProbeKind.TCP_SYN,
        on=flow(Protocol.TCP, host=NEIGHBOUR_HOST, port=443, source_port=41001),
        check="registry-443",
        id_=9003,
    )
    return Checked(
        target=target("registry-443", kinds=(ProbeKind.TCP_SYN,)),
        attempts=(answered(asked, syn_ack()),),
        nobody=(),
    )


def test_each_ip_version_is_counted_by_itself() -> None:
    six = replace(SYN, flow=replace(API, source=SIX, destination=HOST_6), check="api-server-6")
    also = replace(checked(replace(LATER, probe=six)), target=target("api-server-6443"))
    also = replace(also, target=replace(also.target, check="api-server-6"))
    found = counted(lossy(a_third, behind=3), checked(LATER), also)
    for name, hops in (("api-server-6443", HOPS), ("api-server-6", ROUTERS_6)):
        segment = loss_begins(found.trains[name], name)
        assert segment is not None
        assert (segment.after, segment.upto) == (hops[2], hops[3])


def test_a_stream_whose_first_packet_was_repeated_is_a_hint() -> None:
    slow = replace(answered(TLS, syn_ack()), rtt_s=1.03)
    assert counted(lossy(never), checked(AT_ONCE, slow)).trains
    assert not counted(lossy(never), checked(AT_ONCE, replace(slow, rtt_s=0.3))).trains
