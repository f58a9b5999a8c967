"""Name servers of which no word came: which are asked once more, and what comes of it."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import Action, Event, SendDatagram
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.packet import IcmpError, Packet, Quote, Sighting
from edgediag.model.path import Ladder
from edgediag.model.reply import DnsReply, IcmpKind, IcmpReply
from edgediag.names.absent import RESOLUTION_S, ask_absent, may_be_absent, with_absent
from rig import RigWire, observed, rig, silence
from story import (
    GATEWAY,
    ROUTERS,
    addresses,
    answered,
    echo_reply,
    flow,
    icmp,
    ladder,
    probe,
    syn_ack,
    target,
    unanswered,
)

(SERVER,), (LAST,) = addresses("192.0.2.99"), addresses(ROUTERS[-1])
QUERY = probe(
    ProbeKind.DNS,
    on=flow(host="192.0.2.99", port=53, source_port=41000),
    check="resolver-53",
    id_=9001,
    name="cs.example",
)
SYN = probe(ProbeKind.TCP_SYN, on=flow(Protocol.TCP, port=6443), check="api-server-6443", id_=9002)
ECHO = flow(Protocol.ICMP, host="192.0.2.99", port=7, source_port=7)
SILENT = unanswered(QUERY)
SERVED = answered(QUERY, DnsReply(rcode=3, addresses=(), is_truncated=False, hop_limit=60))
UPTO_LAST = ladder(QUERY.flow, [GATEWAY, *ROUTERS, None])
NOT_FOUND = icmp(IcmpKind.HOST_UNREACHABLE, ROUTERS[-1])


def server(*attempts: Outcome, check: str = "resolver-53") -> Checked:
    row = target(check, kinds=(ProbeKind.DNS,), host=str(SERVER), address=str(SERVER))
    return Checked(target=row, attempts=attempts, nobody=())


API = Checked(
    target=target("api-server-6443", kinds=(ProbeKind.TCP_SYN,)),
    attempts=(answered(SYN, syn_ack()),),
    nobody=(),
)


@pytest.mark.parametrize(
    ("check", "walked", "expected"),
    [
        pytest.param(server(SILENT), (UPTO_LAST,), True, id="its walk came to the last router"),
        pytest.param(server(SILENT), (), False, id="it was not walked"),
        pytest.param(
            server(SILENT),
            (ladder(QUERY.flow, [GATEWAY, ROUTERS[0], None, None]),),
            False,
            id="it is lost before the last router",
        ),
        pytest.param(server(SILENT, SERVED), (UPTO_LAST,), False, id="it said something"),
        pytest.param(
            server(answered(QUERY, NOT_FOUND)), (UPTO_LAST,), False, id="the router said its word"
        ),
        pytest.param(
            server(SILENT),
            (ladder(QUERY.flow, [GATEWAY, *ROUTERS, NOT_FOUND]),),
            False,
            id="or said it of a rung",
        ),
        pytest.param(
            server(SILENT),
            (UPTO_LAST, ladder(ECHO, [GATEWAY, *ROUTERS, echo_reply()])),
            False,
            id="the host answers an echo",
        ),
        pytest.param(
            server(SILENT),
            (UPTO_LAST, ladder(ECHO, [GATEWAY, *ROUTERS, None])),
            True,
            id="nor does it answer an echo",
        ),
        pytest.param(
            server(SILENT, check="ntp-123"), (UPTO_LAST,), False, id="no line names others"
        ),
    ],
)
def test_which_servers_may_be_absent(
    check: Checked, walked: tuple[Ladder, ...], expected: bool
) -> None:
    ladders = {item.flow: item for item in walked}
    assert may_be_absent(check, ladders, {len(UPTO_LAST.hops) - 1}) is expected


def refusing(action: Action, at_s: float) -> Iterable[Event]:
    """The last router says of a datagram that it does not find its host."""
    if not isinstance(action, SendDatagram):
        return ()
    quote = Quote(flow=action.flow, hop_limit=60, ip_id=7, sequence=None)
    way = replace(action.flow.reversed(), source=LAST, protocol=Protocol.ICMP)
    error = IcmpError(type_=3, code=1, quote=quote)
    packet = Packet(flow=way, hop_limit=61, ip_id=1, payload=error)
    return (observed(packet, Sighting.TAP_IN, at_s),)


def asked(wire: RigWire, check: Checked) -> tuple[Checked, ...]:
    bench = rig(wire)
    probes = ask_absent(bench, (check, API), {UPTO_LAST.flow: UPTO_LAST})
    return with_absent(bench, probes, (check, API))


def test_a_word_of_the_router_counts_as_one_more_attempt() -> None:
    wire = RigWire(refusing)
    check, other = asked(wire, server(SILENT))
    assert other is API
    first, last = check.attempts
    assert first is SILENT
    assert isinstance(last, Answered) and isinstance(last.reply, IcmpReply)
    assert (last.reply.kind, last.reply.sender) == (IcmpKind.HOST_UNREACHABLE, LAST)
    ((at_s, action),) = wire.sent
    # What waited for the host before has had its errors, and the flow is one of its own.
    assert at_s >= RESOLUTION_S
    assert isinstance(action, SendDatagram) and action.flow != QUERY.flow


def test_silence_adds_nothing() -> None:
    check = server(SILENT)
    assert asked(RigWire(silence), check) == (check, API)


def test_without_a_doubt_nothing_is_sent_and_nobody_waits() -> None:
    wire = RigWire(refusing)
    check = server(SERVED)
    assert asked(wire, check) == (check, API)
    assert (wire.sent, wire.passed_s()) == ([], 0.0)
