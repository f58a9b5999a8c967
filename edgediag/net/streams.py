"""The kernel's own TCP connections of a run, from connect() to close."""

import contextlib
import errno
import selectors
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from edgediag.model.exchange import Event, OpenStream, Refused, StreamOpened, StreamReceived
from edgediag.net.clock import Clock
from edgediag.net.closing import reset_on_close
from edgediag.net.ports import PortBlock
from edgediag.net.senders import errno_name

MAX_STREAM_OCTETS = 64 * 1024

_READ_OCTETS = 16 * 1024

# The kernel counts in whole seconds.
_KEEP_ALIVE_S = 1


@dataclass(slots=True, kw_only=True)
class _Stream:
    probe: int
    socket: socket.socket
    unsent: bytes
    is_open: bool = False
    is_over: bool = False
    received: int = 0


class Streams:
    """The connections under way, one for each probe at a time.

    The sockets stay bound to every address, so that the kernel chooses the source address as it
    would for an application.

    selector  is told what to wait for; its data is a function that returns the events
    """

    def __init__(
        self, ports: PortBlock, clock: Clock, selector: selectors.BaseSelector
    ) -> None:
        self._ports = ports
        self._clock = clock
        self._selector = selector
        self._streams: dict[int, _Stream] = {}

    def open(self, action: OpenStream) -> tuple[Event, ...]:
        """Begin to connect; an earlier stream of the same probe is closed."""
        self.close(action.probe)
        flow = action.flow
        try:
            connecting = self._ports.tcp(flow.source_port, flow.destination.version)
            if action.segment_octets is not None:
                # Before connect(): it goes out with the SYN (tcp(7), TCP_MAXSEG).
                size = action.segment_octets
                connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, size)
            _keep_alive(connecting)
            error = connecting.connect_ex((str(flow.destination), flow.destination_port))
        except OSError as exc:
            return (self._refused(action.probe, errno_name(exc), is_immediate=True),)
        if error not in (0, errno.EINPROGRESS):
            name = errno.errorcode.get(error, f"errno {error}")
            return (self._refused(action.probe, name, is_immediate=True),)
        stream = _Stream(probe=action.probe, socket=connecting, unsent=action.payload)
        self._streams[action.probe] = stream
        self._watch(stream, selectors.EVENT_WRITE)
        return ()

    def close(self, probe: int) -> None:
        """End a probe's stream, whatever its state; nothing where it has none."""
        stream = self._streams.pop(probe, None)
        if stream is None:
            return
        self._watch(stream, 0)
        reset_on_close(stream.socket)
        stream.socket.close()

    def close_all(self) -> None:
        """End every stream."""
        for probe in tuple(self._streams):
            self.close(probe)

    def _advance(self, stream: _Stream) -> tuple[Event, ...]:
        """All that can be done for a stream without waiting."""
        events: list[Event] = []
        try:
            # Before anything asks for the socket's error: what came before a reset can be read
            # until then.
            octets = _receive(stream.socket)
            if octets is None and not stream.is_open:
                _check_connected(stream.socket)
            events += [*self._opening(stream), *self._received(stream, octets)]
            _flush(stream)
            self._watch(stream, _interest(stream))
        except OSError as exc:
            self.close(stream.probe)
            if exc.errno == errno.ECONNRESET:
                # A connection that never stood is refused, not reset (RFC 9293 §3.10.7.3).
                events += self._opening(stream)
            events.append(self._refused(stream.probe, errno_name(exc), is_immediate=False))
        return tuple(events)

    def _opening(self, stream: _Stream) -> Iterator[StreamOpened]:
        if not stream.is_open:
            stream.is_open = True
            yield StreamOpened(probe=stream.probe, at_s=self._clock.now_s())

    def _received(self, stream: _Stream, octets: bytes | None) -> Iterator[StreamReceived]:
        if octets is not None:
            stream.received += len(octets)
            stream.is_over = not octets or stream.received >= MAX_STREAM_OCTETS
            yield StreamReceived(probe=stream.probe, payload=octets, at_s=self._clock.now_s())

    def _refused(self, probe: int, name: str, *, is_immediate: bool) -> Refused:
        at_s = self._clock.now_s()
        return Refused(probe=probe, errno_name=name, is_immediate=is_immediate, at_s=at_s)

    def _watch(self, stream: _Stream, interest: int) -> None:
        """Wait for these events on a stream from now on; 0 for none."""
        if stream.socket in self._selector.get_map():
            self._selector.unregister(stream.socket)
        if interest:
            self._selector.register(stream.socket, interest, lambda: self._advance(stream))


def _keep_alive(connection: socket.socket) -> None:
    """Let the kernel ask once a second, while nothing passes, what the far end will send next.

    The answer bears that number, so that octets show which were sent and never came.

    source  RFC 9293 §3.8.4; tcp(7), TCP_KEEPIDLE
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEP_ALIVE_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEP_ALIVE_S)


def _interest(stream: _Stream) -> int:
    if stream.is_over:
        return 0
    return selectors.EVENT_READ | (selectors.EVENT_WRITE if stream.unsent else 0)


def _receive(connection: socket.socket) -> bytes | None:
    """What waits to be read, b"" at the end, None where nothing waits."""
    try:
        return connection.recv(_READ_OCTETS)
    except BlockingIOError:
        return None


def _check_connected(connection: socket.socket) -> None:
    """The connection stands; a socket that woke up for less may have been told an error.

    An ICMP error that comes back while connect() itself still holds the socket, as from a rule of
    this host, is kept as a soft error: reading does not show it, and nothing waits for it
    (measured on 6.18; net/ipv4/tcp_ipv4.c, tcp_v4_err).
    """
    try:
        connection.getpeername()
    except OSError as exc:
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        raise OSError(told or exc.errno, "not connected") from exc


def _flush(stream: _Stream) -> None:
    if stream.unsent:
        with contextlib.suppress(BlockingIOError):
            stream.unsent = stream.unsent[stream.socket.send(stream.unsent) :]
