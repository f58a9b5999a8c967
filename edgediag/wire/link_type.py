"""What the octets of a captured frame begin with."""

from enum import Enum


class LinkType(Enum):
    """The link-layer header types that edgediag meets (draft-ietf-opsawg-pcaplinktype §2.1).

    ETHERNET  a MAC header
    RAW       an IPv4 or IPv6 header at once: tunnels, and packets handed to the IP stack
    """

    ETHERNET = 1
    RAW = 101
