"""Turns: each asks again when its own questions are over, and nobody waits for another."""

from dataclasses import replace

from edgediag.losses.turns import take_turns
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.probe import Probe, Schedule
from rig import RigWire, rig
from story import flow, probe

SYN = probe(ProbeKind.TCP_SYN, on=flow(Protocol.TCP, port=6443), check="api-server-6443", id_=9001)


def once(id_: int, timeout_s: float) -> Probe:
    schedule = Schedule(offsets_s=(0.0,), timeout_s=timeout_s)
    asked = replace(SYN.flow, source_port=41000 + id_)
    return replace(SYN, id=id_, flow=asked, schedule=schedule)


def test_who_is_quick_asks_again_while_another_waits() -> None:
    wire = RigWire()
    bench = rig(wire)
    quick = [once(1, 0.5), once(2, 0.5), once(3, 0.5)]
    slow = [once(4, 2.0)]
    order = [*quick, *slow]

    def turn(left: list[Probe]) -> tuple[Probe, ...]:
        probes = tuple(left[:1])
        del left[:1]
        bench.loop.submit(probes, {})
        return probes

    asked = take_turns(bench.loop, (lambda: turn(quick), lambda: turn(slow)))
    assert {item.id for item in asked} == {item.id for item in order}
    assert wire.passed_s() < 2.2
    ports = [action.packet.flow.source_port for _, action in wire.sent]
    assert ports == [41001, 41004, 41002, 41003]


def test_who_has_nothing_to_ask_ends_it_at_once() -> None:
    wire = RigWire()
    assert take_turns(rig(wire).loop, (tuple, tuple)) == ()
    assert wire.passed_s() == 0.0
