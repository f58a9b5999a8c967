"""What filters ask, from the octets of linux/pkt_cls.h.

Flower and matchall are built from the header's numbers: no kernel at hand has them.
"""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.tc_keys import Part, TcKey, TcRule, decode_rule, is_table

# struct tc_u32_sel with two keys, as Linux 6.18 gave it for: match ip dport 6443 0xffff match ip
# protocol 6 0xff.
SELECTOR = bytes.fromhex(
    "010002000000000000000000000000000000ffff0000192b140000000000000000ff0000000600000800"
    "000000000000"
)


def u32(*keys: tuple[bytes, bytes, int, int], flags: int = 1) -> bytes:
    packed = b"".join(struct.pack("=4s4sii", *key) for key in keys)
    return struct.pack("=BBBx2sHhh4s", flags, 0, len(keys), b"", 0, 0, 0, b"") + packed


def headers(words: str, offset: int, value: bytes, mask: bytes) -> TcKey:
    return TcKey(words=words, part=Part.HEADERS, offset=offset, value=value, mask=mask)


def other(words: str) -> TcKey:
    return TcKey(words=words, part=Part.OTHER, offset=0, value=b"", mask=b"")


def key(words: str, part: Part, value: bytes, mask: bytes) -> TcKey:
    return TcKey(words=words, part=part, offset=0, value=value, mask=mask)


ANY = bytes(4)


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        pytest.param(
            "u32",
            {5: SELECTOR, 7: b"acts"},
            TcRule(
                keys=(
                    headers(
                        "match 0000192b/0000ffff at 20",
                        20,
                        b"\x00\x00\x19\x2b",
                        b"\x00\x00\xff\xff",
                    ),
                    headers("match 00060000/00ff0000 at 8", 8, b"\0\x06\0\0", b"\0\xff\0\0"),
                ),
                actions=b"acts",
                is_link=False,
            ),
            id="u32, as the kernel wrote it",
        ),
        pytest.param(
            "u32",
            {5: u32((ANY, ANY, 0, 1), (ANY, ANY, -14, 0)), 8: b"eth0\0"},
            TcRule(
                keys=(
                    other("match 00000000/00000000 at nexthdr+0"),
                    other("match 00000000/00000000 at -14"),
                    other("input device"),
                ),
                actions=b"",
                is_link=False,
            ),
            id="u32, of what is not followed",
        ),
        pytest.param(
            "u32",
            {5: u32(), 3: b"\0\0\x10\x80"},
            TcRule(keys=(), actions=b"", is_link=True),
            id="u32 that leads to another table",
        ),
        pytest.param("u32", {5: SELECTOR[:-1]}, None, id="u32, an octet short"),
        pytest.param("u32", {}, None, id="u32 without a selector"),
        pytest.param(
            "flower",
            {
                8: b"\x08\0",
                9: b"\x06",
                12: bytes([192, 0, 2, 0]),
                13: bytes([255, 255, 255, 0]),
                19: b"\x19\x2b",
                36: b"\xff\xff",
                3: b"acts",
                22: bytes(4),
            },
            TcRule(
                keys=(
                    key("eth_type 0x0800", Part.ETHERTYPE, b"\x08\0", b"\xff\xff"),
                    key("ip_proto 6", Part.PROTOCOL, b"\x06", b"\xff"),
                    key(
                        "dst_ip 192.0.2.0/24",
                        Part.DESTINATION_4,
                        bytes([192, 0, 2, 0]),
                        bytes([255, 255, 255, 0]),
                    ),
                    key("dst_port 6443", Part.DESTINATION_PORT, b"\x19\x2b", b"\xff\xff"),
                ),
                actions=b"acts",
                is_link=False,
            ),
            id="flower",
        ),
        pytest.param(
            "flower",
            {2: b"eth0\0", 71: b"\0\x02", 8: b"\x08"},
            TcRule(
                keys=(other("indev"), other("key 71"), other("key 8")), actions=b"", is_link=False
            ),
            id="flower, of what is not followed",
        ),
        pytest.param(
            "matchall",
            {2: b"acts", 3: bytes(4)},
            TcRule(keys=(), actions=b"acts", is_link=False),
            id="matchall",
        ),
        pytest.param("route", {1: b""}, None, id="another kind"),
    ],
)
def test_a_filter_asks_for_octets(
    kind: str, options: dict[int, bytes], expected: TcRule | None
) -> None:
    assert decode_rule(kind, options) == expected


def test_a_table_of_u32_asks_nothing() -> None:
    assert [is_table("u32", {4: b"\x01"}), is_table("u32", {4: b"", 5: b""})] == [True, False]


@given(
    kind=st.sampled_from(["u32", "flower", "matchall"]),
    options=st.dictionaries(st.integers(0, 100), st.binary(max_size=64)),
)
def test_whatever_comes_is_a_rule_or_none(kind: str, options: dict[int, bytes]) -> None:
    assert isinstance(decode_rule(kind, options), TcRule | None)
