"""Rows that hang on names, where a resolver denies them, is silent, or is not to be asked."""

import struct
from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.diagnosis import BY_DOMAIN, diagnose
from edgediag.live import _ports
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import NameLookup, ResolverLine, SearchList
from edgediag.model.endpoint import ProbeKind, Target
from edgediag.model.evidence import Evidence, FlowEvidence, NameEvidence, OmittedEvidence
from edgediag.model.exchange import Action, Delivered, Event, SendDatagram
from edgediag.model.flow import Flow
from edgediag.model.route import Route
from edgediag.names.disagreement import words_of
from edgediag.names.unresolved import NOT_ASKABLE, SHORT_NAME
from edgediag.stages.assignment import RESOLVER, Assignment
from rig import RigHost, RigWire, assigned, rig, silence
from story import HOST, RESOLVER_HOST, route, target

OF_ONE_LINK = "fe80::1%eth0"
STUB = "127.0.0.53"
SERVFAIL, NXDOMAIN = 2, 3

UNREAD = NotChecked(reason="resolv.conf cannot be read")
SITE_LIST = SearchList(domains=("site.example",), ndots=1)

_Answer = Callable[[Action, float], Iterable[Event]]


def saying(rcode: int, *texts: str, by: str = RESOLVER_HOST) -> _Answer:
    """A resolver that says the same of every name."""
    packed = [ip_address(text).packed for text in texts]

    def answer(action: Action, at_s: float) -> Iterable[Event]:
        if not isinstance(action, SendDatagram) or str(action.flow.destination) != by:
            return ()
        # QR, RD and RA; a pointer to the question, type A, class IN, a minute (RFC 1035 §4.1).
        header = action.payload[:2] + struct.pack("!5H", 0x8180 | rcode, 1, len(packed), 0, 0)
        records = (b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 60, 4) + each for each in packed)
        payload = header + action.payload[12:] + b"".join(records)
        flow = action.flow.reversed()
        return (Delivered(probe=action.probe, flow=flow, payload=payload, at_s=at_s),)

    return answer


def server(address: str) -> Target:
    check = f"resolver-53@{address}"
    kinds = (ProbeKind.DNS,)
    return target(check, kinds=kinds, host=address, address=address, endpoint=RESOLVER)


def named(host: str) -> Target:
    kinds = (ProbeKind.TCP_SYN,)
    return target("api-server-6443", kinds=kinds, host=host, address=None, port=6443)


def line(address: str) -> ResolverLine:
    return ResolverLine(address=ip_address(address), path="/run/x", line=1, text="")


def looked_up(*sources: str) -> NameLookup:
    text = f"hosts: {' '.join(sources)}"
    return NameLookup(sources=sources, path="/etc/nsswitch.conf", line=1, text=text)


def found(assignment: Assignment, answer: _Answer) -> tuple[Evidence, ...]:
    """What a run brings on a host with one uplink, in the order of the matrix."""

    def way(flow: Flow) -> Route:
        if str(flow.destination) == STUB:
            return route(None, interface="lo", is_local=True)
        return route()

    return diagnose(rig(RigWire(answer), RigHost(way=way)), assignment).evidence.checks


@pytest.mark.parametrize(
    ("assignment", "answer", "because"),
    [
        pytest.param(
            assigned(named("master1"), server(RESOLVER_HOST), search=UNREAD),
            saying(NXDOMAIN),
            SHORT_NAME,
            id="a name of one label is denied: a search list may have it",
        ),
        pytest.param(
            assigned(named("master1"), server(RESOLVER_HOST)),
            saying(NXDOMAIN),
            None,
            id="a name of one label is denied, and no search list has it",
        ),
        pytest.param(
            assigned(named("master1"), server(RESOLVER_HOST), search=SITE_LIST),
            saying(NXDOMAIN),
            None,
            id="it is denied behind the domain of the list as well",
        ),
        pytest.param(
            assigned(named("master1.example"), server(RESOLVER_HOST)),
            saying(NXDOMAIN),
            None,
            id="a name of two is denied",
        ),
        pytest.param(
            assigned(named("master1."), server(RESOLVER_HOST)),
            saying(NXDOMAIN),
            None,
            id="a dot at the end keeps the search list out",
        ),
        pytest.param(
            assigned(named("master1"), server(RESOLVER_HOST)),
            silence,
            None,
            id="nobody answers for a name of one label",
        ),
        pytest.param(
            assigned(named("master1"), server(RESOLVER_HOST), lookup=looked_up("files")),
            saying(NXDOMAIN),
            None,
            id="programs ask no server for it",
        ),
        pytest.param(
            assigned(named("master1.example"), server(OF_ONE_LINK)),
            silence,
            NOT_ASKABLE,
            id="the only server is of one link",
        ),
        pytest.param(
            assigned(named("master1.example"), server(OF_ONE_LINK), server(RESOLVER_HOST)),
            saying(NXDOMAIN),
            None,
            id="another can be asked",
        ),
        pytest.param(assigned(named("master1.example")), silence, None, id="there is no server"),
    ],
)
def test_a_name_without_an_address(
    assignment: Assignment, answer: _Answer, because: NotChecked | None
) -> None:
    evidence = found(assignment, answer)[0]
    if because is None:
        assert isinstance(evidence, NameEvidence)
    else:
        assert isinstance(evidence, OmittedEvidence)
        assert evidence.omitted.because == because


def knowing(*names: str) -> _Answer:
    """A resolver that has one address for these names and denies all others."""
    wanted = [b"".join(bytes([len(word)]) + word.encode() for word in name.split("."))
              for name in names]

    def answer(action: Action, at_s: float) -> Iterable[Event]:
        is_known = isinstance(action, SendDatagram) and any(
            name + b"\0" in action.payload for name in wanted
        )
        return (saying(0, HOST) if is_known else saying(NXDOMAIN))(action, at_s)

    return answer


def test_a_name_that_a_domain_of_the_list_completes_has_its_address() -> None:
    assignment = assigned(named("master1"), server(RESOLVER_HOST), search=SITE_LIST)
    (evidence, _) = found(assignment, knowing("master1.site.example"))
    assert isinstance(evidence, FlowEvidence)
    assert (str(evidence.flow.destination), evidence.named_by) == (
        HOST, ("resolver-53",)
    )


def test_a_denial_of_a_name_that_a_domain_completes_is_no_disagreement() -> None:
    assignment = assigned(named("master1"), server(RESOLVER_HOST), search=SITE_LIST)
    (evidence, _) = found(assignment, knowing("master1.site.example"))
    assert isinstance(evidence, FlowEvidence) and not isinstance(evidence.queries, NotChecked)
    words = words_of(evidence.queries)
    assert [[str(item) for item in word.addresses] for word in words] == [[HOST]]


@pytest.mark.parametrize(
    ("sources", "is_heard"),
    [
        pytest.param(("files", "dns"), True, id="in the order of resolv.conf"),
        pytest.param(("files", "resolve", "dns"), False, id="as systemd-resolved chooses"),
    ],
)
def test_what_servers_say_counts_in_an_order_that_is_known(
    sources: tuple[str, ...], is_heard: bool
) -> None:
    row = named("master1.example")
    assignment = assigned(row, server(RESOLVER_HOST), lookup=looked_up(*sources))
    evidence = found(assignment, saying(0, HOST))[0]
    assert isinstance(evidence, FlowEvidence)
    assert (evidence.queries != BY_DOMAIN) is is_heard
    assert evidence.named_by == ("resolver-53",)


@pytest.mark.parametrize(
    ("behind", "count"),
    [
        pytest.param(RESOLVER_HOST, 1, id="the resolver is one of those behind the stub"),
        pytest.param("198.51.100.54", 0, id="it is another"),
    ],
)
def test_a_server_behind_the_stub_may_stand_in_resolv_conf_as_well(
    behind: str, count: int
) -> None:
    assignment = assigned(
        named("master1.example"), server(STUB), server(RESOLVER_HOST), upstreams=(line(behind),)
    )
    heard = found(assignment, saying(SERVFAIL, by=STUB))
    stub = heard[1]
    assert isinstance(stub, FlowEvidence)
    assert not isinstance(stub.name_server, NotChecked)
    upstreams = stub.name_server.upstreams
    assert not isinstance(upstreams, NotChecked)
    checks = [outcome.probe.check for outcome in upstreams]
    assert checks.count(f"resolver-53@{RESOLVER_HOST}") == count


def test_there_are_ports_for_the_servers_behind_a_stub() -> None:
    plain = assigned(server(STUB))
    assert _ports(replace(plain, upstreams=(line(RESOLVER_HOST),)), 1) == _ports(plain, 1) + 4
