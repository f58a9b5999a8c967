"""The verdict on a tunnel that nobody could ask, because WireGuard answers no stranger."""

from collections.abc import Iterator
from dataclasses import replace

from edgediag.endpoints import raven_gateway
from edgediag.inference.combine import combine
from edgediag.inference.states import find_faults
from edgediag.inference.unjudged import status_of
from edgediag.inference.wireguard import LIVES_S, age_s, named, ravens
from edgediag.model.endpoint import Omitted
from edgediag.model.host import HostState
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Status, Strength
from edgediag.model.wireguard import WireguardDevice


def judge_wireguard(report: CheckReport, omitted: Omitted, host: HostState) -> CheckReport:
    """The report on a row that was not asked, of a tunnel by what Raven's device says.

    Holds because   a handshake of the last three minutes was answered by who has the gateway's key:
                    port, path and daemon are good both ways
    Does not hold   where one peer is not known to have had one: an idle tunnel has none
    Asks for        Raven's device and its peers
    """
    device = ravens(host)
    if omitted.endpoint != raven_gateway.TUNNEL.id or device is None:
        return report
    findings = find_faults(omitted, None, host, Strength.PROVES)
    verdict = combine(omitted.purpose, findings)
    if verdict is not None:
        status = status_of(verdict, is_served=False)
        return replace(report, status=status, verdict=verdict, findings=findings)
    said = tuple(_live(device))
    if not said or len(said) < len(device.peers):
        return report
    note = f"WireGuard's last handshake with {', '.join(said)}"
    return replace(report, status=Status.OK, note=note)


def _live(device: WireguardDevice) -> Iterator[str]:
    for peer in device.peers:
        age = age_s(device, peer)
        if age is not None and age <= LIVES_S:
            yield f"{named(peer)}: {age:.0f} s ago"
