"""An option beats the config file, name by name."""

import pytest

from edgediag.discovery.given import EXPECTED, REPEATABLE, override
from edgediag.model.cluster import Fact


def facts(source: str, *pairs: tuple[str, str]) -> tuple[Fact, ...]:
    return tuple(Fact(name=name, value=value, source=source) for name, value in pairs)


@pytest.mark.parametrize(
    ("options", "config", "expected"),
    [
        pytest.param(
            facts("--region", ("region", "cn-hangzhou")),
            facts("c.toml", ("region", "cn-beijing"), ("phase", "all")),
            facts("--region", ("region", "cn-hangzhou")) + facts("c.toml", ("phase", "all")),
            id="what is stated twice is the option's, the rest is the file's",
        ),
        pytest.param(
            facts("--peer", ("peer", "192.0.2.1")),
            facts("c.toml", ("peer", "192.0.2.2"), ("peer", "192.0.2.3")),
            facts("--peer", ("peer", "192.0.2.1")),
            id="a list is replaced, not lengthened",
        ),
        pytest.param(
            facts("--raven-gateway", ("raven-gateway", "g")),
            (),
            facts("--raven-gateway", ("raven-proxy", "g"), ("raven-tunnel", "g")),
            id="a gateway is proxy and tunnel",
        ),
        pytest.param(
            facts("options", ("raven-gateway", "g"), ("raven-tunnel", "t")),
            (),
            facts("options", ("raven-tunnel", "t"), ("raven-proxy", "g")),
            id="unless the tunnel is stated itself",
        ),
        pytest.param(
            facts("--raven-gateway", ("raven-gateway", "g")),
            facts("c.toml", ("raven-proxy", "p")),
            facts("--raven-gateway", ("raven-proxy", "g"), ("raven-tunnel", "g")),
            id="a gateway by option beats the file's proxy",
        ),
        pytest.param(
            facts("--raven-proxy", ("raven-proxy", "p")),
            facts("c.toml", ("raven-gateway", "g")),
            facts("--raven-proxy", ("raven-proxy", "p")) + facts("c.toml", ("raven-tunnel", "g")),
            id="a proxy by option leaves the file's gateway the tunnel",
        ),
    ],
)
def test_what_holds_where_both_state_something(
    options: tuple[Fact, ...], config: tuple[Fact, ...], expected: tuple[Fact, ...]
) -> None:
    assert override(options, config) == expected


def test_what_is_repeatable_can_be_stated() -> None:
    assert REPEATABLE <= set(EXPECTED)
