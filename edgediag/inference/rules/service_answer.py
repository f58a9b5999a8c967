"""A service that is reached and does not serve."""

from edgediag.inference.claim import at_destination, finding
from edgediag.inference.reading import after_of, outcome_of, packets_of, reply_of
from edgediag.meaning import is_synchronised
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.reply import DnsReply, NtpReply, Reply
from edgediag.model.verdict import Certainty, Finding, Mechanism

ID = "service-answer"

# RCODE names (RFC 1035 §4.1.1).
_RCODES = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"}
_WORKING_RCODES = (0, 3)


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The service answers, and says itself that it does not serve.

    Holds because   the answer carries the probe's own nonce: path and port are good both ways
    Does not hold   for answers that serve
    Asks for        the attempts
    source          RFC 5905 §7.3 and §7.4 (stratum, leap indicator, kiss code), RFC 1035 §4.1.1
    """
    reply = reply_of(evidence)
    said = _said(reply) if reply is not None else None
    if said is None:
        return None
    mechanism, text, remedy = said
    claim = at_destination(after_of(evidence), mechanism, Certainty.PROVEN)
    host_ = evidence.flow.destination
    packets = packets_of([outcome_of(evidence)])
    return finding(ID, evidence, claim, (f"{host_} {text}", remedy, packets))


def _said(reply: Reply) -> tuple[Mechanism, str, str] | None:
    match reply:
        case NtpReply(stratum=0, kiss=kiss) if kiss:
            text = f"sends a kiss-o'-death ({kiss}): it is reached and refuses this node"
            return Mechanism.NTP_KISS, text, "stop asking this server; use another"
        case NtpReply() if not is_synchronised(reply):
            text = f"is not synchronised (leap {reply.leap}, stratum {reply.stratum})"
            return Mechanism.NTP_UNSYNCHRONISED, text, "use another NTP server"
        case DnsReply() if reply.rcode not in _WORKING_RCODES:
            name = _RCODES.get(reply.rcode, f"rcode {reply.rcode}")
            text = f"answers {name}: the resolver is reached and cannot resolve"
            return Mechanism.DNS_FAILURE, text, "mend that resolver, or name another one"
        case _:
            return None
