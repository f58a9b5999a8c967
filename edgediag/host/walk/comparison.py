"""A register against one value or two (net/netfilter/nft_cmp.c, nft_range.c)."""

from edgediag.host.netfilter.expression import Compare, InRange
from edgediag.host.walk.octets import Truth, Unsure, equals, lies_between, negated
from edgediag.host.walk.registers import Registers


def compared(test: Compare | InRange, held: Registers) -> Truth:
    """Whether the comparison holds for what the register has."""
    if isinstance(test, InRange):
        octets = held.get(test.slot, len(test.first))
        truth = lies_between(octets, test.first, test.last)
        return negated(truth) if test.is_negated else truth
    octets, value = held.get(test.slot, len(test.value)), test.value
    lowest, highest = bytes(len(value)), b"\xff" * len(value)
    is_equal = equals(octets, value)
    is_below = negated(lies_between(octets, value, highest))
    is_above = negated(lies_between(octets, lowest, value))
    truths: dict[int, Truth] = {
        0: is_equal,
        1: negated(is_equal),
        2: is_below,
        3: negated(is_above),
        4: is_above,
        5: negated(is_below),
    }
    return truths.get(test.operator, Unsure(reason=f"operator {test.operator}"))
