"""The comparisons that rules of nf_tables begin with, held against a packet by their octets alone.

Of tens of thousands of rules that a packet meets few are for it, and most say so at their front: an
address, a protocol. A rule is passed by undecoded only where such a comparison cannot hold and is
written just as the kernel dumps it: octets into register 1, which have to equal others. Whatever is
written in another way is left to those who decode the rule.

source  net/netfilter/nft_payload.c, nft_meta.c, nft_cmp.c (Linux 6.18)
"""

from typing import Final

from edgediag.host.attributes import attribute, big32, each_attribute, string
from edgediag.host.netfilter.expression import Compare, MetaLoad, PayloadLoad
from edgediag.host.netfilter.ip_header import Ends
from edgediag.host.netfilter.nft import LIST_ELEMENT, decode_expression

_NETWORK: Final = 1
_NFPROTO, _L4PROTO = 15, 16
_NFPROTOS: Final = {4: b"\x02", 6: b"\x0a"}
# In those of frames it is told of the chain and not of the packet.
_FAMILIES_OF_IP: Final = frozenset({"ip", "ip6", "inet"})
# Where source and destination begin, by the version of IP.
_ADDRESSES: Final = {4: (12, 16), 6: (8, 24)}
_SLOT, _REGISTER = 0, 1
_EQUAL: Final = 0
_MOST_OCTETS: Final = 16


class Fronts:
    """The fronts of rules of one family, for packets with certain ends."""

    def __init__(self, family: str, ends: Ends) -> None:
        self._family = family
        self._ends = ends
        # A chain has many rules and few kinds of load.
        self._loaded: dict[bytes, bytes | None] = {}

    def miss(self, expressions: bytes) -> bool:
        """Whether a comparison at the front of a rule does not hold, for certain.

        expressions  the content of NFTA_RULE_EXPRESSIONS
        """
        elements = each_attribute(expressions)
        for (load_type, load), (test_type, test) in zip(elements, elements):
            if (load_type, test_type) != (LIST_ELEMENT, LIST_ELEMENT):
                return False
            if load not in self._loaded:
                self._loaded[load] = self._octets(load)
            octets = self._loaded[load]
            if octets is None:
                return False
            value = _compared_with(test, len(octets))
            if value is not None and value != octets:
                return True
            # One that nothing is known of may hold or not: what follows decides all the same.
            if value is None and not isinstance(decode_expression(test), Compare):
                return False
        return False

    def _octets(self, load: bytes) -> bytes | None:
        """What a load finds; b"" where that is not certain, None where it is no load."""
        match decode_expression(load):
            case MetaLoad(key=key, slot=slot):
                return self._meta(key) if slot == _SLOT else b""
            case PayloadLoad() as payload:
                return self._payload(payload) if payload.slot == _SLOT else b""
            case _:
                return None

    def _meta(self, key: int) -> bytes:
        if key == _L4PROTO:
            return bytes([self._ends.protocol])
        if key == _NFPROTO and self._family in _FAMILIES_OF_IP:
            return _NFPROTOS[self._ends.version]
        return b""

    def _payload(self, load: PayloadLoad) -> bytes:
        """Addresses alone: whatever else is in a header may have been rewritten on the way."""
        if load.base != _NETWORK:
            return b""
        addresses = (self._ends.source, self._ends.destination)
        for begin, address in zip(_ADDRESSES[self._ends.version], addresses):
            if address is not None and begin <= load.offset:
                octets = address[load.offset - begin :][: load.length]
                if len(octets) == load.length:
                    return octets
        return b""


def _comparison(value: bytes) -> bytes:
    """Equality of register 1 with a value, as the kernel dumps it: without NLA_F_NESTED."""
    numbers = big32(1, _REGISTER) + big32(2, _EQUAL)
    return string(1, "cmp") + attribute(2, numbers + attribute(3, attribute(1, value)))


_COMPARISONS: Final = {n: _comparison(bytes(n)) for n in range(1, _MOST_OCTETS + 1)}
_VALUE_AT: Final = len(_comparison(b""))


def _compared_with(test: bytes, length: int) -> bytes | None:
    """The value of so many octets that an expression compares with, None where it is none such."""
    wanted = _COMPARISONS.get(length)
    if wanted is None or len(test) != len(wanted) or test[:_VALUE_AT] != wanted[:_VALUE_AT]:
        return None
    return test[_VALUE_AT : _VALUE_AT + length]
