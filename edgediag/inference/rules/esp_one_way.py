"""ESP leaves this node, and none comes back."""

from typing import Final

from edgediag.inference.claim import finding, lost_outside, one_of
from edgediag.inference.tunnel import heard, last_router
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Landmark, Mechanism

ID = "esp-one-way"

# Fewer may be the first of a conversation that is being answered, or a last farewell.
_LEAST_PACKETS: Final = 5
_LEAST_SPAN_S: Final = 2.0
# One that does not answer may be down itself.
_LEAST_HOSTS: Final = 2

_NOT_ASKED: Final = (
    ": ESP is lost on the path, the gateway no longer has this security association, or nobody "
    "behind it answers"
)
_ASK: Final = (
    "send an echo through the tunnel to an address that is known to answer, and listen again with "
    "--listen; restart the tunnel if nothing comes back then"
)
_EITHER_WAY: Final = (
    ": ESP is lost on its way there or on its way back, or the gateway no longer has this security "
    "association, which look alike from here"
)
_COMPARE: Final = (
    "count ESP at the gateway meanwhile: what comes in there and is answered is lost on its way "
    "back, what does not come in on its way there; if it comes in and nothing leaves, restart the "
    "tunnel"
)


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """ESP passes from this node to the gateway, and none from it.

    Holds because   five packets or more left within two seconds or more, and no tap saw one come
                    back, while the gateway answers the probe: ESP is lost one way or the other, the
                    gateway no longer has the security association, or what was sent wants no answer
                    or finds nobody behind the gateway. So a place is named, and no mechanism; but
                    where several hosts behind it were asked what wants an answer, and none
                    answered, it is lost without a word: which way, this end cannot tell
    Does not hold   once a single packet of ESP came from the gateway, by a tap or by the count of
                    the kernel's associations; where frames were lost to the tap, or that count is
                    not known; after a finding on a form of the probe, which has a place
    Asks for        ESP on the tunnel's port by direction, the taps, what associations counted; the
                    tracked connections that go into the tunnel and drew no answer
    source          RFC 3948 §2.1, RFC 4303 §2; nf_conntrack_common.h, IPS_SEEN_REPLY
    """
    found = heard(evidence, host)
    if found is None or found.is_fed or not (found.is_whole and found.is_counted):
        return None
    sent = [item for item in found.streams if item.is_sent]
    packets = found.packets(is_sent=True)
    if packets < _LEAST_PACKETS:
        return None
    if max(item.last_s for item in sent) - min(item.first_s for item in sent) < _LEAST_SPAN_S:
        return None
    spis = ", ".join(sorted({item.spi for item in sent})[:4])
    text = (
        f"{packets} packets of ESP (SPI {spis}) left for {evidence.flow.destination} in "
        f"{found.listened_s:.1f} s, and none came back, while it answers IKE"
    )
    # A datagram in the shape of ESP got as far as that.
    after = last_router(evidence) or Landmark.EDGE
    hosts = _asked_hosts(host)
    if len(hosts) < _LEAST_HOSTS:
        claim = one_of(lost_outside(host), after, None)
        return finding(ID, evidence, claim, (text + _NOT_ASKED, _ASK, ()))
    shown = ", ".join(map(str, hosts[:_LEAST_HOSTS]))
    text += f"; {len(hosts)} hosts behind it were asked ({shown}) and none answered{_EITHER_WAY}"
    claim = one_of(lost_outside(host), after, Mechanism.SILENT_DROP)
    return finding(ID, evidence, claim, (text, _COMPARE, ()))


def _asked_hosts(host: HostState) -> tuple[Address, ...]:
    flows = () if isinstance(host.asked_through, NotChecked) else host.asked_through
    return tuple(sorted({flow.destination for flow in flows}, key=lambda item: item.packed))
