"""Policies of IPsec on the way of a packet, made by hand."""

from dataclasses import replace
from ipaddress import IPv4Interface, ip_address

import pytest

from edgediag.host.netfilter.expression import ImmediateLoad
from edgediag.host.netfilter.statement import Nat
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.inbound import receive
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.needs import Policies, Taken
from edgediag.host.walk.octets import within
from edgediag.host.walk.outbound import send
from edgediag.host.walk.parcel import CtState, Interface, Sender, parcel_in, parcel_of
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Protocol
from edgediag.model.xfrm import XfrmPolicy, XfrmSelector, XfrmTemplate
from story import EDGE, HOST, flow
from walks import DROP, LO, TO_TUNNEL, UP, Decided, base, chain_of, decided, driven, nat

IN0 = Interface(name="in0", index=7)
SENDER = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
ANY = "0.0.0.0/0"
DENIED = NotChecked(reason="policies of xfrm: Operation not permitted")
NARROWER = "the device or the mark that a policy of xfrm asks for"
AGE = "which of the policies of xfrm that have one priority was added first"
UNREAD = ("undetermined", (), (DENIED.reason,))
SOCKET = {"socket": Taken(is_taken=True, text="a socket listens"), "type": 2}
DROP_ALL = {"o": chain_of("o", (*TO_TUNNEL, DROP))}
CHAIN = (base("o"),)
TO_ADDRESS = ImmediateLoad(value=ip_address("203.0.113.7").packed, slot=0)
SOURCE_NAT = Nat(type_=0, family=2, address=(0, None), port=(None, None), flags=0)
ESP = XfrmTemplate(
    source=ip_address(EDGE), destination=ip_address(HOST), protocol="esp", mode="tunnel", request=1
)


def network(text: str) -> tuple:
    interface = IPv4Interface(text)
    return interface.ip, interface.network.prefixlen


def policy(
    direction: str = "out",
    *,
    to: str = ANY,
    source: str = ANY,
    port: int = 0,
    action: str = "block",
    priority: int = 0,
    protocol: int = 0,
    is_narrower: bool = False,
    is_wrapping: bool = False,
) -> XfrmPolicy:
    return XfrmPolicy(
        direction=direction,
        action=action,
        priority=priority,
        index=8,
        selector=XfrmSelector(
            source=network(source),
            destination=network(to),
            source_port=(0, 0),
            destination_port=(port, 0xFFFF if port else 0),
            ip_protocol=protocol,
            is_narrower=is_narrower,
        ),
        templates=(ESP,) if is_wrapping else (),
    )


def sent(*policies: XfrmPolicy, bases: tuple = (), answers: dict | None = None) -> Decided:
    walk = send(parcel_of(flow(), SENDER), HookWalk(bases, Journal()))
    return decided(driven(walk, {"xfrm out": Policies(listed=policies), **(answers or {})}))


def received(*policies: XfrmPolicy, is_for_here: bool = True, prefix_length: int = 32) -> Decided:
    parcel = parcel_in(flow().reversed(), IN0, CtState.NEW)
    parcel = replace(parcel, source=within(parcel.source, prefix_length, "who sends it"))
    answers = {
        f"xfrm {direction}": Policies(
            listed=tuple(each for each in policies if each.direction == direction)
        )
        for direction in ("in", "fwd", "out")
    }
    walk = receive(parcel, HookWalk((), Journal()))
    return decided(driven(walk, {**SOCKET, **answers}, LO if is_for_here else UP))


PASSES = ("passes", (), ())
BLOCKED = ("dropped", (("xfrm out", 0),), ())


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param((policy(),), BLOCKED, id="one for everything"),
        pytest.param((policy(to=f"{HOST}/24", port=4500, protocol=17),), BLOCKED, id="to its end"),
        pytest.param((policy(to="203.0.113.0/24"),), PASSES, id="to another network"),
        pytest.param((policy(port=500),), PASSES, id="to another port"),
        pytest.param((policy(protocol=6),), PASSES, id="of another protocol"),
        pytest.param((policy(action="allow"),), PASSES, id="one that allows"),
        pytest.param(
            (policy(), policy(action="allow", priority=7)), BLOCKED, id="the first allows nothing"
        ),
        pytest.param(
            (policy(priority=7), policy(action="allow")), PASSES, id="the first one allows"
        ),
        pytest.param(
            (policy(is_narrower=True),),
            ("undetermined", (), (NARROWER,)),
            id="by a mark or a device as well",
        ),
        pytest.param(
            (policy(is_narrower=True), policy(priority=7)),
            ("dropped", (("xfrm out", 0),), ()),
            id="whichever of two it is",
        ),
        pytest.param(
            (policy(), policy(action="allow")),
            ("undetermined", (), (AGE,)),
            id="equals that differ",
        ),
    ],
)
def test_a_policy_for_what_is_sent(policies: tuple[XfrmPolicy, ...], expected: Decided) -> None:
    assert sent(*policies) == expected


def test_a_policy_blocks_before_any_rule_is_asked() -> None:
    assert sent(policy(), bases=CHAIN, answers=DROP_ALL) == BLOCKED


def test_a_rule_that_drops_it_is_found_whatever_the_policies_are() -> None:
    answers = {**DROP_ALL, "xfrm out": DENIED}
    walk = send(parcel_of(flow(), SENDER), HookWalk(CHAIN, Journal()))
    said = driven(walk, answers)
    assert decided(said) == UNREAD
    assert any(step.number for course in said.courses for step in course.steps)


def test_where_a_rule_has_sent_it_is_held_against_the_policies_again() -> None:
    rules = {"d": chain_of("d", (TO_ADDRESS, replace(SOURCE_NAT, type_=1)))}
    blocked = policy(to="203.0.113.7/32")
    assert sent(blocked, bases=(nat("d"),), answers=rules) == BLOCKED
    assert sent(blocked) == PASSES


def test_a_source_that_a_translation_chooses_is_not_known() -> None:
    rules = {"p": chain_of("p", (TO_ADDRESS, SOURCE_NAT))}
    blocked = policy(source="203.0.113.7/32")
    disposition, _, _ = sent(blocked, bases=(nat("p", "postrouting"),), answers=rules)
    assert (disposition, sent(blocked)) == ("undetermined", PASSES)


def test_what_goes_on_inside_esp_is_another_packet() -> None:
    disposition, _, hangs_on = sent(policy(action="allow", is_wrapping=True))
    assert (disposition, [reason[:27] for reason in hangs_on]) == (
        "undetermined",
        ["what carries it inside ESP,"],
    )


@pytest.mark.parametrize(
    ("policies", "is_for_here", "expected"),
    [
        pytest.param((policy("in"),), True, ("dropped", (("xfrm in", 0),), ()), id="in"),
        pytest.param((policy("in"),), False, PASSES, id="in is not for what is sent on"),
        pytest.param((policy("fwd"),), False, ("dropped", (("xfrm fwd", 0),), ()), id="forward"),
        pytest.param((policy("fwd"),), True, PASSES, id="forward is not for what is delivered"),
        pytest.param((policy("out"),), False, BLOCKED, id="what is sent on goes out"),
        pytest.param(
            (policy("in", action="allow", is_wrapping=True),),
            True,
            ("undetermined", (), ("whether it comes inside ESP",)),
            id="what should have come inside ESP",
        ),
    ],
)
def test_a_policy_for_what_comes_in(
    policies: tuple[XfrmPolicy, ...], is_for_here: bool, expected: Decided
) -> None:
    assert received(*policies, is_for_here=is_for_here) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(f"{HOST}/24", ("dropped", (("xfrm in", 0),), ()), id="the whole network"),
        pytest.param(
            f"{HOST}/32", ("undetermined", (), ("who sends it",)), id="one host of the network"
        ),
        pytest.param("203.0.113.0/24", PASSES, id="another network"),
    ],
)
def test_a_sender_of_whom_the_network_is_known(source: str, expected: Decided) -> None:
    assert received(policy("in", source=source), prefix_length=24) == expected


@pytest.mark.parametrize(
    ("port", "expected"),
    [(0, BLOCKED), (8, ("undetermined", (), ("the type of ICMP that a policy of xfrm asks for",)))],
)
def test_ports_are_type_and_code_of_icmp(port: int, expected: Decided) -> None:
    echo = parcel_of(flow(Protocol.ICMP, port=0, source_port=0), SENDER)
    listed = Policies(listed=(policy(port=port, protocol=1),))
    walk = send(echo, HookWalk((), Journal()))
    assert decided(driven(walk, {"xfrm out": listed})) == expected
