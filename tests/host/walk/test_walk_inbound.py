"""A packet that comes in, through rules made by hand; the answers come from a table."""

from dataclasses import replace

import pytest

from edgediag.host.netfilter.chains import BaseChain, DeviceName
from edgediag.host.netfilter.expression import Compare, CtLoad, ImmediateLoad, MetaLoad
from edgediag.host.netfilter.statement import Masquerade, Nat
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.inbound import receive
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.needs import Answer, NoWay, Peers, Taken, Way
from edgediag.host.walk.octets import within
from edgediag.host.walk.parcel import CtState, Interface, Sender, parcel_in, parcel_of
from edgediag.host.walk.reply import answer
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Protocol
from story import flow
from walks import ACCEPT, DROP, LO, TO_TUNNEL, UP, Decided, base, chain_of, decided, driven, nat

IN0 = Interface(name="in0", index=7)
FILTER = tuple(base(hook[0], hook) for hook in ("prerouting", "input", "forward"))
FROM_IN0 = (MetaLoad(key=6, slot=0), Compare(operator=0, slot=0, value=b"in0".ljust(16, b"\0")))
TO_UP0 = (MetaLoad(key=7, slot=0), Compare(operator=0, slot=0, value=b"up0".ljust(16, b"\0")))
SOCKET = {"socket": Taken(is_taken=True, text="a socket listens"), "type": 2}


def device(name: str) -> DeviceName:
    return DeviceName(name=name, is_prefix=False)


AT_DEVICE = replace(
    base("g", "ingress"), name=replace(base("g").name, family="netdev"), devices=(device("in0"),)
)
IS_REPLY = (
    CtLoad(key=1, direction=None, slot=0),
    Compare(operator=0, slot=0, value=b"\1"),
    MetaLoad(key=6, slot=0),
    Compare(operator=0, slot=0, value=b"up0".ljust(16, b"\0")),
)
TO_OTHER = (
    ImmediateLoad(value=b"\xcb\0\x71\7", slot=0),
    Nat(type_=1, family=2, address=(0, None), port=(None, None), flags=0),
)
FROM_NOWHERE = (MetaLoad(key=6, slot=0), Compare(operator=0, slot=0, value=bytes(16)))
MASQUERADE = Masquerade(port=(None, None), flags=0)


@pytest.mark.parametrize(
    ("bases", "answers", "way", "expected"),
    [
        pytest.param((), SOCKET, LO, ("passes", (), ()), id="delivered, and a socket takes it"),
        pytest.param(
            (), {"type": 2}, LO, ("rejected", (("socket", 0),), ()), id="no socket takes it"
        ),
        pytest.param((), {"type": 3}, LO, ("passes", (), ()), id="a broadcast is not answered"),
        pytest.param(
            (),
            {"type": 2, "socket": NotChecked(reason="cannot read sockets: EPERM")},
            LO,
            ("undetermined", (), ("cannot read sockets: EPERM",)),
            id="sockets that cannot be read",
        ),
        pytest.param((), {}, UP, ("passes", (), ()), id="sent on"),
        pytest.param(
            (),
            {},
            NoWay(text="rp_filter of in0 is 1"),
            ("dropped", (("routing", 0),), ()),
            id="routing refuses it",
        ),
        pytest.param(
            FILTER,
            {"i": chain_of("i", (*FROM_IN0, DROP)), **SOCKET},
            LO,
            ("dropped", (("i", 1),), ()),
            id="INPUT drops what comes from the device",
        ),
        pytest.param(
            FILTER,
            {"i": chain_of("i", (DROP,))},
            UP,
            ("passes", (), ()),
            id="INPUT is not asked about what is sent on",
        ),
        pytest.param(
            FILTER,
            {"f": chain_of("f", (*FROM_IN0, *TO_UP0, DROP))},
            UP,
            ("dropped", (("f", 1),), ()),
            id="FORWARD knows both devices",
        ),
        pytest.param(
            FILTER,
            {"p": chain_of("p", (*TO_UP0, DROP))},
            UP,
            ("passes", (), ()),
            id="PREROUTING knows no device to leave by",
        ),
        pytest.param(
            (AT_DEVICE,),
            {"g": chain_of("g", (*TO_TUNNEL, DROP))},
            UP,
            ("dropped", (("g", 1),), ()),
            id="a chain at the device",
        ),
        pytest.param(
            (replace(AT_DEVICE, devices=(device("up0"),)),),
            {"g": chain_of("g", (DROP,))},
            UP,
            ("passes", (), ()),
            id="a chain at another device",
        ),
        pytest.param(
            (replace(AT_DEVICE, hook="egress", devices=(device("up0"),)),),
            {"g": chain_of("g", (*FROM_IN0, DROP))},
            UP,
            ("passes", (), ()),
            id="a chain at the device that it leaves by is not shown the first one",
        ),
        pytest.param(
            (replace(AT_DEVICE, hook="egress", devices=(device("up0"),)),),
            {"g": chain_of("g", (*FROM_NOWHERE, DROP))},
            UP,
            ("dropped", (("g", 1),), ()),
            id="it is shown none",
        ),
    ],
)
def test_the_end_of_a_packet_that_comes_in(
    bases: tuple[BaseChain, ...], answers: dict[str, Answer], way: Answer, expected: Decided
) -> None:
    walk = receive(parcel_in(flow(), IN0, CtState.NEW), HookWalk(bases, Journal()))
    assert decided(driven(walk, answers, way)) == expected


def test_a_group_has_members_that_are_not_known() -> None:
    to_group = replace(flow(), destination=type(flow().destination)("224.0.0.5"))
    walk = receive(parcel_in(to_group, IN0, CtState.NEW), HookWalk((), Journal()))
    assert decided(driven(walk, {}))[2] == ("who takes part in a multicast group",)


def to_socket(
    peer: tuple[str, int], protocol: Protocol = Protocol.UDP, source_port: int = 0
) -> tuple[str, tuple[str, ...]]:
    """The end of a packet of somebody of 192.0.2.0/24, and what it hangs on.

    peer  with whom the one socket with its port is connected
    """
    coming = parcel_in(flow(protocol, source_port=source_port), IN0, CtState.NEW)
    somebody = replace(coming, source=within(coming.source, 24, "who sends it"))
    far: Address = type(flow().source)(peer[0])
    walk = receive(somebody, HookWalk((), Journal()))
    said = driven(walk, {"type": 2, "peers": Peers(ends=((far, peer[1]),))}, LO)
    return said.disposition.value, said.hangs_on


@pytest.mark.parametrize(
    ("peer", "doubt"),
    [
        pytest.param(
            ("192.0.2.99", 6000),
            "whether 192.0.2.99:6000 sends it, which a socket is connected with",
            id="the sender may be its peer",
        ),
        pytest.param(("198.51.100.9", 6000), "", id="a peer of another network"),
    ],
)
def test_a_connected_socket_and_a_sender_that_is_not_known(
    peer: tuple[str, int], doubt: str
) -> None:
    expected = ("undetermined", (doubt,)) if doubt else ("rejected", ())
    assert to_socket(peer) == expected


def test_a_connected_socket_and_a_sender_with_another_port() -> None:
    assert to_socket(("192.0.2.99", 6000), source_port=6001) == ("rejected", ())


def test_of_tcp_a_first_packet_goes_to_listeners_alone() -> None:
    assert to_socket(("192.0.2.99", 6000), Protocol.TCP) == ("rejected", ())


def test_peers_that_cannot_be_read() -> None:
    coming = parcel_in(flow(source_port=0), IN0, CtState.NEW)
    reason = "cannot read sockets: EPERM"
    walk = receive(coming, HookWalk((), Journal()))
    said = driven(walk, {"type": 2, "peers": NotChecked(reason=reason)}, LO)
    assert said.hangs_on == (reason,)


HERE = Way(outgoing=Interface(name="lo", index=1), gateway=None, is_local=True, text="local dev lo")


@pytest.mark.parametrize(
    ("bases", "answers", "ways", "expected"),
    [
        pytest.param((), {}, (UP, HERE), ("passes", (), ()), id="nothing stands in its way"),
        pytest.param(
            (base("i", "input"),),
            {"i": chain_of("i", (*IS_REPLY, DROP))},
            (UP, HERE),
            ("dropped", (("i", 1),), ()),
            id="it comes back by the device, as an answer",
        ),
        pytest.param(
            (nat("n"), base("i", "input")),
            {"n": chain_of("n", TO_OTHER), "i": chain_of("i", (ACCEPT,))},
            (UP, UP, HERE),
            ("passes", (), ()),
            id="from where the rule has sent it",
        ),
        pytest.param(
            (base("o"),),
            {"o": chain_of("o", (DROP,))},
            (UP,),
            ("dropped", (("o", 1),), ()),
            id="what does not leave has no answer",
        ),
    ],
)
def test_the_end_of_an_answer(
    bases: tuple[BaseChain, ...],
    answers: dict[str, Answer],
    ways: tuple[Answer, ...],
    expected: Decided,
) -> None:
    sender = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
    walk = answer(parcel_of(flow(), sender), HookWalk(bases, Journal()))
    assert decided(driven(walk, answers, iter(ways))) == expected


def test_the_answer_to_a_translated_source_goes_to_the_first_one() -> None:
    sender = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
    bases = (replace(nat("n", "postrouting"), priority=100),)
    walk = answer(parcel_of(flow(), sender), HookWalk(bases, Journal()))
    said = driven(walk, {"n": chain_of("n", (MASQUERADE,))}, iter((UP, HERE)))
    (course,) = said.courses
    assert course.parcel.destination.value == flow().source.packed
