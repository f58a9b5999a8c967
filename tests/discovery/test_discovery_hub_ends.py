"""Where the kubelet is told to ask a hub, and that a kubeconfig alone makes no hub."""

from ipaddress import ip_address

import pytest

from edgediag.discovery.hub_ends import hub_ends
from edgediag.model.hub import HubEnd
from edgediag.model.statement import Statement

CONFIG = "/etc/kubernetes/kubelet.conf"


def said(name: str, value: str, path: str = CONFIG) -> Statement:
    return Statement(name=name, node="", value=value, path=path, where="", written_s=None)


HUB = said("hub", "edge-hub", "/proc/812/cmdline")
END = HubEnd(hub="edge-hub", address=ip_address("127.0.0.1"), port=10261, source=CONFIG)


@pytest.mark.parametrize(
    ("statements", "ends"),
    [
        pytest.param([said("hub-address", "127.0.0.1:10261"), HUB], (END,), id="an end"),
        pytest.param(
            [HUB, said("hub-address", "127.0.0.1:10261"), said("hub-address", "127.0.0.1:10261")],
            (END,),
            id="none twice",
        ),
        pytest.param([said("hub-address", "127.0.0.1:10261")], (), id="a kubeconfig alone"),
        pytest.param([HUB], (), id="a hub that no kubelet is told of"),
        pytest.param([HUB, said("hub-address", "hub.example:1")], (), id="a name"),
    ],
)
def test_finds_where_the_kubelet_asks(
    statements: list[Statement], ends: tuple[HubEnd, ...]
) -> None:
    assert hub_ends(statements) == ends
