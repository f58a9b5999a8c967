"""Neighbour discovery in the walk: what its messages look like to rules, and who is not judged."""

from dataclasses import replace
from ipaddress import IPv6Address, ip_address

import pytest

from edgediag.host.netfilter.expression import Compare, CtLoad, Expression, PayloadLoad
from edgediag.host.netfilter.statement import PayloadSet
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.needs import Answer, Resolved, Unresolved
from edgediag.host.walk.neighbour import resolve
from edgediag.host.walk.parcel import CtState, Interface, Parcel, Sender, parcel_of
from edgediag.model.flow import Flow, Protocol
from walks import DROP, Decided, base, chain_of, decided, driven

OWN, ROUTER = ip_address("2001:db8::1"), ip_address("fe80::abcd:1234")
OWN_MAC = b"\2\0\0\0\0\1"
ASKED = Unresolved(state="failed", mac=OWN_MAC, source=OWN)
PASSES: Decided = ("passes", (), ())
DROPPED: Decided = ("dropped", (("c", 1),), ())


def packet(gateway: str = str(ROUTER), destination: str = "2001:db8:9::9") -> Parcel:
    flow = Flow(
        protocol=Protocol.UDP,
        source=OWN,
        source_port=40000,
        destination=ip_address(destination),
        destination_port=4500,
    )
    sender = Sender(mark=5, uid=0, gid=0, state=CtState.NEW)
    device = Interface(name="eth0", index=2)
    parcel = replace(parcel_of(flow, sender), outgoing=device)
    return replace(parcel, gateway=ip_address(gateway) if gateway else None)


def said(
    hook: str, *rule: Expression, found: Answer = ASKED, parcel: Parcel | None = None
) -> Decided:
    """What one rule at one hook makes of the next hop."""
    hooks = HookWalk((base("c", hook, priority=-300 if hook == "prerouting" else 0),), Journal())
    answers: dict[str, Answer] = {"c": chain_of("c", rule), f"resolution {ROUTER}": found}
    return decided(driven(resolve(parcel or packet(), hooks), answers))


def has(base_: int, offset: int, octets: bytes) -> tuple[Expression, Expression]:
    return (
        PayloadLoad(base=base_, offset=offset, length=len(octets), slot=0),
        Compare(operator=0, slot=0, value=octets),
    )


GROUP = IPv6Address("ff02::1:ffcd:1234")
SOLICITATION = b"\x87\0"
BODY = bytes(4) + ROUTER.packed + b"\1\1" + OWN_MAC


@pytest.mark.parametrize(
    ("hook", "condition", "expected"),
    [
        pytest.param("output", has(1, 24, GROUP.packed), DROPPED, id="to the solicited node"),
        pytest.param("output", has(1, 8, OWN.packed), DROPPED, id="from the packet's source"),
        pytest.param("output", has(1, 6, b"\x3a\xff"), DROPPED, id="ICMPv6 of the whole hop limit"),
        pytest.param("output", has(2, 0, SOLICITATION), DROPPED, id="a solicitation"),
        pytest.param("postrouting", has(2, 4, BODY), DROPPED, id="for the next hop, with our MAC"),
        pytest.param("output", has(2, 0, b"\x88\0"), PASSES, id="no advertisement goes out"),
        pytest.param("input", has(2, 0, b"\x88\0"), DROPPED, id="an advertisement"),
        pytest.param("input", has(2, 8, ROUTER.packed), DROPPED, id="of the next hop"),
        pytest.param("input", has(1, 8, ROUTER.packed), DROPPED, id="from the next hop"),
        pytest.param("prerouting", has(1, 24, OWN.packed), DROPPED, id="to whom it asked for"),
        pytest.param("input", has(0, 0, OWN_MAC), DROPPED, id="in a frame to this device"),
        pytest.param(
            "input",
            has(2, 26, b"\2\0\0\0\0\2"),
            ("undetermined", (), ("icmpv6 target MAC",)),
            id="whose MAC is told is not known",
        ),
    ],
)
def test_rules_see_the_messages_that_the_kernel_sends_and_gets(
    hook: str, condition: tuple[Expression, Expression], expected: Decided
) -> None:
    assert said(hook, *condition, DROP) == expected


def ct_state(*states: CtState) -> tuple[Expression, Expression]:
    number = sum(state.value for state in states).to_bytes(4, "little")
    return CtLoad(key=0, direction=None, slot=0), Compare(operator=0, slot=0, value=number)


@pytest.mark.parametrize(
    ("hook", "state", "expected"),
    [
        pytest.param("input", CtState.UNTRACKED, DROPPED, id="of no connection"),
        pytest.param("input", CtState.NEW, PASSES, id="and of no new one"),
        pytest.param("prerouting", CtState.INVALID, DROPPED, id="before that is looked at"),
    ],
)
def test_connection_tracking_leaves_it_alone(
    hook: str, state: CtState, expected: Decided
) -> None:
    assert said(hook, *ct_state(state), DROP) == expected


@pytest.mark.parametrize(
    ("found", "parcel"),
    [
        pytest.param(Resolved(), packet(), id="the MAC is known"),
        pytest.param(ASKED, packet("", "ff02::fb"), id="a group has no MAC to ask for"),
        pytest.param(ASKED, packet("192.0.2.1"), id="a router of the other IP version"),
    ],
)
def test_nothing_is_asked_where(found: Answer, parcel: Parcel) -> None:
    assert said("output", DROP, found=found, parcel=parcel) == PASSES


def test_from_where_it_asks_may_not_be_known() -> None:
    found = replace(ASKED, source=None)
    assert said("output", *has(1, 8, OWN.packed), DROP, found=found) == (
        "undetermined",
        (),
        ("ip6 saddr",),
    )


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param((7, 1), "undetermined", id="the hop limit: nobody takes another"),
        pytest.param((0, 2), "passes", id="the traffic class: nobody looks at it"),
    ],
)
def test_a_rule_rewrites(place: tuple[int, int], expected: str) -> None:
    offset, length = place
    rule = PayloadSet(base=1, offset=offset, length=length, slot=0)
    assert said("postrouting", rule)[0] == expected
