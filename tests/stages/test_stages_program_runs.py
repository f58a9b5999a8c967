"""Which copies are put before which programs, as a table."""

from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CgroupProgramObject, TcFilterObject, XdpProgramObject
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import ProgramVerdict
from edgediag.model.exchange import ProgramRun
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import HostState
from edgediag.model.outcome import Outcome
from edgediag.model.packet import TcpSegment
from edgediag.model.program import PacketProgram
from edgediag.stages.program_runs import (
    MOST_RUNS,
    NO_PROGRAM,
    NOTHING_SERVED,
    TOO_MANY,
    UNFAITHFUL,
    UNKNOWN_ANSWER,
    run_programs,
)
from rig import NEXT_HOP, RigHost, RigWire, rig, silence
from story import (
    answered,
    flow,
    host_state,
    ntp_reply,
    probe,
    refused,
    route,
    syn_ack,
    target,
    unanswered,
)

XDP = XdpProgramObject(interface="eth0", program=1, name="x", mode="native")
IN = CgroupProgramObject(program=2, name="in", group="/", attach="ingress")
OUT = CgroupProgramObject(program=3, name="out", group="/", attach="egress")
TCX_IN = TcFilterObject(
    interface="eth0", direction="ingress", classifier="tcx", preference=0, handle=4, name=""
)
TCX_OUT = replace(TCX_IN, direction="egress", handle=5)
STATE = replace(
    host_state(),
    xdp_programs=(XDP, replace(XDP, interface="eth1")),
    cgroup_programs=(IN, OUT, replace(OUT, attach="connect4")),
    tcx_programs=(TCX_IN, TCX_OUT, replace(TCX_OUT, interface="eth1")),
)
NAME = "api-server-6443"
API = flow(Protocol.TCP, port=6443)
SYN = probe(ProbeKind.TCP_SYN, on=API, check=NAME)
CONNECT = probe(ProbeKind.TCP_CONNECT, on=API, check=NAME)
DATAGRAM = probe(check=NAME)
ECHO = probe(ProbeKind.ICMP_ECHO, check=NAME)


SERVED = Checked(
    target=target("oss-443"),
    attempts=(answered(probe(ProbeKind.TCP_SYN, on=flow(Protocol.TCP, port=443)), syn_ack()),),
    nobody=(),
)
SERVED_UDP = Checked(
    target=target("ntp-123"),
    attempts=(answered(probe(ProbeKind.NTP, id_=2), ntp_reply()),),
    nobody=(),
)
PASSED = tuple(check.attempts[0].probe.flow for check in (SERVED, SERVED_UDP))


def drops(run: ProgramRun) -> bool:
    """Every program drops all but what was served."""
    return not {run.packet.flow, run.packet.flow.reversed()} & {*PASSED}


def many(count: int) -> tuple[XdpProgramObject, ...]:
    """So many programs of the uplink."""
    return tuple(replace(XDP, program=100 + number) for number in range(count))


def tried(
    outcome: Outcome, host: RigHost, state: HostState = STATE, *beside: Checked
) -> tuple[ProgramVerdict, ...] | NotChecked | None:
    lost = Checked(target=target(NAME), attempts=(outcome,), nobody=())
    checks = [lost, *(beside or (SERVED, SERVED_UDP))]
    routes = {check.target.check: route() for check in checks}
    return run_programs(rig(RigWire(silence), host), checks, routes, state).get(NAME)


@pytest.mark.parametrize(
    ("outcome", "programs", "copied"),
    [
        pytest.param(unanswered(SYN), (XDP,), API.reversed(), id="nothing came back: XDP"),
        pytest.param(
            unanswered(CONNECT, has_come_back=True),
            (TCX_IN, IN),
            API.reversed(),
            id="the answer came and got lost: TCX and the groups at ingress",
        ),
        pytest.param(
            unanswered(CONNECT, has_left=False),
            (TCX_OUT, OUT),
            API,
            id="it did not leave: TCX and the groups at egress",
        ),
        pytest.param(
            refused(DATAGRAM), (TCX_OUT, OUT), DATAGRAM.flow, id="a datagram that was refused"
        ),
    ],
)
def test_a_copy_meets_the_programs_of_the_part_where_it_was_lost(
    outcome: Outcome, programs: tuple[PacketProgram, ...], copied: Flow
) -> None:
    host = RigHost(verdict=drops)
    said = tuple(ProgramVerdict(program=program, is_dropped=True) for program in programs)
    assert tried(outcome, host) == said
    assert [run.program for run in host.runs if run.packet.flow == copied] == [*programs]


@pytest.mark.parametrize(
    ("outcome", "state", "expected"),
    [
        pytest.param(answered(SYN, syn_ack()), STATE, None, id="a check that passed"),
        pytest.param(unanswered(DATAGRAM), STATE, UNKNOWN_ANSWER, id="an answer over UDP"),
        pytest.param(unanswered(ECHO), STATE, UNKNOWN_ANSWER, id="an answer over ICMP"),
        pytest.param(unanswered(SYN), host_state(), NO_PROGRAM, id="no program"),
        pytest.param(
            unanswered(SYN),
            replace(STATE, xdp_programs=NotChecked(reason="EPERM")),
            NO_PROGRAM,
            id="programs that could not be listed",
        ),
        pytest.param(
            unanswered(SYN),
            replace(STATE, xdp_programs=many(MOST_RUNS + 1)),
            TOO_MANY,
            id="more programs than are tried",
        ),
    ],
)
def test_nothing_is_tried(
    outcome: Outcome, state: HostState, expected: NotChecked | None
) -> None:
    host = RigHost(verdict=drops)
    assert tried(outcome, host, state) == expected
    assert host.runs == []


def test_a_program_that_drops_what_was_served_is_not_believed() -> None:
    assert tried(unanswered(SYN), RigHost(verdict=lambda run: True)) == UNFAITHFUL


@pytest.mark.parametrize(
    ("outcome", "beside"),
    [
        pytest.param(
            unanswered(SYN),
            replace(SERVED, attempts=(unanswered(SYN),)),
            id="nothing was served",
        ),
        pytest.param(unanswered(SYN), SERVED_UDP, id="answers over UDP say nothing of TCP"),
        pytest.param(
            unanswered(CONNECT, has_left=False), SERVED_UDP, id="nor do questions over UDP"
        ),
        pytest.param(refused(DATAGRAM), SERVED, id="nor those over TCP of UDP"),
    ],
)
def test_without_a_served_flow_of_its_protocol_no_program_is_believed(
    outcome: Outcome, beside: Checked
) -> None:
    assert tried(outcome, RigHost(verdict=drops), STATE, beside) == NOTHING_SERVED


def test_the_control_is_of_the_protocol_that_was_lost() -> None:
    host = RigHost(verdict=drops)
    tried(refused(DATAGRAM), host, STATE, SERVED, SERVED_UDP)
    assert {run.packet.flow for run in host.runs} == {DATAGRAM.flow, PASSED[1]}


def test_the_next_hop_is_asked_once_for_a_copy_and_once_for_its_control() -> None:
    host = RigHost(verdict=drops)
    tried(refused(DATAGRAM), host)
    assert len(host.runs) == 4
    assert host.hopped == [DATAGRAM.flow.destination, PASSED[1].destination]


@pytest.mark.parametrize(
    ("programs", "is_believed"),
    [
        pytest.param(MOST_RUNS // 2, True, id="as many as all runs are enough for"),
        pytest.param(MOST_RUNS // 2 + 1, False, id="one more"),
    ],
)
def test_runs_of_controls_count_as_well(programs: int, is_believed: bool) -> None:
    host = RigHost(verdict=drops)
    state = replace(STATE, xdp_programs=many(programs))
    assert (tried(unanswered(SYN), host, state) != TOO_MANY) is is_believed
    assert len(host.runs) == MOST_RUNS


def test_a_program_that_lets_it_pass_needs_no_comparison() -> None:
    host = RigHost()
    assert tried(unanswered(SYN), host) == (ProgramVerdict(program=XDP, is_dropped=False),)
    assert len(host.runs) == 1


def test_what_the_kernel_does_not_run_is_not_checked() -> None:
    denied = NotChecked(reason="EPERM")
    assert tried(unanswered(SYN), RigHost(verdict=lambda run: denied)) == denied


def test_without_a_next_hop_there_is_no_frame() -> None:
    unknown = NotChecked(reason="no neighbour entry")
    assert tried(unanswered(SYN), RigHost(verdict=drops, hop=unknown)) == unknown


def test_an_answer_is_made_up_as_it_would_come() -> None:
    host = RigHost()
    tried(unanswered(SYN), host)
    (run,) = host.runs
    segment = run.packet.payload
    assert isinstance(segment, TcpSegment)
    assert (segment.flags, run.hop.source_mac) == ("SA", NEXT_HOP.destination_mac)
