"""The roll call: which hosts are asked, which are asked again, and which are spared."""

import pytest

from edgediag.checked import Checked
from edgediag.losses.roll_call import MAX_HOSTS, PACE, RollCall, to_be_called
from edgediag.model.endpoint import ProbeKind
from edgediag.model.train import Train
from lossy_wire import lossy, never
from rig import RigWire, rig
from story import PROTOCOLS, answered, flow, ntp_reply, probe, syn_ack, target, unanswered

TCP, NTP = ProbeKind.TCP_SYN, ProbeKind.NTP


def check(
    name: str, host: str, *, port: int = 443, kind: ProbeKind = TCP, is_silent: bool = False
) -> Checked:
    asked = probe(kind, on=flow(PROTOCOLS[kind], host=host, port=port), check=name, id_=9001)
    reply = ntp_reply() if kind is NTP else syn_ack()
    outcome = unanswered(asked) if is_silent else answered(asked, reply)
    return Checked(target=target(name, kinds=(kind,)), attempts=(outcome,), nobody=())


API = check("api-server-6443", "198.51.100.10", port=6443)


@pytest.mark.parametrize(
    ("row", "is_called"),
    [
        pytest.param(check("x", "198.51.100.20"), True, id="another host"),
        pytest.param(check("x", "198.51.100.10"), False, id="another port of a counted host"),
        pytest.param(check("x", "198.51.100.60", kind=NTP), False, id="a time server"),
        pytest.param(check("x", "2001:db8::20"), False, id="another IP version"),
        pytest.param(check("x", "198.51.100.20", is_silent=True), False, id="what is dark"),
    ],
)
def test_who_is_called(row: Checked, is_called: bool) -> None:
    assert (row in to_be_called([API, row], [API], {4})) is is_called


def test_one_port_stands_for_all_of_its_host() -> None:
    rows = [check(f"raven-proxy-{port}", "198.51.100.20", port=port) for port in (10280, 10281)]
    assert to_be_called(rows, [API], {4}) == (rows[0],)


def test_more_hosts_than_there_are_ports_for_are_not_called() -> None:
    rows = [check(f"x-{last}", f"198.51.100.{last}") for last in range(1, 30)]
    assert len(to_be_called(rows, [API], {4})) == MAX_HOSTS


def called(wire: RigWire, *, is_limit: bool = False) -> dict[str, Train]:
    bench = rig(wire)
    rows = [check("proxy", "198.51.100.20"), check("oss", "198.51.100.32")]
    roll = RollCall(bench, rows)
    while probes := roll.turn(is_limit=is_limit):
        bench.loop.settle(probes)
    return roll.trains()


@pytest.mark.parametrize(
    ("wire", "is_limit", "sent"),
    [
        pytest.param(lossy(never), False, (40, 40), id="who loses nothing is asked again"),
        pytest.param(
            lossy(lambda host, count: host.endswith(".20") and count < 4),
            False,
            (20, 40),
            id="who loses three is not",
        ),
        pytest.param(lossy(never), True, (20, 20), id="one turn tells a limit"),
    ],
)
def test_how_often_a_host_is_asked(
    wire: RigWire, is_limit: bool, sent: tuple[int, int]
) -> None:
    trains = called(wire, is_limit=is_limit)
    assert (trains["proxy"].sent, trains["oss"].sent) == sent


def test_no_host_is_asked_more_than_ten_times_a_second() -> None:
    wire = lossy(never)
    called(wire)
    first = [
        at_s
        for at_s, action in wire.sent
        if str(action.packet.flow.destination).endswith(".20")
        and action.packet.payload.flags == "S"
    ]
    assert len(first) == 2 * PACE.count
    assert min(later - sooner for sooner, later in zip(first, first[1:])) > 0.05
