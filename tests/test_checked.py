"""What a check's own attempts say, before anything is walked; whom to suspect is in test_locate."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.checked import (
    Checked,
    hop_limit_of,
    host_of,
    is_answered_late,
    is_answering,
    is_doubtful,
    is_heard,
    surroundings,
)
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import Surroundings
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Purpose
from edgediag.model.reply import Connected, IcmpKind, Reply, SocketError
from edgediag.model.route import RouteAnswer, RouteRefused
from story import (
    EDGE,
    GATEWAY,
    HOST,
    NEIGHBOUR_HOST,
    ROUTERS,
    addresses,
    answered,
    echo_reply,
    flow_of,
    icmp,
    ntp_reply,
    probe,
    refused,
    reset,
    route,
    syn_ack,
    target,
    unanswered,
)

SYN = probe(ProbeKind.TCP_SYN, check="registry-443")
CONNECT = probe(ProbeKind.TCP_CONNECT, check="registry-443", id_=2)
NTP = probe(ProbeKind.NTP, check="ntp-aliyun-123")


def checked(*attempts: Outcome) -> Checked:
    kinds = tuple(outcome.probe.kind for outcome in attempts)
    return Checked(target=target("registry-443", kinds=kinds), attempts=attempts, nobody=())


@pytest.mark.parametrize(
    ("outcome", "heard"),
    [
        pytest.param(answered(SYN, syn_ack()), True, id="an open port"),
        pytest.param(answered(SYN, reset()), True, id="a closed one speaks too"),
        pytest.param(
            answered(SYN, icmp(IcmpKind.PORT_UNREACHABLE, HOST)), True, id="an error of its own"
        ),
        pytest.param(
            answered(SYN, icmp(IcmpKind.HOST_UNREACHABLE, ROUTERS[0])), False, id="a router's"
        ),
        pytest.param(answered(SYN, SocketError(errno_name="EPERM")), False, id="our own kernel's"),
        pytest.param(unanswered(SYN, has_come_back=True), False, id="silence at the socket"),
        pytest.param(refused(SYN), False, id="nothing was sent"),
    ],
)
def test_whether_the_destination_said_anything_in_its_own_name(
    outcome: Outcome, heard: bool
) -> None:
    assert is_heard(outcome) is heard
    assert is_answering(checked(unanswered(CONNECT), outcome)) is heard


@pytest.mark.parametrize(
    ("outcome", "is_late"),
    [
        pytest.param(answered(SYN, syn_ack()), False, id="at the first try"),
        pytest.param(replace(answered(SYN, syn_ack()), tries=2), True, id="at the second"),
        pytest.param(unanswered(SYN), False, id="never"),
        pytest.param(
            replace(answered(CONNECT, Connected(hop_limit=None)), tries=2),
            False,
            id="a stream, which the kernel repeats",
        ),
    ],
)
def test_what_is_answered_late_was_lost_at_first(outcome: Outcome, is_late: bool) -> None:
    assert is_answered_late(checked(outcome)) is is_late


def test_the_destination_is_that_of_the_flow_that_is_repeated() -> None:
    assert host_of(checked(unanswered(CONNECT), unanswered(SYN))) == ip_address(HOST)


@pytest.mark.parametrize(
    ("attempts", "hop_limit"),
    [
        pytest.param((answered(SYN, syn_ack(59)),), 59, id="of a packet"),
        pytest.param(
            (unanswered(SYN), answered(CONNECT, Connected(hop_limit=58))), 58, id="of a stream"
        ),
        pytest.param(
            (answered(CONNECT, Connected(hop_limit=None)), answered(SYN, syn_ack(59))),
            59,
            id="the first that is known",
        ),
        pytest.param((unanswered(SYN),), None, id="of silence"),
    ],
)
def test_the_hop_limit_of_the_hosts_own_answer(
    attempts: tuple[Outcome, ...], hop_limit: int | None
) -> None:
    assert hop_limit_of(checked(*attempts)) == hop_limit


def test_a_host_that_answered_once_is_not_silent() -> None:
    seen = surroundings([checked(unanswered(SYN), answered(CONNECT, syn_ack()))], (), {})
    assert seen == Surroundings(
        answering=addresses(HOST),
        silent=(),
        gateways=(),
        sources=addresses(EDGE),
        is_lossy=False,
        clocks=(),
    )


@pytest.mark.parametrize(
    ("reply", "offsets_s"),
    [
        pytest.param(ntp_reply(offset_s=-900.0), (-900.0,), id="a server in step"),
        pytest.param(ntp_reply(stratum=16, offset_s=900.0), (), id="not one without a clock"),
        pytest.param(echo_reply(), (), id="not what carries no time"),
    ],
)
def test_whose_clock_counts(reply: Reply, offsets_s: tuple[float, ...]) -> None:
    clocks = surroundings([checked(answered(NTP, reply))], (), {}).clocks
    assert isinstance(clocks, tuple)
    assert tuple(clock.offset_s for clock in clocks) == offsets_s


@pytest.mark.parametrize(
    ("offset_s", "doubtful"),
    [
        pytest.param(59.0, False, id="less than a minute is borne"),
        pytest.param(-61.0, True, id="more is not, on either side"),
    ],
)
def test_an_answer_that_must_be_explained(offset_s: float, doubtful: bool) -> None:
    assert is_doubtful(checked(answered(NTP, ntp_reply(offset_s=offset_s)))) is doubtful


def test_a_host_that_answers_a_rung_of_an_echo_is_not_silent() -> None:
    echo = probe(ProbeKind.ICMP_ECHO, on=flow_of(ProbeKind.ICMP_ECHO, host=NEIGHBOUR_HOST))
    seen = surroundings([checked(unanswered(SYN))], (answered(echo, echo_reply()),), {})
    assert (seen.answering, seen.silent) == (addresses(NEIGHBOUR_HOST), addresses(HOST))


@pytest.mark.parametrize(
    ("purpose", "is_lossy"),
    [
        pytest.param(Purpose.CONFIRM, True, id="asked again, alone"),
        pytest.param(Purpose.CONTROL, False, id="as a rung"),
    ],
)
def test_a_flow_that_is_served_in_the_end_tells_of_loss(purpose: Purpose, is_lossy: bool) -> None:
    again = answered(replace(SYN, purpose=purpose), syn_ack())
    assert surroundings([checked(unanswered(SYN))], (again,), {}).is_lossy is is_lossy


def test_hosts_stand_in_ascending_order() -> None:
    hosts = ("198.51.100.9", "198.51.100.100", "198.51.100.20")
    checks = [
        checked(unanswered(replace(SYN, flow=flow_of(SYN.kind, host=host)))) for host in hosts
    ]
    assert surroundings(checks, (), {}).silent == addresses(hosts[0], hosts[2], hosts[1])


@pytest.mark.parametrize(
    ("outcome", "way", "gateways"),
    [
        pytest.param(answered(SYN, syn_ack()), route(), (GATEWAY,), id="somebody answers"),
        pytest.param(unanswered(SYN), route(), (), id="nobody answers"),
        pytest.param(answered(SYN, syn_ack()), route(None), (), id="the host is on the link"),
        pytest.param(
            answered(SYN, syn_ack()),
            RouteRefused(errno_name="ENETUNREACH", culprit=None),
            (),
            id="the route has gone since",
        ),
        pytest.param(answered(SYN, syn_ack()), NotChecked(reason="no netlink"), (), id="not known"),
    ],
)
def test_which_next_hops_are_known_to_carry_packets(
    outcome: Outcome, way: RouteAnswer, gateways: tuple[str, ...]
) -> None:
    seen = surroundings([checked(outcome)], (), {"registry-443": way})
    assert seen.gateways == addresses(*gateways)
