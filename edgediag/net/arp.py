"""Asks by hand who has an address on a link, and hears all who say that they do."""

import os
import socket
import struct
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.wire.arp import ETHERTYPE_ARP, decode_reply, encode_request

# What is read of one device at most: a link full of ARP must not keep the run.
_MAX_FRAMES: Final = 256
_FRAME_OCTETS: Final = 64
_MAC_OCTETS: Final = 6

# linux/if_arp.h: a device with another kind of address has no such question.
_ARPHRD_ETHER: Final = 1

# linux/if_packet.h: struct packet_mreq.
_SOL_PACKET: Final = 263
_PACKET_ADD_MEMBERSHIP: Final = 1
_PACKET_MR_UNICAST: Final = 3
_MREQ: Final = struct.Struct("=iHH8s")

# IEEE 802c: no vendor gives such addresses out.
_LOCALLY_ADMINISTERED: Final = b"\x02"

_NO_ARP: Final = NotChecked(
    reason="neighbours of IPv6 are not asked for by hand: all nodes would learn from the answer"
)
_NO_ETHERNET: Final = NotChecked(reason="its device knows no ARP")


class ArpSolicitation:
    """One request for each address, sent as it is made; the answers wait in the sockets."""

    def __init__(self, asked: Iterable[tuple[str, Address]]) -> None:
        self._sockets: dict[tuple[str, Address], socket.socket] = {}
        self._failed: dict[tuple[str, Address], NotChecked] = {}
        for interface, address in asked:
            self._ask(interface, address)

    def answers(self) -> Mapping[tuple[str, Address], tuple[str, ...] | NotChecked]:
        """The MACs that answered so far, ascending, by device and address."""
        heard = {key: _heard(opened, key[1]) for key, opened in self._sockets.items()}
        return {**self._failed, **heard}

    def close(self) -> None:
        """Close all sockets."""
        for opened in self._sockets.values():
            opened.close()

    def _ask(self, interface: str, address: Address) -> None:
        key = (interface, address)
        if not isinstance(address, IPv4Address):
            self._failed[key] = _NO_ARP
            return
        try:
            self._sockets[key] = opened = _opened(interface)
            answer_mac = _join(opened, interface)
            _, _, _, kind, mac = opened.getsockname()
            if kind != _ARPHRD_ETHER or len(mac) != _MAC_OCTETS:
                self._failed[key] = _NO_ETHERNET
                self._sockets.pop(key).close()
                return
            opened.send(encode_request(mac, answer_mac, address))
        except OSError as error:
            reason = f"cannot ask for {address} on {interface}: {error.strerror}"
            self._failed[key] = NotChecked(reason=reason)
            if key in self._sockets:
                self._sockets.pop(key).close()


def _opened(interface: str) -> socket.socket:
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
    # Bound to no protocol at first, so that nothing of another device comes in between.
    opened = socket.socket(socket.AF_PACKET, kind, 0)
    try:
        opened.bind((interface, ETHERTYPE_ARP))
    except OSError:
        opened.close()
        raise
    return opened


def _join(opened: socket.socket, interface: str) -> bytes:
    """A MAC of the socket's own; frames to it arrive until the socket is closed.

    The kernel learns from every answer to its own MAC, and so a stale entry that is to be looked
    at would be mended; frames to another one it leaves alone (net/ipv4/arp.c, arp_rcv).
    """
    mac = _LOCALLY_ADMINISTERED + os.urandom(_MAC_OCTETS - 1)
    index = socket.if_nametoindex(interface)
    request = _MREQ.pack(index, _PACKET_MR_UNICAST, _MAC_OCTETS, mac)
    opened.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, request)
    return mac


def _heard(opened: socket.socket, address: Address) -> tuple[str, ...]:
    macs: set[str] = set()
    for _ in range(_MAX_FRAMES):
        try:
            frame = opened.recv(_FRAME_OCTETS)
        except OSError:
            break
        answer = decode_reply(frame)
        if answer is not None and answer[0] == address:
            macs.add(answer[1])
    return tuple(sorted(macs))
