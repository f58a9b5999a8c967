"""A register against one value or two (net/netfilter/nft_cmp.c, nft_range.c)."""

from collections.abc import Callable, Mapping
from typing import Final

from edgediag.host.netfilter.expression import Compare, InRange
from edgediag.host.walk.octets import Octets, Truth, Unsure, equals, lies_between, negated
from edgediag.host.walk.registers import Registers


def compared(test: Compare | InRange, held: Registers) -> Truth:
    """Whether the comparison holds for what the register has."""
    if isinstance(test, InRange):
        octets = held.get(test.slot, len(test.first))
        truth = lies_between(octets, test.first, test.last)
        return negated(truth) if test.is_negated else truth
    holds = _OPERATORS.get(test.operator)
    if holds is None:
        return Unsure(reason=f"operator {test.operator}")
    return holds(held.get(test.slot, len(test.value)), test.value)


def _is_below(octets: Octets, value: bytes) -> Truth:
    return negated(lies_between(octets, value, b"\xff" * len(value)))


def _is_above(octets: Octets, value: bytes) -> Truth:
    return negated(lies_between(octets, bytes(len(value)), value))


# enum nft_cmp_ops.
_OPERATORS: Final[Mapping[int, Callable[[Octets, bytes], Truth]]] = {
    0: equals,
    1: lambda octets, value: negated(equals(octets, value)),
    2: _is_below,
    3: lambda octets, value: negated(_is_above(octets, value)),
    4: _is_above,
    5: lambda octets, value: negated(_is_below(octets, value)),
}
