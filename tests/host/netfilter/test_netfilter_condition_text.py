"""Conditions in the words of nft(8); the recorded rules hold the common ones."""

import pytest

from edgediag.host.netfilter.condition_text import comparison_text, range_text, set_text
from edgediag.host.netfilter.expression import InRange
from edgediag.host.netfilter.register import Operand, SetElement

EQUAL, NOT_EQUAL, LESS = 0, 1, 2
PORT = Operand(text="udp dport", kind="number", octets=2)
ADDRESS = Operand(text="ip saddr", kind="address", octets=4)
ODD_MASK = Operand(text="ip saddr", kind="address", octets=4, mask=b"\xff\0\xff\0")
DEVICE = Operand(text="iif", kind="interface", octets=4, names={3: "eth0"})
PORTS = Operand(
    text="@th,0,32",
    octets=4,
    parts=(Operand(text="udp sport", kind="number", octets=2), PORT),
)


@pytest.mark.parametrize(
    ("operand", "operator", "value", "words"),
    [
        pytest.param(PORT, EQUAL, b"\x11\x94", "udp dport 4500", id="equal"),
        pytest.param(PORT, NOT_EQUAL, b"\x11\x94", "udp dport != 4500", id="not equal"),
        pytest.param(PORT, LESS, b"\x11\x94", "udp dport < 4500", id="less"),
        pytest.param(PORT, 99, b"\0\1", "udp dport 99 1", id="an operator of a newer kernel"),
        pytest.param(ADDRESS, EQUAL, b"\xc0\0\2\1", "ip saddr 192.0.2.1", id="an address"),
        pytest.param(ADDRESS, EQUAL, b"\xc0\0\2", "ip saddr 192.0.2.0/24", id="its octets"),
        pytest.param(
            ODD_MASK,
            EQUAL,
            b"\xc0\0\2\0",
            "ip saddr & 255.0.255.0 == 192.0.2.0",
            id="a mask that is no prefix",
        ),
        pytest.param(DEVICE, EQUAL, b"\0\0\0\3", 'iif "eth0"', id="an index has a name"),
        pytest.param(DEVICE, EQUAL, b"\0\0\0\4", "iif 4", id="or has lost it"),
        pytest.param(
            PORTS, EQUAL, b"\x01\xf4\x11\x94", "udp sport 500 udp dport 4500", id="two at once"
        ),
    ],
)
def test_a_comparison(operand: Operand, operator: int, value: bytes, words: str) -> None:
    assert comparison_text(operand, operator, value) == words


def test_a_range_is_no_network_even_if_it_spans_one() -> None:
    condition = InRange(is_negated=True, slot=0, first=b"\xc0\0\2\0", last=b"\xc0\0\2\xff")
    assert range_text(ADDRESS, condition) == "ip saddr != 192.0.2.0-192.0.2.255"


def members(*bounds: tuple[bytes, bytes, str]) -> dict[str, tuple[SetElement, ...]]:
    elements = (SetElement(first=first, last=last, data=data) for first, last, data in bounds)
    return {"__set0": tuple(elements)}


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        pytest.param({}, "@__set0", id="not read"),
        pytest.param(members(), "{  }", id="empty"),
        pytest.param(
            members((b"\0\1", b"\0\1", ""), (b"\0\5", b"\0\7", "")), "{ 1, 5-7 }", id="both"
        ),
        pytest.param(members((b"\0\1", b"\0\1", "drop")), "{ 1 : drop }", id="a map"),
        pytest.param(members((b"", b"", "drop")), "{ * : drop }", id="everything else"),
    ],
)
def test_a_set_without_a_name(sets: dict[str, tuple[SetElement, ...]], words: str) -> None:
    assert set_text((PORT,), "__set0", sets) == words


def test_a_long_set_is_cut() -> None:
    ports = [n.to_bytes(2, "big") for n in range(100)]
    words = set_text((PORT,), "__set0", members(*((port, port, "") for port in ports)))
    assert words.endswith("22, 23, ... }")


def test_a_set_with_a_name_keeps_it() -> None:
    assert set_text((PORT,), "blocked", {"blocked": ()}) == "@blocked"
