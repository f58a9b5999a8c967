"""Datagrams of the tunnel's port, octet by octet, and whatever else may come there."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgediag.model.tunnel import (
    EspPacket,
    IkeExchange,
    IkeMessage,
    Keepalive,
    Proposal,
    Transform,
    TunnelDatagram,
    UnknownDatagram,
    WireguardMessage,
)
from edgediag.wire.passing import read_passing

MARKER = bytes(4)
SPI_I, SPI_R = bytes(range(1, 9)), bytes(range(17, 25))

# Seen of strongSwan 5.9.8 with aes128-sha256-modp2048, without the attributes behind the SA.
SA = bytes.fromhex(
    "22000030"  # next KE, 48 octets
    "0000002c01010004"  # the last proposal, 44 octets, number 1, IKE, four transforms
    "0300000c0100000c800e0080"  # ENCR AES-CBC, 128 bits
    "030000080300000c"  # INTEG HMAC-SHA2-256-128
    "0300000802000005"  # PRF HMAC-SHA2-256
    "000000080400000e"  # DH MODP-2048
)
KE = bytes.fromhex("00000010000e0000") + bytes(8)
PROPOSAL = Proposal(
    transforms=(
        Transform(type_=1, id_=12, key_bits=128),
        Transform(type_=3, id_=12, key_bits=0),
        Transform(type_=2, id_=5, key_bits=0),
        Transform(type_=4, id_=14, key_bits=0),
    )
)
NO_PROPOSAL_CHOSEN = bytes.fromhex("000000080000000e")


def ike(
    first: int, exchange: int, flags: int, payloads: bytes, *, message_id: int = 0
) -> bytes:
    """A message with its header (RFC 7296 §3.1)."""
    length = 28 + len(payloads)
    numbers = struct.pack("!BBBBII", first, 0x20, exchange, flags, message_id, length)
    return SPI_I + SPI_R + numbers + payloads


def message(exchange: IkeExchange, octets: int, **others: object) -> IkeMessage:
    """What is read of such a message, where nothing stands in the clear."""
    known: dict[str, object] = {
        "initiator_spi": "0102030405060708",
        "message_id": 0,
        "is_response": False,
        "is_first": True,
        "has_sa": False,
        "notifies": (),
        "proposals": (),
    }
    values = {**known, **others, "exchange": exchange, "octets": octets}
    return IkeMessage(**values)  # type: ignore[arg-type]  # the fields, by their names


SK = bytes.fromhex("24000034") + bytes(48)
SKF_FIRST = bytes.fromhex("24000020" "00010002") + bytes(24)
SKF_SECOND = bytes.fromhex("00000020" "00020002") + bytes(24)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(
            MARKER + ike(33, 34, 0x08, SA + KE),
            message(IkeExchange.SA_INIT, 92, has_sa=True, proposals=(PROPOSAL,)),
            id="IKE_SA_INIT proposes",
        ),
        pytest.param(
            MARKER + ike(41, 34, 0x20, NO_PROPOSAL_CHOSEN),
            message(IkeExchange.SA_INIT, 36, is_response=True, notifies=(14,)),
            id="NO_PROPOSAL_CHOSEN",
        ),
        pytest.param(
            MARKER + ike(46, 35, 0x20, SK, message_id=1),
            message(IkeExchange.AUTH, 80, is_response=True, message_id=1),
            id="the answer to IKE_AUTH is encrypted",
        ),
        pytest.param(
            MARKER + ike(53, 35, 0x08, SKF_FIRST, message_id=1),
            message(IkeExchange.AUTH, 60, message_id=1),
            id="the first fragment of IKE_AUTH",
        ),
        pytest.param(
            MARKER + ike(53, 35, 0x08, SKF_SECOND, message_id=1),
            message(IkeExchange.AUTH, 60, message_id=1, is_first=False),
            id="the second",
        ),
        pytest.param(
            MARKER + ike(46, 37, 0x00, SK, message_id=7),
            message(IkeExchange.INFORMATIONAL, 80, message_id=7),
            id="are you there, asks the gateway",
        ),
        pytest.param(
            MARKER + ike(46, 36, 0x08, SK, message_id=2),
            message(IkeExchange.CREATE_CHILD_SA, 80, message_id=2),
            id="CREATE_CHILD_SA",
        ),
        pytest.param(
            MARKER + ike(46, 43, 0x08, SK),
            message(IkeExchange.OTHER, 80),
            id="IKE_INTERMEDIATE of RFC 9242",
        ),
        pytest.param(
            MARKER + ike(1, 2, 0x00, b"").replace(b"\x01\x20\x02", b"\x01\x10\x02"),
            UnknownDatagram(octets=32),
            id="IKEv1",
        ),
        pytest.param(b"\xff", Keepalive(), id="a keep-alive"),
        pytest.param(b"\xfe", UnknownDatagram(octets=1), id="another octet"),
        pytest.param(b"", UnknownDatagram(octets=0), id="nothing"),
        pytest.param(MARKER, UnknownDatagram(octets=4), id="a marker alone"),
        pytest.param(
            bytes.fromhex("c0a80101" "00000007") + bytes(112),
            EspPacket(spi="c0a80101", octets=120),
            id="ESP",
        ),
        pytest.param(
            b"\x01" + bytes(147), WireguardMessage(type_=1, octets=148), id="WireGuard begins"
        ),
        pytest.param(
            b"\x02" + bytes(91), WireguardMessage(type_=2, octets=92), id="WireGuard answers"
        ),
        pytest.param(
            b"\x04" + bytes(31), WireguardMessage(type_=4, octets=32), id="WireGuard keeps alive"
        ),
        pytest.param(
            b"\x01" + bytes(146), EspPacket(spi="01000000", octets=147), id="an octet less is ESP"
        ),
    ],
)
def test_what_a_datagram_on_port_4500_is(payload: bytes, expected: TunnelDatagram) -> None:
    assert read_passing(payload, len(payload), is_marked=True) == expected


def test_on_port_500_nothing_stands_before_ike() -> None:
    payload = ike(41, 34, 0x20, NO_PROPOSAL_CHOSEN)
    read = read_passing(payload, len(payload), is_marked=False)
    assert read == message(IkeExchange.SA_INIT, 36, is_response=True, notifies=(14,))


def test_a_length_that_is_not_the_datagram_s_is_no_ike() -> None:
    payload = MARKER + ike(46, 35, 0x20, SK) + b"\x00"
    assert read_passing(payload, len(payload), is_marked=True) == UnknownDatagram(octets=85)


def test_of_what_was_cut_off_the_beginning_counts() -> None:
    whole = MARKER + ike(46, 35, 0x08, SK, message_id=1)
    read = read_passing(whole[:40], len(whole), is_marked=True)
    assert read == message(IkeExchange.AUTH, 80, message_id=1)


def test_an_esp_packet_that_was_cut_off_has_its_own_length() -> None:
    read = read_passing(b"\x81spi" + bytes(60), 1400, is_marked=True)
    assert read == EspPacket(spi="81737069", octets=1400)


def test_a_hundred_transforms_are_thirty_two() -> None:
    transforms = bytes.fromhex("0300000802000005") * 100
    proposal = struct.pack("!BBHBBBB", 0, 0, 8 + len(transforms), 1, 1, 0, 100) + transforms
    sa = struct.pack("!BBH", 0, 0, 4 + len(proposal)) + proposal
    payload = MARKER + ike(33, 34, 0x08, sa)
    read = read_passing(payload, len(payload), is_marked=True)
    assert isinstance(read, IkeMessage)
    assert [len(item.transforms) for item in read.proposals] == [32]


@given(
    payload=st.binary(max_size=200)
    | st.binary(max_size=120).map(lambda tail: MARKER + ike(33, 34, 0x08, tail))
    | st.binary(max_size=120).map(lambda tail: MARKER + ike(41, 34, 0x20, SA + tail)),
    octets=st.integers(0, 65535),
    is_marked=st.booleans(),
)
@example(payload=MARKER + ike(33, 34, 8, SA[:5]), octets=37, is_marked=True)
def test_whatever_comes_is_a_value(payload: bytes, octets: int, is_marked: bool) -> None:
    read_passing(payload, octets, is_marked=is_marked)
    read = read_passing(payload, len(payload), is_marked=is_marked)
    if isinstance(read, IkeMessage):
        assert (len(read.proposals) <= 8, len(read.notifies) <= 32) == (True, True)
