"""The kernel's trace messages."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, big32, nest, string
from edgediag.host.messages import Message
from edgediag.host.netfilter.trace import (
    MESSAGE_TYPE,
    Step,
    TraceMessage,
    decode_flow,
    decode_trace,
)
from edgediag.model.flow import Flow, Protocol

INET = bytes([1, 0, 0, 0])
SOURCE, DESTINATION = IPv4Address("192.0.2.10"), IPv4Address("198.51.100.21")
SOURCE6, DESTINATION6 = IPv6Address("2001:db8::10"), IPv6Address("2001:db8::21")
PORTS = (40000).to_bytes(2, "big") + (4500).to_bytes(2, "big") + bytes(4)
ECHO = bytes([8, 0, 0, 0, 0x12, 0x34, 0, 1])


def ipv4(protocol: int) -> bytes:
    return b"\x45" + bytes(8) + bytes([protocol]) + bytes(2) + SOURCE.packed + DESTINATION.packed


def ipv6(protocol: int) -> bytes:
    return b"\x60" + bytes(5) + bytes([protocol, 64]) + SOURCE6.packed + DESTINATION6.packed


def udp_flow() -> Flow:
    return Flow(
        protocol=Protocol.UDP,
        source=SOURCE,
        source_port=40000,
        destination=DESTINATION,
        destination_port=4500,
    )


def echo_flow() -> Flow:
    return Flow(
        protocol=Protocol.ICMP,
        source=SOURCE,
        source_port=0x1234,
        destination=DESTINATION,
        destination_port=0x1234,
    )


def trace(*attributes: bytes) -> Message:
    payload = INET + string(1, "t") + string(2, "o") + big32(6, 7) + b"".join(attributes)
    return Message(type_=MESSAGE_TYPE, flags=0, sequence=0, payload=payload)


def step(kind: Step, handle: int = 0, *, is_drop: bool = False, flow: Flow | None = None):
    return TraceMessage(
        id=7,
        step=kind,
        family="inet",
        table="t",
        chain="o",
        handle=handle,
        is_drop=is_drop,
        flow=flow,
    )


RULE, POLICY, RETURN = big32(4, 3), big32(4, 1), big32(4, 2)
HANDLE = attribute(3, (5).to_bytes(8, "big"))


def verdict(code: int) -> bytes:
    return nest(5, big32(1, code))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(
            trace(RULE, HANDLE, verdict(0), attribute(8, ipv4(17)), attribute(9, PORTS)),
            step(Step.RULE, 5, is_drop=True, flow=udp_flow()),
            id="a rule drops, and the packet is shown",
        ),
        pytest.param(trace(RULE, HANDLE, verdict(1)), step(Step.RULE, 5), id="a rule accepts"),
        pytest.param(trace(RULE, HANDLE, verdict(-3)), step(Step.RULE, 5), id="a rule jumps"),
        pytest.param(trace(RULE, HANDLE), step(Step.RULE, 5), id="no verdict is no drop"),
        pytest.param(
            trace(RULE, HANDLE, verdict(0x10000)),
            step(Step.RULE, 5, is_drop=True),
            id="a drop that gives the sender an errno",
        ),
        pytest.param(trace(POLICY, big32(16, 0)), step(Step.POLICY, is_drop=True), id="the policy"),
        pytest.param(trace(POLICY, big32(16, 1)), step(Step.POLICY), id="a policy that accepts"),
        pytest.param(trace(RETURN, verdict(-5)), step(Step.RETURN), id="a chain ends"),
        pytest.param(trace(big32(4, 99)), None, id="a type of a newer kernel"),
        pytest.param(Message(type_=2, flags=0, sequence=0, payload=b""), None, id="not a trace"),
    ],
)
def test_a_message(message: Message, expected: TraceMessage | None) -> None:
    assert decode_trace(message) == expected


@pytest.mark.parametrize(
    ("network", "transport", "expected"),
    [
        pytest.param(ipv4(17), PORTS, udp_flow(), id="UDP"),
        pytest.param(ipv4(1), ECHO, echo_flow(), id="an echo request, by its identifier"),
        pytest.param(ipv4(1), b"\3" + ECHO[1:], None, id="an ICMP error is no flow"),
        pytest.param(ipv4(50), PORTS, None, id="another protocol"),
        pytest.param(ipv4(17)[:-1], PORTS, None, id="one octet short"),
        pytest.param(ipv4(17), PORTS[:7], None, id="ports cut off"),
        pytest.param(b"", b"", None, id="nothing"),
    ],
)
def test_the_flow_of_two_headers(network: bytes, transport: bytes, expected: Flow | None) -> None:
    assert decode_flow(network, transport) == expected


def test_ipv6_flows_are_read() -> None:
    flow = decode_flow(ipv6(6), PORTS)
    assert flow is not None
    assert (flow.protocol, flow.source, flow.destination) == (Protocol.TCP, SOURCE6, DESTINATION6)


@given(st.binary(max_size=60), st.binary(max_size=30))
def test_any_headers_are_a_flow_or_none_not_an_error(network: bytes, transport: bytes) -> None:
    assert decode_flow(network, transport) is None or network


@given(st.binary(max_size=200))
def test_any_payload_is_a_step_or_none_never_an_exception(payload: bytes) -> None:
    message = Message(type_=MESSAGE_TYPE, flags=0, sequence=0, payload=payload)
    assert decode_trace(message) is None or payload
