"""Whole packets into the kernel, at the IP stack or at the link; a refusal is an errno name."""

import errno
import select
import socket
from collections.abc import Callable

from edgediag.errors import CannotRunError
from edgediag.model.flow import Address
from edgediag.net.families import FAMILIES, source_info

# How long a socket's full queue may keep a sender waiting.
_PATIENCE_MS = 20

# Where an Ethernet II frame says what it carries: behind both addresses (IEEE 802.3 §3.2.6).
_ETHERTYPE = slice(12, 14)


class IpStackSender:
    """A raw socket of one IP version.

    Its packets meet policy rules, routes, OUTPUT, POSTROUTING and neighbours.

    Rules that select by protocol or port do not see them as what they are (raw(7)): the route is
    asked for with the source address of the flow, but without its protocol and ports.
    """

    def __init__(self, version: int) -> None:
        family = FAMILIES[version]
        # Of this protocol the header is the sender's in both IP versions (net/ipv6/af_inet6.c,
        # inet6_create).
        self._socket = open_raw(family.address_family, socket.IPPROTO_RAW)
        # Without it what a queueing discipline or a netdev egress hook drops counts as sent; with
        # it the sender is told ENOBUFS.
        self._socket.setsockopt(family.level, family.receive_errors, 1)

    def send(self, octets: bytes, *, source: Address, destination: Address) -> str:
        """Send a packet of the socket's IP version, header included; "" or the refusal's errno."""
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
        """Send an Ethernet frame; "" or the errno name of the refusal."""
        target = (interface, int.from_bytes(octets[_ETHERTYPE], "big"))
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
