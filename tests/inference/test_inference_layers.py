"""Which layer fails first, and what is not judged because of it."""

from dataclasses import replace

import pytest

from edgediag.inference.layers import LAYERS, NOTHING, is_stopped, layers_of
from edgediag.inference.unjudged import unjudged
from edgediag.model.layer import LayerReport, LayerState
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Certainty, Mechanism, Place, RootCause, Status, Verdict
from story import flow, target


def row(
    endpoint: str,
    status: Status = Status.OK,
    *,
    rule: str = "diverges-from-control",
    mechanism: Mechanism = Mechanism.SILENT_DROP,
) -> CheckReport:
    """A row of the report, with a verdict by this rule where it is not ok."""
    verdict = Verdict(
        where=(Place.ON_PATH,),
        certainty=Certainty.PROVEN,
        after=None,
        upto=None,
        mechanism=mechanism,
        culprit=None,
        summary="",
        remedy="",
        because=(f"{endpoint}/{rule}",),
    )
    plain = replace(unjudged(target(endpoint, endpoint=endpoint), status, ""), flow=flow())
    is_judged = status not in (Status.OK, Status.NOT_CHECKED)
    return replace(plain, verdict=verdict if is_judged else None)


def one_cause(*checks: str) -> RootCause:
    return RootCause(
        where=(Place.ON_PATH,),
        certainty=Certainty.PROVEN,
        after=None,
        upto=None,
        mechanism=None,
        culprit=None,
        summary="",
        remedy="",
        explains=checks,
    )


def states(
    *checks: CheckReport, causes: tuple[RootCause, ...] = ()
) -> dict[str, tuple[str, str]]:
    """State and reason of each layer of which something is known or said."""
    found = layers_of(checks, causes)
    assert [layer.name for layer in found] == list(LAYERS)
    return {
        layer.name: (layer.state.value, layer.reason)
        for layer in found
        if layer.reason != NOTHING and not layer.reason.endswith(f"and {NOTHING}")
    }


OK, FAILED, IMPAIRED = ("ok", ""), ("failed", ""), ("impaired", "")
BLOCKED = Status.BLOCKED


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        pytest.param(
            (row("oss"), row("registry")),
            {"link and route": OK, "TCP and TLS to the cloud": OK, "images": OK},
            id="all is well",
        ),
        pytest.param(
            (row("api-server", BLOCKED), row("raven-tunnel")),
            {"link and route": OK, "API server and this node's hub": FAILED, "UDP 4500": OK},
            id="what passes above is no worse for it",
        ),
        pytest.param(
            (row("api-server", BLOCKED), row("registry", BLOCKED)),
            {"API server and this node's hub": FAILED, "images": FAILED},
            id="two faults of their own",
        ),
        pytest.param(
            (row("api-server", BLOCKED), row("registry", Status.UNDETERMINED)),
            {
                "API server and this node's hub": FAILED,
                "images": ("not-judged", "API server and this node's hub failed"),
            },
            id="what is not determined above is not judged",
        ),
        pytest.param(
            (row("registry", Status.DEGRADED),), {"images": IMPAIRED}, id="degraded stops nothing"
        ),
        pytest.param(
            (row("ntp-aliyun", BLOCKED), row("oss", Status.UNDETERMINED)),
            {"clock": IMPAIRED, "TCP and TLS to the cloud": IMPAIRED},
            id="a time server that is not reached leaves the clock open",
        ),
        pytest.param(
            (row("ntp-aliyun", BLOCKED, mechanism=Mechanism.CLOCK_SKEW),),
            {"clock": FAILED},
            id="a clock that is wrong",
        ),
        pytest.param(
            (row("oss", BLOCKED, mechanism=Mechanism.LINK_DOWN),),
            {"link and route": FAILED},
            id="a link that is down, whatever row shows it",
        ),
        pytest.param(
            (row("raven-tunnel", BLOCKED, rule="ike-authentication"),),
            {"UDP 4500": OK, "IKE SA": FAILED},
            id="IKE fails where its port answers",
        ),
        pytest.param(
            (row("raven-tunnel", BLOCKED, rule="esp-one-way"),),
            {"UDP 4500": OK, "ESP": FAILED},
            id="ESP fails where its port answers",
        ),
        pytest.param(
            (row("raven-proxy", BLOCKED, rule="raven-certificate"),),
            {"Raven's control": FAILED},
            id="Raven's control is below its proxy",
        ),
        pytest.param(
            (row("flannel-vxlan", BLOCKED, rule="pods-unanswered"),),
            {"flannel": OK, "pod to pod": FAILED},
            id="pods fail where flannel carries",
        ),
    ],
)
def test_layers_are_judged_from_below(
    checks: tuple[CheckReport, ...], expected: dict[str, tuple[str, str]]
) -> None:
    assert states(*checks) == expected


def test_what_fails_by_the_cause_of_a_layer_below_is_not_judged() -> None:
    checks = (row("resolver", BLOCKED), row("oss", BLOCKED), row("registry", BLOCKED))
    assert states(*checks, causes=(one_cause("resolver", "oss"), one_cause("registry"))) == {
        "names": FAILED,
        "TCP and TLS to the cloud": ("not-judged", "names failed"),
        "images": FAILED,
    }


def test_of_what_nothing_speaks_it_is_said_why() -> None:
    found = {layer.name: layer.reason for layer in layers_of([row("oss", BLOCKED)], ())}
    assert found["clock"] == NOTHING
    assert found["pod to pod"] == f"TCP and TLS to the cloud failed below it, and {NOTHING}"


def test_a_run_without_rows_of_the_matrix_has_no_layers() -> None:
    assert layers_of([row("tcp"), row("system-tools")], ()) == ()
    assert not is_stopped(())


def test_a_failed_layer_names_its_own_checks() -> None:
    [found] = [
        layer
        for layer in layers_of([row("oss", BLOCKED), row("cs-anony")], ())
        if layer.state is LayerState.FAILED
    ]
    assert found == LayerReport(
        name="TCP and TLS to the cloud", state=LayerState.FAILED, checks=("oss",), reason=""
    )
