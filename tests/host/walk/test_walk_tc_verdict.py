"""What filters of traffic control do with a packet of which not all is known."""

import struct
from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.host.tc_actions import TcAction
from edgediag.host.tc_keys import TcKey, decode_rule
from edgediag.host.walk.copies import REWRITTEN
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_of
from edgediag.host.walk.tc_verdict import filter_word
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow, Protocol
from edgediag.model.program import ProgramWord

NEW = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
API = Flow(
    protocol=Protocol.TCP,
    source=ip_address("192.0.2.1"),
    source_port=0,
    destination=ip_address("198.51.100.10"),
    destination_port=6443,
)
SENT = parcel_of(API, NEW)
SENT_6 = parcel_of(
    replace(API, source=ip_address("2001:db8::1"), destination=ip_address("2001:db8::2")), NEW
)
DROP = (TcAction(words="gact drop", code=2, doubt="", is_changing=False),)
LEAVE = (TcAction(words="gact continue", code=-1, doubt="", is_changing=False),)
DROPS, LEAVES = ProgramWord.DROPS, ProgramWord.LEAVES


def keys(kind: str, options: dict[int, bytes]) -> tuple[TcKey, ...]:
    rule = decode_rule(kind, options)
    assert rule is not None
    return rule.keys


def u32(*asked: tuple[str, str, int]) -> tuple[TcKey, ...]:
    """Masks, values and offsets as tc(8) takes them."""
    packed = [
        struct.pack("=4s4sii", bytes.fromhex(mask), bytes.fromhex(value), at, 0)
        for mask, value, at in asked
    ]
    head = struct.pack("=BBBx2sHhh4s", 1, 0, len(packed), b"", 0, 0, 0, b"")
    return keys("u32", {5: head + b"".join(packed)})


def flower(**asked: str) -> tuple[TcKey, ...]:
    numbers = {"eth_type": 8, "ip_proto": 9, "src_ip": 10, "dst_ip": 12, "dst_port": 19, "src": 18}
    return keys("flower", {numbers[name]: bytes.fromhex(text) for name, text in asked.items()})


@pytest.mark.parametrize(
    ("asked", "parcel", "word"),
    [
        pytest.param((), SENT, DROPS, id="matchall"),
        pytest.param(u32(("0000ffff", "0000192b", 20)), SENT, DROPS, id="u32, the port"),
        pytest.param(u32(("0000ffff", "00000050", 20)), SENT, LEAVES, id="u32, another port"),
        pytest.param(
            u32(("00ff0000", "00060000", 8), ("ffffffff", "c633640a", 16)),
            SENT,
            DROPS,
            id="u32, protocol and address",
        ),
        pytest.param(
            u32(("ffff0000", "c0000000", 20)),
            SENT,
            NotChecked(reason="whether it matches hangs on --sport"),
            id="u32, the port that is not known",
        ),
        pytest.param(
            u32(("ffff0000", "c0000000", 20), ("00ff0000", "00110000", 8)),
            SENT,
            LEAVES,
            id="u32, beside what does not hold",
        ),
        pytest.param(
            flower(eth_type="0800", ip_proto="06", dst_ip="c633640a", dst_port="192b"),
            SENT,
            DROPS,
            id="flower",
        ),
        pytest.param(flower(dst_ip="c633640b"), SENT, LEAVES, id="flower, another address"),
        pytest.param(flower(dst_ip="c633640a"), SENT_6, LEAVES, id="flower, of IPv4 alone"),
        pytest.param(flower(eth_type="86dd"), SENT_6, DROPS, id="flower, of IPv6"),
        pytest.param(
            flower(src="c000"),
            SENT,
            NotChecked(reason="whether it matches hangs on --sport"),
            id="flower, the port that is not known",
        ),
        pytest.param(
            keys("flower", {71: b"\0\x02"}),
            SENT,
            NotChecked(reason="whether it matches hangs on key 71"),
            id="flower, a key that is not followed",
        ),
        pytest.param(
            u32(), replace(SENT, blurred=frozenset({(1, 8, 1)})), REWRITTEN, id="rewritten before"
        ),
    ],
)
def test_a_filter_that_drops_what_it_matches(
    asked: tuple[TcKey, ...], parcel: Parcel, word: ProgramWord | NotChecked
) -> None:
    assert filter_word(asked, DROP, parcel) == word


def test_what_goes_on_either_way_is_not_open() -> None:
    assert filter_word(flower(src="c000"), LEAVE, SENT) is LEAVES
