"""Policies that want a tunnel, and no daemon that could make one."""

from typing import Final

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ListenerObject
from edgediag.model.flow import Address, Protocol
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism

ID = "ike-daemon-gone"

# RFC 7296 §2, and §2.23 behind a NAT.
_PORTS: Final = (500, 4500)


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """This node's IKE daemon is gone, and its policies are still there.

    Holds because   an outgoing policy wants ESP in a tunnel to this very gateway, no security
                    association to it or from it stands, and no socket is bound to UDP 500 or
                    4500, from which alone one could be negotiated
    Does not hold   without such a policy, for then the tunnel may just be off; with one of the
                    sockets; while an association stands; where a table was not read
    Asks for        the gateway's address, xfrm policies and states, the table of sockets
    source          RFC 7296 §2, §2.23; ip-xfrm(8)
    """
    if not _wants_tunnel(destination, host) or has_association(destination, host):
        return None
    if isinstance(host.listeners, NotChecked) or any(
        item.protocol is Protocol.UDP and item.port in _PORTS for item in host.listeners
    ):
        return None
    text = (
        f"xfrm policies want an ESP tunnel to {destination}, no security association stands, and "
        "nothing on this node holds udp port 500 or 4500"
    )
    culprit = ListenerObject(protocol="udp", port=4500, address="")
    return Fault(
        claim=on_this_host(Mechanism.NOT_LISTENING, culprit),
        text=text,
        remedy="restart this node's raven-agent, and see why its IKE daemon ended",
    )


def _wants_tunnel(destination: Address | None, host: HostState) -> bool:
    if isinstance(host.xfrm_policies, NotChecked):
        return False
    return any(
        template.protocol == "esp"
        and template.mode == "tunnel"
        and template.destination == destination
        for policy in host.xfrm_policies
        if policy.direction == "out"
        for template in policy.templates
    )


def has_association(destination: Address | None, host: HostState) -> bool:
    """True if a security association with the gateway stands, or that is not known."""
    if isinstance(host.xfrm_states, NotChecked):
        return True
    # Until a daemon gives it an SPI, a state is only the kernel's own wish for one.
    standing = (state for state in host.xfrm_states if state.spi)
    return any(destination in (state.source, state.destination) for state in standing)
