"""A node of the site that was asked through an overlay, and what was asked of it beside that."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import NeighbourObject
from edgediag.model.flow import Address
from edgediag.model.outcome import Outcome


class OverlayForm(Enum):
    """What differs from an echo through the overlay as the kernel itself would send it.

    PLAIN        nothing
    BARE_ANSWER  its source is this node's own address, so that the answer comes without the overlay
    VNI          the same, in another VNI
    SOURCE_PORT  the outer source port is the overlay's own
    LEG          the outer source port is another one, as the kernel has for other flows inside;
                 each port twice, the one of PLAIN too, where not all came back
    CHECKSUM     the outer UDP checksum is there where the device sends none, and the reverse
    SIZE         as long as the device lets packets be, and may not be fragmented
    LENGTH       likewise, shorter: what lies between PLAIN and SIZE
    ECHO         it goes to the node itself, without the overlay
    LONG_ECHO    likewise, as long as SIZE
    OTHER_PORT   the octets of PLAIN, to the port behind the overlay's
    """

    PLAIN = "plain"
    BARE_ANSWER = "bare-answer"
    VNI = "vni"
    SOURCE_PORT = "source-port"
    LEG = "leg"
    CHECKSUM = "checksum"
    SIZE = "size"
    LENGTH = "length"
    ECHO = "echo"
    LONG_ECHO = "long-echo"
    OTHER_PORT = "other-port"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayAsked:
    """One question and what came of it."""

    form: OverlayForm
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayTrial:
    """All that was asked of one node.

    interface   the device whose frames were imitated
    port        the UDP port the node was asked on
    listed      behind which address the forwarding table has the MAC that was asked
    received    packets that had come out of the device before
    is_on_link  no router stands before the node
    neighbour   the entry by which frames go to a silent node, and its MAC
    link_answers  the MACs that answered an ARP request for a silent node, ascending
    asked       in the order of the plan
    """

    interface: str
    port: int
    peer: Address
    listed: Address
    received: int | NotChecked
    is_on_link: bool
    neighbour: NeighbourObject | NotChecked
    neighbour_mac: str
    link_answers: tuple[str, ...] | NotChecked
    asked: tuple[OverlayAsked, ...]


NO_TRIALS: Final = NotChecked(reason="no node was asked through the overlay")
