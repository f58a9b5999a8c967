"""A service that is reached and does not serve."""

from edgediag.checked import is_wild
from edgediag.inference.claim import LOST_OUTSIDE, at_destination, finding, one_of
from edgediag.inference.ladders import after_of, answer_origin
from edgediag.inference.name_answers import nobody_of, said_of_names
from edgediag.inference.origin import claim_on, is_nearer
from edgediag.inference.reading import outcome_of, packets_of, reply_of
from edgediag.meaning import is_service, is_synchronised
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.reply import DnsReply, NtpReply, Reply
from edgediag.model.verdict import Certainty, Claim, Finding, Mechanism

ID = "service-answer"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The service answers, and says itself that it does not serve.

    Holds because   the answer carries the probe's own nonce: path and port are good both ways. A
                    DNS answer can be made by anybody on the path, so it is the name server's where
                    a walk met both at one distance, and else one of the two
    Does not hold   for answers that serve, or that were made before the host
    Asks for        the attempts; for DNS the ladder and a control to the same host
    source          RFC 5905 §7.3 and §7.4 (stratum, leap indicator, kiss code), RFC 1035 §4.1.1
    """
    reply = reply_of(evidence)
    said = _said(evidence, reply) if reply is not None else None
    if said is None:
        return None
    mechanism, text, remedy = said
    claim = _claim(evidence, mechanism)
    if claim is None:
        return None
    host_ = evidence.flow.destination
    packets = packets_of([outcome_of(evidence), *nobody_of(evidence)])
    return finding(ID, evidence, claim, (f"{host_} {text}", remedy, packets))


def _claim(evidence: FlowEvidence, mechanism: Mechanism) -> Claim | None:
    if not isinstance(reply_of(evidence), DnsReply):
        return at_destination(after_of(evidence), mechanism, Certainty.PROVEN)
    origin = answer_origin(evidence)
    if origin is None:
        return one_of(LOST_OUTSIDE, None, mechanism)
    return None if is_nearer(origin) else claim_on(origin, mechanism, mechanism)


def _said(evidence: FlowEvidence, reply: Reply) -> tuple[Mechanism, str, str] | None:
    match reply:
        case NtpReply(stratum=0, kiss=kiss) if kiss:
            text = f"sends a kiss-o'-death ({kiss}): it is reached and refuses this node"
            return Mechanism.NTP_KISS, text, "stop asking this server; use another"
        case NtpReply() if not is_synchronised(reply):
            text = f"is not synchronised (leap {reply.leap}, stratum {reply.stratum})"
            return Mechanism.NTP_UNSYNCHRONISED, text, "use another NTP server"
        case DnsReply():
            nobody = nobody_of(evidence)
            is_forger = is_wild(evidence.attempts, nobody)
            if is_service(reply) and not is_forger:
                return None
            text = said_of_names(outcome_of(evidence), nobody if is_forger else ())
            mechanism = Mechanism.DNS_HIJACK if is_forger else Mechanism.DNS_FAILURE
            return mechanism, text, "mend that resolver, or name another one"
        case _:
            return None
