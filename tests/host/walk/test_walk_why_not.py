"""What became of a packet at one rule, and the words for it."""

import pytest

from edgediag.host.netfilter.chains import Element, SetContents
from edgediag.host.netfilter.expression import (
    Compare,
    CtLoad,
    Expression,
    InRange,
    Lookup,
    MetaLoad,
    PayloadLoad,
)
from edgediag.host.netfilter.ip_header import IpHeader, MaskedValue
from edgediag.host.netfilter.register import Names
from edgediag.host.netfilter.statement import Limit, MetaSet, Verdict, XtMatch
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.journal import Journal, Watched
from edgediag.host.walk.outbound import send
from edgediag.host.walk.parcel import CtState, Sender, parcel_of
from edgediag.host.walk.why_not import why_not
from edgediag.report.why_not import reason_words, why_not_object, why_not_text
from story import flow
from walks import ACCEPT, DROP, base, chain_of, driven, name

NO_NAMES = Names(sets={}, interfaces={2: "up0"})
UDP = (MetaLoad(key=16, slot=0), Compare(operator=0, slot=0, value=b"\x11"))
PORT = PayloadLoad(base=2, offset=2, length=2, slot=0)
JUMP = Verdict(code=-3, chain="u")
EMPTY = SetContents(fields=(), elements=())


def is_port(number: int) -> Compare:
    return Compare(operator=0, slot=0, value=number.to_bytes(2, "big"))


def said_of(
    number: int,
    *rules: tuple[Expression, ...],
    chain: str = "o",
    a_map: SetContents = EMPTY,
) -> tuple[str, ...]:
    journal = Journal(Watched(chain=name(chain), number=number, handle=None))
    sender = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
    walk = send(parcel_of(flow(), sender), HookWalk((base("o"),), journal))
    chains = {"o": chain_of("o", *rules), "u": chain_of("u", (DROP,))}
    said = driven(walk, {**chains, "m": a_map})
    reasons = why_not(journal, said.courses, name(chain))
    return tuple(reason_words(each, NO_NAMES) for each in reasons)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        pytest.param(
            (*UDP, PORT, is_port(500), DROP),
            "udp dport 500 does not hold: the packet has 4500",
            id="a port",
        ),
        pytest.param(
            (MetaLoad(key=16, slot=0), Compare(operator=0, slot=0, value=b"\6"), PORT, DROP),
            "meta l4proto tcp does not hold: the packet has udp",
            id="a protocol, which the whole rule would leave out",
        ),
        pytest.param(
            (
                *UDP,
                PORT,
                Compare(operator=5, slot=0, value=b"\0\x64"),
                Compare(operator=3, slot=0, value=b"\0\xc8"),
            ),
            "udp dport 100-200 does not hold: the packet has 4500",
            id="a range of two comparisons",
        ),
        pytest.param(
            (*UDP, PORT, InRange(is_negated=True, slot=0, first=b"\x11\0", last=b"\x12\0")),
            "udp dport != 4352-4608 does not hold: the packet has 4500",
            id="a range that is excluded",
        ),
        pytest.param(
            (
                MetaLoad(key=15, slot=0),
                Compare(operator=0, slot=0, value=b"\2"),
                PayloadLoad(base=1, offset=16, length=1, slot=0),
                Compare(operator=0, slot=0, value=b"\x0a"),
            ),
            f"ip daddr 10.0.0.0/8 does not hold: the packet has {flow().destination}",
            id="a network of which a rule loads one octet",
        ),
        pytest.param(
            (CtLoad(key=0, direction=None, slot=0), Compare(operator=0, slot=0, value=b"\2\0\0\0")),
            "ct state established does not hold: the packet has new",
            id="a state",
        ),
        pytest.param(
            (XtMatch(name="mark", revision=1, info=b"\7\0\0\0" + b"\xff" * 4 + bytes(4)), DROP),
            "-m mark --mark 0x7 does not hold: the packet is"
            f" udp {flow().source}:40000 -> {flow().destination}:4500, ct state new, mark 0x0,"
            " out by up0",
            id="a match of iptables",
        ),
        pytest.param(
            (
                IpHeader(
                    source=MaskedValue(value=bytes(4), mask=bytes(4), is_negated=False),
                    destination=MaskedValue(
                        value=b"\x0a\0\0\0", mask=b"\xff\0\0\0", is_negated=False
                    ),
                    incoming=None,
                    outgoing=None,
                    protocol=17,
                    is_protocol_negated=False,
                    is_later_fragment=False,
                    is_fragment_negated=False,
                    is_goto=False,
                ),
                DROP,
            ),
            "-d 10.0.0.0/8 does not hold: the packet is"
            f" udp {flow().source}:40000 -> {flow().destination}:4500, ct state new, mark 0x0,"
            " out by up0",
            id="one condition among those at the front of a rule of iptables-legacy",
        ),
        pytest.param(
            (
                *UDP,
                CtLoad(key=22, direction=0, slot=0),
                Compare(operator=0, slot=0, value=bytes(16)),
            ),
            "ct original ip6 daddr does not hold: the packet has no such thing",
            id="an address of the other version",
        ),
        pytest.param(
            (Limit(rate=1, unit_s=1, burst=5, is_octets=False, is_over=False), DROP),
            "matches or not, by limit",
            id="a limit",
        ),
        pytest.param((*UDP, PORT, is_port(4500), ACCEPT), "matches", id="it matches"),
    ],
)
def test_what_a_rule_made_of_a_packet(rule: tuple[Expression, ...], words: str) -> None:
    assert said_of(1, rule) == (words,)


MARKED_BY_MAP = (
    MetaLoad(key=7, slot=0),
    Compare(operator=0, slot=0, value=b"up0".ljust(16, b"\0")),
    MetaLoad(key=3, slot=0),
    Lookup(set_name="m", slot=0, destination=0, is_negated=False),
    MetaSet(key=3, slot=0),
)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        pytest.param(
            (),
            "meta mark map @m does not hold: the packet has 0x00000000",
            id="a map that lacks the key, and not the condition before it",
        ),
        pytest.param((bytes(4),), "matches", id="a map that has it"),
    ],
)
def test_a_map_from_which_a_rule_loads(keys: tuple[bytes, ...], words: str) -> None:
    elements = tuple(
        Element(first=key, last=key, data=b"\7\0\0\0", verdict=None, condition="")
        for key in keys
    )
    assert said_of(1, MARKED_BY_MAP, a_map=SetContents(fields=(), elements=elements)) == (words,)


def test_a_rule_behind_the_one_that_matches_is_not_asked() -> None:
    assert said_of(2, (DROP,), (ACCEPT,)) == (
        "not asked: the packet leaves the chain before,"
        " at output: inet t o rule 1 (handle 1): drop",
    )


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        pytest.param(((*UDP, JUMP),), "matches", id="a jump leads there"),
        pytest.param(
            ((*UDP, PORT, is_port(500), JUMP),),
            "not asked: the packet does not come to the chain",
            id="no jump matches",
        ),
        pytest.param(
            ((DROP,), (JUMP,)),
            "not asked: the packet does not come to the chain;"
            " it ends at output: inet t o rule 1 (handle 1): drop",
            id="it ends before the jump",
        ),
    ],
)
def test_a_chain_is_met_or_not(rules: tuple[tuple[Expression, ...], ...], words: str) -> None:
    assert said_of(1, *rules, chain="u") == (words,)


def test_the_answer_is_text_and_an_object() -> None:
    journal = Journal(Watched(chain=name("o"), number=1, handle=None))
    reasons = why_not(journal, (), name("o"))
    words = "not asked: the packet does not come to the chain"
    assert why_not_text("a \x1b", reasons, NO_NAMES) == f"rule a \\x1b: {words}\n"
    assert why_not_object("a b c", reasons, NO_NAMES) == {
        "rule": "a b c",
        "reasons": [{"kind": "never-asked", "text": words}],
    }
