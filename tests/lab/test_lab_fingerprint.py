"""What differs between two fingerprints."""

import pytest

from edgediag.lab import fingerprint

BEFORE = {"edge": "link eth0 up\nroute default", "cpe": "link lan up"}


@pytest.mark.parametrize(
    ("after", "differing"),
    [
        pytest.param(BEFORE, (), id="nothing"),
        pytest.param(
            BEFORE | {"edge": "link eth0 up\nroute default\nroute x"},
            ("edge + route x",),
            id="a line came",
        ),
        pytest.param(BEFORE | {"cpe": ""}, ("cpe - link lan up",), id="a line went"),
        pytest.param(
            BEFORE | {"edge": "route default\nlink eth0 up"},
            ("edge lines in another order",),
            id="the order of rules counts",
        ),
        pytest.param(
            {"edge": "link eth0 down\nroute default", "cpe": "link lan down"},
            (
                "edge - link eth0 up",
                "edge + link eth0 down",
                "cpe - link lan up",
                "cpe + link lan down",
            ),
            id="two nodes, in the order of the topology",
        ),
    ],
)
def test_lines_that_came_or_went_are_named(
    after: dict[str, str], differing: tuple[str, ...]
) -> None:
    assert fingerprint.differing(BEFORE, after) == differing
