"""A second tap, on the tunnel's port alone: what this node's own daemon sends and is sent.

It only listens. ESP may be many packets, so frames are cut off, read in small batches between the
run's own work, and after a bound the tap is muted.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from edgediag.model.flow import Flow
from edgediag.model.packet import Sighting
from edgediag.model.tunnel import EspPacket, IkeMessage, Passing, TunnelDatagram, TunnelTraffic
from edgediag.net.capture import SightedFrame
from edgediag.net.clock import Clock
from edgediag.net.closing import Closing
from edgediag.net.degraded import degraded
from edgediag.net.polling import is_readable
from edgediag.net.tap import Tap
from edgediag.net.xfrm import read_states
from edgediag.tunnel.traffic import Traffic, taken
from edgediag.wire.bpf import listening_filter
from edgediag.wire.overheard import Overheard, overhear
from edgediag.wire.passing import read_passing

# Between two of its own deeds a run waits for no more than this many frames to be read.
_BATCH: Final = 32

MAX_FRAMES: Final = 20_000

# What is read at the end, when nothing else is to be done: some 20 ms.
_LAST_FRAMES: Final = 1000

# A signal is noticed within this time.
_MAX_WAIT_S: Final = 0.1

# RFC 3948 §2: the port on which IKE has a marker before it.
_TUNNEL_PORT: Final = 4500


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to listen at least, and who may end it."""

    listen_s: float
    is_stopped: Callable[[], bool]


class Listening(Closing):
    """The tunnel's port from now on, in the network namespace of the caller.

    ports   the run's own source ports, whose flows are left out
    raises  CannotRunError without CAP_NET_RAW
    """

    def __init__(self, ports: Collection[int], clock: Clock, patience: Patience) -> None:
        self._ports = ports
        self._clock = clock
        self._patience = patience
        self._tap = Tap(listening_filter(), clock=clock)
        self._start_s = clock.now_s()
        self._traffic = Traffic(start_s=self._start_s)
        self._room = MAX_FRAMES
        self._muted_s: float | None = None
        self._left_out: set[str] = set()
        self._states = degraded("xfrm states", read_states)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._tap.fileno()

    def leave_out(self, flow: Flow, payload: bytes) -> None:
        """Note a datagram of the run's own: some are sent from the port of the tunnel itself."""
        ports = (flow.source_port, flow.destination_port)
        spi = _spi(read_passing(payload, len(payload), is_marked=_TUNNEL_PORT in ports))
        if spi:
            self._left_out.add(spi)

    def read(self) -> tuple[()]:
        """Take in some of what waits; no event comes of it."""
        for frame in self._tap.read(_BATCH):
            if self._room <= 0:
                continue
            self._room -= 1
            self._take_in(frame)
            if self._room == 0:
                self._tap.mute()
                self._muted_s = frame.seen_s
        return ()

    def conclude(self) -> TunnelTraffic:
        """What passed, once it was listened long enough, enough passed or somebody ended it."""
        end_s = self._start_s + self._patience.listen_s
        while self._muted_s is None and not self._patience.is_stopped():
            left_s = end_s - self._clock.now_s()
            if left_s <= 0:
                break
            if is_readable(self._tap.fileno(), min(_MAX_WAIT_S, left_s)):
                self.read()
        now_s = self._clock.now_s()
        self._drain()
        listened_s = (self._muted_s or now_s) - self._start_s
        return TunnelTraffic(
            listened_s=listened_s,
            lost=self._tap.dropped(),
            peers=self._traffic.peers(),
            taken=taken(self._states, degraded("xfrm states", read_states)),
        )

    def close(self) -> None:
        """Give the tap back."""
        self._tap.close()

    def _drain(self) -> None:
        """Read what waits, not for long: where there is more, the listening ended at the last."""
        self._tap.mute()
        self._room = min(self._room, _LAST_FRAMES)
        while self._room > 0 and is_readable(self._tap.fileno(), 0.0):
            self.read()

    def _take_in(self, frame: SightedFrame) -> None:
        heard = overhear(frame.octets, frame.link_type)
        if heard is None:
            return
        is_marked = _TUNNEL_PORT in (heard.source_port, heard.destination_port)
        datagram = read_passing(heard.payload, heard.octets, is_marked=is_marked)
        passing = _passing(frame, heard, datagram)
        # The peer's port says nothing: a NAT before it may give it one of the run's own numbers.
        if passing.own_port not in self._ports and _spi(datagram) not in self._left_out:
            self._traffic.tell(passing)


def _spi(datagram: TunnelDatagram) -> str:
    match datagram:
        case IkeMessage(initiator_spi=spi) | EspPacket(spi=spi):
            return spi
        case _:
            return ""


def _passing(frame: SightedFrame, heard: Overheard, datagram: TunnelDatagram) -> Passing:
    is_sent = frame.sighting is Sighting.TAP_OUT
    return Passing(
        seen_s=frame.seen_s,
        is_sent=is_sent,
        interface=frame.interface,
        peer=heard.destination if is_sent else heard.source,
        peer_port=heard.destination_port if is_sent else heard.source_port,
        own_port=heard.source_port if is_sent else heard.destination_port,
        is_fragment=heard.is_fragment,
        datagram=datagram,
    )
