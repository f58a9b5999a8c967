"""Whose distribution a cluster is: OpenYurt by itself only beyond doubt."""

import pytest

from edgediag.discovery.distribution import distribution_of
from edgediag.discovery.settle import settle
from edgediag.model.cluster import Distribution
from edgediag.model.statement import Statement


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            [("hub", "yurthub"), ("k8s-version", "v1.28.9")], Distribution.OPENYURT, id="yurthub"
        ),
        pytest.param(
            [("hub", "yurthub"), ("kubelet-version", "v1.28.9")],
            Distribution.OPENYURT,
            id="the kubelet's version will do",
        ),
        pytest.param([("hub", "edge-hub")], Distribution.ACK_EDGE, id="edge-hub"),
        pytest.param(
            [("hub", "yurthub"), ("hub", "edge-hub"), ("k8s-version", "v1.28.9")],
            Distribution.ACK_EDGE,
            id="both hubs",
        ),
        pytest.param(
            [("k8s-version", "v1.26.3-aliyun.1")], Distribution.ACK_EDGE, id="Alibaba's version"
        ),
        pytest.param([("hub", "yurthub")], None, id="no version"),
        pytest.param([("k8s-version", "v1.28.9")], None, id="no hub"),
        pytest.param(
            [("hub", "yurthub"), ("k8s-version", "v1.28.9"), ("region", "cn-hangzhou")],
            None,
            id="an image of ACK's",
        ),
        pytest.param([], None, id="nothing"),
    ],
)
def test_the_distribution(
    facts: list[tuple[str, str]], expected: Distribution | None
) -> None:
    source = [
        Statement(name=name, node="", value=value, path="f", where="", written_s=None)
        for name, value in facts
    ]
    assert distribution_of(settle([source])) is expected
