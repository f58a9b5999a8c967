"""What a name server said, in words."""

from collections.abc import Iterable

from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.reply import DnsReply
from edgediag.names.addresses import addresses_in

# RCODE (RFC 1035 §4.1.1).
_NXDOMAIN = 3
_RCODES = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"}


def nobody_of(evidence: FlowEvidence) -> tuple[Outcome, ...]:
    """What a name server said of names that nobody has; none where it was not asked."""
    server = evidence.name_server
    return () if isinstance(server, NotChecked) else server.nobody


def said_of_names(outcome: Outcome, nobody: Iterable[Outcome]) -> str:
    """What an answer says of the name asked for, and with it of names that nobody has."""
    reply = outcome.reply if isinstance(outcome, Answered) else None
    if not isinstance(reply, DnsReply):
        return "says nothing"
    name = outcome.probe.name
    strange = [item for item in nobody if addresses_in(item)]
    if strange:
        given = ", ".join(map(str, addresses_in(strange[0])))
        return f"gives {given} to {strange[0].probe.name} as well, a name that nobody has"
    if reply.rcode == _NXDOMAIN:
        return f"says that {name} does not exist"
    if reply.rcode:
        rcode = _RCODES.get(reply.rcode, f"rcode {reply.rcode}")
        return f"says {rcode}: there is somebody who answers, and he cannot resolve"
    return f"knows {name} and gives it no address"
