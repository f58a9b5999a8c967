"""How long a mapping lives, where a gateway says from where it sees us."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

import pytest

from edgediag.checked import Checked
from edgediag.inference.lifetime import bounds
from edgediag.lab.services import ike
from edgediag.lab.services.catalog import Mode
from edgediag.model.answer import Answer
from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import Action, Event, SendPacket
from edgediag.model.flow import Flow
from edgediag.model.packet import Packet, Sighting, UdpDatagram
from edgediag.model.probe import Purpose
from edgediag.tunnel.idle import (
    FIRST_TRIALS,
    LOST,
    MAX_PROBES,
    NEVER_CHANGED,
    NO_GATEWAY,
    NO_NAT,
    OWN_SPI,
    SAYS_NOTHING,
    measure_idle,
)
from rig import RigWire, observed, rig
from story import EDGE, HOST, answered, flow, ike_reply, probe, reset, target, unanswered

PUBLIC = "203.0.113.2"
WORKING = Checked(
    target=target(), attempts=(answered(probe(on=flow()), ike_reply()),), nobody=()
)


@dataclass
class Translator:
    """A gateway behind a translator that forgets idle mappings.

    lives_s   after the last packet
    is_kept   the port stays the same whatever happens
    mode      of the gateway; own_spi  its answers bear one each time
    """

    lives_s: float
    is_kept: bool = False
    mode: Mode = Mode.TELLS_ORIGIN
    own_spi: bool = False
    address: str = PUBLIC
    loses: bool = False
    mappings: dict[Flow, tuple[int, float]] = field(default_factory=dict)
    given: int = 0

    def answer(self, action: Action, at_s: float) -> Iterable[Event]:
        if not isinstance(action, SendPacket) or self.loses:
            return ()
        packet = action.packet
        port = self._port(packet.flow, at_s)
        assert isinstance(packet.payload, UdpDatagram)
        octets = ike.answer(packet.payload.payload, self.mode, (self.address, port))
        assert octets is not None
        if self.own_spi:
            octets = octets[:12] + self.given.to_bytes(8, "big") + octets[20:]
        reply = Packet(
            flow=packet.flow.reversed(),
            hop_limit=60,
            ip_id=1,
            payload=UdpDatagram(payload=octets),
        )
        return (observed(reply, Sighting.TAP_IN, at_s),)

    def _port(self, on: Flow, at_s: float) -> int:
        self.given += 1
        port, last_s = self.mappings.get(on, (self.given, at_s))
        if self.is_kept:
            port = on.source_port
        elif at_s - last_s > self.lives_s:
            port = self.given
        self.mappings[on] = (port, at_s)
        return port


@pytest.mark.parametrize(
    ("lives_s", "longest_s"), [(4.0, 16.0), (4.0, 60.0), (30.0, 60.0), (0.5, 16.0), (55.0, 60.0)]
)
def test_a_mapping_is_seen_to_be_forgotten(lives_s: float, longest_s: float) -> None:
    wire = RigWire(Translator(lives_s=lives_s).answer)
    told, sent = measure_idle(rig(wire), [WORKING], longest_s)
    at_least_s, less_than_s = bounds(told)
    assert less_than_s is not None
    assert (at_least_s or 0.0) <= lives_s < less_than_s
    # Nearer than the first round alone tells, and little longer than the longest idle time.
    assert less_than_s <= max(1.5 * lives_s, longest_s / 1.5**7) + 0.1
    assert wire.passed_s() < 1.25 * longest_s + 7.0
    assert sum(probe.purpose is Purpose.IDLE for probe in sent) <= MAX_PROBES
    # The answer came with 60 of 64: four routers stand before the gateway.
    climbed = {probe.hop_limit for probe in sent if probe.purpose is Purpose.LADDER}
    assert climbed == {1, 2, 3, 4}
    assert told.reason == ""


@pytest.mark.parametrize(
    ("translator", "kept", "reason"),
    [
        pytest.param(
            Translator(lives_s=100.0), Answer.YES, NEVER_CHANGED, id="it lives longer than tried"
        ),
        pytest.param(
            Translator(lives_s=1.0, is_kept=True),
            Answer.YES,
            NEVER_CHANGED,
            id="the translator gives the same port again",
        ),
        pytest.param(
            Translator(lives_s=1.0, mode=Mode.NORMAL),
            Answer.NOT_CHECKED,
            SAYS_NOTHING,
            id="the gateway does not tell",
        ),
        pytest.param(
            Translator(lives_s=1.0, own_spi=True),
            Answer.NOT_CHECKED,
            OWN_SPI,
            id="its answers cannot be compared",
        ),
        pytest.param(
            Translator(lives_s=1.0, is_kept=True, address=EDGE),
            Answer.NOT_CHECKED,
            NO_NAT,
            id="nothing translates",
        ),
        pytest.param(
            Translator(lives_s=1.0, loses=True), Answer.NOT_CHECKED, LOST, id="nothing answers"
        ),
    ],
)
def test_where_nothing_is_known_it_is_said_why(
    translator: Translator, kept: Answer, reason: str
) -> None:
    told, _ = measure_idle(rig(RigWire(translator.answer)), [WORKING], 16.0)
    assert [trial.is_kept for trial in told.trials] == [kept] * FIRST_TRIALS
    assert (told.gateway, told.reason) == (ip_address(HOST), reason)
    assert bounds(told) == (None, None)


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(replace(WORKING, attempts=(unanswered(probe()),)), id="it is silent"),
        pytest.param(
            Checked(
                target=target("api-server-6443", kinds=(ProbeKind.TCP_SYN,)),
                attempts=(answered(probe(ProbeKind.TCP_SYN), reset()),),
                nobody=(),
            ),
            id="it speaks no IKE",
        ),
    ],
)
def test_only_a_gateway_that_answers_is_asked(check: Checked) -> None:
    wire = RigWire()
    told, sent = measure_idle(rig(wire), [check], 16.0)
    assert (told.gateway, told.reason, told.trials, sent) == (None, NO_GATEWAY, (), ())
    assert wire.sent == []
