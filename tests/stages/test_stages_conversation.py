"""What is asked of connections that failed after their handshake."""

from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.probe import Purpose
from edgediag.model.reply import ConnectedMute, Reply, TlsAnswer, TlsReply
from edgediag.plan import FOLLOW_UP_PORTS, Supply
from edgediag.stages.conversation import (
    MAX_CONVERSATIONS,
    MAX_WALKS,
    MAX_WALKS_OF_KINDS,
    NEUTRAL_NAME,
    WALKS_THAT_STAND,
    Conversation,
    plan_conversations,
)
from edgediag.stages.handshake import MAX_HANDSHAKES
from story import HOST, answered, flow, probe, syn_ack, target

STARTS_S = tuple(float(turn) for turn in range(MAX_WALKS_OF_KINDS + 1))
MUTE = ConnectedMute(has_left=True, is_acknowledged=True, hop_limit=60)
UNHEARD = replace(MUTE, is_acknowledged=False)


def reply(answer: TlsAnswer) -> TlsReply:
    return TlsReply(answer=answer, alert=0, hop_limit=None)


def failed(said: Reply, *, host: str = HOST, port: int = 443, name: str = "a.example") -> Checked:
    on = flow(Protocol.TCP, host=host, port=port)
    syn = probe(ProbeKind.TCP_SYN, on=on)
    hello = probe(ProbeKind.TLS_CLIENT_HELLO, on=on, name=name)
    check = f"check-{host}-{port}"
    return Checked(
        target=target(check),
        attempts=(answered(syn, syn_ack()), answered(hello, said)),
        nobody=(),
    )


def planned(*checks: Checked) -> tuple[Conversation, ...]:
    supply = Supply(tokens=iter(range(10**6)), ports=iter(range(41000, 42000)), first_ip_id=0)
    return plan_conversations(checks, STARTS_S, supply)


@pytest.mark.parametrize(
    ("said", "is_asked"),
    [
        pytest.param(MUTE, True, id="acknowledged and mute"),
        pytest.param(UNHEARD, True, id="not acknowledged"),
        pytest.param(reply(TlsAnswer.RESET), True, id="reset"),
        pytest.param(reply(TlsAnswer.CLOSED), True, id="closed"),
        pytest.param(reply(TlsAnswer.NOT_TLS), True, id="something else"),
        pytest.param(reply(TlsAnswer.SERVER_HELLO), False, id="served"),
        pytest.param(replace(UNHEARD, has_left=False), False, id="dropped here"),
    ],
)
def test_a_connection_is_asked_again_if_it_failed_behind_its_handshake(
    said: Reply, is_asked: bool
) -> None:
    assert len(planned(failed(said))) == is_asked


def test_each_question_differs_in_one_thing() -> None:
    (found,) = planned(failed(UNHEARD))
    assert found.other_name is not None
    asked = (found.again, found.small, found.other_name)
    assert [(item.purpose, item.name) for item in asked] == [
        (Purpose.AGAIN, "a.example"),
        (Purpose.SMALL_SEGMENTS, "a.example"),
        (Purpose.OTHER_NAME, NEUTRAL_NAME),
    ]
    ports = {item.flow.source_port for item in (*asked, *found.octets)}
    assert len(ports) == len(asked) + 1


@pytest.mark.parametrize("name", ["", "198.51.100.21"])
def test_where_no_name_is_sent_no_other_is_tried(name: str) -> None:
    (found,) = planned(failed(UNHEARD, name=name))
    assert found.other_name is None


def test_octets_climb_a_little_farther_than_the_host_on_one_connection() -> None:
    (found,) = planned(failed(UNHEARD))
    carrier, *rungs = found.octets
    assert carrier.purpose is Purpose.CARRY
    assert [rung.hop_limit for rung in rungs] == [1, 2, 3, 4, 5, 6, 7]
    assert {rung.flow for rung in rungs} == {carrier.flow}
    starts = [rung.schedule.offsets_s[0] for rung in rungs]
    repeats = [rung.schedule.offsets_s[1] for rung in rungs]
    assert starts == sorted(starts) and max(starts) < min(repeats)


@pytest.mark.parametrize(
    ("said", "purpose"),
    [
        pytest.param(MUTE, Purpose.LARGE_OCTETS, id="full-sized where small ones arrived"),
        pytest.param(UNHEARD, Purpose.OCTETS, id="the ClientHello where it did not"),
    ],
)
def test_which_octets_are_sent(said: Reply, purpose: Purpose) -> None:
    (found,) = planned(failed(said))
    assert {rung.purpose for rung in found.octets[1:]} == {purpose}


def test_of_few_that_fail_each_is_walked_though_it_be_at_one_host() -> None:
    found = planned(*(failed(MUTE, port=port) for port in (443, 444, 445)))
    assert [(bool(one.octets), one.walked) for one in found] == [
        (True, (one.check,)) for one in found
    ]


def test_of_many_ports_of_one_host_that_fail_alike_two_stand_for_the_others() -> None:
    ports = [failed(MUTE, port=port) for port in range(443, 443 + MAX_WALKS + 1)]
    *alike, other = planned(*ports, failed(UNHEARD, port=500))
    first, second, *rest = alike
    assert [bool(one.octets) for one in alike] == [True, True] + [False] * len(rest)
    assert {one.walked for one in rest} == {(first.check, second.check)}
    assert other.walked == (other.check,)


def test_a_few_walks_stand_for_many_hosts() -> None:
    hosts = [failed(MUTE, host=f"198.51.100.{number}") for number in range(1, MAX_WALKS + 3)]
    found = planned(*hosts)
    walked = tuple(one.check for one in found if one.octets)
    assert len(walked) == WALKS_THAT_STAND
    assert sorted(found[-1].walked) == sorted(walked)


def test_what_stops_one_port_is_not_taken_for_what_stops_another() -> None:
    many = [failed(MUTE, host=f"198.51.100.{number}") for number in range(1, MAX_WALKS + 3)]
    other = failed(MUTE, host="198.51.100.20", port=10282)
    found = {one.check: one for one in planned(*many, other)}
    assert found["check-198.51.100.20-10282"].walked == ("check-198.51.100.20-10282",)
    assert found[many[-1].target.check].walked == tuple(
        check.target.check for check in many[:WALKS_THAT_STAND]
    )


def test_a_port_without_a_walk_of_its_own_has_none_that_stands_for_it() -> None:
    ports = [
        failed(MUTE, host=f"198.51.100.{port}", port=port)
        for port in range(100, 100 + MAX_WALKS_OF_KINDS + 1)
    ]
    assert [len(one.walked) for one in planned(*ports)] == [1] * MAX_WALKS_OF_KINDS + [0]


def test_what_is_asked_has_an_end_and_so_have_the_ports_for_it() -> None:
    hosts = [failed(MUTE, host=f"198.51.100.{number}") for number in range(1, 40)]
    found = planned(*hosts)
    assert len(found) == MAX_CONVERSATIONS
    assert 3 * MAX_CONVERSATIONS + MAX_WALKS_OF_KINDS + 3 * MAX_HANDSHAKES < FOLLOW_UP_PORTS
