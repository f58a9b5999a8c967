"""What counts say of shares: an interval, and whether two counts may be of one share."""

from math import comb, sqrt
from typing import Final

# The quantile of the normal distribution that leaves 5 in 100 outside, half on each side.
_Z: Final = 1.96

CONFIDENCE_PERCENT: Final = 95


def interval(hits: int, count: int) -> tuple[float, float]:
    """The shares that a count of hits leaves likely, as fractions; count is 1 or more.

    source  Wilson's score interval: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209
    """
    share = hits / count
    weight = 1 + _Z * _Z / count
    middle = (share + _Z * _Z / (2 * count)) / weight
    reach = _Z * sqrt(share * (1 - share) / count + _Z * _Z / (4 * count * count)) / weight
    return max(0.0, middle - reach), min(1.0, middle + reach)


def chance_of_so_few(few: tuple[int, int], many: tuple[int, int]) -> float:
    """How likely so few hits, or fewer, are in the one count if both have the same share.

    few, many  hits and count of each
    source     Fisher's exact test, one-sided: R. A. Fisher, J. R. Stat. Soc. 85 (1922), 87
    """
    hits, count = few[0] + many[0], few[1] + many[1]
    ways = sum(
        comb(few[1], some) * comb(many[1], hits - some)
        for some in range(few[0] + 1)
        if hits >= some
    )
    return ways / comb(count, hits)
