"""A probe: one question to the network, drawn once in the plan and never changed after."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Flow
from edgediag.model.overlay import Encapsulation


class Way(Enum):
    """How a probe enters the network; which local obstacles it meets is part of the evidence.

    SOCKET    a kernel socket: all that an application meets
    IP_STACK  a raw IP socket: policy routing and OUTPUT, but not the xfrm port selectors
    LINK      AF_PACKET: neither route, OUTPUT, conntrack nor neighbour; the contrast
    """

    SOCKET = "kernel-socket"
    IP_STACK = "raw-ip"
    LINK = "link-layer"


class Purpose(Enum):
    """Why a probe is sent; it stands in the comment of its packets."""

    RESOLVE = "resolve"
    CHECK = "check"
    CONTRAST = "contrast"
    ALTERNATIVE = "alternative"
    TRACE = "trace"
    CONFIRM = "confirm"
    LADDER = "ladder"
    CONTROL = "control"
    AGAIN = "again"
    OTHER_NAME = "other-name"
    SMALL_SEGMENTS = "small-segments"
    CARRY = "carry"
    OCTETS = "octets"
    LARGE_OCTETS = "large-octets"
    VARIATION = "variation"
    OVERLAY = "overlay"
    TRAIN = "train"
    IDLE = "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a probe is sent and when its silence counts.

    offsets_s  of each try after the first due moment, ascending, the first 0.0 or later
    timeout_s  after the first due moment; greater than the last offset
    """

    offsets_s: tuple[float, ...]
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Padding:
    """What a probe is stretched to.

    size_octets      of the IP packet
    fragment_octets  of the largest IP packet that carries a part of it, 0 for one whole packet
    """

    size_octets: int
    fragment_octets: int


AS_BUILT: Final = NotChecked(reason="its kind sets its size")
NO_OVERLAY: Final = NotChecked(reason="it goes through no overlay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question.

    id         unique in the run, ascending in the order of the plan
    check      the id of the check it serves
    hop_limit  64 unless the probe is a rung of a ladder
    ip_id      1 to 65535: tells the rungs of a ladder apart inside ICMP quotes
    token      64 random bits: sequence number, SPI, nonce, transaction id are cut from it
    name       the server name or the name asked for; "" where the kind has none
    padding    for kinds that can be stretched
    encapsulation  of a probe through an overlay
    """

    id: int
    check: str
    purpose: Purpose
    kind: ProbeKind
    way: Way
    flow: Flow
    hop_limit: int
    ip_id: int
    token: int
    name: str
    schedule: Schedule
    padding: Padding | NotChecked = AS_BUILT
    encapsulation: Encapsulation | NotChecked = NO_OVERLAY
