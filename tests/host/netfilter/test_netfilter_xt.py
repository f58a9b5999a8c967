"""The structs of iptables' matches and targets, in the words of iptables-save."""

import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.netfilter.statement import XtMatch, XtTarget
from edgediag.host.netfilter.xt.option import Blob, quoted
from edgediag.host.netfilter.xt.ports import flag_words
from edgediag.host.netfilter.xt.words import MATCHES, TARGETS, match_words, target_words

RECORDED = Path(__file__).parent.parent / "data" / "xt" / "structs.txt"
SETS = dict(enumerate(("hip", "hnet", "hipport", "hctr", "htime", "hskb", "hip6")))


def recorded() -> list[object]:
    lines = RECORDED.read_text().splitlines()
    return [pytest.param(*line.split(" ", 5), id=line.split(" ", 5)[5]) for line in lines]


def octets(written: str) -> bytes:
    return bytes.fromhex(re.sub(r"~(\d+)~", lambda run: "00" * int(run[1]), written))


@pytest.mark.parametrize(
    ("family", "sign", "name", "revision", "written", "words"), recorded()
)
def test_a_struct_of_the_kernel_reads_as_iptables_save_prints_it(
    family: str, sign: str, name: str, revision: str, written: str, words: str
) -> None:
    info = octets(written)
    if sign == "-m":
        match = XtMatch(name=name, revision=int(revision), info=info)
        assert match_words(match, family, SETS) == words
    else:
        target = XtTarget(name=name, revision=int(revision), info=info)
        assert target_words(target, family, SETS) == words


@pytest.mark.parametrize(
    ("name", "revision", "info", "words"),
    [
        pytest.param("recent", 9, b"\1\2", "-m recent [0102]", id="another revision"),
        pytest.param("osf", 0, b"\1" * 17, f"-m osf [{'01' * 16}...]", id="no such decoder"),
        pytest.param("tcp", 0, b"\1", "-m tcp [01]", id="too short"),
        pytest.param("set", 4, struct.pack("=HBB44x", 7, 1, 2), "-m set --match-set #7 src",
                     id="a set that is not named"),
        pytest.param("multiport", 0, struct.pack("=BB15H", 1, 2, 53, 123, *[0] * 13),
                     "-m multiport --dports 53,123", id="ports without ranges"),
        pytest.param("addrtype", 0, struct.pack("=HHII", 4, 0, 1, 0),
                     "-m addrtype ! --src-type LOCAL", id="an older addrtype"),
        pytest.param("tos", 0, b"\x10\1", "-m tos ! --tos 0x10", id="an older tos"),
        pytest.param("conntrack", 1, bytes(136) + struct.pack("=HHHHHHHBB", *[0] * 5, 1, 0, 10, 0),
                     "-m conntrack --ctstate NEW,ESTABLISHED", id="an older conntrack"),
        pytest.param("state", 0, struct.pack("=I", 0x42), "-m state --state ESTABLISHED,UNTRACKED",
                     id="states by themselves"),
        pytest.param("hashlimit", 1,
                     b"old".ljust(16, b"\0") + struct.pack("=7IBB", 1, 1000, 5, 0, 0, 1000, 1000,
                                                           32, 32),
                     "-m hashlimit --hashlimit-upto 10/sec --hashlimit-burst 5 "
                     "--hashlimit-mode dstip --hashlimit-name old", id="an older hashlimit"),
    ],
)  # fmt: skip
def test_a_match(name: str, revision: int, info: bytes, words: str) -> None:
    assert match_words(XtMatch(name=name, revision=revision, info=info), "ip") == words


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
    target = XtTarget(name="REJECT", revision=0, info=struct.pack("=I", code))
    assert target_words(target, family) == words


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


def test_flags_have_their_names() -> None:
    assert [flag_words(bits) for bits in (0, 18, 63)] == [
        "NONE", "SYN,ACK", "FIN,SYN,RST,PSH,ACK,URG",
    ]  # fmt: skip


@given(st.sampled_from(sorted(MATCHES)), st.binary(max_size=5000), st.sampled_from(["ip", "ip6"]))
def test_any_octets_are_words_of_a_match(
    key: tuple[str, int], info: bytes, family: str
) -> None:
    words = match_words(XtMatch(name=key[0], revision=key[1], info=info), family)
    assert words.startswith("-m ") and len(words) <= 2000


@given(st.sampled_from(sorted(TARGETS)), st.binary(max_size=300), st.sampled_from(["ip", "ip6"]))
def test_any_octets_are_words_of_a_target(
    key: tuple[str, int], info: bytes, family: str
) -> None:
    words = target_words(XtTarget(name=key[0], revision=key[1], info=info), family)
    assert words.startswith("-j ") and len(words) <= 2000


@given(st.sampled_from(sorted(MATCHES)), st.integers(0, 255), st.sampled_from(["ip", "ip6"]))
def test_a_struct_of_full_length_with_one_octet_throughout_is_read_or_not(
    key: tuple[str, int], octet: int, family: str
) -> None:
    blob = Blob(octets=bytes([octet]) * 5000, revision=key[1], family=family, set_names={})
    assert isinstance(MATCHES[key](blob), str | None)
