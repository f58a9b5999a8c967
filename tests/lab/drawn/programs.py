"""Filters and BPF programs beside netfilter: traffic control, XDP, a control group's."""

from random import Random

from edgediag.lab.scenario import Culprit
from edgediag.lab.steps import ProgramStep, Step
from tests.lab.drawn.faults import Fault, proven_here, run
from tests.lab.drawn.matches import Match, Way, touched
from tests.lab.drawn.networks import FOUR, Row

_KINDS = (
    ("xdp", Way.BACK),
    ("tcx", Way.OUT),
    ("tcx", Way.BACK),
    ("cgroup", Way.OUT),
    ("cgroup", Way.BACK),
    ("tc", Way.OUT),
    ("tc", Way.BACK),
)
_MECHANISMS = {"xdp": "xdp-drop", "tcx": "tc-drop", "tc": "tc-drop", "cgroup": "cgroup-drop"}
_DIRECTIONS = {Way.OUT: "egress", Way.BACK: "ingress"}
# Protocols of IP, and where a port of that end is in an Ethernet frame of IPv6, of IPv4.
_NUMBERS = {"tcp": 6, "udp": 17}
_OFFSETS = {Way.OUT: (56, 16), Way.BACK: (54, 14)}


def draw(dice: Random) -> Fault:
    """A program that drops what goes to one port of any host, or what comes from it.

    Of what leaves, the stack's last hook tells that it passed and the tap that it did not come; of
    what comes, the tap. XDP ends packets before every tap, as a drop on the last mile would: its
    device's own counter and the program itself, run on a copy of an answer, prove it all the same.
    """
    kind, way = dice.choice(_KINDS)
    row = dice.choice(FOUR.rows)
    match = Match(protocol=row.protocol, ports=(row.port, row.port))
    steps = _filter(row, way) if kind == "tc" else _program(kind, row, way)
    return Fault(
        steps=steps,
        truth=proven_here((_MECHANISMS[kind],), touched(match, FOUR.rows), _culprit(kind, way)),
        says=f"{kind} {_DIRECTIONS[way]}: {row.protocol} port {row.port}",
    )


def _program(kind: str, row: Row, way: Way) -> tuple[Step, ...]:
    step = ProgramStep(
        node="edge",
        kind=kind,
        protocol=row.protocol,
        port=row.port,
        direction=_DIRECTIONS[way],
        device="" if kind == "cgroup" else "eth0",
    )
    return (step,)


def _filter(row: Row, way: Way) -> tuple[Step, ...]:
    """Of traffic control, in classic bytecode: whole datagrams, and segments, of either version."""
    number, (six, four) = _NUMBERS[row.protocol], _OFFSETS[way]
    code = (
        "16,40 0 0 12,21 0 4 34525,48 0 0 20,"
        f"21 0 11 {number},40 0 0 {six},21 8 9 {row.port},21 0 8 2048,48 0 0 23,"
        f"21 0 6 {number},40 0 0 20,69 4 0 8191,177 0 0 14,72 0 0 {four},"
        f"21 0 1 {row.port},6 0 0 2,6 0 0 0"
    )
    place = ("dev", "eth0", _DIRECTIONS[way])
    return (
        run("tc", "qdisc", "add", "dev", "eth0", "clsact"),
        run("tc", "filter", "add", *place, "prio", "7", "bpf", "da", "bytecode", code),
    )


def _culprit(kind: str, way: Way) -> Culprit:
    if kind == "cgroup":
        return {"kind": "cgroup-program"}
    if kind == "xdp":
        return {"kind": "xdp-program", "interface": "eth0"}
    return {"kind": "tc-filter", "interface": "eth0", "direction": _DIRECTIONS[way]}
