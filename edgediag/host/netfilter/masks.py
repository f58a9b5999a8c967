"""A register after `bitwise`: a part of a field, a field of odd bits, or a value made anew."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from edgediag.host.netfilter.expression import Bitwise
from edgediag.host.netfilter.register import Operand

# Fields that fill no whole octets, by network header, raw name and mask: RFC 791 §3.1,
# RFC 2474 §3 (the six bits above ECN), RFC 8200 §3.
_NAMED: Final[Mapping[tuple[str, str, str], tuple[str, str, int]]] = {
    ("ip", "@nh,0,8", "f0"): ("ip version", "number", 4),
    ("ip", "@nh,0,8", "0f"): ("ip hdrlength", "number", 0),
    ("ip", "@nh,8,8", "fc"): ("ip dscp", "dscp", 2),
    ("ip", "@nh,8,8", "03"): ("ip ecn", "number", 0),
    ("ip6", "@nh,0,16", "0fc0"): ("ip6 dscp", "dscp", 6),
    ("ip6", "@nh,0,8", "f0"): ("ip6 version", "number", 4),
}


def masked(operand: Operand, bitwise: Bitwise, network: str) -> tuple[Operand, bool]:
    """What the register holds now, and whether that is a field with a name of its own."""
    if bitwise.shift:
        sign, bits = ("<<", bitwise.shift) if bitwise.shift > 0 else (">>", -bitwise.shift)
        return replace(operand, text=f"{operand.masked_text} {sign} {bits}", mask=None), False
    mask, xor = (operand.network_order(value) for value in (bitwise.mask, bitwise.xor))
    if any(xor):
        return _changed(operand, mask, xor), False
    named = _NAMED.get((network, operand.text, mask.hex()))
    if named is not None:
        text, kind, shift = named
        return replace(operand, text=text, kind=kind, shift=shift), True
    whole = all(octet == 0xFF for octet in mask)
    return (operand if whole else replace(operand, mask=mask)), False


def _changed(operand: Operand, mask: bytes, xor: bytes) -> Operand:
    """The words for (register & mask) ^ xor; nft writes "| x" where exactly x is masked out."""
    value = operand.written(xor)
    if all(kept ^ turned == 0xFF for kept, turned in zip(mask, xor)):
        words = f"| {value}"
    elif all(kept == 0xFF for kept in mask):
        words = f"^ {value}"
    else:
        words = f"& {operand.written(mask)} ^ {value}"
    return replace(operand, text=f"{operand.masked_text} {words}", mask=None)
