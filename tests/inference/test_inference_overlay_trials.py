"""What nodes that were asked through an overlay prove, and when nothing is said of them."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.fault import Fault
from edgediag.inference.judge import judge
from edgediag.inference.states import (
    overlay_answer_kept,
    overlay_form_lost,
    overlay_neighbour_mistaken,
    overlay_node_differs,
    overlay_one_way,
    overlay_other_vni,
    overlay_peer_elsewhere,
    overlay_refused,
    overlay_unanswered,
    pods_unanswered,
)
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import NeighbourObject, VxlanObject
from edgediag.model.endpoint import Direction, ProbeKind
from edgediag.model.evidence import RunEvidence
from edgediag.model.flow import Address, Protocol
from edgediag.model.host import HostState, Neighbour, NeighbourState
from edgediag.model.listener import Listener
from edgediag.model.outcome import Answered, Outcome, Sighted, Unanswered
from edgediag.model.overlay import Encapsulation, ForwardingEntry, NodeEnd, VxlanDevice
from edgediag.model.overlay_trial import OverlayAsked, OverlayForm, OverlayTrial
from edgediag.model.packet import Sighting, UdpChecksum
from edgediag.model.pod_echo import NO_ECHOES, PodEcho
from edgediag.model.probe import Padding
from edgediag.model.reply import EchoReply, IcmpKind, IcmpReply, Reply, TunnelledEcho
from edgediag.model.verdict import Certainty, Mechanism, Place, Status
from story import (
    EDGE,
    FLANNEL_DEVICE,
    FLANNEL_LINK,
    HOST,
    NEIGHBOUR_HOST,
    host_state,
    listener_evidence,
    probe,
    target,
)

PEER = ip_address(HOST)
ROUTER = ip_address("203.0.113.1")
MAC = "02:00:00:00:00:02"
INSIDE = Encapsulation(
    vni=1,
    has_checksum=True,
    source_mac="02:00:00:00:00:01",
    destination_mac=MAC,
    source=ip_address("203.0.113.10"),
    destination=ip_address("203.0.113.20"),
    identifier=40000,
)
DEVICE = replace(FLANNEL_DEVICE, received=7)
ENTRY = NeighbourObject(interface="eth0", address=PEER, state="permanent")
NOTHING = NotChecked(reason="this story does not need it")

OWN_MAC = "02:00:00:00:00:01"
TUNNELLED = TunnelledEcho(
    is_bare=False, mac=OWN_MAC, checksum=UdpChecksum.RIGHT, hop_limit=64
)
BARE = TunnelledEcho(is_bare=True, mac="", checksum=UdpChecksum.UNKNOWN, hop_limit=64)


def seen(*places: tuple[Sighting, str]) -> tuple[Sighted, ...]:
    return tuple(
        Sighted(number=at, sighting=sighting, interface=name, rewritten=None)
        for at, (sighting, name) in enumerate(places, start=1)
    )


LEFT = ((Sighting.TAP_OUT, "eth0"),)
CAME = (*LEFT, (Sighting.TAP_IN, "eth0"), (Sighting.TAP_IN, "flannel.1"))


def asked(
    form: OverlayForm,
    reply: Reply | None = None,
    *,
    places: tuple[tuple[Sighting, str], ...] = LEFT,
    vni: int = 1,
) -> OverlayAsked:
    """A form that left, and was answered or not."""
    kind = ProbeKind.ICMP_ECHO if form is OverlayForm.ECHO else ProbeKind.VXLAN
    drawn = replace(probe(kind), encapsulation=replace(INSIDE, vni=vni))
    outcome: Outcome = Unanswered(probe=drawn, waited_s=1.6, tries=3, seen=seen(*places))
    if reply is not None:
        outcome = Answered(probe=drawn, reply=reply, rtt_s=0.001, tries=1, seen=seen(*places))
    return OverlayAsked(form=form, outcome=outcome)


ECHO = asked(OverlayForm.ECHO, EchoReply(hop_limit=64), places=CAME[:2])
DARK = asked(OverlayForm.ECHO)
SILENT = asked(OverlayForm.PLAIN)
SERVED = asked(OverlayForm.PLAIN, TUNNELLED, places=CAME)


def of_length(octets: int, reply: Reply | None = None) -> OverlayAsked:
    """A frame of so many octets outside."""
    item = asked(OverlayForm.LENGTH, reply)
    padding = Padding(size_octets=octets, fragment_octets=0)
    probe_ = replace(item.outcome.probe, padding=padding)
    return replace(item, outcome=replace(item.outcome, probe=probe_))


def from_port(
    port: int, reply: Reply | None = None, *, form: OverlayForm = OverlayForm.LEG, tries: int = 1
) -> OverlayAsked:
    """A frame from a source port."""
    item = asked(form, reply)
    on = replace(item.outcome.probe.flow, source_port=port)
    outcome = replace(item.outcome, probe=replace(item.outcome.probe, flow=on))
    if isinstance(outcome, Answered):
        outcome = replace(outcome, tries=tries)
    return replace(item, outcome=outcome)


def trial(*items: OverlayAsked, **changed: object) -> OverlayTrial:
    whole = OverlayTrial(
        interface="flannel.1",
        port=8472,
        peer=PEER,
        listed=PEER,
        received=7,
        is_on_link=True,
        neighbour=NOTHING,
        neighbour_mac="",
        link_answers=NOTHING,
        asked=items,
    )
    return replace(whole, **changed)  # type: ignore[arg-type]  # fields of a story


def found(
    judge: Callable[[Address | None, HostState], Fault | None],
    item: OverlayTrial | tuple[OverlayTrial, ...],
    device: VxlanDevice = DEVICE,
    ends: tuple[NodeEnd, ...] = (),
) -> tuple[object, ...]:
    """Where the fault is, how sure, and by which mechanism; () where the rule is silent."""
    items = item if isinstance(item, tuple) else (item,)
    fault = judge(
        None,
        replace(host_state(), vxlans=(device,), overlay_trials=items, node_ends=ends),
    )
    if fault is None:
        return ()
    return fault.claim.where, fault.claim.certainty, fault.claim.mechanism


LOST = (Place.ON_PATH, Place.REMOTE)
INNER_END = INSIDE.destination


def from_pod(octets: int, answered: int, destination: Address = INNER_END) -> PodEcho:
    return PodEcho(
        pod=ip_address("10.244.1.2"),
        destination=destination,
        octets=octets,
        asked=3,
        answered=answered,
    )


@pytest.mark.parametrize(
    ("echoes", "item", "mechanism"),
    [
        pytest.param(
            (from_pod(84, 0), from_pod(1450, 0)),
            trial(SERVED),
            Mechanism.SILENT_DROP,
            id="the node is answered and the pod is not",
        ),
        pytest.param(
            (from_pod(84, 3), from_pod(1450, 0)),
            trial(SERVED),
            Mechanism.PMTU_BLACKHOLE,
            id="short ones alone come back",
        ),
        pytest.param((from_pod(84, 3), from_pod(1450, 1)), trial(SERVED), None, id="both do"),
        pytest.param((from_pod(84, 2), from_pod(1450, 0)), trial(SERVED), None, id="loss"),
        pytest.param(
            (from_pod(84, 0), from_pod(1450, 0)), trial(SILENT), None, id="nobody is answered"
        ),
        pytest.param(
            (from_pod(84, 0, PEER), from_pod(1450, 0, PEER)),
            trial(SERVED),
            None,
            id="the pod asked another node",
        ),
        pytest.param(NO_ECHOES, trial(SERVED), None, id="no pod was found"),
    ],
)
def test_what_a_pod_is_not_answered(
    echoes: tuple[PodEcho, ...] | NotChecked, item: OverlayTrial, mechanism: Mechanism | None
) -> None:
    host = replace(
        host_state(), vxlans=(DEVICE,), overlay_trials=(item,), pod_echoes=echoes
    )
    fault = pods_unanswered.judge(None, host)
    assert (fault and fault.claim.mechanism) == mechanism


def icmp(kind: IcmpKind, sender: Address = PEER) -> IcmpReply:
    return IcmpReply(
        kind=kind, type_=3, code=3, sender=sender, hop_limit=64, quoted_hop_limit=64
    )


def refused(kind: IcmpKind, sender: Address = PEER, **how: object) -> OverlayTrial:
    plain = asked(OverlayForm.PLAIN, icmp(kind, sender), **how)  # type: ignore[arg-type]  # story
    return trial(plain, ECHO)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            refused(IcmpKind.PORT_UNREACHABLE),
            ((Place.REMOTE,), Certainty.PROVEN, Mechanism.ICMP_UNREACHABLE),
            id="the node itself has nothing on the port",
        ),
        pytest.param(
            refused(IcmpKind.ADMIN_PROHIBITED),
            ((Place.REMOTE,), Certainty.PROVEN, Mechanism.ADMIN_PROHIBITED),
            id="the node itself prohibits it",
        ),
        pytest.param(
            refused(IcmpKind.ADMIN_PROHIBITED, ROUTER),
            ((Place.ON_PATH,), Certainty.PROVEN, Mechanism.ADMIN_PROHIBITED),
            id="a router prohibits it",
        ),
        pytest.param(
            refused(IcmpKind.HOST_UNREACHABLE, ROUTER),
            (LOST, Certainty.AMBIGUOUS, Mechanism.ICMP_UNREACHABLE),
            id="a router does not find the node",
        ),
        pytest.param(refused(IcmpKind.HOST_UNREACHABLE, ip_address(EDGE)), (), id="this host's"),
        pytest.param(refused(IcmpKind.TIME_EXCEEDED, ROUTER), (), id="a distance"),
        pytest.param(refused(IcmpKind.PORT_UNREACHABLE, places=()), (), id="it never left"),
        pytest.param(trial(SERVED, ECHO), (), id="served"),
        pytest.param(trial(SILENT, ECHO), (), id="silence"),
    ],
)
def test_who_refuses_a_frame(item: OverlayTrial, expected: tuple[object, ...]) -> None:
    assert found(overlay_refused.judge, item) == expected


OTHER_PORT = asked(OverlayForm.OTHER_PORT, icmp(IcmpKind.PORT_UNREACHABLE), places=CAME[:2])
SWALLOWED = (LOST, Certainty.AMBIGUOUS, Mechanism.SILENT_DROP)


@pytest.mark.parametrize(
    ("item", "device", "expected"),
    [
        pytest.param(trial(SILENT, ECHO), DEVICE, SWALLOWED, id="echoes pass, frames do not"),
        pytest.param(trial(SILENT, ECHO, OTHER_PORT), DEVICE, SWALLOWED, id="another port passes"),
        pytest.param(
            trial(SILENT, ECHO),
            replace(DEVICE, received=9),
            (LOST, Certainty.AMBIGUOUS, None),
            id="others came through meanwhile: no block is named",
        ),
        pytest.param(trial(SILENT, DARK), DEVICE, (), id="nothing of the node answers"),
        pytest.param(
            trial(asked(OverlayForm.PLAIN, places=()), ECHO), DEVICE, (), id="it never left"
        ),
        pytest.param(
            trial(asked(OverlayForm.PLAIN, places=CAME), ECHO), DEVICE, (), id="something came"
        ),
        pytest.param(
            trial(SILENT, ECHO, asked(OverlayForm.BARE_ANSWER, BARE)), DEVICE, (), id="it answers"
        ),
        pytest.param(
            trial(SILENT, ECHO), replace(DEVICE, vni=2), (), id="this device strayed from its name"
        ),
        pytest.param(
            trial(SILENT, ECHO, listed=ROUTER), DEVICE, (), id="whose MAC it is was a guess"
        ),
        pytest.param(trial(SERVED, ECHO), DEVICE, (), id="served"),
    ],
)
def test_silence_beside_echoes(
    item: OverlayTrial, device: VxlanDevice, expected: tuple[object, ...]
) -> None:
    assert found(overlay_unanswered.judge, item, device) == expected


def test_xdp_programs_leave_this_host_possible() -> None:
    links = NotChecked(reason="not read")
    state = replace(
        host_state(), links=links, vxlans=(DEVICE,), overlay_trials=(trial(SILENT, ECHO),)
    )
    fault = overlay_unanswered.judge(None, state)
    assert fault is not None
    assert fault.claim.where == (Place.LOCAL, *LOST)


OWN_LOST = (SILENT, asked(OverlayForm.BARE_ANSWER), ECHO)
VNI_2 = asked(OverlayForm.VNI, BARE, vni=2)


@pytest.mark.parametrize(
    ("item", "device", "expected"),
    [
        pytest.param(
            trial(*OWN_LOST, asked(OverlayForm.VNI, vni=4096), VNI_2),
            DEVICE,
            ((Place.REMOTE,), Certainty.BOUNDED, Mechanism.VXLAN_MISMATCH),
            id="the node has VNI 2",
        ),
        pytest.param(
            trial(*OWN_LOST, VNI_2), replace(DEVICE, vni=3), (), id="this device strayed as well"
        ),
        pytest.param(trial(*OWN_LOST, asked(OverlayForm.VNI, vni=2)), DEVICE, (), id="silence"),
        pytest.param(
            trial(SILENT, asked(OverlayForm.BARE_ANSWER, BARE), ECHO, VNI_2),
            DEVICE,
            (),
            id="it has ours too",
        ),
    ],
)
def test_a_node_with_another_vni(
    item: OverlayTrial, device: VxlanDevice, expected: tuple[object, ...]
) -> None:
    assert found(overlay_other_vni.judge, item, device) == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            trial(SILENT, ECHO, asked(OverlayForm.BARE_ANSWER, BARE)),
            (LOST, Certainty.AMBIGUOUS, Mechanism.RETURN_PATH),
            id="it answers without the overlay alone",
        ),
        pytest.param(trial(SILENT, ECHO, asked(OverlayForm.BARE_ANSWER)), (), id="neither way"),
        pytest.param(
            trial(SERVED, ECHO, asked(OverlayForm.BARE_ANSWER, BARE)), (), id="both ways"
        ),
    ],
)
def test_one_way(item: OverlayTrial, expected: tuple[object, ...]) -> None:
    assert found(overlay_one_way.judge, item) == expected


LISTED = ip_address(NEIGHBOUR_HOST)
PAIRED = trial(SERVED, ECHO, listed=LISTED)
LOST_THERE = trial(SILENT, ECHO, peer=LISTED, listed=LISTED)
NOT_LEFT = asked(OverlayForm.PLAIN, places=())
PEER_END = NodeEnd(node="edge-2", address=PEER, mac=MAC, inner=None, source="nodes/edge-2")
MISTAKEN = ((Place.LOCAL,), Certainty.PROVEN, Mechanism.VXLAN_MISMATCH)


@pytest.mark.parametrize(
    ("items", "ends", "expected"),
    [
        pytest.param((PAIRED, LOST_THERE), (), MISTAKEN, id="frames to the table's are lost"),
        pytest.param(
            (PAIRED, trial(NOT_LEFT, DARK, peer=LISTED, listed=LISTED, link_answers=())),
            (),
            MISTAKEN,
            id="nobody on the link has the table's",
        ),
        pytest.param((PAIRED,), (PEER_END,), MISTAKEN, id="its object says so"),
        pytest.param((PAIRED,), (), (), id="nobody asked the table's address"),
        pytest.param(
            (PAIRED, trial(SERVED, ECHO, peer=LISTED, listed=LISTED)),
            (PEER_END,),
            (),
            id="it has both addresses",
        ),
        pytest.param(
            (PAIRED, LOST_THERE),
            (replace(PEER_END, address=LISTED),),
            (),
            id="its object says the table's",
        ),
        pytest.param(
            (PAIRED, trial(NOT_LEFT, ECHO, peer=LISTED, listed=LISTED)),
            (),
            (),
            id="this host did not send the frame to the table's",
        ),
        pytest.param(
            (trial(SILENT, ECHO, listed=LISTED), LOST_THERE), (), (), id="a guess, unanswered"
        ),
        pytest.param((trial(SERVED, ECHO),), (PEER_END,), (), id="the table is right"),
    ],
)
def test_a_mac_behind_another_node(
    items: tuple[OverlayTrial, ...], ends: tuple[NodeEnd, ...], expected: tuple[object, ...]
) -> None:
    assert found(overlay_peer_elsewhere.judge, items, ends=ends) == expected


PORT_8472 = asked(OverlayForm.SOURCE_PORT, TUNNELLED)
KEPT = asked(OverlayForm.PLAIN, TUNNELLED, places=CAME[:2])
BARE_ANSWER = asked(OverlayForm.BARE_ANSWER, BARE)


@pytest.mark.parametrize(
    ("judge", "items"),
    [
        pytest.param(
            overlay_refused.judge,
            (asked(OverlayForm.PLAIN, icmp(IcmpKind.PORT_UNREACHABLE)), ECHO),
            id="refused",
        ),
        pytest.param(
            overlay_other_vni.judge,
            (
                SILENT,
                ECHO,
                asked(OverlayForm.BARE_ANSWER),
                asked(OverlayForm.VNI, BARE, vni=2),
            ),
            id="another VNI",
        ),
        pytest.param(overlay_form_lost.judge, (SILENT, ECHO, PORT_8472), id="a form is lost"),
        pytest.param(overlay_one_way.judge, (SILENT, ECHO, BARE_ANSWER), id="one way"),
        pytest.param(overlay_answer_kept.judge, (KEPT, ECHO), id="kept"),
        pytest.param(overlay_unanswered.judge, (SILENT, ECHO), id="silence"),
    ],
)
def test_a_pair_that_was_guessed_is_no_other_rule_s(
    judge: Callable[[Address | None, HostState], Fault | None], items: tuple[OverlayAsked, ...]
) -> None:
    control = trial(*items, peer=LISTED, listed=LISTED)
    assert found(judge, trial(*items))
    assert found(judge, trial(*items, listed=LISTED)) == ()
    assert found(judge, (trial(SILENT, DARK, listed=LISTED), control)) == ()


def test_the_device_is_named_whose_table_is_wrong() -> None:
    fault = overlay_peer_elsewhere.judge(
        None, replace(host_state(), vxlans=(DEVICE,), overlay_trials=(PAIRED, LOST_THERE))
    )
    assert fault is not None
    assert fault.claim.culprit == VxlanObject(
        interface="flannel.1", vni=1, port=8472, local=ip_address(EDGE)
    )
    assert f"{NEIGHBOUR_HOST}, and it is {HOST} that answers" in fault.text


WRONG = replace(TUNNELLED, checksum=UdpChecksum.WRONG)
STRAY = replace(TUNNELLED, mac="02:00:00:00:00:77")


@pytest.mark.parametrize(
    ("item", "device", "expected"),
    [
        pytest.param(
            trial(asked(OverlayForm.PLAIN, TUNNELLED, places=CAME[:2]), ECHO),
            DEVICE,
            ((Place.LOCAL,), Certainty.PROVEN, Mechanism.LOCAL_DROP),
            id="it came in and did not come out",
        ),
        pytest.param(
            trial(asked(OverlayForm.PLAIN, WRONG, places=CAME[:2]), ECHO),
            DEVICE,
            (LOST, Certainty.AMBIGUOUS, Mechanism.CHECKSUM_OFFLOAD),
            id="its checksum is wrong",
        ),
        pytest.param(
            trial(asked(OverlayForm.PLAIN, STRAY, places=CAME[:2]), ECHO),
            DEVICE,
            ((Place.LOCAL, Place.REMOTE), Certainty.AMBIGUOUS, Mechanism.VXLAN_MISMATCH),
            id="it is for a MAC that the device does not have",
        ),
        pytest.param(trial(SERVED, ECHO), DEVICE, (), id="it came out of the device"),
        pytest.param(
            trial(asked(OverlayForm.PLAIN, WRONG, places=CAME), ECHO),
            DEVICE,
            (),
            id="a wrong checksum that the kernel did not mind",
        ),
        pytest.param(
            trial(asked(OverlayForm.PLAIN, TUNNELLED, places=CAME[:2]), ECHO),
            replace(DEVICE, port=4789),
            (),
            id="no device of that port is there",
        ),
        pytest.param(
            trial(asked(OverlayForm.PLAIN, BARE, places=CAME[:2]), ECHO), DEVICE, (), id="bare"
        ),
    ],
)
def test_an_answer_that_this_host_keeps(
    item: OverlayTrial, device: VxlanDevice, expected: tuple[object, ...]
) -> None:
    assert found(overlay_answer_kept.judge, item, device) == expected


OWN_END = replace(PEER_END, node="", address=ip_address(EDGE), mac=OWN_MAC)


@pytest.mark.parametrize(
    ("ends", "expected", "remedy"),
    [
        pytest.param(
            (OWN_END,),
            ((Place.REMOTE,), Certainty.BOUNDED, Mechanism.VXLAN_MISMATCH),
            f"on {HOST}: ip neigh show dev flannel.1",
            id="the device has what the object says: the node's table is old",
        ),
        pytest.param(
            (replace(OWN_END, mac=STRAY.mac),),
            MISTAKEN,
            "keep systemd from giving the device a MAC",
            id="the node has what the object says: the device was given another",
        ),
        pytest.param(
            (replace(OWN_END, mac="02:00:00:00:00:78"),),
            ((Place.LOCAL, Place.REMOTE), Certainty.AMBIGUOUS, Mechanism.VXLAN_MISMATCH),
            "keep systemd from giving the device a MAC",
            id="the object says neither",
        ),
        pytest.param(
            (replace(PEER_END, mac=STRAY.mac),),
            ((Place.LOCAL, Place.REMOTE), Certainty.AMBIGUOUS, Mechanism.VXLAN_MISMATCH),
            "keep systemd from giving the device a MAC",
            id="another node's object",
        ),
    ],
)
def test_whose_mac_is_the_old_one(
    ends: tuple[NodeEnd, ...], expected: tuple[object, ...], remedy: str
) -> None:
    item = trial(asked(OverlayForm.PLAIN, STRAY, places=CAME[:2]), ECHO)
    assert found(overlay_answer_kept.judge, item, ends=ends) == expected
    fault = overlay_answer_kept.judge(
        None,
        replace(host_state(), vxlans=(DEVICE,), overlay_trials=(item,), node_ends=ends),
    )
    assert fault is not None
    assert fault.remedy.startswith(remedy)


LONG = asked(OverlayForm.SIZE)
SERVED_LEG, LOST_LEG = from_port(40001, TUNNELLED), from_port(40003)
PLAIN_LOST = from_port(40000, form=OverlayForm.PLAIN)
LEGS = (
    from_port(40000, TUNNELLED, form=OverlayForm.PLAIN),
    *(from_port(40000, TUNNELLED), SERVED_LEG, SERVED_LEG, LOST_LEG, LOST_LEG),
)
LONG_ECHO = asked(OverlayForm.LONG_ECHO, EchoReply(hop_limit=64))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            trial(SILENT, ECHO, asked(OverlayForm.SOURCE_PORT, TUNNELLED)),
            (LOST, Certainty.AMBIGUOUS, Mechanism.SOURCE_PORT_FILTER),
            id="only from the overlay's own port",
        ),
        pytest.param(
            trial(SILENT, ECHO, asked(OverlayForm.CHECKSUM, TUNNELLED)),
            (LOST, Certainty.AMBIGUOUS, Mechanism.CHECKSUM_OFFLOAD),
            id="only with the other checksum",
        ),
        pytest.param(
            trial(SERVED, ECHO, PORT_8472, LONG, LONG_ECHO),
            (LOST, Certainty.AMBIGUOUS, Mechanism.PMTU_BLACKHOLE),
            id="long frames are lost, and long echoes are not",
        ),
        pytest.param(
            trial(
                SERVED,
                ECHO,
                asked(OverlayForm.CHECKSUM, TUNNELLED),
                LONG,
                asked(OverlayForm.LONG_ECHO),
            ),
            (LOST, Certainty.AMBIGUOUS, Mechanism.PMTU_BLACKHOLE),
            id="on one link long packets are lost altogether",
        ),
        pytest.param(
            trial(SERVED, ECHO, PORT_8472, LONG, asked(OverlayForm.LONG_ECHO), is_on_link=False),
            (),
            id="a router may cut the kernel's frames, and not ours",
        ),
        pytest.param(
            trial(SERVED, ECHO, asked(OverlayForm.SOURCE_PORT), asked(OverlayForm.CHECKSUM)),
            (),
            id="forms that the kernel does not send",
        ),
        pytest.param(trial(SERVED, ECHO, PORT_8472, LONG), (), id="no long echo beside it"),
        pytest.param(
            trial(ECHO, *LEGS),
            (LOST, Certainty.AMBIGUOUS, Mechanism.ECMP_PARTIAL),
            id="two source ports are served twice, and one never",
        ),
        pytest.param(
            trial(ECHO, PLAIN_LOST, from_port(40000), SERVED_LEG, SERVED_LEG),
            (LOST, Certainty.AMBIGUOUS, Mechanism.ECMP_PARTIAL),
            id="the lost port may be the plain frame's own",
        ),
        pytest.param(
            trial(ECHO, *LEGS[:-1], from_port(40003, TUNNELLED)),
            (),
            id="a port that was lost once and served once: chance",
        ),
        pytest.param(
            trial(ECHO, *LEGS[:-2], *(from_port(40002, TUNNELLED, tries=2),) * 2, *LEGS[-2:]),
            (),
            id="a port that was served late: chance takes others too",
        ),
        pytest.param(
            trial(ECHO, SERVED_LEG, LOST_LEG), (), id="ports that were tried once each"
        ),
        pytest.param(trial(SERVED, ECHO, *(SERVED_LEG,) * 2), (), id="no port is lost"),
        pytest.param(
            trial(
                SERVED,
                ECHO,
                asked(OverlayForm.SOURCE_PORT),
                asked(OverlayForm.CHECKSUM),
                LONG,
                LONG_ECHO,
            ),
            (),
            id="short ones of the same moment are lost as well",
        ),
        pytest.param(
            trial(SERVED, ECHO, PORT_8472, asked(OverlayForm.SIZE, places=()), LONG_ECHO),
            (),
            id="this host did not send the long one",
        ),
    ],
)
def test_a_form_that_is_lost(item: OverlayTrial, expected: tuple[object, ...]) -> None:
    assert found(overlay_form_lost.judge, item) == expected


def test_the_longest_frame_that_came_back_is_told_beside_the_mtu() -> None:
    lengths = (of_length(1300, TUNNELLED), of_length(1420, TUNNELLED), of_length(1421))
    item = trial(SERVED, ECHO, PORT_8472, LONG, LONG_ECHO, *lengths)
    host = replace(
        host_state(), overlay_trials=(item,), vxlans=(DEVICE,), links=(FLANNEL_LINK,)
    )
    fault = overlay_form_lost.judge(PEER, host)
    assert fault is not None
    assert "the longest packet inside that comes back has 1370 octets (1420 outside)" in fault.text
    assert f"one of 1371 is lost, where its MTU is {FLANNEL_LINK.mtu}" in fault.text
    assert "on all nodes to 1370," in fault.remedy


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            trial(SILENT, DARK, neighbour=ENTRY, neighbour_mac=MAC, link_answers=("02::1",)),
            ((Place.LOCAL,), Certainty.PROVEN, Mechanism.NEIGHBOUR_FAILED),
            id="it answers from another MAC",
        ),
        pytest.param(
            trial(SILENT, DARK, neighbour=ENTRY, neighbour_mac=MAC, link_answers=(MAC, "02::1")),
            (),
            id="the entry's is among those that answer",
        ),
        pytest.param(
            trial(SILENT, DARK, neighbour=ENTRY, neighbour_mac=MAC, link_answers=()),
            (),
            id="nobody answers",
        ),
        pytest.param(
            trial(SILENT, DARK, neighbour=ENTRY, neighbour_mac="", link_answers=("02::1",)),
            (),
            id="no entry",
        ),
        pytest.param(
            trial(SILENT, ECHO, neighbour=ENTRY, neighbour_mac=MAC, link_answers=("02::1",)),
            (),
            id="what was sent to the entry was answered",
        ),
        pytest.param(trial(SILENT, DARK), (), id="it was not asked for"),
    ],
)
def test_a_neighbour_entry(item: OverlayTrial, expected: tuple[object, ...]) -> None:
    assert found(overlay_neighbour_mistaken.judge, item) == expected


END = NodeEnd(
    node="edge-2",
    address=PEER,
    mac=MAC,
    inner=INSIDE.destination,
    source="/etc/kubernetes/cache/flanneld/nodes.v1.core/edge-2",
)
OWN = replace(END, node="", address=ip_address(EDGE), mac="02:00:00:00:00:01", inner=None)
OVERLAY_LINK = replace(FLANNEL_LINK, mac="02:00:00:00:00:01")
FORWARDED = ForwardingEntry(interface="flannel.1", mac=MAC, destination=PEER)
RESOLVED = Neighbour(
    interface="flannel.1", address=INSIDE.destination, mac=MAC, state=NeighbourState.PERMANENT
)
FITTING = replace(
    host_state(),
    links=(OVERLAY_LINK,),
    vxlans=(DEVICE,),
    forwarding=(FORWARDED,),
    neighbours=(RESOLVED,),
    node_ends=(OWN, END),
)
ELSEWHERE = replace(FITTING, forwarding=(replace(FORWARDED, destination=ROUTER),))
OTHER_MAC = "02:00:00:00:00:99"


@pytest.mark.parametrize(
    ("state", "text"),
    [
        pytest.param(
            ELSEWHERE,
            f"flannel.1 sends frames for {MAC} to {ROUTER}, and edge-2, whose MAC this is, is at "
            f"{PEER}",
            id="its frames go elsewhere",
        ),
        pytest.param(
            replace(FITTING, neighbours=(replace(RESOLVED, mac=OTHER_MAC),)),
            f"flannel.1 has {OTHER_MAC} for {INSIDE.destination}, the end of edge-2, and its "
            f"object says {MAC}",
            id="its MAC is another's",
        ),
        pytest.param(
            replace(FITTING, links=(replace(OVERLAY_LINK, mac=OTHER_MAC),)),
            f"flannel.1 has the MAC {OTHER_MAC}, and this node's object tells the peers to send to "
            f"{OWN.mac}",
            id="this node's device was given another MAC",
        ),
    ],
)
def test_tables_that_differ_from_node_objects(state: HostState, text: str) -> None:
    fault = overlay_node_differs.judge(None, state)
    assert fault is not None
    assert (fault.claim.where, fault.claim.certainty) == ((Place.LOCAL,), Certainty.PROVEN)
    assert fault.text.startswith(text)
    assert fault.text.endswith(f"({END.source})")


@pytest.mark.parametrize(
    ("state", "is_silence_judged"),
    [
        pytest.param(FITTING, True, id="all is as the objects say"),
        pytest.param(ELSEWHERE, False, id="its tables lead elsewhere, which explains the silence"),
    ],
)
def test_silence_behind_tables_that_differ(state: HostState, is_silence_judged: bool) -> None:
    silent = replace(state, overlay_trials=(trial(SILENT, ECHO),))
    assert (overlay_unanswered.judge(None, silent) is not None) is is_silence_judged


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(FITTING, id="all is as the objects say"),
        pytest.param(
            replace(ELSEWHERE, node_ends=NotChecked(reason="not looked at")), id="no objects"
        ),
        pytest.param(replace(FITTING, forwarding=(), neighbours=()), id="entries are missing"),
        pytest.param(
            replace(
                FITTING,
                neighbours=(replace(RESOLVED, mac=OTHER_MAC),),
                overlay_trials=(trial(SERVED, ECHO),),
            ),
            id="the node answers: its object is the older",
        ),
        pytest.param(
            replace(
                ELSEWHERE,
                vxlans=(DEVICE, replace(DEVICE, interface="flannel.2")),
                links=(OVERLAY_LINK, replace(OVERLAY_LINK, name="flannel.2")),
            ),
            id="which of two devices is meant is not known",
        ),
        pytest.param(
            replace(ELSEWHERE, links=(replace(OVERLAY_LINK, is_up=False),)), id="it is down"
        ),
    ],
)
def test_node_objects_that_prove_nothing(state: HostState) -> None:
    assert overlay_node_differs.judge(None, state) is None


@pytest.mark.parametrize(
    ("endpoint", "item", "status", "says"),
    [
        pytest.param("flannel-vxlan", SERVED, Status.OK, "through the overlay", id="it answered"),
        pytest.param(
            "flannel-vxlan", ECHO, Status.NOT_CHECKED, "did not answer, which", id="it did not"
        ),
        pytest.param(
            "raven-vxlan", SERVED, Status.NOT_CHECKED, "", id="through another overlay"
        ),
        pytest.param("kubelet", SERVED, Status.NOT_CHECKED, "", id="another row"),
    ],
)
def test_what_is_said_of_a_port_without_a_fault(
    endpoint: str, item: OverlayAsked, status: Status, says: str
) -> None:
    row = target(f"{endpoint}-8472", kinds=(), direction=Direction.INBOUND, port=8472)
    row = replace(row, endpoint=endpoint)
    taken = Listener(protocol=Protocol.UDP, address=ip_address("0.0.0.0"), port=8472, uid=0)
    state = replace(host_state(), vxlans=(DEVICE,), overlay_trials=(trial(item),))
    [check] = judge(RunEvidence(host=state, checks=(listener_evidence(row, taken),))).checks
    assert check.status is status
    assert says in check.note


LINE_8472 = replace(
    target("flannel-vxlan-8472", kinds=(), direction=Direction.INBOUND, port=8472),
    endpoint="flannel-vxlan",
)
TAKEN = Listener(protocol=Protocol.UDP, address=ip_address("0.0.0.0"), port=8472, uid=0)
BARE_PLAIN = asked(OverlayForm.PLAIN, BARE, places=CAME[:2])
BARE_OUT = asked(OverlayForm.PLAIN, BARE, places=CAME)


@pytest.mark.parametrize(
    ("items", "status", "says"),
    [
        pytest.param(
            (trial(SERVED, ECHO), trial(SILENT, DARK, peer=LISTED, listed=LISTED)),
            Status.NOT_CHECKED,
            f"{HOST} answered through the overlay, to this port; {NEIGHBOUR_HOST} did not answer, "
            "which blames nobody",
            id="one of two answered",
        ),
        pytest.param(
            (trial(SERVED, ECHO), trial(SERVED, ECHO, peer=LISTED, listed=LISTED)),
            Status.OK,
            f"{HOST}, {NEIGHBOUR_HOST} answered through the overlay, to this port",
            id="both did",
        ),
        pytest.param(
            (
                trial(SERVED, ECHO, listed=LISTED),
                trial(SERVED, ECHO, peer=LISTED, listed=LISTED),
            ),
            Status.OK,
            f"{HOST} answered through the overlay, to this port",
            id="an address of the table alone is nobody's that was stated",
        ),
        pytest.param(
            (trial(BARE_PLAIN, ECHO),),
            Status.NOT_CHECKED,
            f"{HOST} did not answer, which blames nobody",
            id="its answer came beside the overlay",
        ),
        pytest.param(
            (trial(BARE_OUT, ECHO),),
            Status.OK,
            f"{HOST} answered through the overlay, to this port",
            id="a bare answer that came out of the device",
        ),
    ],
)
def test_a_port_is_served_where_all_that_were_asked_answered(
    items: tuple[OverlayTrial, ...], status: Status, says: str
) -> None:
    state = replace(host_state(), vxlans=(DEVICE,), overlay_trials=items)
    [check] = judge(RunEvidence(host=state, checks=(listener_evidence(LINE_8472, TAKEN),))).checks
    assert check.status is status
    assert check.note.endswith(says)


def test_an_answer_through_raven_s_overlay_proves_no_way_that_marks_choose() -> None:
    row = target("raven-vxlan-4472", kinds=(), direction=Direction.INBOUND, port=4472)
    taken = Listener(protocol=Protocol.UDP, address=ip_address("0.0.0.0"), port=4472, uid=0)
    item = trial(SERVED, interface="raven0", port=4472)
    state = replace(host_state(), overlay_trials=(item,))
    [check] = judge(RunEvidence(host=state, checks=(listener_evidence(row, taken),))).checks
    assert check.status is Status.NOT_CHECKED
    assert "answered through the overlay" in check.note
