"""Which of several statements holds."""

import pytest

from edgediag.discovery.settle import settle
from edgediag.model.statement import Statement


def says(name: str, value: str, path: str, node: str = "") -> Statement:
    return Statement(name=name, node=node, value=value, path=path, where="", written_s=None)


@pytest.mark.parametrize(
    ("sources", "holds", "differ"),
    [
        pytest.param(
            [[says("region", "cn-hangzhou", "a")], [says("region", "cn-beijing", "b")]],
            ("cn-hangzhou",),
            ["cn-beijing"],
            id="the stronger source",
        ),
        pytest.param(
            [[says("region", "cn-hangzhou", "a")], [says("region", "cn-hangzhou", "b")]],
            ("cn-hangzhou",),
            [],
            id="agreement is no conflict",
        ),
        pytest.param(
            [[says("region", "cn-hangzhou", "a"), says("region", "cn-beijing", "a")]],
            ("cn-hangzhou",),
            ["cn-beijing"],
            id="of a single value a second one is a conflict within a source",
        ),
        pytest.param(
            [[], [says("region", "cn-beijing", "b")]], ("cn-beijing",), [], id="silence is no claim"
        ),
        pytest.param(
            [[says("region", "?", "a")], [says("region", "cn-beijing", "b")]],
            ("cn-beijing",),
            [],
            id="what is no such value is none",
        ),
    ],
)
def test_one_value(
    sources: list[list[Statement]], holds: tuple[str, ...], differ: list[str]
) -> None:
    settled = settle(sources)
    assert settled.values("region") == holds
    assert [conflict.other.value for conflict in settled.conflicts] == differ


def test_several_values_of_one_source_are_a_list_and_one_of_them_elsewhere_agrees() -> None:
    settled = settle(
        [
            [says("api-server", "198.51.100.6", "a"), says("api-server", "198.51.100.7", "a")],
            [says("api-server", "198.51.100.7:6443", "b")],
        ]
    )
    assert settled.values("api-server") == ("198.51.100.6:6443", "198.51.100.7:6443")
    assert settled.conflicts == ()


def test_of_ravens_hosts_the_port_is_not_compared() -> None:
    stated, found = "198.51.100.20", "198.51.100.20:10280"
    settled = settle([[says("raven-proxy", stated, "a")], [says("raven-proxy", found, "b")]])
    assert (settled.values("raven-proxy"), settled.conflicts) == ((stated,), ())


def test_each_node_has_facts_of_its_own() -> None:
    settled = settle(
        [
            [
                says("pod-cidr", "203.0.113.64/26", "a", "edge-1"),
                says("pod-cidr", "203.0.113.1/26", "a"),
            ]
        ]
    )
    assert settled.values("pod-cidr") == ("203.0.113.0/26",)
    assert settled.conflicts == ()


def test_what_cannot_be_used_is_told_with_its_place() -> None:
    settled = settle([[says("region", "\x1b[31m" + "x" * 500, "/etc/a")]])
    assert [gap.reason for gap in settled.gaps] == [
        "/etc/a: '\\x1b[31m" + "x" * 75 + "' is no region"
    ]
