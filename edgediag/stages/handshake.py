"""Who answered a handshake: a SYN and an echo that come no farther than the answer came from.

A box on the path that accepts connections in the host's name answers the SYN, while the echo
expires there. A host answers both, so that healthy paths spend no router's errors on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgediag.checked import Checked, has_flaw, hop_limit_of, host_of, is_ok
from edgediag.meaning import decisive, distance
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.outcome import Answered
from edgediag.model.probe import Probe, Purpose, Schedule, Way
from edgediag.model.reply import Connected, SynAck
from edgediag.plan import Ask, Supply, draw_probe
from edgediag.stages.conversation import fails_behind_handshake

MAX_HANDSHAKES = 16

# The last try of what may expire comes when the walks are over, those of several hosts apart: a
# router that limits its errors may tell again by then.
_OFFSETS_S = (0.1, 0.6)
_QUIET_S = 1.1
_SPACING_S = 0.3

# What expires on healthy paths too waits until no walk of octets needs that router's errors: each
# asks again a little over a second after it began.
_LATE_S = 1.5
_WALK_S = 1.7
_LISTEN_S = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """The probes of a check.

    before  a SYN that comes one hop less far, where the check passed and is not walked
    echo    the same for all checks of a host
    """

    check: str
    syn: Probe
    before: Probe | None
    echo: Probe


def plan_handshakes(
    checks: Sequence[Checked], quiet_s: float, supply: Supply, *, last_walk_s: float = 0.0
) -> tuple[Handshake, ...]:
    """What to ask of handshakes that passed and no service proved, in the order of the checks.

    quiet_s      when the walks of this stage are under way or over, and those of octets begin
    last_walk_s  when the last of those begins

    Nothing where no connection failed behind its handshake, and none met a certificate with a flaw:
    a proxy that hands on what it accepts blocks nobody.
    """
    if not any(fails_behind_handshake(check) or has_flaw(check) for check in checks):
        return ()
    echoes: dict[Address, Probe] = {}
    handshakes: list[Handshake] = []
    for check in [check for check in checks if _is_unproven(check)][:MAX_HANDSHAKES]:
        host, hops = host_of(check), distance(hop_limit_of(check) or 0)
        last_s = quiet_s + _QUIET_S + _SPACING_S * len(echoes)
        if host not in echoes:
            echoes[host] = _echo(check, (hops, _schedule(last_s)), supply)
        has_before = is_ok(check) and hops > 1
        late_s = max(last_s + _LATE_S, last_walk_s + _WALK_S + _SPACING_S * len(echoes))
        late = Schedule(offsets_s=(late_s,), timeout_s=late_s + _LISTEN_S)
        handshakes.append(
            Handshake(
                check=check.target.check,
                syn=_syn(check, (hops, _schedule(_QUIET_S)), supply),
                before=_syn(check, (hops - 1, late), supply) if has_before else None,
                echo=echoes[host],
            )
        )
    return tuple(handshakes)


def _is_unproven(check: Checked) -> bool:
    """True if the host's port is known to be open by handshakes alone."""
    if check.target.protocol is not Protocol.TCP or hop_limit_of(check) is None:
        return False
    match decisive(check.attempts):
        case Answered(reply=Connected() | SynAck()):
            return True
        case _:
            return fails_behind_handshake(check) or has_flaw(check)


def _schedule(last_s: float) -> Schedule:
    return Schedule(offsets_s=(*_OFFSETS_S, last_s), timeout_s=last_s + _LISTEN_S)


def _syn(check: Checked, how: tuple[int, Schedule], supply: Supply) -> Probe:
    hops, schedule = how
    flow = replace(decisive(check.attempts).probe.flow, source_port=supply.port())
    return _drawn((check, ProbeKind.TCP_SYN, hops), (flow, schedule), supply)


def _echo(check: Checked, how: tuple[int, Schedule], supply: Supply) -> Probe:
    hops, schedule = how
    identifier = supply.port()
    flow = replace(
        decisive(check.attempts).probe.flow,
        protocol=Protocol.ICMP,
        source_port=identifier,
        destination_port=identifier,
    )
    return _drawn((check, ProbeKind.ICMP_ECHO, hops), (flow, schedule), supply)


def _drawn(
    what: tuple[Checked, ProbeKind, int], how: tuple[Flow, Schedule], supply: Supply
) -> Probe:
    check, kind, hops = what
    flow, schedule = how
    return draw_probe(
        Ask(
            check=check.target.check,
            purpose=Purpose.CONTROL,
            kind=kind,
            way=Way.IP_STACK,
            flow=flow,
            hop_limit=hops,
            name="",
            schedule=schedule,
        ),
        supply,
    )
