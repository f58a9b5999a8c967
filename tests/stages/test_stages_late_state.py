"""What is read again at the end of a run, beside what was read before it."""

from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.model.answer import READ_ONCE, NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.host import HostState
from edgediag.model.node_certificate import Moment
from edgediag.model.xfrm import XfrmCount
from edgediag.stages.late_state import with_moment, with_tunnels
from rig import START_S, RigHost, RigWire, rig
from story import (
    answered,
    host_state,
    ntp_reply,
    probe,
    syn_ack,
    target,
    tunnel_policy,
    unanswered,
)

UNREAD = NotChecked(reason="EPERM")
BEFORE = replace(
    host_state(),
    xfrm_policies=(tunnel_policy(),),
    xfrm_counts=(XfrmCount(name="XfrmOutNoStates", count=2),),
)
AFTER = replace(BEFORE, xfrm_counts=(XfrmCount(name="XfrmOutNoStates", count=9),))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(BEFORE, AFTER, 7, id="with a policy counters are read again"),
        pytest.param(
            replace(BEFORE, xfrm_policies=()), AFTER, READ_ONCE, id="without any they are not"
        ),
        pytest.param(
            replace(BEFORE, xfrm_policies=UNREAD), AFTER, READ_ONCE, id="nor where none was read"
        ),
    ],
)
def test_how_far_a_counter_rose_during_the_run(
    before: HostState, after: HostState, expected: int | NotChecked
) -> None:
    state = with_tunnels(rig(RigWire(), RigHost(state=after)), before, before)
    assert not isinstance(state.xfrm_counts, NotChecked)
    assert [item.meanwhile for item in state.xfrm_counts] == [expected]


def test_counters_that_were_not_read_at_first_stay_so() -> None:
    before = replace(BEFORE, xfrm_counts=UNREAD)
    state = with_tunnels(rig(RigWire(), RigHost(state=AFTER)), before, before)
    assert state.xfrm_counts == UNREAD


def test_the_time_is_told_by_every_clock_that_answered() -> None:
    asked = probe(ProbeKind.NTP)
    attempts = (
        answered(asked, ntp_reply(offset_s=3.5)),
        answered(asked, ntp_reply(offset_s=-2.0)),
        unanswered(asked),
        answered(probe(ProbeKind.TCP_SYN), syn_ack()),
    )
    checks = [Checked(target=target(), attempts=attempts, nobody=())]
    state = with_moment(rig(RigWire()), host_state(), checks)
    assert state.moment == Moment(here_s=START_S, others_s=(START_S - 2.0, START_S + 3.5))
