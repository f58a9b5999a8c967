"""What the rules read of Raven's WireGuard device and its peers."""

from typing import Final

from edgediag.host.wireguard import RAVEN_DEVICE
from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import RavenStateObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism
from edgediag.model.wireguard import WireguardDevice, WireguardPeer

# Donenfeld, "WireGuard", §6.1: Reject-After-Time. A session that is used is made anew after 120 s.
LIVES_S: Final = 180.0

_SHOWN_DIGITS: Final = 8


def ravens(host: HostState) -> WireguardDevice | None:
    """Raven's device, None where there is none or where it could not be read."""
    devices = () if isinstance(host.wireguard, NotChecked) else host.wireguard
    return next((item for item in devices if item.interface == RAVEN_DEVICE), None)


def age_s(device: WireguardDevice, peer: WireguardPeer) -> float | None:
    """How old a peer's last handshake was, None for none, and where the clock was set since."""
    if peer.handshake_s is None or peer.handshake_s > device.read_s:
        return None
    return device.read_s - peer.handshake_s


def is_live(device: WireguardDevice, peer: WireguardPeer) -> bool:
    """True while what a peer sends can still be believed: its gateway answered a moment ago."""
    age = age_s(device, peer)
    return age is not None and age <= LIVES_S


def named(peer: WireguardPeer) -> str:
    """A peer as people tell them apart."""
    return f"peer {shortened(peer.public_key)} at {place_of(peer.endpoint, peer.port)}"


def shortened(key: str) -> str:
    """The first digits of a public key."""
    return f"{key[:_SHOWN_DIGITS]}..."


def place_of(address: Address | None, port: int) -> str:
    """An end of a tunnel in words."""
    return "no address" if address is None else f"{address} port {port}"


def unready(text: str, state: tuple[str, str], remedy: str) -> Fault:
    """Raven's own state on this node is at fault; `state` is the part of it and what it is."""
    culprit = RavenStateObject(part=f"wireguard-{state[0]}", state=state[1])
    claim = on_this_host(Mechanism.RAVEN_NOT_READY, culprit)
    return Fault(claim=claim, text=text, remedy=remedy)
