"""Rules of this host that keep other nodes from its pods."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.packet_rules import mechanism_of, removal, rule_words
from edgediag.model.answer import NotChecked
from edgediag.model.explained import Disposition
from edgediag.model.flow import Address
from edgediag.model.host import HostState

ID = "pods-closed-off"

# flannel's device carries pods of IPv4.
_VERSION = 4


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """What the overlay brings for the pods of this node is ended by one of its rules.

    Holds because   the rules of this host, followed for a new packet that any pod of another node
                    sends to this node's pods, whatever its ports, come to one rule or policy that
                    ends it
    Does not hold   where some of it may pass, as one port; without a bridge of pods or a route by
                    flannel's device; where the rules were not read
    Asks for        the walk through the rules, the routes of the overlay
    source          flannel Documentation/troubleshooting.md (Docker's FORWARD policy)
    """
    explained = host.to_pods
    if isinstance(explained, NotChecked) or len(explained.deciders) != 1:
        return None
    rule = explained.deciders[0]
    is_reject = explained.disposition is Disposition.REJECTED
    verb = "rejects" if is_reject else "drops"
    return Fault(
        claim=on_this_host(mechanism_of(rule, is_reject=is_reject), rule),
        text=f"{rule_words(rule, _VERSION)} {verb} what other nodes send to the pods of this one",
        remedy=removal(rule, _VERSION),
    )
