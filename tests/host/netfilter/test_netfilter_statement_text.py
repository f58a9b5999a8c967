"""Statements in the words of nft(8); the recorded rules hold the common ones."""

import pytest

from edgediag.host.netfilter.register import Operand
from edgediag.host.netfilter.statement import (
    Limit,
    Log,
    MetaSet,
    ObjectReference,
    Queue,
    Reject,
    Statement,
    Verdict,
    XtMatch,
    XtTarget,
)
from edgediag.host.netfilter.statement_text import statement_text, verdict_text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        pytest.param(Verdict(code=0, chain=""), "drop", id="drop"),
        pytest.param(Verdict(code=0x10000, chain=""), "drop", id="drop with an errno"),
        pytest.param(Verdict(code=0x50003, chain=""), "queue", id="queue 5"),
        pytest.param(Verdict(code=-3, chain="z"), "jump z", id="jump"),
        pytest.param(Verdict(code=-9, chain=""), "verdict -9", id="of a newer kernel"),
    ],
)
def test_verdicts(verdict: Verdict, words: str) -> None:
    assert verdict_text(verdict) == words


def log(flags: int, level: int) -> Log:
    return Log(prefix="", group=None, snap_length=0, queue_threshold=0, level=level, flags=flags)


@pytest.mark.parametrize(
    ("statement", "family", "words"),
    [
        pytest.param(Reject(type_=0, code=13), "ip", "reject with icmp admin-prohibited", id="v4"),
        pytest.param(Reject(type_=0, code=0), "ip6", "reject with icmpv6 no-route", id="v6"),
        pytest.param(Reject(type_=0, code=77), "ip", "reject with icmp 77", id="another code"),
        pytest.param(Reject(type_=0, code=3), "", "reject", id="the answer not spelt out"),
        pytest.param(Queue(first=0, count=1, flags=0), "ip", "queue to 0", id="a queue"),
        pytest.param(
            Queue(first=0, count=4, flags=3), "ip", "queue flags bypass,fanout to 0-3", id="queues"
        ),
        pytest.param(
            ObjectReference(type_=3, name="ftp"), "ip", 'ct helper set "ftp"', id="a helper is set"
        ),
        pytest.param(
            ObjectReference(type_=99, name="x"), "ip", 'object 99 name "x"', id="another object"
        ),
        pytest.param(
            XtMatch(name="time", revision=0, info=b""), "ip", 'xt match "time"', id="a match"
        ),
        pytest.param(
            XtTarget(name="TEE", revision=1, info=b""), "ip", 'xt target "TEE"', id="a target"
        ),
        pytest.param(
            Limit(rate=3, unit_s=2, burst=5, is_octets=False, is_over=False),
            "ip",
            "limit rate 3/2 seconds",
            id="an odd unit",
        ),
        pytest.param(log(0, 99), "ip", "log level 99", id="a level of a newer kernel"),
        pytest.param(log(0x0C, 4), "ip", "log flags ip options flags skuid", id="two flags"),
    ],
)
def test_statements(statement: Statement, family: str, words: str) -> None:
    assert statement_text(statement, {}, family) == words


@pytest.mark.parametrize(
    ("operand", "words"),
    [
        pytest.param(Operand(text="ct mark"), "meta mark set ct mark", id="from another register"),
        pytest.param(
            Operand(text="x", constant=b"\x40\0\0\0"), "meta mark set 0x00000040", id="a constant"
        ),
    ],
)
def test_what_is_set(operand: Operand, words: str) -> None:
    assert statement_text(MetaSet(key=3, slot=0), {0: operand}, "ip") == words
