"""Why a rule did not match: the packet as it is described there."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.host.netfilter.register import NO_NAMES
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk.octets import unknown
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_of
from edgediag.host.walk.rule_machine import Failed
from edgediag.host.walk.why_not import DoesNotHold
from edgediag.model.flow import Flow
from edgediag.report.why_not import reason_words
from story import flow

# -m mark --mark 0x7 (struct xt_mark_mtinfo1): mark, mask, invert.
MARK = XtMatch(name="mark", revision=1, info=b"\7\0\0\0" + b"\xff" * 4 + bytes(4))
RULE = FilterRule(
    family="ip", table="filter", chain="OUTPUT", handle=0, expressions=(MARK,), comment=""
)
SENDER = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
OF_6 = replace(
    flow(), source=ip_address("2001:db8::9"), destination=ip_address("2001:db8:1::21")
)


def of(on: Flow) -> Parcel:
    return replace(parcel_of(on, SENDER), is_tracked=True)


@pytest.mark.parametrize(
    ("parcel", "words"),
    [
        pytest.param(of(flow()), "udp 192.0.2.10:40000 -> 198.51.100.21:4500", id="IPv4"),
        pytest.param(
            of(OF_6), "udp [2001:db8::9]:40000 -> [2001:db8:1::21]:4500", id="IPv6, in brackets"
        ),
        pytest.param(
            of(replace(OF_6, source_port=0)),
            "udp [2001:db8::9]:? -> [2001:db8:1::21]:4500",
            id="a port that is not known",
        ),
        pytest.param(
            replace(of(OF_6), source=unknown(16, "who sends it")),
            "udp ?:40000 -> [2001:db8:1::21]:4500",
            id="nor whose it is",
        ),
    ],
)
def test_the_packet_is_told_as_everywhere(parcel: Parcel, words: str) -> None:
    failed = DoesNotHold(rule=RULE, parcel=parcel, failed=Failed(place=0, octets=None))
    said = reason_words(failed, NO_NAMES)
    assert said == (
        f"-m mark --mark 0x7 does not hold: the packet is {words}, ct state new, mark 0x0"
    )
