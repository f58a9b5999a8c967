"""An answer that the reverse-path filter drops."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import support
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.inference.sysctls import sysctls_of
from edgediag.meaning import has_come_back
from edgediag.model.culprit import SysctlObject
from edgediag.model.drops import Drop, TracePassed
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Unanswered
from edgediag.model.packet import Sighting
from edgediag.model.verdict import Finding, Mechanism

ID = "reverse-path"

_KEY = "net.ipv4.conf.{}.rp_filter"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The reverse-path filter drops the answer: this host would not answer its sender that way.

    Holds because   the answer came to PREROUTING and not to the end of INPUT, no rule dropped it,
                    and meanwhile the kernel's counter of reverse-path drops rose
    Does not hold   where INPUT met the answer, or the counter stood still; in IPv6, which has no
                    such filter but as a rule of netfilter
    Asks for        the tap, the trace, the counters of drops, the sysctls
    source          RFC 3704 §2.2 and §2.3; Documentation/networking/ip-sysctl.rst: the larger of
                    conf.all and conf.DEVICE holds
    """
    outcome, trace = outcome_of(evidence), evidence.trace
    if not isinstance(outcome, Unanswered) or not has_come_back(outcome):
        return None
    if not isinstance(trace, TracePassed) or not trace.is_received or trace.is_delivered:
        return None
    if evidence.flow.destination.version != 4:
        return None
    if not any(item.drop is Drop.REVERSE_PATH for item in evidence.drops):
        return None
    arrived = [seen.interface for seen in outcome.seen if seen.sighting is Sighting.TAP_IN]
    culprit = effective(arrived[-1], host)
    text = (
        f"the answer came in by {arrived[-1]}, and the reverse-path filter counted its drop: the "
        "way back to its sender leads elsewhere"
    )
    text += support(evidence, is_reply=True)
    remedy = (
        f"ip route get {evidence.flow.destination} from {evidence.flow.source}: mend the policy "
        f"routing, or set net.ipv4.conf.{arrived[-1]}.rp_filter to 2"
    )
    claim = on_this_host(Mechanism.RP_FILTER, culprit)
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))


def effective(interface: str, host: HostState) -> SysctlObject | None:
    """The value of rp_filter that holds for a device, None where it was not read."""
    keys = (_KEY.format(interface.replace(".", "/")), _KEY.format("all"))
    values = sysctls_of(host)
    key = max((key for key in keys if key in values), key=lambda key: values[key], default=None)
    return None if key is None else SysctlObject(key=key, value=values[key])
