"""Whole packets into the kernel, at the IP stack or at the link; a refusal is an errno name."""

import errno
import select
import socket
import struct
from collections.abc import Callable

from edgediag.errors import CannotRunError
from edgediag.model.flow import Address
from edgediag.net.ports import IP_PKTINFO, IP_RECVERR

# How long a socket's full queue may keep a sender waiting.
_PATIENCE_MS = 20

_ETH_P_IP = 0x0800
"""linux/if_ether.h."""


class IpStackSender:
    """A raw IP socket: its packets meet policy rules, routes, OUTPUT, POSTROUTING and neighbours.

    Rules that select by protocol or port do not see them as what they are (raw(7)): the route is
    asked for with the source address of the flow, but without its protocol and ports.
    """

    def __init__(self) -> None:
        self._socket = open_raw(socket.AF_INET, socket.IPPROTO_RAW)
        # Without it what a queueing discipline or a netdev egress hook drops counts as sent; with
        # it the sender is told ENOBUFS.
        self._socket.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)

    def send(self, octets: bytes, *, source: Address, destination: Address) -> str:
        """Send an IPv4 packet, header included; "" or the errno name of the refusal."""
        ancillary = [source_info(source)]
        target = (str(destination), 0)
        return attempt(self._socket, lambda: self._socket.sendmsg([octets], ancillary, 0, target))

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


class LinkSender:
    """A packet socket: its frames meet the netdev egress hook, tc and the device, nothing before.

    It belongs to no protocol, so that it receives nothing.
    """

    def __init__(self) -> None:
        self._socket = open_raw(socket.AF_PACKET, 0)

    def send(self, octets: bytes, *, interface: str) -> str:
        """Send an Ethernet frame that holds IPv4; "" or the errno name of the refusal."""
        target = (interface, _ETH_P_IP)
        return attempt(self._socket, lambda: self._socket.sendto(octets, target))

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


def open_raw(family: socket.AddressFamily, protocol: int) -> socket.socket:
    """A raw socket that never blocks.

    raises  CannotRunError, as without CAP_NET_RAW
    """
    try:
        opened = socket.socket(family, socket.SOCK_RAW, protocol)
    except OSError as exc:
        raise CannotRunError(
            f"cannot open a raw socket ({family.name}): {errno_name(exc)}; run as root or grant "
            "CAP_NET_RAW"
        ) from exc
    opened.setblocking(False)
    return opened


def source_info(source: Address) -> tuple[int, int, bytes]:
    """The control message that sends from `source` (struct in_pktinfo, ip(7)).

    Without it Linux asks for the route of an unconnected socket with no source address, and
    policy rules "from …" do not match (measured on 6.18).
    """
    return socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=i4s4x", 0, source.packed)


def attempt(sender: socket.socket, send: Callable[[], int]) -> str:
    """Send, if need be after a short wait for room; "" or the errno name of the refusal."""
    for patience_ms in (_PATIENCE_MS, 0):
        try:
            send()
            return ""
        except BlockingIOError:
            room = select.poll()
            room.register(sender, select.POLLOUT)
            room.poll(patience_ms)
        except OSError as error:
            return errno_name(error)
    return "EAGAIN"


def errno_name(error: OSError) -> str:
    """The error's symbol, such as "EPERM"."""
    return errno.errorcode.get(error.errno or 0, f"errno {error.errno}")
