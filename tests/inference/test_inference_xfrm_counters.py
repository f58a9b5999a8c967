"""Counters of IPsec that rose: what they mean where the tunnel failed, and nothing else."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.states import xfrm_counter_rose
from edgediag.inference.xfrm_counters import REFUSED, UNOPENED, UNSEALED
from edgediag.model.answer import READ_ONCE, NotChecked
from edgediag.model.host import HostState
from edgediag.model.tunnel import NOT_LISTENED, EspStream, EspTaken
from edgediag.model.verdict import Certainty, Mechanism, Place
from edgediag.model.xfrm import XfrmCount, XfrmPolicy, XfrmState
from story import ASSOCIATION, HOST, NEIGHBOUR_HOST, listened, stream, tunnel_policy

ENDS = (Place.LOCAL, Place.REMOTE)
ANYWHERE = (Place.LOCAL, Place.ON_PATH, Place.REMOTE)


TAKEN = EspTaken(source=ip_address(HOST), spi="00000001", octets=120)
OUT, IN = tunnel_policy("out"), tunnel_policy("in")
CAME, SENT = stream(5, is_sent=False), stream(5, is_sent=True)


def host(
    *streams: EspStream,
    rose: dict[str, int | NotChecked],
    policies: tuple[XfrmPolicy, ...] = (OUT, IN),
    states: tuple[XfrmState, ...] = (),
    taken: tuple[EspTaken, ...] = (),
    lost: int = 0,
) -> HostState:
    counts = tuple(
        XfrmCount(name=name, count=100, meanwhile=rise) for name, rise in rose.items()
    )
    return replace(
        listened(*streams, taken=taken, lost=lost),
        xfrm_policies=policies,
        xfrm_states=states,
        xfrm_counts=counts,
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(
            host(rose={"XfrmOutNoStates": 4}),
            (ANYWHERE, Certainty.AMBIGUOUS, Mechanism.RAVEN_NOT_READY),
            id="packets fell for want of an association",
        ),
        pytest.param(
            host(CAME, rose={"XfrmInNoStates": 5}, states=(ASSOCIATION,)),
            (ENDS, Certainty.AMBIGUOUS, Mechanism.RAVEN_NOT_READY),
            id="ESP of an association that is gone",
        ),
        pytest.param(
            host(CAME, rose={"XfrmInStateProtoError": 5}, states=(ASSOCIATION,)),
            (ANYWHERE, Certainty.AMBIGUOUS, Mechanism.RAVEN_NOT_READY),
            id="ESP that cannot be opened",
        ),
        pytest.param(
            host(CAME, rose={"XfrmInNoPols": 6}, states=(ASSOCIATION,), taken=(TAKEN,)),
            (ENDS, Certainty.AMBIGUOUS, Mechanism.RAVEN_NOT_READY),
            id="what was inside has other addresses than agreed on",
        ),
        pytest.param(
            host(CAME, SENT, rose={"XfrmInTmplMismatch": 5}),
            ((Place.LOCAL,), Certainty.PROVEN, Mechanism.XFRM_BLOCK),
            id="a policy that a daemon of user space does not know",
        ),
        pytest.param(
            host(CAME, rose={"XfrmInPolBlock": 5}, states=(ASSOCIATION,), taken=(TAKEN,)),
            ((Place.LOCAL,), Certainty.PROVEN, Mechanism.XFRM_BLOCK),
            id="a policy blocks what was inside",
        ),
    ],
)
def test_a_counter_that_rose_while_the_tunnel_failed_is_named(
    state: HostState, expected: tuple[object, ...]
) -> None:
    fault = xfrm_counter_rose.judge(ip_address(HOST), state)
    assert fault is not None
    assert (fault.claim.where, fault.claim.certainty, fault.claim.mechanism) == expected
    counts = () if isinstance(state.xfrm_counts, NotChecked) else state.xfrm_counts
    assert f"({counts[0].name})" in fault.text


NO_STATES = {"XfrmOutNoStates": 4}
MISMATCH = {"XfrmInTmplMismatch": 5}


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(host(CAME, rose={}), id="no counter"),
        pytest.param(host(rose={"XfrmOutNoStates": 0}), id="a counter that stands still"),
        pytest.param(host(rose={"XfrmOutNoStates": READ_ONCE}), id="a counter read once"),
        pytest.param(host(rose={"XfrmFwdHdrError": 9}), id="a counter of other packets"),
        pytest.param(host(rose={"XfrmOutNoStates": 1}), id="the first packet of a tunnel"),
        pytest.param(host(SENT, rose=NO_STATES), id="ESP leaves: it carries what others do not"),
        pytest.param(host(rose=NO_STATES, states=(ASSOCIATION,)), id="an association stands"),
        pytest.param(
            host(rose=NO_STATES, policies=(OUT, tunnel_policy("out", gateway=NEIGHBOUR_HOST))),
            id="another gateway's policy may have counted",
        ),
        pytest.param(
            host(rose=NO_STATES, policies=(tunnel_policy("out", gateway=NEIGHBOUR_HOST),)),
            id="no policy leads to this gateway",
        ),
        pytest.param(host(rose=NO_STATES, lost=1), id="the tap lost frames"),
        pytest.param(host(CAME, rose=MISMATCH, policies=()), id="no policy at all"),
        pytest.param(
            host(CAME, rose={"XfrmInTmplMismatch": 4}), id="fewer fell than came: some got through"
        ),
        pytest.param(host(stream(2, is_sent=False), rose=MISMATCH), id="hardly any ESP came"),
        pytest.param(host(SENT, rose=MISMATCH), id="none came: others raised it"),
        pytest.param(
            host(CAME, rose={"XfrmInNoStates": 9}, states=(ASSOCIATION,), taken=(TAKEN,)),
            id="the association took ESP in: what fell is a stranger's",
        ),
        pytest.param(
            replace(host(CAME, rose=MISMATCH), tunnel_traffic=NOT_LISTENED), id="nobody listened"
        ),
        pytest.param(
            replace(host(CAME, rose=MISMATCH), xfrm_counts=READ_ONCE), id="counters were not read"
        ),
    ],
)
def test_nobody_is_accused(state: HostState) -> None:
    assert xfrm_counter_rose.judge(ip_address(HOST), state) is None


def test_the_policy_that_is_left_over_is_named() -> None:
    fault = xfrm_counter_rose.judge(ip_address(HOST), host(CAME, rose=MISMATCH))
    assert fault is not None and fault.claim.culprit is not None
    assert fault.claim.culprit.KIND == "xfrm-policy"


def test_each_counter_has_one_meaning() -> None:
    names = [*UNSEALED, *UNOPENED, *REFUSED]
    assert len(names) == len(set(names))
