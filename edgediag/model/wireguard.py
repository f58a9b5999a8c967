"""Peers of WireGuard devices, by what the kernel tells without a secret."""

from dataclasses import dataclass

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
