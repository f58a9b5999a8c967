"""Who stands for the nodes that must reach this one."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import NftRule
from edgediag.model.endpoint import Direction
from edgediag.model.explained import Arrival, Disposition, Explained
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import HostState, InterfaceAddress, Link
from edgediag.model.listener import Listener
from edgediag.stages.arrival import NO_NETWORK, WHICH_NETWORK, agreed, arrivals_at, is_open
from story import EDGE, GATEWAY, host_state, link, target

KUBELET = target("kubelet-10250", kinds=(), port=10250, address=None, direction=Direction.INBOUND)
UNREAD = NotChecked(reason="EPERM")
SECOND = "192.0.2.130"
LAN = "198.51.100.9"


def having(*owned: tuple[str, str, int], links: tuple[Link, ...] = ()) -> HostState:
    return replace(
        host_state(),
        links=(link(), *links),
        addresses=tuple(
            InterfaceAddress(interface=name, address=ip_address(address), prefix_length=length)
            for name, address, length in owned
        ),
    )


def coming(source: str, to: str = EDGE, *, length: int = 24, by: str = "eth0") -> Arrival:
    return Arrival(
        interface=by,
        prefix_length=length,
        flow=Flow(
            protocol=Protocol.TCP,
            source=ip_address(source),
            source_port=0,
            destination=ip_address(to),
            destination_port=10250,
        ),
    )


def device(name: str, *, kind: str = "", is_up: bool = True, has_carrier: bool = True) -> Link:
    return replace(link(is_up=is_up, has_carrier=has_carrier), name=name, kind=kind)


def bound(*addresses: str) -> tuple[Listener, ...]:
    return tuple(
        Listener(protocol=Protocol.TCP, address=ip_address(text), port=10250, uid=0)
        for text in addresses
    )


def beside_uplink(
    name: str, address: str = LAN, length: int = 24, links: tuple[Link, ...] = ()
) -> HostState:
    return having(("lo", "127.0.0.1", 8), ("eth0", EDGE, 24), (name, address, length), links=links)


TO_UPLINK = coming(GATEWAY)
TO_LAN = coming("198.51.100.1", to=LAN, by="eth1")
TWO = beside_uplink("eth1")


@pytest.mark.parametrize(
    ("state", "listened", "expected"),
    [
        pytest.param(
            having(("eth0", EDGE, 24)), bound("0.0.0.0"), (TO_UPLINK,), id="the first other host"
        ),
        pytest.param(
            having(("eth0", GATEWAY, 24)),
            bound("0.0.0.0"),
            (coming("192.0.2.2", to=GATEWAY),),
            id="never this host itself",
        ),
        # A node has its WAN and its site on two devices, and most checks leave by the WAN: who
        # must come in may be of either. So both are asked, and not the one with the most checks.
        pytest.param(TWO, bound("0.0.0.0"), (TO_UPLINK, TO_LAN), id="of each of two networks"),
        pytest.param(TWO, bound("::"), NO_NETWORK, id="a socket of IPv6 alone takes neither"),
        pytest.param(
            TWO, bound("127.0.0.1", LAN), (TO_LAN,), id="only of the network that it listens to"
        ),
        pytest.param(
            having(("eth0", EDGE, 24), ("eth0", SECOND, 25)),
            bound("0.0.0.0"),
            (TO_UPLINK, coming("192.0.2.129", to=SECOND, length=25)),
            id="to each address of one device",
        ),
        pytest.param(
            beside_uplink("cni0"), bound("0.0.0.0"), (TO_UPLINK,), id="not from the pods' bridge"
        ),
        pytest.param(
            beside_uplink("raven0", "240.0.2.10", 8, links=(device("raven0", kind="vxlan"),)),
            bound("0.0.0.0"),
            (TO_UPLINK,),
            id="nor through an overlay",
        ),
        pytest.param(
            beside_uplink("eth1", links=(device("eth1", has_carrier=False),)),
            bound("0.0.0.0"),
            (TO_UPLINK,),
            id="nor by a device without carrier",
        ),
        pytest.param(
            beside_uplink("eth1", links=(device("eth1", is_up=False),)),
            bound("0.0.0.0"),
            (TO_UPLINK,),
            id="nor by one that is down",
        ),
        pytest.param(
            replace(TWO, links=UNREAD),
            bound("0.0.0.0"),
            (TO_UPLINK, TO_LAN),
            id="by any where devices are unread",
        ),
        pytest.param(
            having(("eth0", EDGE, 32)), bound("0.0.0.0"), NO_NETWORK, id="an address alone"
        ),
        pytest.param(
            having(("eth0", "2001:db8::9", 64)), bound("0.0.0.0"), NO_NETWORK, id="IPv6 alone"
        ),
        pytest.param(
            beside_uplink("cni0"), bound(LAN), NO_NETWORK, id="it listens to the pods alone"
        ),
        pytest.param(
            replace(host_state(), addresses=UNREAD), bound(EDGE), UNREAD, id="addresses unread"
        ),
    ],
)
def test_who_sends_and_whereto(
    state: HostState, listened: tuple[Listener, ...], expected: tuple[Arrival, ...] | NotChecked
) -> None:
    assert arrivals_at(KUBELET, state, listened) == expected


RULE = NftRule(family="inet", table="f", chain="in", handle=4, text="drop")
OTHER = replace(RULE, handle=5)


def explained(
    disposition: Disposition, *deciders: NftRule, hangs_on: tuple[str, ...] = ()
) -> Explained:
    return Explained(
        disposition=disposition, deciders=deciders, translations=(), marks=(), hangs_on=hangs_on
    )


DROPPED = explained(Disposition.DROPPED, RULE)
LET_IN = explained(Disposition.PASSES)
IN_DOUBT = explained(Disposition.UNDETERMINED, hangs_on=("who sends it",))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param((DROPPED,), DROPPED, id="of one network alone"),
        pytest.param((DROPPED, DROPPED), DROPPED, id="one rule keeps all of them out"),
        pytest.param(
            (DROPPED, LET_IN),
            explained(Disposition.UNDETERMINED, hangs_on=(WHICH_NETWORK,)),
            id="the site is let in and the WAN is not",
        ),
        pytest.param(
            (DROPPED, IN_DOUBT),
            explained(Disposition.UNDETERMINED, hangs_on=("who sends it", WHICH_NETWORK)),
            id="one of the site may be let in",
        ),
        pytest.param(
            (DROPPED, explained(Disposition.REJECTED)),
            explained(Disposition.UNDETERMINED, hangs_on=(WHICH_NETWORK,)),
            id="no rule, but routing keeps the site out",
        ),
        pytest.param(
            (DROPPED, explained(Disposition.DROPPED, OTHER)),
            explained(Disposition.DROPPED, RULE, OTHER),
            id="each is kept out by a rule of its own",
        ),
        pytest.param((LET_IN, LET_IN), LET_IN, id="all are let in"),
        pytest.param((DROPPED, UNREAD), UNREAD, id="one of them could not be followed"),
    ],
)
def test_several_arrivals_say_what_they_all_say(
    found: tuple[Explained | NotChecked, ...], expected: Explained | NotChecked
) -> None:
    assert agreed(found) == expected


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        pytest.param(("0.0.0.0",), True, id="to all"),
        pytest.param(("127.0.0.1", EDGE), True, id="to others as well"),
        pytest.param(("127.0.0.1", "::1"), False, id="to itself"),
        pytest.param((), False, id="to nobody"),
    ],
)
def test_who_listens_for_others(addresses: tuple[str, ...], expected: bool) -> None:
    assert is_open(bound(*addresses)) is expected
