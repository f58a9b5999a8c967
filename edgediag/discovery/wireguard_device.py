"""Raven's driver by the device that it made: what stands in the kernel outweighs every flag."""

from collections.abc import Iterator
from typing import Final

from edgediag.discovery.reader import Reader
from edgediag.host.wireguard import RAVEN_DEVICE
from edgediag.model.answer import NotChecked
from edgediag.model.statement import Statement

FOLDER: Final = f"/sys/class/net/{RAVEN_DEVICE}"


def said_by_device(reader: Reader) -> Iterator[Statement]:
    """WireGuard where its device is; without it nothing, for libreswan makes none.

    source  openyurtio/raven pkg/networkengine/vpndriver/wireguard/wireguard.go (DeviceName)
    """
    if isinstance(reader.read_text(f"{FOLDER}/ifindex"), NotChecked):
        return
    yield Statement(
        name="vpn-driver", node="", value="wireguard", path=FOLDER, where="", written_s=None
    )
