"""What is said of a packet whose next hop is to be asked for its MAC, and whether it tells."""

import time
from typing import TYPE_CHECKING

from edgediag.model.flow import Flow
from net.differential import explained, send

if TYPE_CHECKING:
    from tests.net.conftest import Node

Said = tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]
"""The disposition, family and chain of the rules that decide, and what the verdict hangs on."""


def said_of(node: "Node", flow: Flow) -> Said:
    """What explain says of it on the node."""
    with node.inside():
        conclusion = explained(flow)
    deciders = tuple(
        (step.chain.family, step.chain.chain) for step in conclusion.deciders if step.chain
    )
    return conclusion.disposition.value, deciders, conclusion.hangs_on


def tells_its_mac(node: "Node", flow: Flow, next_hop: str, *, within_s: float) -> bool:
    """Whether the next hop by up0 answers in time, when one packet of the flow is sent to it."""
    with node.inside():
        send(flow)
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        if "REACHABLE" in node.output(f"ip neighbour show {next_hop} dev up0"):
            return True
        time.sleep(0.02)
    return False
