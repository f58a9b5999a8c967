"""What one check's evidence is joined from."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.evidence import (
    NOT_CONFIRMED,
    NOT_CONVERSED,
    NOT_COUNTED,
    NOT_DOUBTED,
    NOT_LOST,
    NOT_NEEDED,
    NOT_SUSPECT,
    NOT_VARIED,
    NOT_WALKED,
    Located,
    heard_echoes,
    join,
)
from edgediag.locate.planned import Choice, Search
from edgediag.model.answer import NotChecked
from edgediag.model.drops import KernelDrop
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import Control, Kin, Relation
from edgediag.model.flow import Flow, Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.path import Ladder
from edgediag.model.probe import Purpose
from edgediag.model.reply import IcmpKind, Reply
from edgediag.model.train import Train
from edgediag.path import Walk
from story import (
    GATEWAY,
    HOST,
    ROUTERS,
    answered,
    echo_reply,
    flow,
    flow_evidence,
    icmp,
    ike_reply,
    ladder,
    link,
    neighbour,
    passed,
    probe,
    route,
    surroundings,
    syn_ack,
    target,
    unanswered,
)

NAME = "raven-tunnel-4500"
LOST = unanswered(probe())
API = flow(Protocol.TCP, port=6443, source_port=40001)
ROUNDS = [GATEWAY, ROUTERS[0], None, None]


def checked(outcome: Outcome = LOST, check: str = NAME) -> Checked:
    return Checked(target=target(check), attempts=(outcome,), nobody=())


def walk(on: Flow, check: str, purpose: Purpose = Purpose.LADDER) -> Walk:
    kind = ProbeKind.TCP_SYN if on.protocol is Protocol.TCP else ProbeKind.IKE_SA_INIT
    return Walk(check=check, purpose=purpose, kind=kind, flow=on, name="", hops=4, start_s=0.0)


def search(
    *walks: Walk,
    walked: Mapping[str, tuple[str, ...]] | None = None,
    controls: Mapping[str, tuple[Choice, ...]] | None = None,
) -> Search:
    return Search(
        suspects=(),
        confirmations=(),
        walks=walks,
        walked=walked or {},
        controls=controls or {},
        conversations=(),
        handshakes=(),
        denial=None,
    )


def located(*ladders: Ladder) -> Located:
    return Located(
        attempts={NAME: (LOST,), "leader": (LOST,)},
        ladders={walked.flow: walked for walked in ladders},
        contrasts={},
        confirmations={},
        traces={},
        drops=(),
        kernel_drops={},
        streams={},
        handshakes={},
        overrides={},
        name_servers={},
        named_by={},
        alternatives={},
        link_answers={},
        explained={},
        program_verdicts={},
        resolutions={},
        routes={NAME: route()},
        neighbours={NAME: neighbour()},
        links={NAME: link()},
        surroundings=surroundings(),
        variations={},
        trains={},
    )


def test_a_check_that_passed_needs_nothing_more() -> None:
    check = checked(answered(probe(), ike_reply()))
    assert join(check, search(), located()) == flow_evidence(
        *check.attempts,
        contrast=NOT_NEEDED,
        confirmation=NOT_NEEDED,
        walked=NOT_NEEDED,
        trace=NOT_NEEDED,
        kernel_drops=NOT_NEEDED,
        stream=NOT_CONVERSED,
        handshake=NOT_DOUBTED,
        variations=NOT_VARIED,
        trains=NOT_COUNTED,
    )


def test_a_flow_that_was_lost_brings_its_walk() -> None:
    walked = ladder(LOST.probe.flow, ROUNDS)
    planned = search(walk(walked.flow, NAME), walked={NAME: (NAME,)})
    found = join(checked(), planned, located(walked))
    assert found == flow_evidence(
        LOST,
        contrast=NOT_SUSPECT,
        confirmation=NOT_CONFIRMED,
        walked=walked,
        trace=NOT_SUSPECT,
        kernel_drops=NOT_SUSPECT,
        stream=NOT_CONVERSED,
        handshake=NOT_DOUBTED,
        variations=NOT_VARIED,
        trains=NOT_COUNTED,
    )


def test_a_flow_that_did_not_get_off_this_host_brings_contrast_and_trace() -> None:
    contrast, trace = answered(probe(id_=2), ike_reply()), passed()
    drop = KernelDrop(
        reason="QDISC_DROP", location="__dev_queue_xmit", interface="eth0", is_reply=False
    )
    known = replace(
        located(),
        contrasts={NAME: contrast},
        traces={NAME: trace},
        kernel_drops={NAME: (drop,)},
    )
    assert join(checked(), search(), known) == flow_evidence(
        LOST,
        contrast=contrast,
        confirmation=NOT_LOST,
        walked=NOT_LOST,
        trace=trace,
        kernel_drops=(drop,),
        stream=NOT_CONVERSED,
        handshake=NOT_DOUBTED,
        variations=NOT_VARIED,
        trains=NOT_COUNTED,
    )


def test_a_walk_that_was_not_made_is_said_so() -> None:
    found = join(checked(), search(walked={NAME: (NAME,)}), located())
    assert found.ladder == NOT_WALKED


def test_what_was_not_read_of_this_host_is_said_so() -> None:
    bare = replace(located(), routes={}, neighbours={}, links={})
    found = join(checked(), search(), bare)
    reasons = [found.route, found.neighbour, found.link]
    assert [type(reason) for reason in reasons] == [NotChecked] * 3


# Kin.


def test_a_flow_that_another_was_walked_for_brings_that_walk_as_kin() -> None:
    theirs = ladder(flow(source_port=40009), ROUNDS)
    found = join(
        checked(), search(walk(theirs.flow, "leader"), walked={NAME: ("leader",)}), located(theirs)
    )
    assert found.ladder == NOT_WALKED
    assert found.kin == (Kin(check="leader", attempts=(LOST,), ladder=theirs),)


def test_what_was_asked_once_more_is_the_confirmation_of_its_flow_and_an_attempt_of_kin() -> None:
    again = unanswered(probe(id_=3, check="leader", purpose=Purpose.CONFIRM))
    theirs = ladder(flow(source_port=40009), ROUNDS)
    planned = search(walk(theirs.flow, "leader"), walked={NAME: ("leader",)})
    known = replace(located(theirs), confirmations={"leader": again})
    (kin,) = join(checked(), planned, known).kin
    assert kin.attempts == (LOST, again)
    assert join(checked(check="leader"), planned, known).confirmation == again


def test_no_check_is_kin_to_itself() -> None:
    walked = ladder(LOST.probe.flow, ROUNDS)
    planned = search(walk(walked.flow, NAME), walked={NAME: (NAME,)})
    found = join(checked(), planned, located(walked))
    assert found.kin == ()


@pytest.mark.parametrize(
    "walks",
    [
        pytest.param((), id="its walk was left out"),
        pytest.param((walk(flow(source_port=40009), "leader"),), id="its walk was interrupted"),
        pytest.param(
            (walk(flow(source_port=40009), "leader", Purpose.CONTROL),), id="it is a control"
        ),
    ],
)
def test_kin_without_a_walk_is_left_out(walks: tuple[Walk, ...]) -> None:
    found = join(checked(), search(*walks, walked={NAME: ("leader",)}), located())
    assert found.kin == ()


@pytest.mark.parametrize(
    ("rounds", "count"),
    [
        pytest.param(ROUNDS, 2, id="they end behind the same hop"),
        pytest.param([GATEWAY, None, None, None], 0, id="they end behind different hops"),
    ],
)
def test_ports_of_a_host_tell_of_another_only_where_they_agree(
    rounds: list[Reply | None], count: int
) -> None:
    ladders = [
        ladder(flow(source_port=40009), ROUNDS),
        ladder(flow(source_port=40010), rounds),
    ]
    names = ("leader", "second")
    walks = [walk(one.flow, name) for one, name in zip(ladders, names, strict=True)]
    known = replace(located(*ladders), attempts={name: (LOST,) for name in (NAME, *names)})
    found = join(checked(), search(*walks, walked={NAME: names}), known)
    assert len(found.kin) == count


# Controls.


def choice(on: Flow, relation: Relation = Relation.SAME_HOST, check: str = "api") -> Choice:
    walked = walk(on, check, Purpose.CONTROL)
    return Choice(relation=relation, check=check, walk=walked, is_needed=True)


@pytest.mark.parametrize(
    ("last", "is_answered"),
    [
        pytest.param(syn_ack(), True, id="the destination answers"),
        pytest.param(icmp(IcmpKind.PORT_UNREACHABLE, HOST), True, id="it says that it will not"),
        pytest.param(icmp(IcmpKind.HOST_UNREACHABLE, ROUTERS[2]), False, id="a router gives up"),
        pytest.param(None, False, id="silence"),
    ],
)
def test_an_echo_is_answered_where_its_walk_reaches_the_host(
    last: Reply | None, is_answered: bool
) -> None:
    walked = ladder(API, [GATEWAY, *ROUTERS, last])
    chosen = choice(API, Relation.ECHO, "")
    found = join(checked(), search(controls={NAME: (chosen,)}), located(walked))
    assert found.controls == (
        Control(relation=Relation.ECHO, check="", is_answered=is_answered, ladder=walked),
    )


def test_a_check_that_works_is_answered_though_its_walk_falls_short() -> None:
    walked = ladder(API, [GATEWAY, None])
    found = join(checked(), search(controls={NAME: (choice(API),)}), located(walked))
    assert [control.is_answered for control in found.controls] == [True]


def test_controls_keep_their_order_and_those_that_were_not_walked_are_left_out() -> None:
    echo = flow(Protocol.ICMP, port=40002, source_port=40002)
    other = flow(Protocol.TCP, source_port=40003)
    choices = (
        choice(API),
        choice(other, Relation.OTHER_HOST, "other"),
        choice(echo, Relation.ECHO, ""),
    )
    known = located(ladder(echo, [echo_reply()]), ladder(API, [syn_ack()]))
    found = join(checked(), search(controls={NAME: choices}), known)
    assert [control.relation for control in found.controls] == [Relation.SAME_HOST, Relation.ECHO]


def test_of_all_rungs_those_count_that_the_destination_answered_itself() -> None:
    syn = probe(ProbeKind.TCP_SYN)
    expired = answered(syn, icmp(IcmpKind.TIME_EXCEEDED, GATEWAY))
    heard = answered(syn, syn_ack())
    assert heard_echoes([(expired, unanswered(syn)), (heard,)]) == (heard,)


def test_losses_that_were_counted_elsewhere_are_evidence_of_what_failed_alone() -> None:
    train = Train(
        check="api-server-6443",
        protocol=Protocol.TCP,
        destination=LOST.probe.flow.destination,
        spacing_s=0.03,
        sent=20,
        answered=3,
        packets=(),
    )
    known = replace(located(), trains={"api-server-6443": (train,)})
    works = checked(answered(probe(), ike_reply()))
    assert join(checked(), search(), known).trains == (train,)
    assert join(works, search(), known).trains == NOT_COUNTED
