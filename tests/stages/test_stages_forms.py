"""Which other forms of a question are worth trying, and how they are asked."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.checked import Checked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.host import Link
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.probe import AS_BUILT, Padding, Purpose
from edgediag.model.variation import Change
from edgediag.plan import Supply
from edgediag.stages.forms import (
    LEGS,
    MOST_OCTETS,
    SIZES,
    TUNNEL_PORT,
    Form,
    draw_glance,
    draw_ladder,
    draw_question,
    forms_of,
    of_ike_auth,
    plain_of,
    smaller,
)
from story import answered, flow, ike_reply, link, probe, reset, syn_ack, target, unanswered

API = flow(Protocol.TCP, port=6443)
SYN = probe(ProbeKind.TCP_SYN, on=API, check="api-server-6443")
ON_PORT_500 = probe(on=flow(port=500))


def supply() -> Supply:
    return Supply(tokens=iter(range(1, 10_000)), ports=iter(range(50000, 51000)), first_ip_id=0)


def forms(*attempts: Outcome, device: Link | None = None) -> tuple[Form, ...]:
    first = attempts[0].probe
    check = Checked(target=target(first.check, kinds=(first.kind,)), attempts=attempts, nobody=())
    return forms_of(check, device or link(), 16, supply())


def sent_as(outcome: Answered, source_port: int) -> Answered:
    """The outcome of a probe whose source this host rewrote on its way out."""
    wire = replace(outcome.probe.flow, source_port=source_port)
    return replace(outcome, seen=tuple(replace(item, rewritten=wire) for item in outcome.seen))


def of_tunnel(change: Change, device: Link | None = None) -> Form:
    found = forms(answered(probe(), ike_reply()), device=device)
    return next(form for form in found if form.change is change)


def test_an_answered_tunnel_is_tried_in_its_shape_its_port_its_size_and_in_pieces() -> None:
    found = forms(answered(probe(), ike_reply()))
    assert [form.change for form in found] == [
        Change.SHAPE, Change.SOURCE_PORT, Change.SIZE, Change.FRAGMENTS
    ]
    assert {form.flow.source_port for form in found} == {40000, TUNNEL_PORT}


@pytest.mark.parametrize(
    "attempts",
    [
        pytest.param((answered(probe(), reset()),), id="a tunnel that is refused"),
        pytest.param((sent_as(answered(probe(), ike_reply()), 50001),), id="a flow rewritten here"),
        pytest.param((answered(ON_PORT_500, ike_reply()),), id="IKE on the port without ESP"),
        pytest.param((unanswered(ON_PORT_500),), id="silence on the port without ESP"),
        pytest.param((answered(SYN, reset()),), id="a refusal comes from any path"),
        pytest.param((answered(replace(SYN, check="oss-443"), syn_ack()),), id="another service"),
    ],
)
def test_what_is_not_varied(attempts: tuple[Outcome, ...]) -> None:
    assert forms(*attempts) == ()


def test_a_silent_tunnel_is_asked_from_its_own_port_and_not_walked_from_it() -> None:
    (form,) = forms(unanswered(probe()))
    found = (form.change, form.flow.source_port, form.is_followed)
    assert found == (Change.SOURCE_PORT, TUNNEL_PORT, False)


def test_the_api_server_is_asked_from_ports_that_nothing_else_has() -> None:
    found = forms(answered(SYN, syn_ack()))
    assert [form.change for form in found] == [Change.LEG] * LEGS
    assert [form.flow.source_port for form in found] == list(range(50000, 50000 + LEGS))


def test_a_silent_flow_of_the_api_server_is_one_of_those_that_may_take_the_bad_path() -> None:
    ports = [form.flow.source_port for form in forms(unanswered(SYN))]
    assert (ports[0], len(ports)) == (API.source_port, LEGS + 1)


@pytest.mark.parametrize(
    ("mtu", "octets", "piece"),
    [
        pytest.param(1500, 1500, 1300, id="an Ethernet"),
        pytest.param(576, 576, 576, id="less than a piece"),
        pytest.param(65536, MOST_OCTETS, 1300, id="no more than jumbo frames have"),
    ],
)
def test_sizes_follow_the_device(mtu: int, octets: int, piece: int) -> None:
    device = replace(link(), mtu=mtu)
    assert of_tunnel(Change.SIZE, device).padding == Padding(size_octets=octets, fragment_octets=0)
    pieces = of_tunnel(Change.FRAGMENTS, device).padding
    assert isinstance(pieces, Padding) and pieces.fragment_octets == piece


def test_a_size_that_is_lost_is_tried_smaller_and_nothing_else_is() -> None:
    sizes = [form.padding for form in smaller(of_tunnel(Change.SIZE))]
    assert sizes == [Padding(size_octets=octets, fragment_octets=0) for octets in SIZES[1:]]
    assert smaller(of_tunnel(Change.FRAGMENTS)) == ()


def test_no_size_of_ipv6_is_below_what_every_link_carries() -> None:
    ends = {"source": ip_address("2001:db8::10"), "destination": ip_address("2001:db8:1::21")}
    six = probe(on=replace(flow(), **ends))
    size = next(item for item in forms(answered(six, ike_reply())) if item.change is Change.SIZE)
    octets = [item.padding.size_octets for item in smaller(size) if item.padding != AS_BUILT]
    assert octets == [octets for octets in SIZES[1:] if octets >= 1280]


def test_what_nobody_answers_does_not_go_as_far_as_the_host() -> None:
    shape, size = of_tunnel(Change.SHAPE), of_tunnel(Change.SIZE)
    assert [rung.hop_limit for rung in draw_ladder(shape, supply())] == [1, 2, 3, 4]
    assert [rung.hop_limit for rung in draw_ladder(size, supply())] == [1, 2, 3, 4, 5]
    assert [rung.hop_limit for rung in draw_glance(shape, supply())] == [3, 4]


def test_ike_auth_is_walked_beside_ike_sa_init_of_its_length() -> None:
    check = Checked(
        target=target(), attempts=(answered(probe(), ike_reply()),), nobody=()
    )
    form = of_ike_auth(check, 436, 4)
    plain = plain_of(form, probe())
    padding = Padding(size_octets=468, fragment_octets=0)
    assert [rung.hop_limit for rung in draw_ladder(form, supply())] == [1, 2, 3]
    assert (form.padding, plain.padding, plain.kind) == (padding, padding, ProbeKind.IKE_SA_INIT)
    assert of_ike_auth(check, 0, 4).padding == AS_BUILT


def test_every_packet_of_a_form_has_its_padding_and_its_control_has_none() -> None:
    form = of_tunnel(Change.SIZE)
    asked = [draw_question(form, supply()), *draw_ladder(form, supply())]
    assert {item.padding for item in asked} == {Padding(size_octets=1500, fragment_octets=0)}
    assert {item.purpose for item in asked} == {Purpose.VARIATION, Purpose.LADDER}
    assert {item.padding for item in draw_ladder(plain_of(form, probe()), supply())} == {AS_BUILT}
