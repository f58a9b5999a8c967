"""TCP connect: the connection is all that is asked."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.probe import Probe
from edgediag.model.reply import Connected
from edgediag.probes.tcp_connect import build, match


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """A connection."""
    return make_probe(ProbeKind.TCP_CONNECT)


def test_sends_nothing(probe: Probe) -> None:
    assert build(probe) == b""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=40))
def test_whatever_the_server_says_it_is_connected(probe: Probe, octets: bytes) -> None:
    assert match(probe, octets) == Connected(hop_limit=None)
