"""Packets through a bridge made by hand; the answers come from a table."""

from dataclasses import replace

import pytest

from edgediag.host.netfilter.chains import BaseChain
from edgediag.host.netfilter.expression import Compare, CtLoad, Expression, MetaLoad, PayloadLoad
from edgediag.host.netfilter.statement import Nat
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.inbound import receive
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.needs import Answer, Behind, Bridge, NoBridge, Port, Taken, Way
from edgediag.host.walk.outbound import send
from edgediag.host.walk.parcel import CtState, Interface, Sender, parcel_in, parcel_of
from story import flow
from walks import DROP, LO, TO_TUNNEL, Decided, base, chain_of, decided, driven, nat

MAC = bytes.fromhex("0200000000b0")
BR0, P1, P2 = (Interface(name=n, index=i) for n, i in (("br0", 5), ("p1", 6), ("p2", 7)))
BRIDGE = Bridge(
    interface=BR0,
    mac=MAC,
    ports=tuple(
        Port(interface=each, mac=b"\2" + bytes(5), is_forwarding=True) for each in (P1, P2)
    ),
    is_filtering=False,
    calls=frozenset(),
)
OUT = Way(outgoing=BR0, gateway=None, is_local=False, text="dev br0")
ASKS_IP = replace(BRIDGE, calls=frozenset({4}))
THERE = {f"behind {flow().destination!s}": Behind(mac=MAC, port=P2)}
SOCKET = {"socket": Taken(is_taken=True, text="a socket listens"), "type": 2}
WHICH_PORT, WHOM = (
    "which port of br0 it passes",
    "whether its frame is for this host or for another behind br0",
)


def of_bridge(hook: str, priority: int = 10) -> BaseChain:
    chain = base(hook[0], hook, priority=priority)
    return replace(chain, name=replace(chain.name, family="bridge"))


def named(key: int, device: Interface) -> tuple[MetaLoad, Compare]:
    value = device.name.encode().ljust(16, b"\0")
    return MetaLoad(key=key, slot=0), Compare(operator=0, slot=0, value=value)


def in_chain(chain: str, *expressions: Expression) -> dict[str, Answer]:
    found = chain_of(chain, expressions)
    rules = tuple(replace(rule, family="bridge") for rule in found.rules)
    return {chain: replace(found, rules=rules)}


@pytest.mark.parametrize(
    ("bridge", "rules", "expected"),
    [
        pytest.param(
            BRIDGE, {**in_chain("o", *named(7, P2), DROP), **THERE}, ("dropped", (("o", 1),), ()),
            id="the port behind which the neighbour is",
        ),
        pytest.param(
            BRIDGE, {**in_chain("o", *named(7, P1), DROP), **THERE}, ("passes", (), ()),
            id="another port",
        ),
        pytest.param(
            BRIDGE, in_chain("o", *named(7, P1), DROP), ("undetermined", (), (WHICH_PORT,)),
            id="one of two ports, nobody knows which",
        ),
        pytest.param(
            BRIDGE, in_chain("o", *named(18, BR0), DROP), ("dropped", (("o", 1),), ()),
            id="the bridge of the port, whichever it is",
        ),
        pytest.param(
            BRIDGE, in_chain("o", *named(17, BR0), DROP), ("passes", (), ()),
            id="a frame of this host comes by no bridge",
        ),
        pytest.param(
            replace(BRIDGE, is_filtering=True),
            {**in_chain("o", *TO_TUNNEL, DROP), **THERE},
            ("undetermined", (), ("which VLANs br0 keeps apart",)),
            id="a bridge that keeps VLANs apart",
        ),
        pytest.param(
            BRIDGE,
            {
                **in_chain(
                    "o",
                    PayloadLoad(base=0, offset=0, length=6, slot=0),
                    Compare(operator=0, slot=0, value=MAC),
                    DROP,
                ),
                **THERE,
            },
            ("dropped", (("o", 1),), ()),
            id="the MAC that the neighbour has",
        ),
        pytest.param(
            BRIDGE,
            {**in_chain("o", *named(18, BR0), DROP), **THERE},
            ("dropped", (("o", 1),), ()),
            id="the bridge of the port that it leaves by",
        ),
        pytest.param(
            BRIDGE,
            {**in_chain("o", *named(17, BR0), DROP), **THERE},
            ("passes", (), ()),
            id="it came in by no port",
        ),
        pytest.param(
            BRIDGE,
            {
                **in_chain(
                    "o",
                    MetaLoad(key=17, slot=0),
                    replace(named(17, BR0)[1], operator=1),
                    DROP,
                ),
                **THERE,
            },
            ("dropped", (("o", 1),), ()),
            id="so by no port of this bridge",
        ),
        pytest.param(
            BRIDGE,
            {
                **in_chain(
                    "o",
                    MetaLoad(key=28, slot=0),
                    Compare(operator=1, slot=0, value=b"\7\0"),
                    DROP,
                ),
                **THERE,
            },
            ("passes", (), ()),
            id="a rule that asks for a VLAN is broken off where none is kept apart",
        ),
        pytest.param(
            NoBridge(), in_chain("o", DROP), ("passes", (), ()), id="a device that is no bridge"
        ),
        pytest.param(
            replace(BRIDGE, ports=()),
            in_chain("o", *TO_TUNNEL, DROP),
            ("dropped", (("bridge", 0),), ()),
            id="no port at all",
        ),
    ],
)
def test_the_end_of_what_is_sent(
    bridge: Answer, rules: dict[str, Answer], expected: Decided
) -> None:
    sender = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
    walk = send(parcel_of(flow(), sender), HookWalk([of_bridge("output")], Journal()))
    assert decided(driven(walk, {"bridge br0": bridge, **rules}, OUT)) == expected


TO_OTHER = Nat(type_=1, family=2, address=(0, None), port=(None, None), flags=0)


@pytest.mark.parametrize(
    ("bases", "bridge", "rules", "way", "expected"),
    [
        pytest.param(
            [of_bridge("input")],
            BRIDGE,
            {**in_chain("i", *named(6, P1), *named(17, BR0), DROP), **SOCKET},
            LO,
            ("dropped", (("i", 1),), ()),
            id="INPUT of the bridge is told the port",
        ),
        pytest.param(
            [base("p", "prerouting")],
            BRIDGE,
            {"p": chain_of("p", (*named(6, BR0), DROP)), **SOCKET},
            LO,
            ("dropped", (("p", 1),), ()),
            id="PREROUTING of IP is told the bridge",
        ),
        pytest.param(
            [base("p", "prerouting", priority=-300), of_bridge("input")],
            ASKS_IP,
            {"p": chain_of("p", (DROP,)), **in_chain("i", DROP), **SOCKET},
            LO,
            ("dropped", (("p", 1),), ()),
            id="where br_netfilter asks, PREROUTING of IP comes before INPUT of the bridge",
        ),
        pytest.param(
            [base("p", "prerouting", priority=-300), of_bridge("input")],
            BRIDGE,
            {"p": chain_of("p", (DROP,)), **in_chain("i", DROP), **SOCKET},
            LO,
            ("dropped", (("i", 1),), ()),
            id="where it does not ask, behind it",
        ),
        pytest.param(
            [of_bridge("forward")],
            BRIDGE,
            in_chain("f", DROP),
            OUT,
            ("undetermined", (), (WHOM, WHICH_PORT)),
            id="nobody says whom the frame is for",
        ),
        pytest.param(
            [of_bridge("prerouting")],
            BRIDGE,
            in_chain("p", DROP),
            OUT,
            ("dropped", (("p", 1),), ()),
            id="whomever it is for",
        ),
        pytest.param(
            [of_bridge("prerouting")],
            BRIDGE,
            {
                **in_chain(
                    "p",
                    CtLoad(key=0, direction=None, slot=0),
                    Compare(operator=0, slot=0, value=bytes(4)),
                    DROP,
                ),
                **SOCKET,
            },
            LO,
            ("undetermined", (), ("what the bridge tracks",)),
            id="what a bridge tracks is not followed",
        ),
        pytest.param(
            [base("p", "prerouting", priority=-300)],
            ASKS_IP,
            {
                "p": chain_of(
                    "p",
                    (MetaLoad(key=19, slot=0), Compare(operator=1, slot=0, value=b"\0"), DROP),
                ),
                **SOCKET,
            },
            OUT,
            ("passes", (), ()),
            id="br_netfilter tells the rules of IP that a frame for another is for this host",
        ),
        pytest.param(
            [nat("p", "prerouting")],
            ASKS_IP,
            {"p": chain_of("p", (TO_OTHER,)), **SOCKET},
            OUT,
            (
                "undetermined",
                (),
                (WHOM, "what br_netfilter makes of a frame whose destination a rule translates"),
            ),
            id="a frame that a rule of IP sends elsewhere",
        ),
    ],
)
def test_the_end_of_what_comes_by_a_port(
    bases: list[BaseChain],
    bridge: Bridge,
    rules: dict[str, Answer],
    way: Answer,
    expected: Decided,
) -> None:
    walk = receive(parcel_in(flow(), P1, CtState.NEW), HookWalk(bases, Journal()))
    answers = {"bridge p1": bridge, "bridge br0": bridge, **rules}
    assert decided(driven(walk, answers, way)) == expected
