"""The words of a fix: what is rehearsed, what is refused, and handles put in those of the copy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.clone.handles import Handles, Place
from edgediag.host.clone.nft import Kind
from edgediag.host.fix_words import PROGRAMS, Fix, parse_fix, translated

RULE = Place(kind=Kind.RULE, family="inet", table="filter", chain="output")
HANDLES = Handles(
    copied={
        RULE: {7: 12, 8: 13},
        Place(kind=Kind.RULE, family="ip", table="filter", chain="output"): {7: 99},
        Place(kind=Kind.SET, family="inet", table="filter", chain=""): {4: 5},
        Place(kind=Kind.TABLE, family="inet", table="", chain=""): {1: 30},
        Place(kind=Kind.OBJECT, family="ip", table="filter", chain=""): {2: 6},
    },
    own={},
    tables=(),
    last=(),
)


@pytest.mark.parametrize(
    "text",
    [
        "nft delete rule inet filter output handle 7",
        "nft 'add rule inet t c udp dport 4500 accept; delete table ip x'",
        "nft add chain inet t c '{ type filter hook output priority -150; }'",
        "nft insert rule t c position 3 accept",
        "iptables -D OUTPUT 3",
        "iptables-legacy -t nat -F",
        "ip6tables-nft -P OUTPUT ACCEPT",
        "ipset del set1 198.51.100.0/24",
        "ip route del blackhole 198.51.100.0/24",
        "ip -6 r add default via 2001:db8::1",
        "ip ru del pref 100",
        "ip link set dev eth0 up",
        "ip neigh del 192.0.2.1 dev eth0",
        "sysctl -w net.ipv4.ip_forward=1",
        "sysctl -qw net/ipv4/conf/eth0.5/rp_filter=2",
        "sysctl -w net.netfilter.nf_conntrack_tcp_loose=1",
    ],
)
def test_one_command_of_a_known_program_is_rehearsed(text: str) -> None:
    fix = parse_fix(text)
    assert isinstance(fix, Fix)
    assert fix.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rm -rf /",
        "/usr/sbin/nft flush ruleset",
        "sudo nft flush ruleset",
        "iptables-restore",
        "nft",
        "nft -f rules.nft",
        "nft flush ruleset -f rules.nft",
        "nft --file=rules.nft",
        "nft -a insert rule t c position 3 accept",
        "nft --handle flush ruleset",
        "nft -e add table t",
        "nft -- flush ruleset",
        "nft -i",
        "nft -if rules.nft",
        "nft monitor trace",
        "nft 'include \"x\"'",
        "iptables",
        "iptables --modprobe=/bin/sh -A OUTPUT",
        "iptables -M /bin/sh -A OUTPUT",
        "ip",
        "ip netns exec a true",
        "ip net exec a true",
        "ip -n a route del default",
        "ip -netns a route del default",
        "ip -batch file",
        "ip -b file",
        "ip vrf exec a true",
        "ip xfrm policy flush",
        "ip link set eth0 netns 1",
        "ip monitor",
        "ipset restore -file x",
        "ipset -",
        "sysctl -p",
        "sysctl --system",
        "sysctl -w kernel.modprobe=/bin/sh",
        "sysctl -w net/../kernel/modprobe=/bin/sh",
        "sysctl net.ipv4.ip_forward",
        "sysctl -w net.netfilter.nf_conntrack_max=1",
        "sysctl -w net//netfilter/nf_conntrack_buckets=1",
        "sysctl -w net.ipv4.ip_forward=1 net.ipv4.tcp_allowed_congestion_control=reno",
        "nft 'unclosed",
        "nft a\0b",
        "nft " + "x" * 5000,
    ],
)
def test_all_else_is_refused_in_words(text: str) -> None:
    assert isinstance(parse_fix(text), str)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        pytest.param(
            "delete rule inet filter output handle 7",
            "delete rule inet filter output handle 12",
            id="a rule",
        ),
        pytest.param(
            "delete rule filter output handle 7",
            "delete rule filter output handle 99",
            id="without a family it is ip",
        ),
        pytest.param(
            "insert rule inet filter output position 8 accept",
            "insert rule inet filter output position 13 accept",
            id="a position",
        ),
        pytest.param(
            "delete rule inet filter output handle 7; delete rule inet filter output handle 8",
            "delete rule inet filter output handle 12; delete rule inet filter output handle 13",
            id="several",
        ),
        pytest.param(
            "delete set inet filter handle 4", "delete set inet filter handle 5", id="a set"
        ),
        pytest.param("delete table inet handle 1", "delete table inet handle 30", id="a table"),
        pytest.param(
            "delete counter filter handle 2", "delete counter filter handle 6", id="an object"
        ),
        pytest.param("flush chain inet filter output", None, id="no handle at all"),
    ],
)
def test_handles_are_those_of_this_host(typed: str, meant: str | None) -> None:
    fix = Fix(text=f"nft {typed}", program="nft", words=tuple(typed.split(" ")))
    assert translated(fix, HANDLES) == Fix(
        text=fix.text, program="nft", words=(typed if meant is None else meant,)
    )


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("delete rule inet filter output handle 9", "this host has no"),
        ("delete rule inet filter output { handle 7 }", "not plain"),
        ("add rule inet filter table handle 7", "this host has no"),
    ],
)
def test_a_handle_that_cannot_be_told_is_not_guessed(typed: str, why: str) -> None:
    said = translated(Fix(text="", program="nft", words=(typed,)), HANDLES)
    assert isinstance(said, str)
    assert why in said


def test_other_programs_have_no_handles() -> None:
    fix = Fix(text="iptables -D OUTPUT 3", program="iptables", words=("-D", "OUTPUT", "3"))
    assert translated(fix, HANDLES) == fix


@given(st.sampled_from(("", *PROGRAMS)), st.text())
def test_whatever_is_typed_is_a_fix_or_a_reason(program: str, rest: str) -> None:
    fix = parse_fix(f"{program} {rest}")
    assert isinstance(fix, str) or fix.program in PROGRAMS


@given(st.text())
def test_whatever_the_words_they_are_translated_or_refused(words: str) -> None:
    said = translated(Fix(text="", program="nft", words=(words, "handle", "7")), HANDLES)
    assert isinstance(said, str | Fix)
