"""Whether a device is to write checksums itself (ethtool(8), "tx-checksumming")."""

import ctypes
import fcntl
import socket
import struct
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.net.degraded import degraded

# include/uapi/linux/sockios.h, ethtool.h: struct ethtool_value behind the pointer of struct ifreq.
_SIOCETHTOOL: Final = 0x8946
_ETHTOOL_GTXCSUM: Final = 0x16
_VALUE: Final = struct.Struct("=II")
_IFREQ: Final = struct.Struct("16sP16x")


def offloads_checksum(interface: str) -> bool | NotChecked:
    """True if the kernel leaves the checksums of what it sends to the device."""
    return degraded(f"offloads of {interface}", lambda: _ask(interface))


def _ask(interface: str) -> bool:
    value = ctypes.create_string_buffer(_VALUE.pack(_ETHTOOL_GTXCSUM, 0))
    request = _IFREQ.pack(interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        fcntl.ioctl(asking, _SIOCETHTOOL, request)
    return bool(_VALUE.unpack(value.raw[: _VALUE.size])[1])
