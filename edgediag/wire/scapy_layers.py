"""The scapy layers edgediag uses, imported so that scapy reads no routes and writes no caches.

By default scapy dumps the host's routing tables at import: 5.7 s with 20,000 routes, and 0.12 s
with the settings below, with as many routes or with none (scapy 2.8.0, Python 3.11). It also
leaves three megabytes of pickled vendor names in the user's cache directory. Nobody here asks for
vendors, whose names take 0.05 s of each start: it gets a list without any. What remains: it lists
the host's interfaces, and makes ~/.cache and ~/.config where they are missing.
"""

import sys
from types import ModuleType

import scapy.main
from scapy.config import conf

# Read once, when scapy.data is imported by the layers below: "no cache folder" means "no cache".
scapy.main.SCAPY_CACHE_FOLDER = None
conf.route_autoload = False
conf.route6_autoload = False
_NO_VENDORS = ModuleType("scapy.libs.manuf")
_NO_VENDORS.__dict__["DATA"] = ""
sys.modules[_NO_VENDORS.__name__] = _NO_VENDORS

from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: E402  the settings above come first
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6  # noqa: E402  same
from scapy.layers.l2 import Ether  # noqa: E402  same

del sys.modules[_NO_VENDORS.__name__]

__all__ = [
    "ICMP",
    "IP",
    "TCP",
    "UDP",
    "Ether",
    "ICMPv6EchoReply",
    "ICMPv6EchoRequest",
    "IPv6",
]
