"""What a rule leaves of the packet that it lets go on."""

from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.netfilter.expression import Expression, ImmediateLoad
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import (
    CtSet,
    Masquerade,
    MetaSet,
    Nat,
    NoTrack,
    PayloadSet,
    Redirect,
    Verdict,
    XtTarget,
)
from edgediag.host.walk.header import ends_of
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.parcel import CtState, Sender, parcel_of
from edgediag.host.walk.rule_machine import evaluate
from story import flow

SMALL = st.integers(0, 20)
SLOTS = st.tuples(st.just(0), st.none())
TARGETS = ("CONNMARK", "CT", "DNAT", "DSCP", "HL", "MARK", "NETMAP", "REDIRECT", "SNAT", "TCPMSS")
STATEMENTS = st.one_of(
    st.builds(PayloadSet, base=st.integers(0, 3), offset=SMALL, length=SMALL, slot=st.just(0)),
    st.builds(MetaSet, key=SMALL, slot=st.just(0)),
    st.builds(CtSet, key=SMALL, slot=st.just(0)),
    st.builds(
        Nat,
        type_=st.integers(0, 1),
        family=st.sampled_from([1, 2, 10]),
        address=SLOTS,
        port=SLOTS,
        flags=st.just(0),
    ),
    st.builds(Masquerade, port=SLOTS, flags=st.just(0)),
    st.builds(Redirect, port=SLOTS, flags=st.just(0)),
    st.builds(
        XtTarget,
        name=st.sampled_from(TARGETS),
        revision=st.integers(0, 3),
        info=st.binary(max_size=48),
    ),
    st.builds(Verdict, code=st.sampled_from([-1, -3, -5]), chain=st.just("c")),
    st.just(NoTrack()),
)


@given(st.lists(STATEMENTS, max_size=4), st.sampled_from(["192.0.2.9", "2001:db8::9"]))
def test_no_rule_changes_the_addresses_of_a_packet_and_lets_it_go_on(
    statements: list[Expression], host: str
) -> None:
    # Of a chain only those rules are read that its packet may match as it comes to the first.
    parcel = parcel_of(flow(host=host), Sender(mark=0, uid=0, gid=0, state=CtState.NEW))
    rule = FilterRule(
        family="inet",
        table="t",
        chain="c",
        handle=1,
        expressions=(ImmediateLoad(value=bytes(16), slot=0), *statements),
        comment="",
    )
    going_on = [
        outcome.parcel
        for outcome in evaluate(rule, parcel, Inquiry({})).outcomes
        if outcome.ending is None or isinstance(outcome.ending, Verdict)
    ]
    assert {ends_of(each) for each in going_on} <= {ends_of(parcel)}
