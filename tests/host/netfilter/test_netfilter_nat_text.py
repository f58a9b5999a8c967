"""Address translation in the words of nft(8)."""

import pytest

from edgediag.host.netfilter.nat_text import nat_text
from edgediag.host.netfilter.register import Operand
from edgediag.host.netfilter.statement import Masquerade, Nat, Redirect

V4, V6 = 2, 10
NONE = (None, None)
REGISTERS = {
    0: Operand(text="a", constant=b"\xc0\0\2\1"),
    1: Operand(text="b", constant=b"\xc0\0\2\5"),
    2: Operand(text="p", constant=b"\x00\x50"),
    3: Operand(text="q", constant=b"\x00\x5a"),
    4: Operand(text="six", constant=b"\x20\1\x0d\xb8" + bytes(11) + b"\1"),
    8: Operand(text="tcp dport map @dn"),
}


def nat(
    address: tuple[int | None, int | None] = NONE,
    port: tuple[int | None, int | None] = NONE,
    type_: int = 1,
    flags: int = 0,
    family: int = V4,
) -> Nat:
    return Nat(type_=type_, family=family, address=address, port=port, flags=flags)


@pytest.mark.parametrize(
    ("statement", "family", "words"),
    [
        pytest.param(nat((0, None)), "ip", "dnat to 192.0.2.1", id="an address"),
        pytest.param(nat((0, 1)), "ip", "dnat to 192.0.2.1-192.0.2.5", id="addresses"),
        pytest.param(nat((0, 0), (2, 2)), "ip", "dnat to 192.0.2.1:80", id="and a port"),
        pytest.param(nat((0, None), (2, 3)), "ip", "dnat to 192.0.2.1:80-90", id="and ports"),
        pytest.param(nat((0, None)), "inet", "dnat ip to 192.0.2.1", id="inet says which family"),
        pytest.param(
            nat((4, None), (2, None), type_=0, family=V6),
            "inet",
            "snat ip6 to [2001:db8::1]:80",
            id="IPv6 in brackets",
        ),
        pytest.param(nat((8, None)), "ip", "dnat to tcp dport map @dn", id="what a map says"),
        pytest.param(nat((9, None)), "ip", "dnat to [register]", id="what was not read"),
        pytest.param(nat((0, None), flags=4), "ip", "dnat to 192.0.2.1 random", id="a flag"),
        pytest.param(Masquerade(port=NONE, flags=0), "ip", "masquerade", id="masquerade"),
        pytest.param(
            Masquerade(port=(2, 3), flags=12),
            "ip",
            "masquerade to :80-90 random,persistent",
            id="masquerade with everything",
        ),
        pytest.param(Redirect(port=(2, None), flags=0), "ip", "redirect to :80", id="redirect"),
        pytest.param(Redirect(port=NONE, flags=0), "ip", "redirect", id="redirect, port kept"),
    ],
)
def test_a_translation(statement: Nat | Masquerade | Redirect, family: str, words: str) -> None:
    assert nat_text(statement, REGISTERS, family) == words
