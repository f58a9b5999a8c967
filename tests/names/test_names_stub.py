"""The servers behind a stub are asked where the stub serves nobody."""

from ipaddress import ip_address

import pytest

from edgediag.model.answer import NotChecked
from edgediag.model.cluster import NO_UPSTREAMS, ResolverLine
from edgediag.model.endpoint import ProbeKind, Target
from edgediag.model.outcome import Outcome
from edgediag.model.reply import DnsReply
from edgediag.names.stub import targets_behind_stub
from edgediag.stages.assignment import RESOLVER
from story import NEIGHBOUR_HOST, RESOLVER_HOST, addresses, answered, probe, target, unanswered


def server(address: str) -> Target:
    """A name server of resolv.conf."""
    kinds = (ProbeKind.DNS,)
    return target(
        f"resolver-53@{address}", kinds=kinds, host=address, address=address, endpoint=RESOLVER
    )


def lines(*texts: str) -> tuple[ResolverLine, ...]:
    """The lines that name the servers behind the stub."""
    return tuple(
        ResolverLine(address=ip_address(text), path="/run/x", line=number, text=text)
        for number, text in enumerate(texts, start=1)
    )


STUB = server("127.0.0.53")
QUERY = probe(ProbeKind.DNS)
SERVFAIL = DnsReply(rcode=2, addresses=(), is_truncated=False, hop_limit=64)
GOOD = DnsReply(rcode=0, addresses=addresses(NEIGHBOUR_HOST), is_truncated=False, hop_limit=64)
SILENT = unanswered(QUERY)


@pytest.mark.parametrize(
    ("targets", "heard", "behind", "checks"),
    [
        pytest.param(
            (STUB,), SILENT, lines(RESOLVER_HOST), ["resolver-upstream-53"], id="it is silent"
        ),
        pytest.param(
            (STUB,),
            answered(QUERY, SERVFAIL),
            lines(RESOLVER_HOST, NEIGHBOUR_HOST),
            [f"resolver-upstream-53@{RESOLVER_HOST}", f"resolver-upstream-53@{NEIGHBOUR_HOST}"],
            id="it fails, and has two servers",
        ),
        pytest.param(
            (STUB,),
            SILENT,
            lines("2001:db8:53::1", RESOLVER_HOST),
            ["resolver-upstream-53"],
            id="of its servers those of IPv4",
        ),
        pytest.param((STUB,), answered(QUERY, GOOD), lines(RESOLVER_HOST), [], id="it serves"),
        pytest.param(
            (STUB, server(RESOLVER_HOST)),
            SILENT,
            lines(RESOLVER_HOST),
            [],
            id="resolv.conf names the same server",
        ),
        pytest.param((STUB,), SILENT, NO_UPSTREAMS, [], id="nobody knows the servers"),
        pytest.param(
            (server(RESOLVER_HOST),), SILENT, lines(NEIGHBOUR_HOST), [], id="there is no stub"
        ),
    ],
)
def test_who_is_asked_behind_a_stub(
    targets: tuple[Target, ...],
    heard: Outcome,
    behind: tuple[ResolverLine, ...] | NotChecked,
    checks: list[str],
) -> None:
    known = {one.check: (heard,) for one in targets}
    assert [one.check for one in targets_behind_stub(targets, known, behind)] == checks
