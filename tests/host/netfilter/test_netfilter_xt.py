"""The structs of iptables' matches and targets."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.netfilter.xt import flag_words, match_words, quoted, target_words

ANY = (0, 0xFFFF)
STATE = 1


def udp(source: tuple[int, int], destination: tuple[int, int], inverted: int = 0) -> bytes:
    return struct.pack("=4HB", *source, *destination, inverted)


def tcp(ports: tuple[int, int], mask: int, flags: int, inverted: int = 0) -> bytes:
    return struct.pack("=4H4B", *ANY, *ports, 0, mask, flags, inverted)


def conntrack(states: int, looked_at: int = STATE, inverted: int = 0) -> bytes:
    return bytes(146) + struct.pack("=HHH", looked_at, inverted, states) + bytes(10)


@pytest.mark.parametrize(
    ("name", "info", "words"),
    [
        pytest.param("comment", b"no ike\0\0", '-m comment --comment "no ike"', id="a comment"),
        pytest.param("udp", udp(ANY, (4500, 4500)), "-m udp --dport 4500", id="one port"),
        pytest.param(
            "udp", udp((1, 9), (53, 53), 3), "-m udp ! --sport 1:9 ! --dport 53", id="not these"
        ),
        pytest.param("udp", udp(ANY, ANY), "-m udp", id="any port needs no option"),
        pytest.param("tcp", tcp(ANY, 0x17, 2), "-m tcp --tcp-flags FIN,SYN,RST,ACK SYN", id="syn"),
        pytest.param(
            "tcp", tcp((80, 80), 2, 0, 4), "-m tcp --dport 80 ! --tcp-flags SYN NONE", id="not syn"
        ),
        pytest.param(
            "mark", struct.pack("=IIB", 64, 0xFFFFFFFF, 0), "-m mark --mark 0x40", id="whole mark"
        ),
        pytest.param(
            "mark", struct.pack("=IIB", 64, 255, 1), "-m mark ! --mark 0x40/0xff", id="masked mark"
        ),
        pytest.param(
            "conntrack", conntrack(6), "-m conntrack --ctstate RELATED,ESTABLISHED", id="states"
        ),
        pytest.param("conntrack", conntrack(1, 1, 1), "-m conntrack ! --ctstate INVALID", id="not"),
        pytest.param("conntrack", conntrack(2, 3), "-m conntrack", id="more than the state"),
        pytest.param("conntrack", conntrack(64), "-m conntrack", id="a state of another kind"),
        pytest.param("recent", b"\1" * 40, "-m recent", id="a struct that is not read"),
        pytest.param("tcp", b"\1", "-m tcp", id="too short"),
    ],
)
def test_a_match(name: str, info: bytes, words: str) -> None:
    assert match_words(name, info) == words


@pytest.mark.parametrize(
    ("family", "code", "words"),
    [
        pytest.param("ip", 3, "-j REJECT --reject-with icmp-port-unreachable", id="the default"),
        pytest.param("ip", 7, "-j REJECT --reject-with tcp-reset", id="a reset"),
        pytest.param("ip6", 4, "-j REJECT --reject-with icmp6-port-unreachable", id="of IPv6"),
        pytest.param("ip", 99, "-j REJECT --reject-with 99", id="a code of a newer kernel"),
    ],
)
def test_a_reject(family: str, code: int, words: str) -> None:
    assert target_words("REJECT", struct.pack("=I", code), family) == words


def test_another_target_is_named() -> None:
    assert target_words("DNAT", bytes(48), "ip") == "-j DNAT"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("kubernetes", "kubernetes", id="a word is bare"),
        pytest.param("no ike", '"no ike"', id="words are quoted"),
        pytest.param('say "x"', '"say \\"x\\""', id="quotes are escaped"),
        pytest.param("", '""', id="nothing shows"),
    ],
)
def test_texts_are_quoted_as_iptables_save_does(text: str, expected: str) -> None:
    assert quoted(text) == expected


def test_all_flags_have_one_name() -> None:
    assert [flag_words(bits) for bits in (0, 18, 63)] == ["NONE", "SYN,ACK", "ALL"]


@given(st.sampled_from(["comment", "udp", "tcp", "mark", "multiport", "conntrack"]), st.binary())
def test_any_octets_are_words_never_an_exception(name: str, info: bytes) -> None:
    assert match_words(name, info).startswith(f"-m {name}")
    assert target_words("REJECT", info, "ip").startswith("-j REJECT")
