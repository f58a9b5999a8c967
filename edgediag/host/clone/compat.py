"""What an extension of x_tables in a rule of nf_tables has to be told, and no dump tells.

`-m multiport` and its like ask for which protocol the rule is; iptables-nft says so beside the
expressions (NFTA_RULE_COMPAT), the kernel forgets it, and refuses the rule without it (measured).
It follows from the rule's own test of the protocol.

source  include/uapi/linux/netfilter/nf_tables_compat.h; net/netfilter/nft_compat.c
"""

from typing import Final

from edgediag.host.attributes import attribute_list, big32, nest
from edgediag.host.netfilter.expression import Compare, MetaLoad, PayloadLoad
from edgediag.host.netfilter.nft import decode_expression

_RULE_COMPAT: Final = 5
_PROTO, _FLAGS = 1, 2
_F_INVERTED: Final = 2
# A load or a comparison takes 56; what is longer is an extension's struct.
_MOST_OCTETS: Final = 96
_L4PROTO: Final = 16
_NETWORK_HEADER: Final = 1
# Where IPv4 and IPv6 name the protocol that follows (RFC 791 §3.1, RFC 8200 §3).
_PROTOCOL_OFFSETS: Final = frozenset({9, 6})
_NOT_EQUAL: Final = 1


def compat(expressions: bytes) -> bytes:
    """NFTA_RULE_COMPAT for the expressions of a rule; b"" where none belongs to x_tables."""
    # Without such an expression the kernel does not look at it, so that this may say too often.
    if b"match\0" not in expressions and b"target\0" not in expressions:
        return b""
    protocol, is_inverted = _protocol(expressions)
    flags = _F_INVERTED if is_inverted else 0
    return nest(_RULE_COMPAT, big32(_PROTO, protocol), big32(_FLAGS, flags))


def _protocol(expressions: bytes) -> tuple[int, bool]:
    """The protocol that the rule tests and whether it is for all others; 0 where it tests none."""
    slot = None
    for _, octets in attribute_list(expressions):
        if len(octets) > _MOST_OCTETS:
            continue
        match decode_expression(octets):
            case MetaLoad(key=key, slot=loaded) if key == _L4PROTO:
                slot = loaded
            case PayloadLoad(base=base, offset=offset, length=1, slot=loaded) if (
                base == _NETWORK_HEADER and offset in _PROTOCOL_OFFSETS
            ):
                slot = loaded
            case Compare(slot=tested, value=value, operator=operator) if (
                tested == slot and len(value) == 1
            ):
                return value[0], operator == _NOT_EQUAL
            case _:
                pass
    return 0, False
