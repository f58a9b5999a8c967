"""Which forms of a question to try beside the one that was asked, and how each is asked."""

from dataclasses import dataclass, replace

from edgediag.checked import Checked, hop_limit_of, is_ok, lead
from edgediag.meaning import decisive, distance, is_rewritten
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import HostSource, ProbeKind
from edgediag.model.flow import Flow
from edgediag.model.host import Link
from edgediag.model.outcome import Unanswered
from edgediag.model.probe import AS_BUILT, Padding, Probe, Purpose, Schedule, Way
from edgediag.model.variation import Change
from edgediag.path import Walk, draw_rungs
from edgediag.plan import HOP_LIMIT, Ask, Supply, draw_probe
from edgediag.probes.ike_auth import OCTETS_BEFORE_IKE
from edgediag.probes.ike_sa_init import PORT_WITHOUT_ESP

TUNNEL_PORT = 4500

# Each of two equal paths is taken by half of the flows: eight flows that all take the good one are
# seen once in 256 runs. Two are the check's own.
LEGS = 6

VARIATION_OFFSETS_S = (0.0, 0.3, 0.9)
VARIATION_TIMEOUT_S = 1.4
SHAPE_TIMEOUT_S = 0.3

# A form that was silent is asked again when its walk is over, alone.
AGAIN_START_S = 1.8
AGAIN_SPACING_S = 0.6
AGAIN_TIMEOUT_S = 0.5

# What tunnels and access lines leave of 1500 octets: PPPoE 1492, GRE 1476, VXLAN 1450; the least of
# IPv6 (RFC 8200 §5) and of IPv4 hosts (RFC 1122 §3.3.2).
SIZES = (1500, 1492, 1476, 1450, 1400, 1280, 576)
LEAST_OCTETS = {4: 576, 6: 1280}
MOST_OCTETS = 9216

# What no gateway answers must not come to one: its walk ends a hop before.
UNANSWERABLE = (Change.SHAPE, Change.EXCHANGE)

# Longer than an Ethernet packet, in pieces that also narrow paths carry whole.
FRAGMENTED = Padding(size_octets=1600, fragment_octets=1300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A question of a check with one thing changed.

    hops         the distance of its host
    is_followed  where it is silent it is walked: the unchanged question was answered
    """

    check: str
    change: Change
    kind: ProbeKind
    flow: Flow
    padding: Padding | NotChecked
    name: str
    hops: int
    is_followed: bool


def forms_of(
    check: Checked, link: Link | NotChecked, far: int, supply: Supply
) -> tuple[Form, ...]:
    """The forms worth trying of a check, none for most of them.

    link  the device that it leaves by
    far   how far to walk where the distance of its host is not known
    """
    if any(map(is_rewritten, check.attempts)):
        return ()
    if lead(check).probe.kind is ProbeKind.IKE_SA_INIT:
        return _of_ike(check, link, far)
    if check.target.endpoint == HostSource.API_SERVER.value and (is_ok(check) or _is_silent(check)):
        hop_limit = hop_limit_of(check)
        return _of_legs(check, far if hop_limit is None else distance(hop_limit), supply)
    return ()


def plain_of(form: Form, asked: Probe) -> Form:
    """The form as it was asked and answered, for the control; of the same length as a walk."""
    padding = form.padding if form.change is Change.EXCHANGE else AS_BUILT
    return replace(form, kind=asked.kind, flow=asked.flow, padding=padding)


def of_ike_auth(check: Checked, octets: int, hops: int) -> Form:
    """A walk in the shape of IKE_AUTH on the flow of a check; it ends one hop before `hops`.

    octets  of the message to resemble, without the marker; 0 where that is not known
    """
    size_octets = min(octets + OCTETS_BEFORE_IKE, SIZES[0])
    padding = Padding(size_octets=size_octets, fragment_octets=0) if octets else AS_BUILT
    usual = _usual(check, Change.EXCHANGE, hops)
    return replace(usual, kind=ProbeKind.IKE_AUTH, padding=padding)


def smaller(form: Form) -> tuple[Form, ...]:
    """A size that was silent, in the sizes below it; of another change nothing."""
    if form.change is not Change.SIZE or isinstance(form.padding, NotChecked):
        return ()
    least = LEAST_OCTETS[form.flow.destination.version]
    below = (octets for octets in SIZES if least <= octets < form.padding.size_octets)
    return tuple(
        replace(form, padding=Padding(size_octets=octets, fragment_octets=0)) for octets in below
    )


def draw_question(form: Form, supply: Supply) -> Probe:
    """The form with a whole hop limit."""
    schedule = Schedule(offsets_s=VARIATION_OFFSETS_S, timeout_s=VARIATION_TIMEOUT_S)
    return _draw(form, schedule, supply)


def draw_again(form: Form, place: int, supply: Supply) -> Probe:
    """The form once more, when its walk is over and in its turn."""
    start_s = AGAIN_START_S + AGAIN_SPACING_S * place
    schedule = Schedule(offsets_s=(start_s,), timeout_s=start_s + AGAIN_TIMEOUT_S)
    return _draw(form, schedule, supply)


def draw_glance(form: Form, supply: Supply) -> tuple[Probe, ...]:
    """The form to the last two routers, once, by ascending hop limit: one of them may be silent."""
    once = Schedule(offsets_s=(0.0,), timeout_s=SHAPE_TIMEOUT_S)
    rungs = draw_ladder(form, supply)[-2:]
    return tuple(replace(rung, purpose=Purpose.VARIATION, schedule=once) for rung in rungs)


def draw_ladder(form: Form, supply: Supply) -> tuple[Probe, ...]:
    """Hop-limited probes of the form; what nobody answers does not go as far as the host."""
    walk = Walk(
        check=form.check,
        purpose=Purpose.LADDER,
        kind=form.kind,
        flow=form.flow,
        name=form.name,
        hops=form.hops - 1 if form.change in UNANSWERABLE else form.hops,
        start_s=0.0,
    )
    return tuple(replace(rung, padding=form.padding) for rung in draw_rungs(walk, supply))


def _draw(form: Form, schedule: Schedule, supply: Supply) -> Probe:
    ask = Ask(
        check=form.check,
        purpose=Purpose.VARIATION,
        kind=form.kind,
        way=Way.IP_STACK,
        flow=form.flow,
        hop_limit=HOP_LIMIT,
        name=form.name,
        schedule=schedule,
    )
    return replace(draw_probe(ask, supply), padding=form.padding)


def _of_ike(check: Checked, link: Link | NotChecked, far: int) -> tuple[Form, ...]:
    if lead(check).probe.flow.destination_port == PORT_WITHOUT_ESP:
        # No tunnel uses that port, so nobody misses what is lost there of its forms.
        return ()
    hop_limit = hop_limit_of(check)
    if is_ok(check) and hop_limit is not None:
        return _of_tunnel(check, distance(hop_limit), link)
    # A filter may let the tunnel's own ports pass and nothing else.
    own = _from_tunnel_port(_usual(check, Change.SOURCE_PORT, far))
    return (replace(own, is_followed=False),) if _is_silent(check) else ()


def _of_tunnel(check: Checked, hops: int, link: Link | NotChecked) -> tuple[Form, ...]:
    mtu = SIZES[0] if isinstance(link, NotChecked) else min(link.mtu, MOST_OCTETS)
    usual = _usual(check, Change.SIZE, hops)
    pieces = replace(FRAGMENTED, fragment_octets=min(mtu, FRAGMENTED.fragment_octets))
    forms = (
        replace(usual, change=Change.SHAPE, kind=ProbeKind.ESP_IN_UDP),
        _from_tunnel_port(usual),
        replace(usual, padding=Padding(size_octets=mtu, fragment_octets=0)),
        replace(usual, change=Change.FRAGMENTS, padding=pieces),
    )
    return tuple(form for form in forms if form.change is not Change.SHAPE or hops > 1)


def _from_tunnel_port(usual: Form) -> Form:
    flow = replace(usual.flow, source_port=TUNNEL_PORT)
    return replace(usual, change=Change.SOURCE_PORT, flow=flow)


def _of_legs(check: Checked, hops: int, supply: Supply) -> tuple[Form, ...]:
    is_lost = isinstance(lead(check), Unanswered)
    usual = replace(_usual(check, Change.LEG, hops), is_followed=not is_lost)
    others = (
        replace(usual, flow=replace(usual.flow, source_port=supply.port())) for _ in range(LEGS)
    )
    # What was silent beside another flow that was served may be the one that took the bad path.
    return (*((usual,) if is_lost else ()), *others)


def _is_silent(check: Checked) -> bool:
    return isinstance(decisive(check.attempts), Unanswered)


def _usual(check: Checked, change: Change, hops: int) -> Form:
    asked = lead(check).probe
    return Form(
        check=check.target.check,
        change=change,
        kind=asked.kind,
        flow=asked.flow,
        padding=AS_BUILT,
        name=asked.name,
        hops=hops,
        is_followed=True,
    )
