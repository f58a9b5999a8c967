"""What became of a flow, by the kernel's trace messages."""

import json
import re
from ipaddress import ip_address
from pathlib import Path

import pytest

from edgediag.host.messages import Message
from edgediag.host.netfilter.journey import Dropped, Journey, Passed, Tables, journey_of
from edgediag.host.netfilter.trace import MESSAGE_TYPE, Step, TraceMessage, decode_trace
from edgediag.model.flow import Flow, Protocol

RECORDED = json.loads(Path(__file__).parent.parent.joinpath("data", "trace.json").read_text())


def flow(source: str, source_port: int, destination: str, destination_port: int) -> Flow:
    return Flow(
        protocol=Protocol.UDP,
        source=ip_address(source),
        source_port=source_port,
        destination=ip_address(destination),
        destination_port=destination_port,
    )


TO_SELF = flow("192.0.2.10", 40000, "192.0.2.10", 4500)
OUR = flow("192.0.2.10", 40000, "198.51.100.21", 4500)
OTHER = flow("192.0.2.10", 40001, "198.51.100.22", 4500)
TRANSLATED = flow("192.0.2.10", 40000, "203.0.113.1", 4500)

BOTH_TRANSLATED = flow("192.0.2.1", 40000, "203.0.113.1", 4500)


def dropped(chain: str, handle: int, *, base: str = "", is_reply: bool = False) -> Dropped:
    return Dropped(
        family="inet",
        table="t",
        chain=chain,
        handle=handle,
        base_chain=base or chain,
        is_reply=is_reply,
    )


def passed(*chains: str, until: str = "") -> Passed:
    return Passed(
        chains=chains,
        is_sent=until in ("sent", "received", "delivered"),
        is_received=until in ("received", "delivered"),
        is_delivered=until == "delivered",
    )


# To itself, so that the answer was met; recorded without the ends of hooks.
TO_SELF_PASSED = Passed(
    chains=("inet t o",), is_sent=False, is_received=True, is_delivered=False
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("nothing stands in the way", TO_SELF_PASSED, id="it passes"),
        pytest.param("a rule drops it", dropped("o", 2), id="a rule drops it"),
        pytest.param(
            "a chain that is jumped to drops it", dropped("z", 3, base="o"), id="below a jump"
        ),
        pytest.param("a rule rejects it", dropped("o", 2), id="a rule rejects it"),
        pytest.param(
            "the policy drops the answer", dropped("i", 0, is_reply=True), id="the answer is lost"
        ),
    ],
)
def test_a_recorded_journey(name: str, expected: Journey) -> None:
    payloads = next(one["messages"] for one in RECORDED if one["name"] == name)
    messages = [
        decode_trace(
            Message(type_=MESSAGE_TYPE, flags=0, sequence=0, payload=bytes.fromhex(payload))
        )
        for payload in payloads
    ]
    steps = [message for message in messages if message is not None]
    own = next(step.table for step in steps if re.match("edgediag_", step.table))
    assert journey_of(TO_SELF, steps, own=Tables(begin=own, end="")) == expected


def step(
    id_: int, table: str, chain: str, *, of: Flow | None = None, is_drop: bool = False
) -> TraceMessage:
    return TraceMessage(
        id=id_,
        step=Step.RULE,
        family="inet",
        table=table,
        chain=chain,
        handle=9,
        is_drop=is_drop,
        flow=of,
    )


SENT = (step(1, "own", "output", of=OUR), step(1, "end", "postrouting", of=OUR))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param((), None, id="nothing was told"),
        pytest.param((step(1, "own", "output", of=OTHER),), None, id="only of another flow"),
        pytest.param(
            (step(1, "own", "output", of=OUR),), passed(), id="no chain but the tracer's"
        ),
        pytest.param(
            (
                step(1, "own", "output", of=OUR),
                step(2, "own", "output", of=OTHER),
                step(2, "t", "o", of=OTHER, is_drop=True),
                step(1, "t", "o", of=OUR),
            ),
            passed("inet t o"),
            id="another flow's drop between ours",
        ),
        pytest.param(
            (
                step(1, "own", "output", of=OUR),
                step(1, "t", "o", of=OUR),
                step(1, "own", "output", of=OTHER),
                step(1, "t", "o", of=OTHER, is_drop=True),
            ),
            passed("inet t o"),
            id="another flow's packet in the same buffer",
        ),
        pytest.param(
            (
                step(1, "own", "output", of=OUR),
                step(1, "t", "nat", of=OUR),
                step(1, "t", "post", of=TRANSLATED, is_drop=True),
            ),
            dropped("post", 9),
            id="dropped after a translation",
        ),
        pytest.param(
            (
                step(1, "own", "output", of=OUR),
                step(1, "t", "nat", of=OUR),
                step(1, "t", "post", of=TRANSLATED),
                step(1, "t", "behind", of=BOTH_TRANSLATED, is_drop=True),
            ),
            dropped("behind", 9),
            id="dropped after a translation of either end, one after the other",
        ),
        pytest.param(
            (
                step(1, "own", "output", of=OUR),
                step(1, "t", "nat", of=OUR),
                step(1, "t", "behind", of=BOTH_TRANSLATED, is_drop=True),
            ),
            passed("inet t nat"),
            id="both ends at once are another packet",
        ),
        pytest.param(
            (
                step(1, "own", "prerouting", of=OUR.reversed()),
                step(1, "t", "i", of=OUR.reversed(), is_drop=True),
                step(2, "own", "output", of=OUR),
                step(2, "t", "o", of=OUR, is_drop=True),
            ),
            dropped("o", 9),
            id="our own drop counts before the answer's",
        ),
        pytest.param(
            (
                step(1, "own", "output", of=OUR),
                step(1, "t", "o", of=OUR),
                step(2, "own", "prerouting", of=OUR.reversed()),
                step(2, "t", "i", of=OUR.reversed(), is_drop=True),
                step(3, "own", "output", of=OUR),
                step(3, "t", "o", of=OUR, is_drop=True),
            ),
            dropped("i", 9, is_reply=True),
            id="the answer's drop counts before that of the reset which closes",
        ),
        pytest.param((step(1, "t", "o", is_drop=True),), None, id="a packet never shown"),
        pytest.param(SENT, passed(until="sent"), id="it came to the end of POSTROUTING"),
        pytest.param(
            (*SENT, step(2, "own", "prerouting", of=OUR.reversed())),
            passed(until="received"),
            id="an answer came in",
        ),
        pytest.param(
            (
                *SENT,
                step(2, "own", "ingress0", of=OUR.reversed()),
                step(2, "own", "prerouting", of=OUR.reversed()),
                step(2, "end", "input", of=OUR.reversed()),
            ),
            passed(until="delivered"),
            id="an answer came to the end of INPUT",
        ),
    ],
)
def test_a_journey(steps: tuple[TraceMessage, ...], expected: Journey) -> None:
    assert journey_of(OUR, steps, own=Tables(begin="own", end="end")) == expected
