"""What is asked of handshakes that no service proved."""

from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.model.certificate import Chain
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.reply import Connected, ConnectedMute, Reply, TlsAnswer, TlsReply
from edgediag.plan import Supply
from edgediag.stages.handshake import MAX_HANDSHAKES, Handshake, plan_handshakes
from story import HOST, NEIGHBOUR_HOST, answered, flow, ike_reply, presented, probe, syn_ack, target

MUTE = ConnectedMute(has_left=True, is_acknowledged=True, hop_limit=63)
SERVED = TlsReply(answer=TlsAnswer.SERVER_HELLO, alert=0, hop_limit=None)
NEAR = 63


def check(said: Reply, *, host: str = HOST, port: int = 443, hop_limit: int = NEAR) -> Checked:
    on = flow(Protocol.TCP, host=host, port=port)
    is_bare = isinstance(said, Connected)
    kind = ProbeKind.TCP_CONNECT if is_bare else ProbeKind.TLS_CLIENT_HELLO
    asked = replace(target(f"check-{host}-{port}"), protocol=Protocol.TCP)
    syn = answered(probe(ProbeKind.TCP_SYN, on=on), syn_ack(hop_limit))
    return Checked(target=asked, attempts=(syn, answered(probe(kind, on=on), said)), nobody=())


OPEN = check(Connected(hop_limit=NEAR), port=80)


def planned(
    *checks: Checked, quiet_s: float = 0.0, last_walk_s: float = 0.0
) -> tuple[Handshake, ...]:
    supply = Supply(tokens=iter(range(10**6)), ports=iter(range(41000, 42000)), first_ip_id=0)
    return plan_handshakes(checks, quiet_s, supply, last_walk_s=last_walk_s)


def test_where_every_connection_serves_no_handshake_is_doubted() -> None:
    assert planned(OPEN, check(SERVED)) == ()


@pytest.mark.parametrize(
    ("other", "is_asked"),
    [
        pytest.param(OPEN, True, id="a port that is open, and no more was asked"),
        pytest.param(check(SERVED, port=444), False, id="a service that answered"),
        pytest.param(
            Checked(target=target(), attempts=(answered(probe(), ike_reply()),), nobody=()),
            False,
            id="no TCP",
        ),
    ],
)
def test_where_one_fails_all_that_rest_on_a_handshake_are_asked(
    other: Checked, is_asked: bool
) -> None:
    assert len(planned(check(MUTE), other)) == 1 + is_asked


def test_where_a_certificate_is_refused_its_handshake_is_asked_and_no_good_one() -> None:
    shown = presented(HOST, chain=Chain.UNKNOWN_ISSUER)
    refused = replace(check(SERVED), certificate=shown)
    (found,) = planned(refused, replace(check(SERVED, port=444), certificate=presented(HOST)))
    assert (found.check, found.syn.hop_limit, found.echo.hop_limit) == (
        refused.target.check,
        2,
        2,
    )
    assert found.before is not None


def test_syn_and_echo_come_no_farther_than_the_answer_came_from() -> None:
    (found,) = planned(check(MUTE))
    assert (found.syn.kind, found.syn.hop_limit) == (ProbeKind.TCP_SYN, 2)
    assert (found.echo.kind, found.echo.hop_limit) == (ProbeKind.ICMP_ECHO, 2)
    assert found.before is None


def test_what_passed_and_is_not_walked_is_asked_one_hop_before_as_well() -> None:
    _, found = planned(check(MUTE), OPEN)
    assert found.before is not None
    assert (found.before.kind, found.before.hop_limit) == (ProbeKind.TCP_SYN, 1)


def test_what_expires_for_those_that_pass_waits_for_the_last_walk_of_octets() -> None:
    _, found = planned(check(MUTE), OPEN, quiet_s=1.0, last_walk_s=6.0)
    assert found.before is not None
    assert found.before.schedule.offsets_s[0] > 6.0 + 1.2


def test_nothing_comes_before_the_first_hop() -> None:
    _, found = planned(check(MUTE), check(Connected(hop_limit=64), port=80, hop_limit=64))
    assert (found.syn.hop_limit, found.before) == (1, None)


def test_the_ports_of_a_host_share_an_echo() -> None:
    first, second, other = planned(
        check(MUTE), check(MUTE, port=444), check(MUTE, host=NEIGHBOUR_HOST)
    )
    assert first.echo == second.echo != other.echo
    assert len({one.syn.flow for one in (first, second, other)}) == 3


def test_what_may_expire_is_asked_once_more_when_routers_may_tell_again() -> None:
    hosts = [check(MUTE, host=f"198.51.100.{number}") for number in range(1, 4)]
    last_s = [one.echo.schedule.offsets_s[-1] for one in planned(*hosts, quiet_s=5.0)]
    assert last_s == sorted(last_s)
    assert min(last_s) > 5.0


def test_what_is_asked_has_an_end() -> None:
    hosts = [check(MUTE, host=f"198.51.100.{number}") for number in range(1, 40)]
    assert len(planned(*hosts)) == MAX_HANDSHAKES
