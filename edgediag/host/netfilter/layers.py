"""Which protocols the conditions of a rule have established, and so which headers it reads."""

from typing import Final

from edgediag.host.netfilter.expression import PayloadLoad
from edgediag.host.netfilter.fields import Field, adjacent_fields, raw_field
from edgediag.host.netfilter.register import Operand

_NETWORKS: Final = {2: "ip", 10: "ip6", 0x0800: "ip", 0x86DD: "ip6", 0x0806: "arp"}
_TRANSPORTS: Final = {
    1: "icmp",
    6: "tcp",
    17: "udp",
    33: "dccp",
    50: "esp",
    51: "ah",
    58: "icmpv6",
    132: "sctp",
    136: "udplite",
}
# Which condition settles which layer: by what it looks at.
_SETTLES: Final = {
    "meta iiftype": "link",
    "meta oiftype": "link",
    "meta nfproto": "network",
    "meta protocol": "network",
    "ether type": "network",
    "meta l4proto": "transport",
    "ip protocol": "transport",
    "ip6 nexthdr": "transport",
}
_BASES: Final = ("link", "network", "transport")


class Layers:
    """What is known of the packet's headers at one place of a rule."""

    def __init__(self, family: str) -> None:
        self.network = family if family in ("ip", "ip6", "arp") else ""
        self._transport = ""
        # By layer, the place of the condition that nft would leave out once the layer is used.
        self._settled_at: dict[str, int] = {}

    def learn(self, operand: Operand, value: bytes, place: int) -> None:
        """Take note of a condition "operand is value" that stands at a place of the sentence."""
        layer = _SETTLES.get(operand.text)
        if layer is None or operand.mask is not None:
            return
        number = int.from_bytes(operand.network_order(value), "big")
        if layer == "network":
            self.network = _NETWORKS.get(number, "")
        elif layer == "transport":
            self._transport = _TRANSPORTS.get(number, "")
        self._settled_at[layer] = place

    def fields_of(self, load: PayloadLoad) -> tuple[tuple[Field, ...], tuple[int, ...]]:
        """The header fields a load reads, and the places that saying their names makes needless.

        One field, or several that lie side by side; one with a raw name where none is known.
        """
        header = ("ether", self.network, self._transport or "th", "")[min(load.base, 3)]
        fields = adjacent_fields(header, load.offset, load.length)
        if not fields:
            return (raw_field(load.base, load.offset, load.length),), ()
        needless = [] if header == "th" else self.use(_BASES[load.base])
        if header in ("icmp", "icmpv6"):
            needless += self.use("network")
        return fields, tuple(needless)

    def use(self, layer: str) -> list[int]:
        """The place of the condition that settled a layer, once."""
        place = self._settled_at.pop(layer, None)
        return [] if place is None else [place]
