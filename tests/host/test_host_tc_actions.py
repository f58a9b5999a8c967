"""Actions of traffic control from their octets, and what becomes of a packet by them."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, native32, nest, string
from edgediag.host.tc_actions import decode_actions, word_of_actions
from edgediag.model.answer import NotChecked
from edgediag.model.program import ProgramWord

# linux/pkt_cls.h: TCA_ACT_KIND, TCA_ACT_OPTIONS; TCA_GACT_PARMS and the like.
KIND, OPTIONS, PARMS = 1, 2, 2
CONTINUE, PASS, RECLASSIFY, DROP, PIPE, STOLEN = -1, 0, 1, 2, 3, 4
GOTO_CHAIN = 0x20000001


def general(code: int, more: bytes = b"") -> bytes:
    """struct tc_gen, and what follows it."""
    return attribute(PARMS, struct.pack("=IIiii", 1, 0, code, 1, 1) + more)


def action(order: int, kind: str, *options: bytes) -> bytes:
    return nest(order, string(KIND, kind), nest(OPTIONS, *options))


def gact(order: int, code: int, *more: bytes) -> bytes:
    return action(order, "gact", general(code), *more)


def mirred(order: int, does: int, code: int) -> bytes:
    return action(order, "mirred", general(code, struct.pack("=iI", does, 5)))


RATE = struct.pack("=IiIIIBBHhHI", 1, DROP, 0, 0, 0, 0, 0, 0, 0, 0, 125000) + bytes(24)
POLICE = action(1, "police", attribute(1, RATE))
RANDOM = attribute(3, struct.pack("=HHi", 1, 10, PASS))
MARKS = native32(5, 9)
# As tc sent it to Linux 6.18 and had it back: mirred egress redirect to a device.
RECORDED = bytes.fromhex(
    "a40001000b0001006d697272656400004400040014000100000000000000000000000000000000001400"
    "070000000000000000000000000000000000180003000000000000000000000000000000000000000000"
    "08000a000000000048000200200002000100000000000000040000000100000001000000010000000200"
    "0000240001003400000000000000340000000000000000000000000000000000000000000000"
)


@pytest.mark.parametrize(
    ("octets", "words", "word"),
    [
        pytest.param(gact(1, DROP), ["gact drop"], ProgramWord.DROPS, id="drop"),
        pytest.param(gact(1, PASS), ["gact pass"], ProgramWord.PASSES, id="pass"),
        pytest.param(gact(1, CONTINUE), ["gact continue"], ProgramWord.LEAVES, id="continue"),
        pytest.param(gact(1, STOLEN), ["gact stolen"], ProgramWord.TAKES, id="stolen"),
        pytest.param(b"", [], ProgramWord.PASSES, id="no action: what matches passes"),
        pytest.param(
            gact(2, DROP) + gact(1, PIPE),
            ["gact pipe", "gact drop"],
            ProgramWord.DROPS,
            id="one after the other, by their numbers",
        ),
        pytest.param(
            mirred(1, 1, STOLEN),
            ["mirred (Egress Redirect to device 5)"],
            ProgramWord.REDIRECTS,
            id="redirected",
        ),
        pytest.param(
            mirred(1, 2, PIPE) + gact(2, DROP),
            ["mirred (Egress Mirror to device 5)", "gact drop"],
            ProgramWord.DROPS,
            id="mirrored, and dropped",
        ),
        pytest.param(
            RECORDED,
            ["mirred (Egress Redirect to device 2)"],
            ProgramWord.REDIRECTS,
            id="as the kernel wrote it",
        ),
        pytest.param(
            POLICE,
            ["police rate 1000000bit"],
            NotChecked(reason="whether it is too fast"),
            id="a rate",
        ),
        pytest.param(
            gact(1, DROP, RANDOM),
            ["gact drop random"],
            NotChecked(reason="what is drawn"),
            id="by chance",
        ),
        pytest.param(
            action(1, "skbedit", general(PIPE), MARKS),
            ["skbedit mark 9"],
            ProgramWord.REWRITES,
            id="another mark",
        ),
        pytest.param(
            action(1, "pedit", general(PIPE)) + gact(2, DROP),
            ["pedit pipe", "gact drop"],
            ProgramWord.DROPS,
            id="rewritten, and dropped",
        ),
        pytest.param(
            action(1, "bpf", string(6, "guard")),
            ["bpf guard"],
            NotChecked(reason="what action bpf guard does"),
            id="a program",
        ),
        pytest.param(
            action(1, "ct"), ["ct"], NotChecked(reason="what action ct does"), id="an unknown kind"
        ),
        pytest.param(
            gact(1, GOTO_CHAIN),
            ["gact 0x20000001"],
            NotChecked(reason="where gact 0x20000001 leads to"),
            id="another chain",
        ),
        pytest.param(
            gact(1, RECLASSIFY),
            ["gact reclassify"],
            NotChecked(reason="where gact reclassify leads to"),
            id="from the beginning",
        ),
    ],
)
def test_actions_end_a_packet_as_they_say(
    octets: bytes, words: list[str], word: ProgramWord | NotChecked
) -> None:
    actions = decode_actions(octets)
    assert ([each.words for each in actions], word_of_actions(actions)) == (words, word)


@given(octets=st.binary(max_size=200))
def test_whatever_comes_has_a_word_or_a_reason(octets: bytes) -> None:
    for nested in (octets, action(1, "gact", octets), action(1, "police", octets)):
        assert isinstance(word_of_actions(decode_actions(nested)), ProgramWord | NotChecked)
