"""Whom of this node the hub's questions go to, and how often."""

from ipaddress import ip_address

import pytest

from edgediag.model.hub import HUB_NOT_ASKED, HubEnd, HubSaid, HubSilent, HubWord
from edgediag.stages.hub import DOORS, ask_hub
from rig import RigHost, RigWire, rig

END = HubEnd(hub="yurthub", address=ip_address("127.0.0.1"), port=10261, source="kubelet.conf")
WELL = HubSaid(door=DOORS[0], status=200, text="OK")
MUTE = HubSilent(door=DOORS[1], waited_s=2.0)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        pytest.param((WELL,), 1, id="an answer is enough"),
        pytest.param((WELL, MUTE), 1, id="so is one of two"),
        pytest.param((MUTE, MUTE), 2, id="silence is asked once more"),
        pytest.param((), 1, id="no word"),
    ],
)
def test_a_hub_is_asked(words: tuple[HubWord, ...], asked: int) -> None:
    host = RigHost(hub=words)
    assert ask_hub(rig(RigWire(), host), (END,)) == words
    assert host.doors == [DOORS] * asked


def test_nobody_is_asked_without_a_hub_and_in_a_run_that_was_interrupted() -> None:
    host = RigHost(hub=(WELL,))
    bench = rig(RigWire(), host, is_stopped=lambda: True)
    bench.loop.settle(())
    assert ask_hub(rig(RigWire(), host), ()) == HUB_NOT_ASKED
    assert ask_hub(bench, (END,)) == HUB_NOT_ASKED
    assert host.doors == []
