"""Questions beside the walks: each is sent once, and what was not heard out is no answer."""

from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Unanswered
from edgediag.model.probe import Purpose
from edgediag.model.reply import ConnectedMute
from edgediag.stages.conversation import Conversation, plan_conversations
from edgediag.stages.handshake import Handshake, plan_handshakes
from edgediag.stages.inquiry import (
    INTERRUPTED,
    IS_WALKED,
    NO_NAME,
    carriers,
    handshakes_of,
    questions,
    settled,
    streams_of,
)
from rig import RigWire, rig
from story import HOST, answered, flow, probe, syn_ack, target

MUTE = ConnectedMute(has_left=True, is_acknowledged=True, hop_limit=60)


def mute(port: int, *, name: str = "a.example") -> Checked:
    on = flow(Protocol.TCP, port=port)
    hello = probe(ProbeKind.TLS_CLIENT_HELLO, on=on, name=name, offsets_s=(0.0,))
    return Checked(
        target=replace(target(f"check-{port}"), protocol=Protocol.TCP),
        attempts=(answered(probe(ProbeKind.TCP_SYN, on=on), syn_ack()), answered(hello, MUTE)),
        nobody=(),
    )


def planned(
    bench: Bench, *checks: Checked
) -> tuple[tuple[Conversation, ...], tuple[Handshake, ...]]:
    conversations = plan_conversations(checks, (0.0, 0.0), bench.supply)
    return conversations, plan_handshakes(checks, 0.0, bench.supply)


def asked(bench: Bench, conversations: tuple[Conversation, ...]) -> None:
    probes = questions(conversations, ())
    bench.loop.submit([*carriers(conversations), *probes], {})
    bench.loop.settle(probes)


def test_every_question_is_sent_once() -> None:
    conversations, handshakes = planned(rig(RigWire()), mute(443), mute(444))
    probes = questions(conversations, handshakes)
    purposes = [item.purpose for item in probes]
    assert len(set(probes)) == len(probes)
    assert purposes.count(Purpose.AGAIN) == purposes.count(Purpose.OTHER_NAME) == 2
    assert sum(item.kind is ProbeKind.ICMP_ECHO for item in probes) == 1


def test_carriers_are_not_waited_for() -> None:
    conversations, handshakes = planned(rig(RigWire()), mute(443))
    (carrier,) = carriers(conversations)
    assert carrier not in questions(conversations, handshakes)


@pytest.mark.parametrize(
    ("name", "reason"),
    [pytest.param("", NO_NAME, id="no name"), pytest.param(HOST, NO_NAME, id="an address")],
)
def test_where_no_name_is_sent_none_was_compared(name: str, reason: NotChecked) -> None:
    bench = rig(RigWire())
    conversations, _ = planned(bench, mute(443, name=name))
    asked(bench, conversations)
    assert streams_of(bench, conversations)["check-443"].other_name == reason


def test_octets_on_a_connection_that_never_stood_make_a_ladder_of_nothing_sent() -> None:
    bench = rig(RigWire())
    conversations, _ = planned(bench, mute(443))
    asked(bench, conversations)
    (stream,) = streams_of(bench, conversations).values()
    assert [{hop.tries for hop in ladder.hops} for ladder in stream.octets] == [{0}]


def test_what_was_interrupted_is_no_answer() -> None:
    bench = rig(RigWire(), is_stopped=lambda: True)
    conversations, handshakes = planned(bench, mute(443))
    asked(bench, conversations)
    bench.loop.submit([handshakes[0].syn, handshakes[0].echo], {})
    stream = streams_of(bench, conversations)["check-443"]
    handshake = handshakes_of(bench, handshakes)["check-443"]
    assert (stream.again, stream.octets) == (INTERRUPTED, ())
    assert (handshake.syn, handshake.before) == (INTERRUPTED, IS_WALKED)


def test_what_was_not_sent_keeps_its_reason() -> None:
    why = NotChecked(reason="no next hop")
    assert settled(rig(RigWire()), why) == why


def test_silence_is_an_outcome() -> None:
    bench = rig(RigWire())
    one = probe()
    bench.loop.submit([one], {})
    bench.loop.settle([one])
    assert isinstance(settled(bench, one), Unanswered)
