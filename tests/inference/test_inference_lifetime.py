"""What forgotten and living mappings say of a translator."""

from ipaddress import ip_address

import pytest

from edgediag.inference.lifetime import bounds, in_words
from edgediag.model.answer import Answer
from edgediag.model.mapping import IdleTrial, MappingLifetime

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.NOT_CHECKED


def tried(*kept: Answer, reason: str = "") -> MappingLifetime:
    """Idle times of one second, two seconds and so on."""
    return MappingLifetime(
        gateway=ip_address("198.51.100.21"),
        longest_s=float(len(kept)),
        trials=tuple(
            IdleTrial(idle_s=float(idle), is_kept=is_kept, packets=())
            for idle, is_kept in enumerate(kept, start=1)
        ),
        reason=reason,
    )


@pytest.mark.parametrize(
    ("mapping", "expected", "words"),
    [
        pytest.param(
            tried(YES, YES, NO, NO), (2.0, 3.0), "2.0 to 3.0 s, towards 198.51.100.21", id="between"
        ),
        pytest.param(
            tried(NO, NO), (None, 1.0), "less than 1.0 s, towards 198.51.100.21", id="at once"
        ),
        pytest.param(
            tried(YES, UNKNOWN, NO, YES), (1.0, 3.0), "1.0 to 3.0 s, towards 198.51.100.21",
            id="what is longer than a forgotten one counts for nothing",
        ),
        pytest.param(
            tried(YES, YES, reason="nobody knows"),
            (None, None),
            "not known: nobody knows",
            id="an unchanged port proves nothing without a changed one",
        ),
    ],
)
def test_what_is_known(
    mapping: MappingLifetime, expected: tuple[float | None, float | None], words: str
) -> None:
    assert (bounds(mapping), in_words(mapping)) == (expected, words)
