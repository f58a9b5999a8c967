"""Rules that iptables-nft wrote, in the words of iptables-save."""

import pytest

from edgediag.host.attributes import big32, nest, string
from edgediag.host.netfilter.iptables import iptables_text, is_iptables
from edgediag.host.netfilter.nft import decode_expressions
from edgediag.host.netfilter.rule import FilterRule


def test_recorded_rules_read_as_iptables_save_prints_them(recorded_iptables) -> None:
    written = {one.text: iptables_text(one.rule) for one in recorded_iptables}
    assert written == {text: text for text in written}


def test_every_recorded_rule_is_known_as_iptables(recorded_iptables) -> None:
    assert [one.text for one in recorded_iptables if not is_iptables(one.rule, "OUTPUT")] == []


def test_no_recorded_nft_rule_is_taken_for_iptables(recorded_nft) -> None:
    assert [one.text for one in recorded_nft if is_iptables(one.rule, one.rule.chain)] == []


def expression(name: str, *data: bytes) -> bytes:
    return nest(1, string(1, name), nest(2, *data))


COUNTER = expression("counter")
DROP = expression("immediate", big32(1, 0), nest(2, nest(2, big32(1, 0))))
COMMENT = expression("match", string(1, "comment"))
CT = expression("ct", big32(1, 1), big32(2, 0))


@pytest.mark.parametrize(
    ("family", "table", "chain", "expressions", "expected"),
    [
        pytest.param("ip", "filter", "OUTPUT", (COUNTER, DROP), True, id="its table and chain"),
        pytest.param("ip6", "raw", "PREROUTING", (COUNTER, DROP), True, id="of either family"),
        pytest.param("ip", "filter", "OUTPUT", (DROP,), False, id="iptables always counts"),
        pytest.param("ip", "filter", "OUTPUT", (CT, COUNTER, DROP), False, id="nft's own ct"),
        pytest.param("ip", "filter", "output", (COUNTER, DROP), False, id="not its chain"),
        pytest.param("ip", "filter", "KUBE", (COMMENT, DROP), True, id="a match gives it away"),
        pytest.param("inet", "filter", "OUTPUT", (COMMENT, DROP), False, id="never in inet"),
        pytest.param("ip", "fw", "OUTPUT", (COMMENT, DROP), False, id="not its table"),
    ],
)
def test_who_wrote_a_rule(
    family: str, table: str, chain: str, expressions: tuple[bytes, ...], expected: bool
) -> None:
    rule = FilterRule(
        family=family,
        table=table,
        chain=chain,
        handle=1,
        expressions=decode_expressions(b"".join(expressions)),
        comment="",
    )
    assert is_iptables(rule, chain) is expected
