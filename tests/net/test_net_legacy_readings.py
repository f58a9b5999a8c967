"""Tables of iptables-legacy for many walks: read once, and again when they are others."""

import shutil
from typing import TYPE_CHECKING

import pytest

from edgediag.net.legacy_readings import LegacyReadings
from edgediag.net.xtables import read_placed

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        shutil.which("iptables-legacy") is None, reason="needs iptables-legacy to make the rules"
    ),
]


@pytest.mark.parametrize(
    ("change", "is_read_again"),
    [
        pytest.param("-t mangle -L", False, id="nothing"),
        pytest.param("-A OUTPUT -j DROP", True, id="a rule more"),
        pytest.param("-D OUTPUT 1", True, id="a rule less"),
        pytest.param("-N own", True, id="a chain more"),
        pytest.param("-R OUTPUT 1 -j DROP", False, id="a rule as long: not to be seen"),
    ],
)
def test_a_table_is_read_again_where_the_kernel_tells_another_length(
    two_nodes: "TwoNodes", change: str, is_read_again: bool
) -> None:
    two_nodes.node.run("iptables-legacy -A OUTPUT -j ACCEPT")
    with two_nodes.node.inside():
        readings = LegacyReadings()
        ((before,), _) = readings.placed("ip")
        two_nodes.node.run(f"iptables-legacy {change}")
        tables, _ = readings.placed("ip")
        now = {table.name: table for table in read_placed("ip")[0]}
    (after,) = (table for table in tables if table.name == "filter")
    assert (after is not before) is is_read_again
    assert after == (now["filter"] if is_read_again else before)


def test_a_family_without_tables_has_none(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        assert LegacyReadings().placed("ip6") == ((), ())
