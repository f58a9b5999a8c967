"""What is read again at the end of a run, beside what was read before it."""

from dataclasses import replace

import pytest

from edgediag.model.answer import READ_ONCE, NotChecked
from edgediag.model.host import HostState
from edgediag.model.xfrm import XfrmCount
from edgediag.stages.late_state import with_tunnels
from rig import RigHost, RigWire, rig
from story import host_state, tunnel_policy

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
