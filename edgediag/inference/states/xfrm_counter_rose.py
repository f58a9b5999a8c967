"""The error counters of IPsec that rose while a tunnel failed, and what each of them means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edgediag.host.xfrm_match import selector_text
from edgediag.inference.claim import on_this_host, one_of
from edgediag.inference.fault import Fault
from edgediag.inference.states.ike_daemon_gone import has_association
from edgediag.inference.xfrm_counters import REFUSED, UNOPENED, UNSEALED, rises
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import XfrmPolicyObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.tunnel import TunnelTraffic
from edgediag.model.verdict import Claim, Landmark, Mechanism, Place
from edgediag.model.xfrm import XfrmPolicy

ID = "xfrm-counter-rose"

# The first packet of a tunnel that is made on demand falls to its own wish for one.
_LEAST_UNSEALED: Final = 2
_LEAST_PACKETS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """Packets of ESP to the gateway and from it; whether an association of the kernel took any."""

    gateway: Address
    sent: int
    came: int
    is_opened: bool


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """IPsec of this host's kernel dropped what the tunnel carried, and counted why.

    Holds because   policies want a tunnel with this very gateway, and it fails: nothing was sealed
                    for it while two packets or more fell for want of an association to it, or ESP
                    that came from it was refused, every packet of it by the count. The counters are
                    the kernel's own, read before the run and after
    Does not hold   for a counter that stands still, whatever it says; where the tunnel carries what
                    comes; where ESP to the gateway was seen leaving, or another gateway's policy
                    may have counted; where frames were lost to the tap; for a counter that other
                    packets may have raised, which is why so many must be counted as came
    Asks for        xfrm policies, states, counters twice; ESP on the tunnel's port by direction
    source          Documentation/networking/xfrm_proc.rst; openyurtio/openyurt issue 1892
                    (XfrmInNoPols behind IPVS)
    """
    traffic, rose = host.tunnel_traffic, rises(host)
    if destination is None or isinstance(traffic, NotChecked) or traffic.lost:
        return None
    if not rose or not _outward(destination, host) + _inward(destination, host):
        return None
    heard = _Heard(
        gateway=destination,
        sent=_packets(destination, traffic, is_sent=True),
        came=_packets(destination, traffic, is_sent=False),
        is_opened=not isinstance(traffic.taken, NotChecked)
        and any(item.source == destination for item in traffic.taken),
    )
    return _unsealed(heard, host, rose) or _refused(heard, host, rose)


def _unsealed(heard: _Heard, host: HostState, rose: Mapping[str, int]) -> Fault | None:
    fallen = {name: rose[name] for name in UNSEALED if name in rose}
    is_alone = len(_outward(heard.gateway, host)) == len(_outward(None, host)) > 0
    if heard.sent or not is_alone or has_association(heard.gateway, host):
        return None
    if sum(fallen.values()) < _LEAST_UNSEALED:
        return None
    name = max(fallen, key=lambda item: fallen[item])
    return Fault(
        claim=one_of(UNSEALED[name].where, Landmark.EDGE, Mechanism.RAVEN_NOT_READY),
        text=f"{fallen[name]} packets for the tunnel to {heard.gateway} were dropped here "
        f"meanwhile ({name}): {UNSEALED[name].words}",
        remedy="see in the log of this node's IKE daemon why it has none with that gateway",
    )


def _refused(heard: _Heard, host: HostState, rose: Mapping[str, int]) -> Fault | None:
    known = REFUSED if heard.is_opened else {**UNOPENED, **REFUSED}
    fallen = {name: rose[name] for name in known if name in rose}
    if heard.came < _LEAST_PACKETS or sum(fallen.values()) < heard.came:
        return None
    name = max(fallen, key=lambda item: fallen[item])
    return Fault(
        claim=_claim(heard.gateway, host, name, known[name].where),
        text=f"{heard.came} packets of ESP came from {heard.gateway} meanwhile, and this host's "
        f"kernel dropped {fallen[name]} packets of IPsec ({name}): {known[name].words}",
        remedy="compare ip xfrm policy and ip -s xfrm state with what the IKE daemon says stands; "
        "delete a policy that it does not know; an old association ends when both daemons are "
        "restarted",
    )


def _claim(gateway: Address, host: HostState, name: str, where: tuple[Place, ...]) -> Claim:
    # Where the kernel has no association with the gateway, its daemon seals in user space: no
    # packet can meet what such a policy of the kernel wants.
    left_over = () if has_association(gateway, host) else _inward(gateway, host)
    if name in REFUSED and left_over:
        return on_this_host(Mechanism.XFRM_BLOCK, _object(left_over[0]))
    if where == (Place.LOCAL,):
        return on_this_host(Mechanism.XFRM_BLOCK, None)
    return one_of(where, Landmark.EDGE, Mechanism.RAVEN_NOT_READY)


def _packets(gateway: Address, traffic: TunnelTraffic, *, is_sent: bool) -> int:
    peers = [peer for peer in traffic.peers if peer.address == gateway]
    streams = [stream for peer in peers for stream in peer.streams]
    return sum(stream.packets for stream in streams if stream.is_sent is is_sent)


def _object(policy: XfrmPolicy) -> XfrmPolicyObject:
    return XfrmPolicyObject(
        direction=policy.direction,
        action=policy.action,
        priority=policy.priority,
        selector=selector_text(policy.selector),
    )


def _outward(gateway: Address | None, host: HostState) -> tuple[XfrmPolicy, ...]:
    """The outgoing policies that lead into a tunnel, to one gateway or to whichever."""
    return tuple(
        policy
        for policy in _policies(host)
        if policy.direction == "out"
        and any(gateway in (None, template.destination) for template in policy.templates)
    )


def _inward(gateway: Address, host: HostState) -> tuple[XfrmPolicy, ...]:
    return tuple(
        policy
        for policy in _policies(host)
        if policy.direction != "out"
        and any(template.source == gateway for template in policy.templates)
    )


def _policies(host: HostState) -> tuple[XfrmPolicy, ...]:
    return () if isinstance(host.xfrm_policies, NotChecked) else host.xfrm_policies
