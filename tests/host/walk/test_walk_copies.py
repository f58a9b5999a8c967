"""The copies of a walked packet that programs are shown."""

from dataclasses import replace

import pytest

from edgediag.host.walk.copies import EPHEMERAL, REWRITTEN, copies_of, mark_of
from edgediag.host.walk.octets import unknown, within
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_of
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Protocol
from edgediag.model.packet import IcmpEcho, Packet, TcpSegment
from story import flow

NEW = Sender(mark=0x40, uid=0, gid=0, state=CtState.NEW)
API = flow(Protocol.TCP, port=6443)


def packets(parcel: Parcel) -> tuple[Packet, ...]:
    copies = copies_of(parcel)
    assert isinstance(copies, tuple)
    return copies


def flags(parcel: Parcel) -> list[str]:
    return [each.payload.flags for each in packets(parcel) if isinstance(each.payload, TcpSegment)]


def test_a_flow_that_is_known_is_one_copy() -> None:
    assert [each.flow for each in packets(parcel_of(API, NEW))] == [API]


@pytest.mark.parametrize(
    ("state", "is_reply", "expected"),
    [
        pytest.param(CtState.NEW, False, ["S"], id="what begins"),
        pytest.param(CtState.ESTABLISHED, True, ["SA"], id="what answers"),
        pytest.param(CtState.ESTABLISHED, False, ["A"], id="what goes on"),
    ],
)
def test_a_segment_is_of_the_packet_s_state(
    state: CtState, is_reply: bool, expected: list[str]
) -> None:
    parcel = replace(parcel_of(API, replace(NEW, state=state)), is_reply=is_reply)
    assert flags(parcel) == expected


def test_a_port_that_the_kernel_chooses_is_tried_with_several() -> None:
    copies = packets(parcel_of(replace(API, source_port=0), NEW))
    assert [each.flow for each in copies] == [
        replace(API, source_port=port) for port in EPHEMERAL
    ]


def test_so_is_that_of_whom_an_answer_is_for() -> None:
    answer = replace(API.reversed(), destination_port=0)
    parcel = replace(
        parcel_of(answer, replace(NEW, state=CtState.ESTABLISHED)), is_reply=True
    )
    ports = [(each.flow.source_port, each.flow.destination_port) for each in packets(parcel)]
    assert ports == [(6443, port) for port in EPHEMERAL]


def test_an_echo_has_one_identifier() -> None:
    echo = flow(Protocol.ICMP, port=0)
    parcel = parcel_of(replace(echo, source_port=0), NEW)
    sent = [each.payload for each in packets(parcel)]
    assert sent == [
        IcmpEcho(is_reply=False, identifier=port, sequence=1, payload=b"") for port in EPHEMERAL
    ]


@pytest.mark.parametrize(
    ("parcel", "reason"),
    [
        pytest.param(
            parcel_of(replace(API, destination_port=0), NEW),
            "its port is not known: --dport",
            id="without the port that it goes to",
        ),
        pytest.param(
            replace(parcel_of(API, NEW), source=within(parcel_of(API, NEW).source, 24, "who")),
            "its source is not known",
            id="of somebody",
        ),
        pytest.param(
            replace(parcel_of(API, NEW), blurred=frozenset({(1, 8, 1)})),
            REWRITTEN.reason,
            id="whose header is another",
        ),
    ],
)
def test_what_is_not_known_is_not_made_up(parcel: Parcel, reason: str) -> None:
    assert copies_of(parcel) == NotChecked(reason=reason)


def test_the_mark_is_the_packet_s() -> None:
    parcel = parcel_of(API, NEW)
    unsure = replace(parcel, mark=unknown(4, "limit"))
    assert (mark_of(parcel), mark_of(unsure)) == (
        0x40,
        NotChecked(reason="its mark is not known: limit"),
    )
