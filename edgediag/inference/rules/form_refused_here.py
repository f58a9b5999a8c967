"""This host itself does not let a form out that the tunnel needs."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.forms import packets_of_form, varied
from edgediag.inference.rules.traced_drop import conclusion
from edgediag.meaning import has_left
from edgediag.model.drops import TraceDropped
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import SendFailed
from edgediag.model.variation import Change
from edgediag.model.verdict import Finding, Mechanism

ID = "form-refused-here"

_SAID = {
    Change.SOURCE_PORT: "from port 4500, from which the tunnel asks",
    Change.FRAGMENTS: "in fragments",
}


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The gateway answers, and this host refuses to send what the tunnel will send.

    Holds because   the same question left and was answered; in the other form the kernel refused
                    each try at once and no tap saw it leave: what refuses is on this host
    Does not hold   for a size: the kernel refuses what is longer than it knows the way to be. Nor
                    for silence, which a translation of this host may explain as well
    Asks for        the question from port 4500 and in fragments, the tap, the trace of the form
    """
    for change, said in _SAID.items():
        for variation in varied(evidence, change):
            failed = [item for item in variation.attempts if isinstance(item, SendFailed)]
            is_refused = len(failed) == len(variation.attempts) > 0
            if not is_refused or any(map(has_left, variation.attempts)):
                continue
            text = (
                f"the question is answered, and sent {said} the kernel refuses it with "
                f"{failed[0].errno_name}: it never leaves this host"
            )
            remedy = "look for what selects it on this host: nft list ruleset, tc filter show"
            claim = on_this_host(Mechanism.LOCAL_DROP, None)
            if isinstance(variation.trace, TraceDropped):
                version = evidence.flow.destination.version
                claim, rule, remedy = conclusion(variation.trace, version)
                text += f"; {rule}"
            return finding(ID, evidence, claim, (text, remedy, packets_of_form(variation)))
    return None
