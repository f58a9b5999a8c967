"""Read the peers of this network namespace's WireGuard devices."""

import errno
from collections.abc import Iterable
from typing import Final

from edgediag.host.wireguard import (
    KIND,
    decode_family,
    decode_peers,
    device_request,
    family_request,
    merged,
)
from edgediag.model.answer import NotChecked
from edgediag.model.host import Link
from edgediag.model.wireguard import WireguardPeer
from edgediag.net.netlink import NetlinkSocket, Refusal

_NETLINK_GENERIC: Final = 16
_GENL_ID_CTRL: Final = 16


def read_wireguard(links: Iterable[Link] | NotChecked) -> tuple[WireguardPeer, ...] | NotChecked:
    """The peers of all WireGuard devices, device by device.

    Without such a device nothing is asked: to ask for the family by name would load the module.

    raises  OSError as the kernel's
    """
    if isinstance(links, NotChecked):
        return links
    indices = [link.index for link in links if link.kind == KIND]
    if not indices:
        return ()
    with NetlinkSocket(_NETLINK_GENERIC) as netlink:
        answer = netlink.request(_GENL_ID_CTRL, family_request())
        if isinstance(answer, Refusal):
            raise _error(answer)
        family = decode_family(answer.payload)
        found = [peer for index in indices for peer in _peers(netlink, family, index)]
    return merged(tuple(found))


def _peers(netlink: NetlinkSocket, family: int, index: int) -> Iterable[WireguardPeer]:
    dump = netlink.dump(family, device_request(index))
    if isinstance(dump, Refusal):
        raise _error(dump)
    return [peer for message in dump.messages for peer in decode_peers(message.payload)]


def _error(refusal: Refusal) -> OSError:
    return OSError(getattr(errno, refusal.errno_name, 0), refusal.text)
