"""What may be said of a check that passes and fails in another form."""

from dataclasses import dataclass, replace
from ipaddress import ip_address

import pytest

from edgediag.inference.judge import judge
from edgediag.inference.rules import RULES_OF_FORMS
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import MtuObject, NftRule, TrackedFlowObject
from edgediag.model.drops import TraceDropped
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import RunEvidence
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.path import Ladder
from edgediag.model.reply import IcmpKind, Reply
from edgediag.model.variation import Change, Variation
from edgediag.model.verdict import Mechanism, Place, Status
from edgediag.report.values import from_text, to_text
from edgediag.stages.variation import AS_ASKED
from story import (
    GATEWAY,
    HOST,
    answered,
    flow,
    flow_evidence,
    host_state,
    icmp,
    ike_reply,
    ladder,
    link,
    probe,
    refused,
    surroundings,
    syn_ack,
    unanswered,
)

H1, H2, H3, H4 = GATEWAY, "203.0.113.1", "203.0.113.5", "203.0.113.9"
PLAIN = flow()
WHOLE = ladder(PLAIN, [H1, H2, H3, H4, ike_reply()])
NOT_WALKED = NotChecked(reason="this story does not need it")
ASKED = answered(probe(), ike_reply())
SYN = probe(ProbeKind.TCP_SYN, on=flow(Protocol.TCP, port=6443), check="api-server-6443")


def silence(source_port: int = 40000) -> tuple[Outcome, ...]:
    on = replace(PLAIN, source_port=source_port)
    return unanswered(probe(on=on, id_=5)), unanswered(probe(on=on, id_=6))


def rewritten(outcome: Outcome) -> Outcome:
    wire = replace(PLAIN, source_port=50001)
    return replace(outcome, seen=tuple(replace(item, rewritten=wire) for item in outcome.seen))


def lost(change: Change, *rungs: str | Reply | None, octets: int = 0) -> Variation:
    """A form that nobody answers, walked over these rungs beside a control that is answered."""
    return Variation(
        change=change,
        octets=octets,
        attempts=() if change is Change.SHAPE else silence(),
        ladder=ladder(PLAIN, rungs),
        control=WHOLE,
        trace=NOT_WALKED,
        tracked=AS_ASKED,
    )


def served(change: Change, octets: int = 0) -> Variation:
    return Variation(
        change=change,
        octets=octets,
        attempts=(ASKED,),
        ladder=NOT_WALKED,
        control=NOT_WALKED,
        trace=NOT_WALKED,
        tracked=AS_ASKED,
    )


def leg(*, is_served: bool, tries: int = 1) -> Variation:
    walked = ladder(SYN.flow, [H1, H2, H3, None, None])
    good = ladder(SYN.flow, [H1, H2, "203.0.113.6", H4, syn_ack()])
    outcome: Outcome = unanswered(SYN)
    if is_served:
        outcome = replace(answered(SYN, syn_ack()), tries=tries)
    return Variation(
        change=Change.LEG,
        octets=0,
        attempts=(outcome,),
        ladder=NOT_WALKED if is_served else walked,
        control=NOT_WALKED if is_served else good,
        trace=NOT_WALKED,
        tracked=AS_ASKED,
    )


SOURCE_PORT = lost(Change.SOURCE_PORT, H1, H2, None, None, None)
SHAPE = lost(Change.SHAPE, H1, H2, None, None)
EXCHANGE = replace(SHAPE, change=Change.EXCHANGE)
FRAGMENTS = lost(Change.FRAGMENTS, H1, H2, None, None, None, octets=1600)
LONG = lost(Change.SIZE, H1, H2, None, None, None, octets=1500)
JUMBO = lost(Change.SIZE, None, None, None, None, None, octets=9000)
FIRST_IS_MUTE = ladder(PLAIN, [None, H2, H3, H4, ike_reply()])
ALL_ARE_MUTE = ladder(PLAIN, [None, None, None, None, ike_reply()])
EVERYWHERE = tuple(Place)


def unasked(walked: Ladder) -> Ladder:
    """The same with its silent rungs refused by this host."""
    hops = tuple(replace(hop, tries=0) if hop.reply is None else hop for hop in walked.hops)
    return replace(walked, hops=hops)


GLANCE = replace(
    ladder(PLAIN, [H1, H2, None, None]),
    hops=tuple(replace(hop, tries=1) for hop in ladder(PLAIN, [H1, H2, None, None]).hops),
)
GOOD, BAD = leg(is_served=True), leg(is_served=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The part of a verdict that places the fault; `where` is empty where nothing is wrong."""

    where: tuple[Place, ...] = ()
    after: str | None = None
    upto: str | None = None
    mechanism: Mechanism | None = None


def said(*variations: Variation, asked: Outcome = ASKED, is_lossy: bool = False) -> Said:
    evidence = flow_evidence(
        asked,
        variations=variations,
        uplink=replace(link(), mtu=9000),
        around=surroundings(is_lossy=is_lossy),
    )
    (check,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    if check.verdict is None:
        return Said()
    verdict = check.verdict
    after, upto = (
        getattr(locus, "value", None) or (None if locus is None else str(locus))
        for locus in (verdict.after, verdict.upto)
    )
    return Said(where=verdict.where, after=after, upto=upto, mechanism=verdict.mechanism)


def between(mechanism: Mechanism) -> Said:
    return Said(where=(Place.ON_PATH,), after=H2, upto=H3, mechanism=mechanism)


def outside(mechanism: Mechanism) -> Said:
    return Said(
        where=(Place.ON_PATH, Place.REMOTE), after=H4, upto="host", mechanism=mechanism
    )


@pytest.mark.parametrize(
    ("variations", "expected"),
    [
        pytest.param((), Said(), id="nothing else was tried"),
        pytest.param(
            (served(Change.SOURCE_PORT), served(Change.SIZE, 1500), served(Change.FRAGMENTS, 1600)),
            Said(),
            id="every form is answered",
        ),
        pytest.param(
            (SOURCE_PORT,), between(Mechanism.SOURCE_PORT_FILTER), id="port 4500 ends at a hop"
        ),
        pytest.param(
            (lost(Change.SOURCE_PORT, H1, H2, H3, H4, None),),
            outside(Mechanism.SOURCE_PORT_FILTER),
            id="port 4500 comes to the last router: filter, host and way back look alike",
        ),
        pytest.param(
            (replace(SOURCE_PORT, ladder=WHOLE),), Said(), id="port 4500 is answered on its walk"
        ),
        pytest.param(
            (replace(SOURCE_PORT, ladder=NOT_WALKED),), Said(), id="silence that was not walked"
        ),
        pytest.param(
            (replace(SOURCE_PORT, attempts=(refused(probe(id_=5)),)),),
            Said(where=(Place.LOCAL,), upto="edge", mechanism=Mechanism.LOCAL_DROP),
            id="this host refuses to send from port 4500",
        ),
        pytest.param(
            (replace(SOURCE_PORT, attempts=(unanswered(probe(id_=5), has_left=False),)),),
            Said(),
            id="never seen leaving from port 4500, which a translation explains as well",
        ),
        pytest.param(
            (replace(LONG, attempts=(refused(probe(id_=5)),)), served(Change.SIZE, 1400)),
            Said(),
            id="this host knows that the way is narrower",
        ),
        pytest.param(
            (replace(SOURCE_PORT, attempts=(rewritten(silence()[0]),)),),
            Said(),
            id="port 4500 that this host made another of",
        ),
        pytest.param((SHAPE,), between(Mechanism.SILENT_DROP), id="ESP ends at a hop"),
        pytest.param(
            (lost(Change.SHAPE, H1, H2, H3, H4),), Said(), id="ESP comes as far as IKE"
        ),
        pytest.param((EXCHANGE,), between(Mechanism.SILENT_DROP), id="IKE_AUTH ends at a hop"),
        pytest.param(
            (replace(lost(Change.SHAPE, H1, H2, H3, H4), change=Change.EXCHANGE),),
            Said(),
            id="IKE_AUTH comes as far as IKE_SA_INIT",
        ),
        pytest.param(
            (replace(EXCHANGE, ladder=NOT_WALKED),), Said(), id="IKE_AUTH that was not walked"
        ),
        pytest.param(
            (replace(SHAPE, ladder=GLANCE),),
            Said(),
            id="routers that were asked for ESP once only may have spent their errors",
        ),
        pytest.param(
            (FRAGMENTS,), between(Mechanism.FRAGMENT_DROP), id="fragments end at a hop"
        ),
        pytest.param(
            (LONG, served(Change.SIZE, 1400)),
            between(Mechanism.PMTU_BLACKHOLE),
            id="long packets end at a hop and short ones do not",
        ),
        pytest.param((LONG,), Said(), id="long packets are lost, and no size is known to pass"),
        pytest.param(
            (
                replace(
                    LONG, attempts=(answered(probe(), icmp(IcmpKind.FRAGMENTATION_NEEDED, H2)),)
                ),
                served(Change.SIZE, 1400),
            ),
            Said(),
            id="a router reports the smaller size",
        ),
        pytest.param(
            (
                lost(Change.SIZE, H1, icmp(IcmpKind.FRAGMENTATION_NEEDED, H2), None, octets=1500),
                served(Change.SIZE, 1400),
            ),
            Said(),
            id="a router reports the smaller size on the walk alone",
        ),
        pytest.param(
            (JUMBO, served(Change.SIZE, 1500)),
            Said(where=(Place.LOCAL,), upto="edge", mechanism=Mechanism.MTU),
            id="not even the first hop takes what the device believes in",
        ),
        pytest.param(
            (JUMBO, served(Change.SIZE, 1400)),
            Said(
                where=(Place.LOCAL, Place.ON_PATH),
                upto="host",
                mechanism=Mechanism.PMTU_BLACKHOLE,
            ),
            id="nor what any Ethernet carries: the device or its network",
        ),
        pytest.param(
            (replace(JUMBO, control=FIRST_IS_MUTE), served(Change.SIZE, 1500)),
            Said(
                where=(Place.LOCAL, Place.ON_PATH),
                upto="host",
                mechanism=Mechanism.PMTU_BLACKHOLE,
            ),
            id="a first hop that answers nothing does not tell the device from its network",
        ),
        pytest.param(
            (replace(JUMBO, control=ALL_ARE_MUTE), served(Change.SIZE, 1500)),
            Said(where=EVERYWHERE, upto="host", mechanism=Mechanism.PMTU_BLACKHOLE),
            id="where no hop answers anything, the long packet may be lost at any",
        ),
        pytest.param(
            (replace(SOURCE_PORT, ladder=unasked(SOURCE_PORT.ladder)),),
            Said(),
            id="this host refused the rungs from port 4500: nobody was asked",
        ),
        pytest.param(
            (
                replace(JUMBO, ladder=unasked(JUMBO.ladder)),
                served(Change.SIZE, 1500),
            ),
            Said(),
            id="this host refused the long rungs",
        ),
        pytest.param(
            (
                replace(
                    JUMBO,
                    attempts=(replace(refused(probe(id_=5), "ENOBUFS"), seen=silence()[0].seen),),
                    ladder=unasked(JUMBO.ladder),
                ),
                served(Change.SIZE, 1500),
            ),
            Said(where=(Place.LOCAL,), upto="edge", mechanism=Mechanism.MTU),
            id="the driver takes none of the long ones, which the tap saw",
        ),
    ],
)
def test_what_a_form_of_the_tunnel_says(
    variations: tuple[Variation, ...], expected: Said
) -> None:
    assert said(*variations) == expected


@pytest.mark.parametrize(
    ("legs", "asked", "expected"),
    [
        pytest.param(
            (GOOD, GOOD, BAD),
            answered(SYN, syn_ack()),
            Said(where=(Place.ON_PATH,), after=H3, upto=H4, mechanism=Mechanism.ECMP_PARTIAL),
            id="some flows always pass, and one never",
        ),
        pytest.param(
            (GOOD, GOOD, BAD),
            unanswered(SYN),
            Said(where=(Place.ON_PATH,), after=H3, upto=H4, mechanism=Mechanism.ECMP_PARTIAL),
            id="the check's own flow is one that never passes",
        ),
        pytest.param((GOOD, GOOD), answered(SYN, syn_ack()), Said(), id="all flows pass"),
        pytest.param(
            (GOOD, leg(is_served=True, tries=2), BAD),
            answered(SYN, syn_ack()),
            Said(),
            id="a served flow needed two tries: that is loss, or a limit",
        ),
        pytest.param(
            (GOOD, BAD),
            answered(SYN, syn_ack()),
            Said(where=(Place.ON_PATH,), after=H3, upto=H4, mechanism=Mechanism.ECMP_PARTIAL),
            id="the check's own flow is one that passes",
        ),
        pytest.param(
            (GOOD, BAD),
            replace(answered(SYN, syn_ack()), tries=2),
            Said(),
            id="the check's own flow needed two tries",
        ),
        pytest.param((BAD,), answered(SYN, syn_ack()), Said(), id="too few were served"),
    ],
)
def test_what_flows_from_other_ports_say(
    legs: tuple[Variation, ...], asked: Outcome, expected: Said
) -> None:
    assert said(*legs, asked=asked) == expected


@pytest.mark.parametrize(
    "variation",
    [
        pytest.param(SOURCE_PORT, id="source port"),
        pytest.param(SHAPE, id="shape"),
        pytest.param(EXCHANGE, id="exchange"),
        pytest.param(FRAGMENTS, id="fragments"),
        pytest.param(LONG, id="size"),
    ],
)
def test_where_packets_are_lost_at_times_no_form_is_blamed(variation: Variation) -> None:
    assert said(variation, served(Change.SIZE, 1400), is_lossy=True) == Said()


@pytest.mark.parametrize(
    ("form", "confirmation", "is_lossy", "status"),
    [
        pytest.param(
            served(Change.SOURCE_PORT), silence()[0], False, Status.OK, id="only port 4500 passes"
        ),
        pytest.param(
            SOURCE_PORT, silence()[0], False, Status.UNDETERMINED, id="port 4500 is silent too"
        ),
        pytest.param(
            served(Change.SOURCE_PORT), ASKED, False, Status.DEGRADED, id="served when asked alone"
        ),
        pytest.param(
            served(Change.SOURCE_PORT), silence()[0], True, Status.UNDETERMINED, id="others lost"
        ),
    ],
)
def test_a_tunnel_is_judged_by_the_port_it_asks_from(
    form: Variation, confirmation: Outcome, is_lossy: bool, status: Status
) -> None:
    evidence = flow_evidence(
        unanswered(probe()),
        confirmation=confirmation,
        variations=(form,),
        around=surroundings(is_lossy=is_lossy),
    )
    (check,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    assert (check.status, bool(check.note)) == (status, status is Status.OK)


def test_a_program_of_the_driver_may_take_the_answer_of_a_form() -> None:
    lost_at_last = lost(Change.SOURCE_PORT, H1, H2, H3, H4, None)
    evidence = flow_evidence(ASKED, variations=(lost_at_last,))
    host = replace(host_state(), links=(link(xdp_program=7),))
    (check,) = judge(RunEvidence(host=host, checks=(evidence,))).checks
    assert check.verdict is not None
    assert (check.verdict.where, check.verdict.mechanism) == (
        EVERYWHERE,
        Mechanism.SOURCE_PORT_FILTER,
    )


def test_the_device_whose_mtu_is_wrong_is_named() -> None:
    evidence = flow_evidence(
        ASKED, variations=(JUMBO, served(Change.SIZE, 1500)), uplink=replace(link(), mtu=9000)
    )
    (check,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    assert check.verdict is not None
    assert check.verdict.culprit == MtuObject(interface="eth0", octets=9000)


def test_the_rule_that_refuses_a_form_is_named() -> None:
    rule = NftRule(family="inet", table="f", chain="out", handle=4, text="udp sport 4500 drop")
    trace = TraceDropped(culprit=rule, hook="output", is_reject=False, is_reply=False)
    form = replace(SOURCE_PORT, attempts=(refused(probe(id_=5)),), trace=trace)
    (check,) = judge(
        RunEvidence(host=host_state(), checks=(flow_evidence(ASKED, variations=(form,)),))
    ).checks
    assert check.verdict is not None
    assert (check.verdict.mechanism, check.verdict.culprit) == (Mechanism.RULE_DROP, rule)


def test_what_still_passes_in_part_is_degraded() -> None:
    evidence = flow_evidence(ASKED, variations=(FRAGMENTS,))
    (check,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    assert check.status is Status.DEGRADED


def test_evidence_of_forms_is_judged_the_same_from_its_record() -> None:
    run = RunEvidence(host=host_state(), checks=(flow_evidence(ASKED, variations=(SHAPE, LONG)),))
    assert from_text(RunEvidence, to_text(run)) == run
    assert str(PLAIN.destination) == HOST


@pytest.mark.parametrize("rule", RULES_OF_FORMS, ids=lambda rule: rule.id)
def test_every_rule_says_when_it_holds_and_when_it_does_not(rule: object) -> None:
    text = str(rule.judge.__doc__)  # type: ignore[attr-defined]  # a Rule
    heads = ("Holds because", "Does not hold", "Asks for")
    positions = [text.index(head) for head in heads]
    assert positions == sorted(positions)


NOBODY_S, OWN = "192.0.2.77", str(PLAIN.source)


def sent_from(source: str, *, tracked: bool = True) -> Variation:
    """The tunnel's own port, silent, and on the wire with this source."""
    wire = replace(PLAIN, source=ip_address(source))
    attempts = tuple(
        replace(item, seen=tuple(replace(one, rewritten=wire) for one in item.seen))
        for item in silence(4500)
    )
    found = wire if tracked else NotChecked(reason="ENOENT")
    return replace(SOURCE_PORT, attempts=attempts, tracked=found)


@pytest.mark.parametrize(
    ("form", "is_found"),
    [
        pytest.param(sent_from(NOBODY_S), True, id="from an address that nobody here has"),
        pytest.param(sent_from(OWN), False, id="from this node's own"),
        pytest.param(sent_from(NOBODY_S, tracked=False), False, id="no connection is tracked"),
        pytest.param(
            replace(sent_from(NOBODY_S), attempts=(ASKED,)), False, id="it was answered after all"
        ),
        pytest.param(
            replace(SOURCE_PORT, tracked=replace(PLAIN, source=ip_address(NOBODY_S))),
            False,
            id="the tap saw it leave as it is",
        ),
    ],
)
def test_a_connection_that_sends_from_an_address_of_nobody(
    form: Variation, is_found: bool
) -> None:
    evidence = flow_evidence(ASKED, variations=(form,))
    (check,) = judge(RunEvidence(host=host_state(), checks=(evidence,))).checks
    found = check.verdict is not None and isinstance(check.verdict.culprit, TrackedFlowObject)
    assert found is is_found
