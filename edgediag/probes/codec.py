"""What one probe kind is made of; the registry in `edgediag.probes` lists them all."""

from collections.abc import Callable
from dataclasses import dataclass

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, Payload
from edgediag.model.probe import Probe
from edgediag.model.reply import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a try left and when an answer came, seconds since the epoch."""

    sent_s: float
    received_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketCodec:
    """A kind that is one packet out and one packet in.

    build  the transport payload of the probe
    match  what a packet on the reversed flow says to it, None for a stranger's; never raises.
           ICMP errors do not come here: the session matches their quotes for all kinds.
    """

    kind: ProbeKind
    build: Callable[[Probe], Payload]
    match: Callable[[Probe, Packet, Timing], Reply | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCodec:
    """A kind that speaks over a connected stream.

    build  the octets to send once connected, b"" for none
    match  what the octets received so far mean, None for "wait for more"; never raises
    """

    kind: ProbeKind
    build: Callable[[Probe], bytes]
    match: Callable[[Probe, bytes], Reply | None]
