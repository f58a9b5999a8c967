"""--only and --skip."""

from dataclasses import replace

import pytest

from edgediag.cli.selection import select
from edgediag.errors import UsageError
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Direction, Matrix, Omitted, ProbeKind
from edgediag.stages.assignment import RESOLVER
from story import target

API = target("api-server-6443")
PROXIES = tuple(target(f"raven-proxy-{port}") for port in (10280, 10281))
ASKED = target("resolver-53", kinds=(ProbeKind.DNS,), endpoint=RESOLVER)
NTP = Omitted(
    check="ntp-aliyun-123",
    endpoint="ntp-aliyun",
    purpose="time",
    direction=Direction.OUTBOUND,
    is_required=True,
    because=NotChecked(reason="region is not known; give --region"),
)
MATRIX = Matrix(
    targets=(API, *PROXIES, ASKED), omitted=(NTP,), not_applicable=("tunnel-server",)
)
ALL = ["api-server-6443", "raven-proxy-10280", "raven-proxy-10281", "resolver-53", "ntp-aliyun-123"]


@pytest.mark.parametrize(
    ("only", "skip", "rows"),
    [
        pytest.param([], [], ALL, id="all of them"),
        pytest.param(["api-server-6443"], [], [ALL[0], ALL[3]], id="one check, and the resolvers"),
        pytest.param(["raven-proxy"], [], ALL[1:4], id="all of an endpoint"),
        pytest.param(["api-server", "ntp-aliyun"], [], [ALL[0], *ALL[3:]], id="several"),
        pytest.param([], ["raven-proxy-10280"], [ALL[0], *ALL[2:]], id="all but one check"),
        pytest.param([], ["ntp-aliyun"], ALL[:4], id="not a row that cannot be checked either"),
        pytest.param(
            ["raven-proxy"], ["raven-proxy-10281"], [ALL[1], ALL[3]], id="part of an endpoint"
        ),
        pytest.param(["api-server"], ["resolver"], ALL[:1], id="no resolver where it is skipped"),
        pytest.param(["resolver-53"], [], [ALL[3]], id="the resolvers alone"),
        pytest.param(["api-server"], ["api-server"], [ALL[3]], id="to skip outweighs"),
    ],
)
def test_selection(only: list[str], skip: list[str], rows: list[str]) -> None:
    selected = select(MATRIX, only=only, skip=skip)
    assert [row.check for row in (*selected.targets, *selected.omitted)] == rows
    assert selected.not_applicable == MATRIX.not_applicable


@pytest.mark.parametrize("option", ["only", "skip"])
def test_an_id_that_no_row_has_is_named_with_those_there_are(option: str) -> None:
    given = {"only": [], "skip": [], option: ["raven-prox\u00fc"]}
    with pytest.raises(UsageError) as caught:
        select(MATRIX, only=given["only"], skip=given["skip"])
    message = str(caught.value)
    assert message.startswith(r"no check or endpoint is called 'raven-prox\xfc'; these are: ")
    assert "api-server, api-server-6443, ntp-aliyun," in message


def test_an_endpoint_that_does_not_apply_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError):
        select(MATRIX, only=["tunnel-server"], skip=[])


def test_the_rows_themselves_are_not_changed() -> None:
    assert select(MATRIX, only=[], skip=[]) == replace(MATRIX)
