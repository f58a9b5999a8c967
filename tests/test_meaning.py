"""What replies amount to."""

from dataclasses import replace

import pytest

from edgediag.meaning import (
    decisive,
    distance,
    has_come_back,
    has_left,
    is_service,
    received_hop_limit,
    speaks_for,
)
from edgediag.model.endpoint import ProbeKind
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Way
from edgediag.model.reply import (
    Connected,
    ConnectedMute,
    DnsReply,
    IcmpKind,
    ProxyReply,
    Reply,
    SocketError,
    TlsAnswer,
    TlsReply,
)
from story import (
    HOST,
    addresses,
    answered,
    echo_reply,
    flow,
    icmp,
    ike_reply,
    ntp_reply,
    probe,
    refused,
    reset,
    syn_ack,
    unanswered,
)

DNS = DnsReply(rcode=0, addresses=addresses(HOST), is_truncated=False, hop_limit=60)
TLS = TlsReply(answer=TlsAnswer.SERVER_HELLO, alert=0, hop_limit=None)


@pytest.mark.parametrize(
    ("reply", "serves", "speaks"),
    [
        pytest.param(syn_ack(), True, True, id="an open port"),
        pytest.param(reset(), False, True, id="a closed port: the host speaks"),
        pytest.param(echo_reply(), True, True, id="a ping"),
        pytest.param(ike_reply(), True, True, id="a gateway that refuses our transform works"),
        pytest.param(ntp_reply(), True, True, id="a clock in step"),
        pytest.param(ntp_reply(leap=3), False, True, id="a clock out of step"),
        pytest.param(ntp_reply(stratum=0), False, True, id="a kiss"),
        pytest.param(ntp_reply(stratum=16), False, True, id="a stratum that says out of step"),
        pytest.param(DNS, True, True, id="a resolver that answers"),
        pytest.param(replace(DNS, addresses=()), False, True, id="no address serves nobody"),
        pytest.param(
            replace(DNS, addresses=(), is_truncated=True), True, True, id="more than fits serves"
        ),
        pytest.param(replace(DNS, rcode=3, addresses=()), False, True, id="nor does no such name"),
        pytest.param(replace(DNS, rcode=2), False, True, id="SERVFAIL is not"),
        pytest.param(Connected(hop_limit=60), True, True, id="a connection"),
        pytest.param(ProxyReply(status=200), True, True, id="a forward proxy that opens the way"),
        pytest.param(ProxyReply(status=407), True, True, id="one that wants credentials serves"),
        pytest.param(ProxyReply(status=403), False, True, id="one that refuses does not"),
        pytest.param(ProxyReply(status=0), False, True, id="nor does what is no proxy"),
        pytest.param(TLS, True, True, id="a ServerHello"),
        pytest.param(replace(TLS, answer=TlsAnswer.ALERT), True, True, id="an alert is TLS"),
        pytest.param(replace(TLS, answer=TlsAnswer.CLOSED), False, True, id="closed at once"),
        pytest.param(replace(TLS, answer=TlsAnswer.RESET), False, True, id="reset"),
        pytest.param(
            ConnectedMute(has_left=True, is_acknowledged=True, hop_limit=60),
            False,
            True,
            id="accepted and mute",
        ),
        pytest.param(icmp(IcmpKind.PORT_UNREACHABLE, HOST), False, True, id="the host refuses"),
        pytest.param(
            icmp(IcmpKind.ADMIN_PROHIBITED, "203.0.113.1"), False, False, id="a router refuses"
        ),
        pytest.param(SocketError(errno_name="ECONNREFUSED"), False, False, id="our own kernel"),
    ],
)
def test_who_speaks_and_whether_it_serves(reply: Reply, serves: bool, speaks: bool) -> None:
    assert (is_service(reply), speaks_for(reply, flow().destination)) == (serves, speaks)


@pytest.mark.parametrize(
    ("hop_limit", "hops"),
    [
        pytest.param(64, 1, id="a neighbour that starts at 64"),
        pytest.param(60, 5, id="behind four routers"),
        pytest.param(119, 10, id="a sender that starts at 128"),
        pytest.param(250, 6, id="a sender that starts at 255"),
        pytest.param(1, 64, id="a very far one"),
    ],
)
def test_distance_by_hop_limit(hop_limit: int, hops: int) -> None:
    assert distance(hop_limit) == hops


@pytest.mark.parametrize(
    ("reply", "hop_limit"),
    [
        pytest.param(syn_ack(59), 59, id="a packet of the host"),
        pytest.param(replace(DNS, hop_limit=0), None, id="delivered, but no tap saw it"),
        pytest.param(TLS, None, id="a stream"),
        pytest.param(SocketError(errno_name="EPERM"), None, id="no packet at all"),
    ],
)
def test_the_hop_limit_of_an_answer(reply: Reply, hop_limit: int | None) -> None:
    assert received_hop_limit(reply) == hop_limit


SYN = probe(ProbeKind.TCP_SYN)
FIRST, SECOND = probe(ProbeKind.DNS, id_=1), probe(ProbeKind.DNS, id_=2)


@pytest.mark.parametrize(
    ("attempts", "place"),
    [
        pytest.param(
            (answered(SYN, syn_ack()), unanswered(probe(ProbeKind.TLS_CLIENT_HELLO))),
            1,
            id="the socket's, not the raw packet's",
        ),
        pytest.param((answered(SYN, syn_ack()),), 0, id="the only one"),
        pytest.param((answered(FIRST, DNS), unanswered(SECOND)), 0, id="one that was answered"),
        pytest.param(
            (
                answered(FIRST, icmp(IcmpKind.PORT_UNREACHABLE, HOST)),
                answered(SECOND, DNS),
            ),
            1,
            id="one that was answered well",
        ),
        pytest.param((unanswered(FIRST), refused(SECOND)), 1, id="the last of equals"),
    ],
)
def test_the_attempt_that_decides(attempts: tuple[Outcome, ...], place: int) -> None:
    assert decisive(attempts) == attempts[place]


def test_the_loopback_device_is_not_the_wire() -> None:
    asked = probe(way=Way.SOCKET)
    outcome = unanswered(asked, has_left=True, has_come_back=True)
    inside = replace(
        outcome, seen=tuple(replace(seen, interface="lo") for seen in outcome.seen)
    )
    assert (has_left(outcome), has_come_back(outcome)) == (True, True)
    assert (has_left(inside), has_come_back(inside)) == (False, False)
