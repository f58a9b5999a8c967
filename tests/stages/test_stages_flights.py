"""Which servers are asked for the rest of their flight, and when it takes the hello's place."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.checked import Checked
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import Action, Event, OpenStream, StreamOpened, StreamReceived
from edgediag.model.flow import Protocol
from edgediag.model.packet import Packet, Sighting, TcpSegment
from edgediag.model.probe import Probe
from edgediag.model.reply import TlsAnswer, TlsReply
from edgediag.stages.certificates import TOO_MANY, Shown
from edgediag.stages.flights import MAX_FLIGHTS, with_flights
from edgediag.stages.survey import Surveyed
from rig import UNSEEN, RigWire, assigned, observed, rig
from story import HOST, answered, flow, host_state, presented, probe, target

SERVED = TlsReply(answer=TlsAnswer.SERVER_HELLO, alert=0, hop_limit=None)
FLOW = flow(Protocol.TCP, host=HOST, port=443)
HELLO = probe(ProbeKind.TLS_CLIENT_HELLO, on=FLOW)
SYN = probe(ProbeKind.TCP_SYN, on=FLOW)
ROW = target("registry-443", kinds=(SYN.kind, HELLO.kind), host="a.example", port=443)

# A ServerHello, as far as it is looked at.
BEGUN = b"\x16\x03\x03\x00\x40\x02" + bytes(40)


def check(number: int = 0) -> Checked:
    row = replace(ROW, check=f"registry-443@{number}", address=ip_address(HOST))
    return Checked(target=row, attempts=(answered(HELLO, SERVED),), nobody=())


def surveyed(*checks: Checked) -> Surveyed:
    targets = tuple(check.target for check in checks)
    return Surveyed(
        assignment=assigned(*targets),
        state=host_state(),
        targets=targets,
        checks={check.target.check: (SYN, HELLO) for check in checks},
        queries=(),
        ahead=(),
        routes={},
        bearers={},
    )


def told(*, sent: int) -> Callable[[Action, float], Iterable[Event]]:
    """A server that begins to answer, and counts so many octets when it is asked."""

    def answer(action: Action, now_s: float) -> Iterable[Event]:
        assert isinstance(action, OpenStream)
        there, back = action.flow, action.flow.reversed()

        def segment(flags: str, number: int, acknowledged: int, payload: bytes = b"") -> TcpSegment:
            return TcpSegment(
                flags=flags,
                sequence=number,
                acknowledgement=acknowledged,
                window=64240,
                payload=payload,
            )

        size = len(action.payload)
        said = (
            (there, Sighting.TAP_OUT, segment("S", 99, 0)),
            (back, Sighting.TAP_IN, segment("SA", 499, 100)),
            (there, Sighting.TAP_OUT, segment("PA", 100, 500, action.payload)),
            (back, Sighting.TAP_IN, segment("A", 500, 100 + size, BEGUN)),
            (back, Sighting.TAP_IN, segment("A", 500 + sent, 100 + size)),
        )
        for on, sighting, payload in said:
            packet = Packet(flow=on, hop_limit=60, ip_id=7, payload=payload)
            yield observed(packet, sighting, now_s)
            if payload.flags == "SA":
                yield StreamOpened(probe=action.probe, at_s=now_s)
        yield StreamReceived(probe=action.probe, payload=BEGUN, at_s=now_s)

    return answer


def kinds(probes: tuple[Probe, ...]) -> list[ProbeKind]:
    return [each.kind for each in probes]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        pytest.param(len(BEGUN), HELLO.kind, id="all of it came: another reason, no block"),
        pytest.param(len(BEGUN) + 900, ProbeKind.TLS_FLIGHT, id="more was sent than came"),
    ],
)
def test_what_an_application_would_meet_takes_the_place(sent: int, found: ProbeKind) -> None:
    one = check()
    name = one.target.check
    after = with_flights(rig(RigWire(told(sent=sent))), surveyed(one), [one], {name: UNSEEN})
    assert kinds(after.checks[name]) == [SYN.kind, found]
    is_replaced = found is not HELLO.kind
    assert kinds(after.ahead) == ([HELLO.kind] if is_replaced else [])


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param({}, id="nobody was asked for a certificate"),
        pytest.param({check().target.check: presented("a.example")}, id="one was shown"),
        pytest.param({check().target.check: TOO_MANY}, id="it was not asked for one"),
    ],
)
def test_who_is_not_asked(shown: dict[str, Shown]) -> None:
    wire = RigWire()
    asked = surveyed(check())
    assert with_flights(rig(wire), asked, [check()], shown) == asked
    assert wire.sent == []


def test_an_interrupted_run_asks_nobody() -> None:
    wire, one = RigWire(), check()
    bench = rig(wire, is_stopped=lambda: True)
    asked = surveyed(one)
    assert with_flights(bench, asked, [one], {one.target.check: UNSEEN}) == asked


def test_only_some_are_asked_and_each_from_a_port_of_its_own() -> None:
    wire = RigWire()
    checks = [check(number) for number in range(MAX_FLIGHTS + 3)]
    shown: dict[str, Shown] = {
        each.target.check: NotChecked(reason="its handshake was not over") for each in checks
    }
    with_flights(rig(wire), surveyed(*checks), checks, shown)
    opened = [action for _, action in wire.sent if isinstance(action, OpenStream)]
    assert len({action.flow.source_port for action in opened}) == len(opened) == MAX_FLIGHTS
