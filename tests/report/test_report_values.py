"""The value codec: what is written is read back, and hostile JSON is one narrow error."""

import math
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ClockObject, RouteObject, ToolObject
from edgediag.model.evidence import RunEvidence
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import HostState
from edgediag.model.packet import UdpDatagram
from edgediag.model.report import Record, Report
from edgediag.model.verdict import Certainty, Claim, Landmark, Place
from edgediag.report.values import (
    MAX_TEXT,
    NOT_RECORDED,
    ValueCodecError,
    from_json,
    from_text,
    to_json,
    to_text,
)

Strategies = Callable[[object], "st.SearchStrategy[Any]"]

FLOW = Flow(
    protocol=Protocol.UDP,
    source=IPv4Address("192.0.2.10"),
    source_port=40000,
    destination=IPv6Address("2001:db8::1"),
    destination_port=4500,
)
NOT_ASKED = NotChecked(reason="this test does not need it")
HOST_STATE = HostState(
    links=NOT_ASKED,
    addresses=NOT_ASKED,
    rules=NOT_ASKED,
    neighbours=NOT_ASKED,
    listeners=NOT_ASKED,
    sysctls=NOT_ASKED,
    legacy_tables=NOT_ASKED,
    tc_filters=(),
    vxlans=NOT_ASKED,
    forwarding=NOT_ASKED,
    overlay_routes=NOT_ASKED,
    xfrm_policies=NOT_ASKED,
    xfrm_states=NOT_ASKED,
    xfrm_counts=NOT_ASKED,
    cgroup_programs=NOT_ASKED,
    xdp_programs=(),
    tcx_programs=NOT_ASKED,
    netfilter_programs=NOT_ASKED,
    tunnel_traffic=NOT_ASKED,
    before_exemption=NOT_ASKED,
    before_marking=NOT_ASKED,
    to_pods=NOT_ASKED,
)
FLOW_JSON = {
    "type": "Flow",
    "protocol": "udp",
    "source": "192.0.2.10",
    "source_port": 40000,
    "destination": "2001:db8::1",
    "destination_port": 4500,
}
CLAIM = Claim(
    where=(Place.LOCAL,),
    certainty=Certainty.PROVEN,
    after=Landmark.EDGE,
    upto=IPv4Address("192.0.2.1"),
    mechanism=None,
    culprit=RouteObject(type_="missing", prefix="default", table=254),
)
CLAIM_JSON = {
    "type": "Claim",
    "where": ["local"],
    "certainty": "proven",
    "after": "edge",
    "upto": "192.0.2.1",
    "mechanism": None,
    "culprit": {"type": "RouteObject", "type_": "missing", "prefix": "default", "table": 254},
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("type"), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        pytest.param(FLOW, FLOW_JSON, id="a dataclass carries its class name"),
        pytest.param(CLAIM, CLAIM_JSON, id="each member of a union is told from the others"),
        pytest.param(
            UdpDatagram(payload=b"\x00\xff"),
            {"type": "UdpDatagram", "payload": "00ff", "checksum": "right"},
            id="octets are hexadecimal",
        ),
        pytest.param(
            ToolObject(names=("socat", "conntrack")),
            {"type": "ToolObject", "names": ["socat", "conntrack"]},
            id="a tuple is a list",
        ),
    ],
)
def test_form(value: object, data: object) -> None:
    assert to_json(value) == data
    assert from_json(type(value), data) == value


@pytest.mark.parametrize("type_", [RunEvidence, Record, Report])
@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_round_trip(values_of: Strategies, type_: type, data: st.DataObject) -> None:
    value = data.draw(values_of(type_))
    assert from_text(type_, to_text(value)) == value


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(data=JSON)
def test_foreign_json_is_a_value_or_the_codec_error(data: object) -> None:
    try:
        assert isinstance(from_json(RunEvidence, data), RunEvidence)
    except ValueCodecError:
        pass


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_one_foreign_spot_is_a_value_or_the_codec_error(
    values_of: Strategies, data: st.DataObject
) -> None:
    document = to_json(data.draw(values_of(RunEvidence)))
    _replace_somewhere(document, data)
    try:
        from_json(RunEvidence, document)
    except ValueCodecError:
        pass


def _replace_somewhere(document: Any, data: st.DataObject) -> None:
    """Put arbitrary JSON in the place of one node of the document."""
    while True:
        keys = sorted(document) if isinstance(document, dict) else range(len(document))
        key = data.draw(st.sampled_from(list(keys)))
        deeper = document[key]
        if not isinstance(deeper, dict | list) or not deeper or data.draw(st.booleans()):
            document[key] = data.draw(JSON)
            return
        document = deeper


@given(text=st.text())
def test_foreign_text_is_a_value_or_the_codec_error(text: str) -> None:
    try:
        from_text(Flow, text)
    except ValueCodecError:
        pass


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"type": "Flows"}, id="a class of another name"),
        pytest.param({"type": ["Flow"]}, id="a class name that is no text"),
        pytest.param({"source_port": True}, id="a truth value where a number stands"),
        pytest.param({"source_port": 1.0}, id="a float where an integer stands"),
        pytest.param({"source_port": None}, id="null where a number stands"),
        pytest.param({"source": 3221225994}, id="an address as a number"),
        pytest.param({"source": "192.0.2.256"}, id="an address out of range"),
        pytest.param({"source": "fe80::1%\x1b[31m"}, id="a zone that writes to the terminal"),
        pytest.param({"protocol": "sctp"}, id="a word outside the vocabulary"),
        pytest.param({"protocol": ["udp"]}, id="a list where a word stands"),
        pytest.param({"extra": 1}, id="a field too many"),
    ],
)
def test_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueCodecError):
        from_json(Flow, FLOW_JSON | change)


def test_what_an_older_version_did_not_look_at_is_not_checked() -> None:
    data = to_json(HOST_STATE)
    assert isinstance(data, dict)
    del data["tc_filters"]
    assert from_json(HostState, data) == replace(HOST_STATE, tc_filters=NOT_RECORDED)


def test_a_missing_field_is_refused() -> None:
    with pytest.raises(ValueCodecError, match="not the fields of NotChecked"):
        from_json(NotChecked, {"type": "NotChecked"})


def test_an_integer_is_read_as_a_float_where_one_is_asked_for() -> None:
    assert from_json(ClockObject, {"type": "ClockObject", "offset_s": 3}).offset_s == 3.0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100_000, id="nested deeper than the parser goes"),
        pytest.param('{"type":"ClockObject","offset_s":NaN}', id="not a number"),
        pytest.param('{"type":"ClockObject","offset_s":1e999}', id="beyond the largest float"),
        pytest.param('{"type":"ClockObject","offset_s":1' + "0" * 400 + "}", id="a huge integer"),
        pytest.param('{"type":"ClockObject","offset_s":1' + "0" * 9999 + "}", id="a longer one"),
        pytest.param(" " * (MAX_TEXT + 1), id="more than any evidence"),
        pytest.param("", id="nothing"),
    ],
)
def test_hostile_text(text: str) -> None:
    with pytest.raises(ValueCodecError):
        from_text(ClockObject, text)


@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": 1}, object(), Flow])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(ValueCodecError):
        to_json(value)


def test_the_error_names_the_spot() -> None:
    data = CLAIM_JSON | {"where": ["local", "nowhere"]}
    with pytest.raises(ValueCodecError, match=r"cannot read Claim\.where\[1\]: found 'nowhere'"):
        from_json(Claim, data)
