"""WireGuard devices and their peers, by what is told of them without a secret."""

from dataclasses import dataclass

from edgediag.model.answer import READ_ONCE, NotChecked
from edgediag.model.flow import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class WireguardPeer:
    """One peer; private and preshared keys are stepped over.

    public_key     in base64, as wg(8) writes it
    endpoint       where it was last heard from, or was said to be; None where nobody knows
    port           of the endpoint, 0 for none
    handshake_s    when the last handshake ended, in seconds since the epoch; None for none yet
    keepalive_s    0 where the device sends none by itself
    networks       what is sent to it and believed of it, as ADDRESS/LENGTH
    sent_meanwhile  octets that were sent between two readings
    """

    interface: str
    public_key: str
    endpoint: Address | None
    port: int
    handshake_s: float | None
    received_octets: int
    sent_octets: int
    keepalive_s: int
    networks: tuple[str, ...]
    sent_meanwhile: int | NotChecked = READ_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class WireguardDevice:
    """One device.

    listen_port       which it sends from and is sent to, 0 for none
    is_in_user_space  it is a tun device, and its daemon was asked
    read_s            when this was read, in seconds since the epoch
    """

    interface: str
    listen_port: int
    is_in_user_space: bool
    read_s: float
    peers: tuple[WireguardPeer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayEnd:
    """Where a Gateway object says that the tunnel to it ends.

    public_key  of WireGuard, in base64; "" where the object has none
    networks    the pods' behind it, and of its nodes what it lists
    source      the file or the address that the object is from
    """

    gateway: str
    address: Address
    port: int
    public_key: str
    networks: tuple[str, ...]
    source: str


NO_GATEWAYS = NotChecked(reason="no Gateway object was looked at")
