"""The peers of Raven's WireGuard device beside what Gateway objects say of the other ends."""

from collections.abc import Iterator
from typing import Final

from edgediag.host.wireguard import RAVEN_DEVICE
from edgediag.inference.fault import Fault
from edgediag.inference.networks import lacking
from edgediag.inference.wireguard import is_live, named, place_of, ravens, shortened, unready
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.gateway import Network
from edgediag.model.host import HostState
from edgediag.model.wireguard import GatewayEnd, WireguardDevice, WireguardPeer

ID = "wireguard-differs"

_REMEDY: Final = (
    "see in the log of this node's raven-agent why it did not take over the object; a restart "
    "makes device and peers anew"
)


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """Raven's device has another peer for a Gateway than its object wants, or none.

    Holds because   Raven makes one peer for each gateway that its objects list, with the public
                    key, the address and the port of its endpoint, and what is not among a peer's
                    networks is neither sent to it nor believed of it
    Does not hold   of key and place for a peer with a handshake of the last three minutes: who
                    answers is the gateway, whatever an older object says, and WireGuard follows one
                    that roams; for an object without a public key, for which Raven makes no peer;
                    where networks are another peer's, as a relay's are; without the device
    Asks for        the device's peers, the Gateway objects
    source          openyurtio/raven pkg/networkengine/vpndriver/wireguard/wireguard.go (Apply);
                    Donenfeld, "WireGuard", §2.1, §6.1
    """
    device = ravens(host)
    if device is None or isinstance(host.gateway_ends, NotChecked):
        return None
    ends = [item for item in host.gateway_ends if destination in (None, item.address)]
    return next((fault for end in ends for fault in _faults(device, end)), None)


def _faults(device: WireguardDevice, end: GatewayEnd) -> Iterator[Fault]:
    missing = _lacking(device, end)
    peer = _peer_of(device, end)
    if peer is None:
        if end.public_key and (missing or not end.networks):
            where = place_of(end.address, end.port)
            text = f"{RAVEN_DEVICE} has no peer for Gateway {end.gateway} at {where}"
            yield unready(f"{text} ({end.source})", ("peer", "missing"), _REMEDY)
        return
    state = "" if is_live(device, peer) else _difference(peer, end)
    if state:
        text = f"{RAVEN_DEVICE} has {named(peer)}, and Gateway {end.gateway} has {state}"
        yield unready(f"{text} ({end.source})", ("peer", f"not {state}"), _REMEDY)
    if missing:
        text = f"no peer of {RAVEN_DEVICE} has {missing[0]}, which is behind Gateway {end.gateway}"
        yield unready(f"{text} ({end.source})", ("peer", f"without {missing[0]}"), _REMEDY)


def _peer_of(device: WireguardDevice, end: GatewayEnd) -> WireguardPeer | None:
    by_key = (item for item in device.peers if item.public_key == end.public_key)
    at_end = (item for item in device.peers if _is_at(item, end))
    return next(by_key, None) or next(at_end, None)


def _is_at(peer: WireguardPeer, end: GatewayEnd) -> bool:
    return (peer.endpoint, peer.port) == (end.address, end.port)


def _difference(peer: WireguardPeer, end: GatewayEnd) -> str:
    if end.public_key and peer.public_key != end.public_key:
        return f"public key {shortened(end.public_key)}"
    return "" if _is_at(peer, end) else place_of(end.address, end.port)


def _lacking(device: WireguardDevice, end: GatewayEnd) -> tuple[Network, ...]:
    return lacking(end.networks, (text for peer in device.peers for text in peer.networks))
