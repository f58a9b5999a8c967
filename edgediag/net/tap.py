"""The tap: every packet of the run's flows that an interface sends or receives, time-stamped."""

import array
import contextlib
import socket
import struct
import time
from collections.abc import Collection, Iterable

from edgediag.model.packet import Sighting
from edgediag.net.capture import SightedFrame
from edgediag.net.clock import Clock
from edgediag.net.senders import open_raw
from edgediag.wire.bpf import Instruction
from edgediag.wire.link_type import LinkType

# struct sock_filter (linux/filter.h).
_INSTRUCTION = struct.Struct("=HBBI")

# BPF_RET | BPF_K with 0 octets to keep (linux/bpf_common.h).
_DROP_ALL = (Instruction(code=0x06, jt=0, jf=0, k=0),)

# asm-generic/socket.h, linux/if_packet.h, linux/if_ether.h; Python names none of them everywhere.
_SO_ATTACH_FILTER = 26
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_SOL_PACKET = 263
_PACKET_STATISTICS = 6
_ETH_P_ALL = 0x0003

# Small packets are charged about 1 KiB each, so this holds a burst of 30,000.
_BUFFER_OCTETS = 32 * 1024 * 1024

# A GRO packet is as long as an IP packet may be, and has its Ethernet header and one VLAN tag.
_FRAME_OCTETS = 65535 + 18

# Of sll_pkttype (packet(7)); what is meant for another host or looped back is not ours.
_SIGHTINGS = {
    socket.PACKET_HOST: Sighting.TAP_IN,
    socket.PACKET_BROADCAST: Sighting.TAP_IN,
    socket.PACKET_MULTICAST: Sighting.TAP_IN,
    socket.PACKET_OUTGOING: Sighting.TAP_OUT,
}

# linux/if_arp.h. A device that makes no header of its own shows its packets from the IP header on.
_LINK_TYPES = {
    1: LinkType.ETHERNET,  # ARPHRD_ETHER
    772: LinkType.ETHERNET,  # ARPHRD_LOOPBACK
    512: LinkType.RAW,  # ARPHRD_PPP
    768: LinkType.RAW,  # ARPHRD_TUNNEL
    776: LinkType.RAW,  # ARPHRD_SIT
    65534: LinkType.RAW,  # ARPHRD_NONE: tun, WireGuard
}


class Tap:
    """A packet socket on all interfaces.

    On a loopback device each packet shows twice, once leaving and once arriving. What is sent with
    PACKET_QDISC_BYPASS does not show leaving.

    The kernel stamps frames only while somebody asks for it, and a worker of its own switches that
    on. A frame that passes before it did carries the time at which it is read.

    instructions  the filter; what it rejects costs nothing here
    interfaces    whose frames are kept; () for all
    raises        CannotRunError, as without CAP_NET_RAW
    """

    def __init__(
        self,
        instructions: Iterable[Instruction],
        *,
        clock: Clock,
        interfaces: Collection[str] = (),
    ) -> None:
        self._clock = clock
        self._interfaces = interfaces
        self._dropped = 0
        self._socket = open_raw(socket.AF_PACKET, socket.htons(_ETH_P_ALL))
        # Frames pass from socket() on. Only after a filter that rejects all of them is an empty
        # queue known to stay empty.
        _attach(self._socket, _DROP_ALL)
        _drain(self._socket)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        _enlarge(self._socket)
        _attach(self._socket, instructions)
        _losses(self._socket)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def read(self, limit: int) -> tuple[SightedFrame, ...]:
        """At most `limit` of the frames that wait, oldest first; never blocks."""
        frames: list[SightedFrame] = []
        for _ in range(limit):
            try:
                octets, ancillary, _, address = self._socket.recvmsg(_FRAME_OCTETS, 64)
            except OSError:
                break
            frame = self._frame(octets, self._clock.from_wall(_wall_s(ancillary)), address)
            if frame is not None:
                frames.append(frame)
        return tuple(frames)

    def dropped(self) -> int:
        """How many frames that the filter let through were lost since the tap was opened."""
        self._dropped += _losses(self._socket)
        return self._dropped

    def mute(self) -> None:
        """Let nothing more through; what waits already can still be read."""
        _attach(self._socket, _DROP_ALL)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def _frame(
        self, octets: bytes, seen_s: float, address: tuple[str, int, int, int]
    ) -> SightedFrame | None:
        interface, _, packet_type, hardware_type = address[:4]
        sighting = _SIGHTINGS.get(packet_type)
        link_type = _LINK_TYPES.get(hardware_type)
        if sighting is None or link_type is None:
            return None
        if self._interfaces and interface not in self._interfaces:
            return None
        return SightedFrame(
            octets=octets,
            seen_s=seen_s,
            sighting=sighting,
            interface=interface,
            link_type=link_type,
        )


def _wall_s(ancillary: Iterable[tuple[int, int, bytes]]) -> float:
    for level, type_, value in ancillary:
        if (level, type_) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("@ll", value)
            return float(seconds + nanoseconds / 1e9)
    return time.time()


def _attach(packet_socket: socket.socket, instructions: Iterable[Instruction]) -> None:
    """Put a filter in place of the one before, at once for every frame to come."""
    program = b"".join(
        _INSTRUCTION.pack(line.code, line.jt, line.jf, line.k) for line in instructions
    )
    # struct sock_fprog points at the program; the array keeps it in one place for the call.
    held = array.array("B", program)
    address, octets = held.buffer_info()
    fprog = struct.pack("@HP", octets // _INSTRUCTION.size, address)
    packet_socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog)


def _drain(packet_socket: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while True:
            packet_socket.recv(1)


def _losses(packet_socket: socket.socket) -> int:
    """How many frames were lost since this was asked last (struct tpacket_stats, packet(7))."""
    octets = packet_socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
    _, lost = struct.unpack("=II", octets)
    return int(lost)


def _enlarge(packet_socket: socket.socket) -> None:
    try:
        packet_socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_OCTETS)
    except PermissionError:
        # Without CAP_NET_ADMIN the node's net.core.rmem_max is the most.
        packet_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_OCTETS)
