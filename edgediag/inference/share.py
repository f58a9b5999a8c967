"""What counts say of shares: an interval, and whether two counts may be of one share."""

from collections.abc import Iterable, Sequence
from math import comb, exp, inf, log, sqrt
from typing import Final

# The quantile of the normal distribution that leaves 5 in 100 outside, half on each side.
_Z: Final = 1.96

CONFIDENCE_PERCENT: Final = 95

# Before a rise: parts of the greatest share that is low, and how likely each is beforehand. Where
# nothing is wrong next to nothing is lost.
_NEAR: Final = ((1 / 30, 0.5), (0.1, 0.25), (1 / 3, 0.15), (1.0, 0.1))

# Behind it, any share is as likely.
_STEPS: Final = 20


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


def log_likelihood(hits: int, count: int, share: float) -> float:
    """The logarithm of the chance of just this count, but for what is the same of all shares."""
    if share in (0.0, 1.0):
        return 0.0 if hits == count * share else -inf
    return hits * log(share) + (count - hits) * log(1 - share)


def rise(
    counts: Sequence[tuple[int, int]], low: float, confidence: float
) -> tuple[int, int]:
    """Between which two of these counts the share rises: the places of the last low, first high.

    One share holds before the rise and another behind it. Each place for it is as likely
    beforehand; the fewest neighbouring places that together are as likely as the confidence asks
    are given. Shares are weighed and not fitted to the counts, so that of the places that are said
    as many are wrong as the confidence says, however often one looks before saying it.

    counts  hits and count, in the order of the path, at least one
    low     the greatest share before the rise
    returns the place of the last count that is low for certain, -1 for none, and of the first that
            is high for certain
    """
    heights = [_height(counts, place, low) for place in range(len(counts))]
    weights = [exp(height - max(heights)) for height in heights]
    first = last = weights.index(max(weights))
    while sum(weights[first : last + 1]) < confidence * sum(weights):
        before = weights[first - 1] if first else -1.0
        behind = weights[last + 1] if last + 1 < len(weights) else -1.0
        first, last = (first - 1, last) if before >= behind else (first, last + 1)
    return first - 1, last


def _height(counts: Sequence[tuple[int, int]], place: int, low: float) -> float:
    """How likely these counts are where the share rises in front of a place."""
    near, far = _sum(counts[:place]), _sum(counts[place:])
    before = [(part * low, weight) for part, weight in _NEAR]
    behind = [(low + step * (1 - low) / _STEPS, 1 / _STEPS) for step in range(_STEPS)]
    return _weighed(near, before) + _weighed(far, behind)


def _weighed(total: tuple[int, int], shares: Iterable[tuple[float, float]]) -> float:
    """The logarithm of the chance of a count, over shares with the weight of each."""
    heights = [log_likelihood(*total, share) + log(weight) for share, weight in shares]
    return max(heights) + log(sum(exp(height - max(heights)) for height in heights))


def _sum(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    counts = tuple(counts)
    return sum(hits for hits, _ in counts), sum(count for _, count in counts)
