"""Datagrams, one by one, and what they come to."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.model.answer import NotChecked
from edgediag.model.tunnel import (
    EspPacket,
    EspStream,
    EspTaken,
    IkeExchange,
    IkeMessage,
    IkeTransaction,
    Keepalive,
    Passing,
    PassingCount,
    PassingKind,
    Proposal,
    Transform,
    TunnelDatagram,
    TunnelPeer,
    TunnelTraffic,
    UnknownDatagram,
    WireguardMessage,
)
from edgediag.model.xfrm import XfrmState
from edgediag.report.values import from_text, to_text
from edgediag.tunnel.traffic import (
    MAX_PEERS,
    MAX_STRANGERS,
    MAX_STREAMS,
    MAX_TRANSACTIONS,
    Traffic,
    taken,
)
from story import HOST

START_S = 1000.0
PROPOSALS = (Proposal(transforms=(Transform(type_=1, id_=20, key_bits=256),)),)

SA_INIT = IkeMessage(
    exchange=IkeExchange.SA_INIT,
    initiator_spi="0102030405060708",
    message_id=0,
    is_response=False,
    octets=824,
    is_first=True,
    has_sa=True,
    notifies=(16388,),
    proposals=PROPOSALS,
)
ACCEPTED = replace(SA_INIT, is_response=True, octets=436)
COOKIE = replace(
    SA_INIT, is_response=True, octets=60, has_sa=False, notifies=(16390,), proposals=()
)
AUTH = replace(
    SA_INIT,
    exchange=IkeExchange.AUTH,
    message_id=1,
    octets=409,
    has_sa=False,
    notifies=(),
    proposals=(),
)


def sent(datagram: TunnelDatagram, at_s: float = 1.0, *, interface: str = "eth0") -> Passing:
    """This node sends it to the gateway."""
    return Passing(
        seen_s=START_S + at_s,
        is_sent=True,
        interface=interface,
        peer=ip_address(HOST),
        peer_port=4500,
        own_port=4500,
        is_fragment=False,
        datagram=datagram,
    )


def came(datagram: TunnelDatagram, at_s: float = 1.0, *, interface: str = "eth0") -> Passing:
    """The gateway sends it to this node."""
    return replace(sent(datagram, at_s, interface=interface), is_sent=False)


def told(*passings: Passing) -> tuple[TunnelPeer, ...]:
    """What they come to."""
    traffic = Traffic(start_s=START_S)
    for passing in passings:
        traffic.tell(passing)
    return traffic.peers()


def peer(*passings: Passing) -> TunnelPeer:
    """What they come to with one gateway."""
    (only,) = told(*passings)
    return only


ASKED = IkeTransaction(
    exchange=IkeExchange.SA_INIT,
    initiator_spi="0102030405060708",
    message_id=0,
    is_own=True,
    requests=1,
    responses=0,
    first_s=1.0,
    last_s=1.0,
    request_octets=824,
    response_octets=0,
    is_accepted=False,
    is_fragmented=False,
    notifies=(),
    proposals=PROPOSALS,
)


def test_a_request_and_its_answer_are_one_transaction() -> None:
    expected = replace(
        ASKED, responses=1, response_octets=436, is_accepted=True, notifies=(16388,)
    )
    assert peer(sent(SA_INIT), came(ACCEPTED)).transactions == (expected,)


def test_a_request_that_is_repeated_is_one_that_was_asked_often() -> None:
    heard = peer(sent(SA_INIT), sent(SA_INIT, 1.5), sent(SA_INIT, 2.5))
    assert heard.transactions == (replace(ASKED, requests=3, last_s=2.5),)


def test_a_cookie_is_an_answer_before_the_answer() -> None:
    heard = peer(sent(SA_INIT), came(COOKIE), sent(SA_INIT, 1.25), came(ACCEPTED, 1.5))
    assert heard.transactions == (
        replace(
            ASKED,
            requests=2,
            responses=2,
            last_s=1.25,
            response_octets=60,
            is_accepted=True,
            notifies=(16388, 16390),
        ),
    )


def test_what_the_gateway_asks_is_not_this_node_s_own() -> None:
    probe = replace(AUTH, exchange=IkeExchange.INFORMATIONAL, octets=80)
    heard = peer(came(probe), sent(replace(probe, is_response=True)))
    assert [(item.is_own, item.requests, item.responses) for item in heard.transactions] == [
        (False, 1, 1)
    ]


def test_the_fragments_of_a_message_are_one_request() -> None:
    heard = peer(sent(AUTH), sent(replace(AUTH, is_first=False)))
    assert [item.requests for item in heard.transactions] == [1]


def test_a_message_in_ip_fragments_is_marked() -> None:
    heard = peer(sent(AUTH), replace(came(replace(AUTH, is_response=True)), is_fragment=True))
    assert [item.is_fragmented for item in heard.transactions] == [True]


def test_esp_is_counted_by_spi_and_direction() -> None:
    out, back = EspPacket(spi="c0000001", octets=120), EspPacket(spi="c0000002", octets=100)
    heard = peer(sent(out), sent(out, 2.0), came(back, 2.5))
    assert heard.streams == (
        EspStream(is_sent=True, spi="c0000001", packets=2, octets=240, first_s=1.0, last_s=2.0),
        EspStream(is_sent=False, spi="c0000002", packets=1, octets=100, first_s=2.5, last_s=2.5),
    )


def test_what_is_of_no_further_interest_is_counted_by_kind() -> None:
    begins, data = WireguardMessage(type_=1, octets=148), WireguardMessage(type_=4, octets=32)
    unknown = UnknownDatagram(octets=3)
    heard = peer(
        sent(Keepalive()), sent(Keepalive()), sent(begins), came(data), came(unknown)
    )
    assert heard.counts == (
        PassingCount(kind=PassingKind.KEEPALIVE, is_sent=True, packets=2),
        PassingCount(kind=PassingKind.WIREGUARD_HANDSHAKE, is_sent=True, packets=1),
        PassingCount(kind=PassingKind.WIREGUARD_DATA, is_sent=False, packets=1),
        PassingCount(kind=PassingKind.UNKNOWN, is_sent=False, packets=1),
    )


def test_a_frame_that_a_bond_hands_on_counts_once() -> None:
    heard = peer(
        sent(SA_INIT, interface="bond0"),
        sent(SA_INIT, interface="eth0"),
        came(ACCEPTED, interface="eth0"),
        came(ACCEPTED, interface="bond0"),
    )
    assert [(item.requests, item.responses) for item in heard.transactions] == [(1, 1)]


def test_strangers_leave_room_for_gateways() -> None:
    strangers = [
        replace(came(SA_INIT), peer=ip_address(f"203.0.113.{number}")) for number in range(100)
    ]
    gateways = [
        replace(sent(SA_INIT), peer=ip_address(f"198.51.100.{number}")) for number in range(100)
    ]
    heard = told(*strangers, *gateways)
    assert (len(heard), heard[MAX_STRANGERS].address) == (MAX_PEERS, ip_address("198.51.100.0"))


def test_what_finds_no_room_is_said() -> None:
    messages = [sent(replace(SA_INIT, initiator_spi=f"{number:016x}")) for number in range(300)]
    packets = [sent(EspPacket(spi=f"{number:08x}", octets=9)) for number in range(256, 556)]
    heard = peer(*messages, *packets)
    assert (len(heard.transactions), len(heard.streams)) == (MAX_TRANSACTIONS, MAX_STREAMS)
    assert not heard.is_whole


datagrams = st.sampled_from(
    [
        *(SA_INIT, ACCEPTED, COOKIE, AUTH, replace(AUTH, is_response=True, is_first=False)),
        *(Keepalive(), UnknownDatagram(octets=7), EspPacket(spi="c0000001", octets=9)),
    ]
)


@given(
    st.lists(
        st.builds(
            Passing,
            seen_s=st.floats(START_S, START_S + 5.0),
            is_sent=st.booleans(),
            interface=st.sampled_from(["eth0", "bond0"]),
            peer=st.sampled_from([ip_address(HOST), ip_address("2001:db8::21")]),
            peer_port=st.sampled_from([500, 4500]),
            own_port=st.sampled_from([500, 4500]),
            is_fragment=st.booleans(),
            datagram=datagrams,
        ),
        max_size=30,
    )
)
def test_what_was_heard_survives_its_record(passings: list[Passing]) -> None:
    heard = TunnelTraffic(listened_s=5.0, lost=0, peers=told(*passings), taken=())
    assert from_text(TunnelTraffic, to_text(heard)) == heard


UNREAD = NotChecked(reason="EPERM")
STATE = XfrmState(
    source=ip_address(HOST),
    destination=ip_address("192.0.2.10"),
    spi=0xC0000002,
    protocol="esp",
    mode="tunnel",
    request=1,
    is_in_udp=True,
    ports=(4500, 4500),
    octets=1000,
)
TAKEN = EspTaken(source=ip_address(HOST), spi="c0000002", octets=500)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param((STATE,), (replace(STATE, octets=1500),), (TAKEN,), id="its count rose"),
        pytest.param((STATE,), (STATE,), (), id="it stood still"),
        pytest.param((), (replace(STATE, octets=500),), (TAKEN,), id="it is new"),
        pytest.param((STATE,), (), (), id="it is gone"),
        pytest.param((STATE,), (replace(STATE, octets=7),), (), id="it was made anew"),
        pytest.param(UNREAD, (STATE,), UNREAD, id="it was not read before"),
        pytest.param((STATE,), UNREAD, UNREAD, id="it was not read after"),
    ],
)
def test_what_associations_carried_meanwhile(
    before: tuple[XfrmState, ...] | NotChecked,
    after: tuple[XfrmState, ...] | NotChecked,
    expected: tuple[EspTaken, ...] | NotChecked,
) -> None:
    assert taken(before, after) == expected
