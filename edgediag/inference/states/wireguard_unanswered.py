"""A peer of Raven's WireGuard device that does not answer."""

from typing import Final

from edgediag.host.wireguard import RAVEN_DEVICE
from edgediag.inference.claim import ANYWHERE, one_of
from edgediag.inference.fault import Fault
from edgediag.inference.wireguard import LIVES_S, age_s, named, ravens
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.tunnel import PassingKind
from edgediag.model.verdict import Mechanism
from edgediag.model.wireguard import WireguardDevice, WireguardPeer

ID = "wireguard-unanswered"

# Donenfeld, "WireGuard", §5.4.2: a handshake begins with 148 octets; §6.4: again after 5 s. One
# alone may be being answered.
_TWO_INITIATIONS: Final = 2 * 148

_REMEDY: Final = (
    "compare the public keys of both ends (`wg show`) with the Gateway objects, and see at the "
    "gateway whether udp datagrams of 148 octets come in: WireGuard answers no key that it does "
    "not know, and says nothing"
)


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """A peer is asked again and again for a handshake, and none comes to pass.

    Holds because   two initiations or more were sent to a place that is known and not an octet came
                    back since the device was made; or the last handshake is older than a session
                    may live, while the device was sending: by a keepalive of its own, or as two
                    readings show. The path, the gateway and the keys of either end look alike:
                    WireGuard passes over what it cannot verify without a word
    Does not hold   for a peer that never was sent anything, or for which nothing is to be sent now:
                    an idle tunnel has old handshakes; for one without a place, which must come by
                    itself; where the clock was set
    Asks for        the device's peers, read twice; what the tap saw of their handshakes
    source          Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel", §5.1, §6.1, §6.4
    """
    device = ravens(host)
    if device is None:
        return None
    peers = [item for item in device.peers if item.endpoint is not None]
    asked = (item for item in peers if destination in (None, item.endpoint))
    said = ((peer, _silence(device, peer)) for peer in asked)
    peer, text = next((pair for pair in said if pair[1]), (None, ""))
    if peer is None:
        return None
    text = f"{named(peer)} of {RAVEN_DEVICE} {text}{_on_the_wire(peer, host)}"
    claim = one_of(ANYWHERE, None, Mechanism.SILENT_DROP)
    return Fault(claim=claim, text=text, remedy=_REMEDY)


def _on_the_wire(peer: WireguardPeer, host: HostState) -> str:
    """What the tap saw of its handshakes, "" where nobody listened or none passed."""
    if isinstance(host.tunnel_traffic, NotChecked):
        return ""
    counts = [
        count
        for heard in host.tunnel_traffic.peers
        if (heard.address, heard.port) == (peer.endpoint, peer.port)
        for count in heard.counts
        if count.kind is PassingKind.WIREGUARD_HANDSHAKE
    ]
    sent, came = (
        sum(item.packets for item in counts if item.is_sent is is_sent) for is_sent in (True, False)
    )
    return f"; on the wire {sent} handshakes left for it and {came} came from it" if counts else ""


def _silence(device: WireguardDevice, peer: WireguardPeer) -> str:
    """How a peer is silent though it is asked, "" where it is not."""
    if peer.handshake_s is None:
        is_asked = peer.sent_octets >= _TWO_INITIATIONS and not peer.received_octets
        sent = f"was sent {peer.sent_octets} octets and sent none back"
        return f"{sent}: no handshake ever came to pass" if is_asked else ""
    age = age_s(device, peer)
    if age is None or age <= LIVES_S or not _is_sending(peer):
        return ""
    mapping = "" if peer.keepalive_s else "; no keepalive is set that would hold a NAT's mapping"
    return (
        f"had its last handshake {age:.0f} s ago and is sent to all the same: a session lives "
        f"{LIVES_S:.0f} s, and no new one comes to pass{mapping}"
    )


def _is_sending(peer: WireguardPeer) -> bool:
    if isinstance(peer.sent_meanwhile, NotChecked):
        return bool(peer.keepalive_s)
    return bool(peer.keepalive_s) or peer.sent_meanwhile >= _TWO_INITIATIONS
