"""TLS servers that began to answer and showed no certificate: the rest of their flight."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from edgediag.checked import Checked, name_of
from edgediag.instruments import Bench
from edgediag.meaning import decisive, is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.probe import Probe, Schedule
from edgediag.plan import Ask, Supply, draw_probe
from edgediag.stages.certificates import TOO_MANY, Shown
from edgediag.stages.survey import Surveyed

# A server sends what was lost again after a fifth of a second and after twice that (RFC 6298 §2),
# and is asked after one second how much it was.
FLIGHT_TIMEOUT_S = 1.5

MAX_FLIGHTS = 8


def with_flights(
    bench: Bench, surveyed: Surveyed, checks: Iterable[Checked], shown: Mapping[str, Shown]
) -> Surveyed:
    """The survey with the flight in the stead of a ClientHello that it shows to be no success.

    An application waits for the end of the handshake; its beginning alone serves nobody.

    shown  by check, the certificates
    """
    asked = [check for check in checks if _is_begun_only(shown.get(name_of(check)))]
    flights = {name_of(check): _flight(check, bench.supply) for check in asked[:MAX_FLIGHTS]}
    if not flights or bench.loop.is_interrupted():
        return surveyed
    bench.loop.submit(flights.values(), {})
    bench.loop.settle(flights.values())
    outcomes = bench.loop.outcomes(flights.values())
    failed = {
        name: flight
        for (name, flight), outcome in zip(flights.items(), outcomes, strict=True)
        if not is_answered_well(outcome)
    }
    replaced = {
        name: tuple(failed[name] if _is_hello(probe) else probe for probe in probes)
        for name, probes in surveyed.checks.items()
        if name in failed
    }
    hellos = (probe for name in failed for probe in surveyed.checks[name] if _is_hello(probe))
    return replace(
        surveyed,
        checks={**surveyed.checks, **replaced},
        ahead=(*surveyed.ahead, *hellos),
    )


def _is_begun_only(shown: Shown | None) -> bool:
    return isinstance(shown, NotChecked) and shown != TOO_MANY


def _is_hello(probe: Probe) -> bool:
    return probe.kind is ProbeKind.TLS_CLIENT_HELLO


def _flight(check: Checked, supply: Supply) -> Probe:
    asked = decisive(check.attempts).probe
    return draw_probe(
        Ask(
            check=asked.check,
            purpose=asked.purpose,
            kind=ProbeKind.TLS_FLIGHT,
            way=asked.way,
            flow=replace(asked.flow, source_port=supply.port()),
            hop_limit=asked.hop_limit,
            name=asked.name,
            schedule=Schedule(offsets_s=(0.0,), timeout_s=FLIGHT_TIMEOUT_S),
        ),
        supply,
    )
