"""The MTU of an overlay, held against that of the devices that carry it; nothing is sent."""

from dataclasses import replace

from edgediag.inference.claim import on_this_host
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import MtuObject
from edgediag.model.host import HostState, Link
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Finding, Mechanism, Status, Strength, Verdict

RULE = "overlay-mtu"

_OVERLAY = "vxlan"
_NO_UNDERLAY = (_OVERLAY, "bridge")

# What VXLAN adds over IPv4 (RFC 7348 §5): outer IP 20, UDP 8, VXLAN 8, inner Ethernet 14.
_ADDED_OCTETS = 50


def judge_overlay_mtu(check: CheckReport, host: HostState) -> CheckReport:
    """The check, degraded where the overlay believes in longer packets than this host can carry.

    Holds because   every device of this host that has an address of its own, and is neither overlay
                    nor bridge, has an MTU below that of a VXLAN device with what VXLAN adds: by
                    whichever of them it leaves, a packet of full size does not fit
    Does not hold   as soon as one device could carry it; for another kind of check, or one that
                    fails already
    Asks for        devices and addresses
    """
    if check.endpoint != "flannel-vxlan" or check.status is not Status.NOT_CHECKED:
        return check
    widest = max(_underlays(host), key=lambda link: link.mtu, default=None)
    too_wide = [
        link
        for link in _links(host)
        if link.kind == _OVERLAY and widest and link.mtu + _ADDED_OCTETS > widest.mtu
    ]
    return check if widest is None or not too_wide else _degraded(check, too_wide[0], widest)


def _links(host: HostState) -> tuple[Link, ...]:
    return () if isinstance(host.links, NotChecked) else host.links


def _underlays(host: HostState) -> list[Link]:
    addresses = () if isinstance(host.addresses, NotChecked) else host.addresses
    addressed = {item.interface for item in addresses if not item.address.is_loopback}
    return [
        link
        for link in _links(host)
        if link.name in addressed and link.is_up and link.kind not in _NO_UNDERLAY
    ]


def _degraded(check: CheckReport, overlay: Link, underlay: Link) -> CheckReport:
    culprit = MtuObject(interface=underlay.name, octets=underlay.mtu)
    text = (
        f"{overlay.name} takes packets of {overlay.mtu} octets, which need "
        f"{overlay.mtu + _ADDED_OCTETS} on the way, and {underlay.name}, the widest device of this "
        f"host, carries {underlay.mtu}"
    )
    remedy = (
        f"set the MTU of {underlay.name} to what its network carries, or that of {overlay.name} to "
        f"{underlay.mtu - _ADDED_OCTETS}"
    )
    claim = on_this_host(Mechanism.MTU, culprit)
    finding = Finding(
        id=f"{check.id}/{RULE}",
        rule=RULE,
        strength=Strength.PROVES,
        claim=claim,
        text=text,
        remedy=remedy,
        packets=(),
    )
    verdict = Verdict(
        where=claim.where,
        certainty=claim.certainty,
        after=claim.after,
        upto=claim.upto,
        mechanism=claim.mechanism,
        culprit=culprit,
        summary=f"{check.purpose}: {text}",
        remedy=remedy,
        because=(finding.id,),
    )
    return replace(check, status=Status.DEGRADED, note="", verdict=verdict, findings=(finding,))
